"""dm_control's own soccer task played by OP3 walkers, on a pitch of `FieldSpec` size.

Task, pitch, goals, observations and rewards are dm_control's; robot, ball, floor and
solver are ours. Needs the extra `dm` (dm_control).

To look at it: `dm_control.viewer.launch(soccer_environment)`.
"""

from typing import Any

import numpy as np
from dm_control import composer
from dm_control.locomotion import soccer
from dm_control.locomotion.soccer import soccer_ball

from robot.contracts.field import FieldSpec
from sim.arena import AWAY_RGBA, HOME_RGBA, Arena
from sim.dm_walker import (
    CONTROL_PERIOD_S,
    PAPER_FILTER_KEEP,
    Op3Walker,
    reference_arena,
    share_physics,
)
from sim.pitch import BALL

_MAX_TEAM = 11
# dm_control draws posts with this share of the goal's mean half size as radius.
_POST_SHARE = 0.07
_TOP_CAMERA_M = 8.0
_SHADOW_TEXELS = 1024


def soccer_environment(
    team_size: int = 1,
    *,
    field: FieldSpec | None = None,
    time_limit_s: float = 50.0,
    random_state: int | np.random.RandomState | None = None,
    terminate_on_goal: bool = True,
    field_box: bool = True,
    filter_keep: float = PAPER_FILTER_KEEP,
) -> composer.Environment:
    """OP3 against OP3 in dm_control's soccer task.

    Args:
        team_size: robots per team, 1 to 11.
        field: pitch and ball; None for the paper's 5 m x 4 m.
        time_limit_s: episode length.
        random_state: seed or generator.
        terminate_on_goal: False plays on after a goal, from a new kick-off.
        field_box: unseen walls keep the ball (not the robots) on the pitch, as the
            ramps of `FieldSpec` do; False throws it in when it leaves.
        filter_keep: of the walkers' action filter.

    Returns:
        An environment whose actions, observations and rewards are lists: home team
        first, then away. A goal counts when the ball's centre crosses the line.

    Raises:
        ValueError: a team size outside 1 to 11, or a filter outside [0, 1).
    """
    if not 1 <= team_size <= _MAX_TEAM:
        raise ValueError(
            f"team_size: expected 1 to {_MAX_TEAM} robots per team, found {team_size}"
        )
    field = field or FieldSpec()
    reference = reference_arena(field)
    factory = soccer.Task if terminate_on_goal else soccer.MultiturnTask
    task = factory(
        players=_players(team_size, filter_keep),
        arena=op3_pitch(field, reference, field_box=field_box),
        ball=op3_ball(reference),
        # The ball's frame is where it touches the floor, not its centre.
        initializer=ClearKickOff(init_ball_z=0.0),
        observables=TorsoFrameObservables(),
        control_timestep=CONTROL_PERIOD_S,
    )
    return composer.Environment(
        task=task,
        time_limit=time_limit_s,
        random_state=random_state,
        # This pitch never changes its size: nothing to compile again.
        recompile_mjcf_every_episode=False,
    )


def op3_ball(reference: Arena) -> soccer.SoccerBall:
    """dm_control's ball with the numbers of the ball in `reference`."""
    ours = reference.model.geom(BALL)
    ball = soccer_ball.SoccerBall(
        radius=ours.size[0],
        mass=reference.model.body(BALL).mass[0],
        friction=tuple(ours.friction),
    )
    ball.geom.solref = ours.solref
    ball.geom.shellinertia = "true"
    return ball


def op3_pitch(
    field: FieldSpec, reference: Arena, *, field_box: bool = True
) -> soccer.Pitch:
    """dm_control's pitch: lines, goal mouths and goal depth as in `field`.

    Outside the lines lies a strip as wide as a goal is deep, then a wall. The posts are
    dm_control's (22 mm radius by its rule, where `field` asks for 25 mm).
    """
    goal = _goal_half_size_m(field)
    margin = 2 * goal[0]
    pitch = soccer.Pitch(
        size=(field.half_length_m + margin, field.half_width_m + margin),
        goal_size=goal,
        top_camera_distance=_TOP_CAMERA_M,
        field_box=field_box,
    )
    root: Any = pitch.mjcf_model
    share_physics(root, pitch.ground_geom, reference)
    # Drawn size only (planes collide without end): puts the painted lines on the lines.
    pitch.ground_geom.size[:2] = field.half_length_m, field.half_width_m
    # Software OpenGL pays per shadow texel.
    root.visual.quality.shadowsize = _SHADOW_TEXELS
    return pitch


class ClearKickOff(soccer.UniformInitializer):
    """Random places for all, none touching another.

    dm_control 1.0.50 compares contacts with the ball's binding instead of its geom id,
    so its own initializer can start an episode with the ball inside a robot. Its balls
    fall from 0.5 m, which hides that; ours lies on the floor.
    """

    def _initialize_geom_ids(self, task: Any, physics: Any) -> None:
        super()._initialize_geom_ids(task, physics)
        ball = {physics.bind(task.ball.geom).element_id}
        robots: list[set[int]] = self._walker_geom_ids or []
        self._ball_geom_ids = ball
        self._all_geom_ids = ball.union(*robots)


class TorsoFrameObservables(soccer.CoreObservablesAdder):
    """dm_control's observations, with ball and robots seen from the torso's own frame.

    The stock sensors use bodies' principal inertia axes. Those of dm_control's walkers
    agree with forward, left, up; the OP3's torso has them rolled by 90 degrees.
    """

    def __call__(self, task: Any, player: soccer.Player) -> None:
        super().__call__(task, player)
        for sensor in player.walker.mjcf_model.find_all("sensor"):
            if getattr(sensor, "reftype", None) != "body":
                continue
            sensor.reftype = "xbody"
            # The ball stays with its centre of mass: its frame lies on its surface.
            if sensor.objname is not task.ball.root_body:
                sensor.objtype = "xbody"


def _goal_half_size_m(field: FieldSpec) -> tuple[float, float, float]:
    """Half depth, width and height of the goal box that leaves the mouth of `field`.

    dm_control centres posts on the box's edges with radius r = s (d + w + h) / 3. With
    w = W / 2 + r and 2 h = H + r: r (1 - s / 2) = s (d + W / 2 + H / 2) / 3.
    """
    depth = field.goal_depth_m / 2
    width, height = field.goal_width_m / 2, field.goal_height_m / 2
    radius = _POST_SHARE * (depth + width + height) / 3 / (1 - _POST_SHARE / 2)
    return depth, width + radius, height + radius / 2


def _players(team_size: int, filter_keep: float) -> list[soccer.Player]:
    teams = (
        (soccer.Team.HOME, "home", HOME_RGBA),
        (soccer.Team.AWAY, "away", AWAY_RGBA),
    )
    return [
        soccer.Player(
            team,
            Op3Walker(
                name=f"{name}{number}", marker_rgba=rgba, filter_keep=filter_keep
            ),
        )
        for team, name, rgba in teams
        for number in range(team_size)
    ]
