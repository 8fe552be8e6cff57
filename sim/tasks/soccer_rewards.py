"""Soccer's reward terms, goals and fouls: Table S3 of arXiv:2304.13653.

Pure functions; R counts all robots of the arena, `sides` holds +1 for each that
attacks +x (home) and -1 for each that attacks -x (away).

| paper | here | reason |
|---|---|---|
| speed component toward the ball, forward speed | signed: a retreat costs | a plain component is signed |
| interference: cosine with "opponent heading", active within 1 m | cosine between own velocity and the direction to the nearest opponent, only while it is positive | ambiguous in the paper; the other sign would pay for running away 20 times what the ball pays |
| the cosine at any speed | below 0.1 m/s it fades with the speed | a standing robot's sway has a random direction at full cosine |
| joint torque: magnitude (table) or peaks over 5 N m (text) | magnitude, both knees added, N m | the servo model ends at 4.1 N m, so such peaks cannot come from it |
| fallen: no definition | tilt over 1 rad or torso below 0.15 m | the onboard fall test's tilt; below 0.15 m no OP3 stands |
| out of bounds | torso's centre beyond a line | no definition in the paper |
| penalty area: size unknown | either of the two areas of `FieldSpec` | "red zone before each goal" |
| goal | whole ball over the line, between the posts, under the bar | as the referee of this project |
| every positive term is zero meanwhile | each weighted term is cut at zero, goals too | word for word |
"""  # noqa: E501

import math
from dataclasses import dataclass
from typing import Any

from robot.contracts.field import FieldSpec
from sim.tasks.view import JOINT_COLUMN, BallView, RobotView
from sim.vectors import length

Array = Any
Sides = tuple[int, ...]

_KNEES = (JOINT_COLUMN["l_knee"], JOINT_COLUMN["r_knee"])


@dataclass(frozen=True, kw_only=True)
class SoccerWeights:
    """Weights of Table S3; the defaults are its 1v1 column. All >= 0.

    Attributes:
        scoring: at a goal of the own team.
        conceding: costs at a goal against it.
        velocity_to_ball: per m/s.
        forward_velocity: per m/s.
        interference: costs per unit of cosine.
        termination: costs per step while fallen, out or in a penalty area.
        upright: per step.
        knee_torque: costs per N m.
        ball_to_goal: per m/s of the ball toward the goal (not in the paper; 0).
    """

    scoring: float = 1000.0
    conceding: float = 1000.0
    velocity_to_ball: float = 0.05
    forward_velocity: float = 0.1
    interference: float = 1.0
    termination: float = 0.5
    upright: float = 0.02
    knee_torque: float = 0.01
    ball_to_goal: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SoccerRules:
    """Thresholds; "paper" is Table S3.

    Attributes:
        upright_tilt_rad, fallen_upright_rad: full and no upright reward (paper).
        interference_m: reach of the interference term (paper).
        interference_speed_m_s: speed from which its cosine counts fully (chosen).
        fallen_tilt_rad, min_height_m: tilt above which, torso height below which a
            robot has fallen (chosen).
        areas_closed: a robot in a penalty area commits a foul (paper). The referee of
            this project's matches lets it be there.
    """

    upright_tilt_rad: float = 0.2
    fallen_upright_rad: float = 0.4
    interference_m: float = 1.0
    interference_speed_m_s: float = 0.1
    fallen_tilt_rad: float = 1.0
    min_height_m: float = 0.15
    areas_closed: bool = True


def scored(field: FieldSpec, ball: BallView) -> tuple[Array, Array]:
    """[B] bool each: the ball is in the goal that home attacks; that away attacks."""
    x, y, z = (ball.position_m[..., axis] for axis in range(3))
    line = field.half_length_m + field.ball_radius_m
    xp = y.__array_namespace__()
    between = (xp.abs(y) < field.goal_width_m / 2) & (z < field.goal_height_m)
    return between & (x > line), between & (x < -line)


def fallen(rules: SoccerRules, robots: RobotView) -> Array:
    """[B, R] bool."""
    tilted = -robots.gravity[..., 2] < math.cos(rules.fallen_tilt_rad)
    return tilted | (robots.position_m[..., 2] < rules.min_height_m)


def out_of_bounds(field: FieldSpec, robots: RobotView) -> Array:
    """[B, R] bool."""
    xp = robots.position_m.__array_namespace__()
    x, y = (xp.abs(robots.position_m[..., axis]) for axis in range(2))
    return (x > field.half_length_m) | (y > field.half_width_m)


def in_penalty_area(field: FieldSpec, robots: RobotView) -> Array:
    """[B, R] bool, of either goal."""
    xp = robots.position_m.__array_namespace__()
    x, y = (xp.abs(robots.position_m[..., axis]) for axis in range(2))
    deep = x > field.half_length_m - field.penalty_area_depth_m
    inside = deep & (x <= field.half_length_m)
    return inside & (y < field.penalty_area_width_m / 2)


def penalised(rules: SoccerRules, field: FieldSpec, robots: RobotView) -> Array:
    """[B, R] bool: fallen, out or, where they are closed, in a penalty area."""
    foul = fallen(rules, robots) | out_of_bounds(field, robots)
    return foul | in_penalty_area(field, robots) if rules.areas_closed else foul


def upright(rules: SoccerRules, robots: RobotView) -> Array:
    """[B, R] 1 below the first tilt, 0 above the second, linear between."""
    xp = robots.gravity.__array_namespace__()
    tilt = xp.acos(xp.clip(-robots.gravity[..., 2], -1.0, 1.0))
    width = rules.fallen_upright_rad - rules.upright_tilt_rad
    return xp.clip((rules.fallen_upright_rad - tilt) / width, 0.0, 1.0)


def velocity_to_ball(robots: RobotView, ball: BallView) -> Array:
    """[B, R] m/s over the floor, positive toward the ball."""
    offset = ball.position_m[:, None, :2] - robots.position_m[..., :2]
    return _along(robots.velocity_m_s[..., :2], offset)


def ball_to_goal(field: FieldSpec, ball: BallView, sides: Sides) -> Array:
    """[B, R] m/s of the ball toward the middle of the goal that each robot attacks."""
    xp = ball.position_m.__array_namespace__()
    dtype = ball.position_m.dtype
    goal = xp.asarray(
        [(side * field.half_length_m, 0.0) for side in sides], dtype=dtype
    )
    offset = goal[None] - ball.position_m[:, None, :2]
    return _along(ball.velocity_m_s[:, None, :2], offset)


def forward_velocity(robots: RobotView) -> Array:
    """[B, R] m/s along the heading."""
    xp = robots.heading_rad.__array_namespace__()
    x, y = xp.cos(robots.heading_rad), xp.sin(robots.heading_rad)
    return robots.velocity_m_s[..., 0] * x + robots.velocity_m_s[..., 1] * y


def interference(rules: SoccerRules, robots: RobotView, sides: Sides) -> Array:
    """[B, R] in 0..1: how straight a robot runs at the nearest opponent close by."""
    xp = robots.position_m.__array_namespace__()
    opponent = nearest(robots.position_m[..., :2], sides, same_team=False)
    place = pick(robots.position_m[..., :2], opponent)
    offset = place - robots.position_m[..., :2]
    velocity = robots.velocity_m_s[..., :2]
    fast = xp.clip(length(velocity), rules.interference_speed_m_s, None)
    cosine = xp.clip(_along(velocity, offset) / fast, 0.0, None)
    return xp.where(length(offset) < rules.interference_m, cosine, 0.0)


def knee_torque(robots: RobotView) -> Array:
    """[B, R] N m, magnitudes of both knees."""
    xp = robots.torque_nm.__array_namespace__()
    left, right = (robots.torque_nm[..., column] for column in _KNEES)
    return xp.abs(left) + xp.abs(right)


def soccer_terms(
    weights: SoccerWeights,
    rules: SoccerRules,
    field: FieldSpec,
    robots: RobotView,
    ball: BallView,
    sides: Sides,
) -> dict[str, Array]:
    """Weighted terms [B, R] of all robots; not scaled, positive ones not cut."""
    xp = robots.position_m.__array_namespace__()
    dtype = robots.position_m.dtype
    home, away = (goal.astype(dtype)[:, None] for goal in scored(field, ball))
    is_away = xp.asarray([side < 0 for side in sides])
    own = xp.where(is_away, away, home)
    against = xp.where(is_away, home, away)
    foul = penalised(rules, field, robots).astype(dtype)
    return {
        "scoring": weights.scoring * own,
        "conceding": -weights.conceding * against,
        "velocity_to_ball": weights.velocity_to_ball * velocity_to_ball(robots, ball),
        "forward_velocity": weights.forward_velocity * forward_velocity(robots),
        "interference": -weights.interference * interference(rules, robots, sides),
        "termination": -weights.termination * foul,
        "upright": weights.upright * upright(rules, robots),
        "knee_torque": -weights.knee_torque * knee_torque(robots),
        "ball_to_goal": weights.ball_to_goal * ball_to_goal(field, ball, sides),
    }


def without_gains(terms: dict[str, Array], where: Array) -> dict[str, Array]:
    """The terms with everything positive set to zero in the rows of `where` [B, R]."""
    xp = where.__array_namespace__()
    return {
        name: xp.where(where, xp.minimum(value, xp.zeros_like(value)), value)
        for name, value in terms.items()
    }


def nearest(places: Array, sides: Sides, *, same_team: bool) -> Array:
    """[B, R] index of the nearest other robot of the own or of the other team.

    Args:
        places: [B, R, 2] m.
        sides: team of each robot.
        same_team: teammates instead of opponents; each robot needs one.
    """
    xp = places.__array_namespace__()
    everyone = range(len(sides))
    allowed = xp.asarray(
        [
            [a != b and (sides[a] == sides[b]) == same_team for b in everyone]
            for a in everyone
        ]
    )
    apart = places[:, :, None, :] - places[:, None, :, :]
    return xp.argmin(xp.where(allowed, xp.sum(apart * apart, -1), xp.inf), axis=-1)


def pick(values: Array, robot: Array) -> Array:
    """[B, R, k] rows of `values` [B, R, k] by the indices [B, R]."""
    xp = values.__array_namespace__()
    return xp.take_along_axis(values, robot[..., None], axis=1)


def _along(vector: Array, direction: Array) -> Array:
    """Component of `vector` along `direction`; zero for a direction of no length."""
    xp = vector.__array_namespace__()
    distance = xp.clip(length(direction), 1e-6, None)
    return xp.sum(vector * direction, axis=-1) / distance
