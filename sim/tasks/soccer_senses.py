"""What a soccer robot knows of the game (Table S2), and what only its critic knows.

| paper | here | reason |
|---|---|---|
| planar, robot frame | heading frame: origin below the torso, x along `heading_rad`, also defined for a lying robot | the torso's x axis points straight down or up when it lies |
| velocities: position difference | the same, since the oldest look of `sim.tasks.sight`; ball and opponent over the floor (not relative to the robot), turned into the heading | "position difference", frame not stated |
| one opponent | the nearest of them; the nearest teammate as two more terms | size stays the same for n v n |
| critic: opponent id | on request (`OPPONENT_ID_TERM`); also the true state and this episode's randomization (`critic_spec`) | who is in the pool, the learner knows |
"""  # noqa: E501

from typing import Any

from robot import rotations
from robot.contracts.field import FieldSpec
from robot.contracts.policy import ObservationSpec
from sim.tasks.body_state import (
    BODY_TERMS,
    EPISODE_TERMS,
    STAND_HEIGHT_M,
    body_terms,
    critic_term,
    level,
)
from sim.tasks.sight import Looks
from sim.tasks.soccer_rewards import Sides, nearest, pick
from sim.tasks.view import BallView, RobotView, WorldView

Array = Any

GAME_TERMS = (
    critic_term("pitch_position", 2, "m", "field", 2.0),
    critic_term("pitch_heading", 2, "1", "field"),
    critic_term("ball_offset", 3, "m", "heading", 1.0),
    critic_term("ball_motion", 3, "m/s", "heading", 1.0),
    critic_term("opponent_offset", 2, "m", "heading", 1.0),
    critic_term("opponent_facing", 2, "1", "heading"),
    critic_term("opponent_motion", 3, "m/s", "heading", 0.5),
    critic_term("opponent_height", 1, "m", "field", 0.1, (STAND_HEIGHT_M,)),
    critic_term("opponent_upright", 3, "1", "torso"),
    critic_term("opponent_joint_angle", 20, "rad", "joint", 0.5),
    critic_term("opponent_joint_velocity", 20, "rad/s", "joint", 3.0),
    critic_term("time_left", 1, "1", "none"),
)
"""Without noise and delay. Place and direction on the pitch as the own team sees it
(attacking +x; cosine and sine); ball (z above the floor) and nearest opponent in the
heading frame; share of the episode that is left."""

BALL_EPISODE_TERMS = (
    critic_term("ball_mass", 1, "1", "none", 0.2, (1.0,)),
    critic_term("ball_radius", 1, "1", "none", 0.05, (1.0,)),
    critic_term("ball_rolling", 1, "1", "none", 0.5, (1.0,)),
)
"""As `sim.tasks.body_state.EPISODE_TERMS`: factors on the ball's nominal values."""


OPPONENT_ID_TERM = critic_term("opponent_id", 1, "1", "none", 10.0)
"""Who plays the other side, the last number of the critic's group. A task has no
policies and says 0; whoever draws opponents writes the id in."""


def ball_of(view: WorldView) -> BallView:
    """The ball.

    Raises:
        ValueError: the arena has none.
    """
    if view.ball is None:
        raise ValueError("soccer task: expected an arena with a ball, found none")
    return view.ball


def critic_spec(*, opponent_id: bool = False) -> ObservationSpec:
    """The critic's group of soccer tasks."""
    terms = BODY_TERMS + GAME_TERMS + EPISODE_TERMS + BALL_EPISODE_TERMS
    return ObservationSpec(terms=terms + (OPPONENT_ID_TERM,) * opponent_id)


def observed(
    field: FieldSpec,
    elapsed_s: float,
    sides: Sides,
    looks: Looks,
    robots: RobotView,
    ball: BallView,
) -> dict[str, Array]:
    """Terms of Table S2 that are about the game, [B, R, 2] each, of all robots.

    With two or more robots on each side also the nearest teammate's.

    Args:
        field: geometry.
        elapsed_s: since the oldest of `looks`, for velocities.
        sides: team of each robot.
        looks: where everything was.
        robots, ball: where everything is, both as the tracker sees it.
    """
    xp = robots.position_m.__array_namespace__()
    here, turn = robots.position_m[..., :2], robots.heading_rad
    ball_xy = ball.position_m[:, None, :2]
    velocity = (here - looks.robots_m[:, 0]) / elapsed_s
    ball_velocity = (ball_xy - looks.ball_m[:, :1]) / elapsed_s
    side = xp.asarray(sides, dtype=here.dtype)
    goal_x = side * field.half_length_m
    goal = xp.stack([goal_x, xp.zeros_like(goal_x)], axis=-1)

    def seen(vector: Array) -> Array:
        return rotations.into_heading(vector + xp.zeros_like(here), turn)

    opponent = nearest(here, sides, same_team=False)
    terms = {
        "ball_position": seen(ball_xy - here),
        "opponent_position": seen(pick(here, opponent) - here),
        "own_goal_position": seen(-goal - here),
        "opponent_goal_position": seen(goal - here),
        "own_velocity": seen(velocity),
        "ball_velocity": seen(ball_velocity),
        "opponent_velocity": seen(pick(velocity, opponent)),
    }
    if sides.count(1) > 1 and sides.count(-1) > 1:
        mate = nearest(here, sides, same_team=True)
        terms["teammate_position"] = seen(pick(here, mate) - here)
        terms["teammate_velocity"] = seen(pick(velocity, mate))
    return terms


def critic_terms(
    sides: Sides, time_left: Array, robots: RobotView, ball: BallView
) -> dict[str, Array]:
    """`BODY_TERMS` and `GAME_TERMS` of all robots, [B, R, k] each.

    Args:
        sides: team of each robot.
        time_left: [B] share of the episode.
        robots, ball: the truth.
    """
    xp = robots.position_m.__array_namespace__()
    place, turn = robots.position_m, robots.heading_rad
    side = xp.asarray(sides, dtype=place.dtype)[:, None]
    opponent = nearest(place[..., :2], sides, same_team=False)
    rival_turn = pick(turn[..., None], opponent)[..., 0] - turn
    above_floor = xp.stack([place[..., 0], place[..., 1], 0 * place[..., 2]], -1)
    ball_motion = ball.velocity_m_s[:, None, :] + xp.zeros_like(place)
    rival_place = pick(place, opponent)
    return body_terms(robots) | {
        "pitch_position": side * place[..., :2],
        "pitch_heading": side * _direction(turn),
        "ball_offset": level(ball.position_m[:, None, :] - above_floor, turn),
        "ball_motion": level(ball_motion, turn),
        "opponent_offset": level(rival_place - place, turn)[..., :2],
        "opponent_facing": _direction(rival_turn),
        "opponent_motion": level(pick(robots.velocity_m_s, opponent), turn),
        "opponent_height": rival_place[..., 2:],
        "opponent_upright": pick(robots.gravity, opponent),
        "opponent_joint_angle": pick(robots.joint_rad, opponent),
        "opponent_joint_velocity": pick(robots.joint_velocity_rad_s, opponent),
        "time_left": time_left[:, None, None] + xp.zeros_like(place[..., :1]),
    }


def agents_only(terms: dict[str, Array], agents: int) -> dict[str, Array]:
    """The first `agents` robots' rows."""
    return {name: value[:, :agents] for name, value in terms.items()}


def _direction(angle_rad: Array) -> Array:
    xp = angle_rad.__array_namespace__()
    return xp.stack([xp.cos(angle_rad), xp.sin(angle_rad)], axis=-1)
