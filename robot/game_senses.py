"""What a score policy knows of the game on board, and when it plays. Pure.

The terms are `sim.tasks.soccer_senses.observed`'s, from the tracker instead of the
truth: planar, in the heading frame, the own team attacking +x.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot.contracts.field import FieldSpec
from robot.fall import Posture
from robot.policy import Policy
from robot.world import Game, Point, Pose, WorldView

FloatArray = NDArray[np.float64]
_EARLY_S = 1e-6
"""Rounding of the tracker's times."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One tracker frame with the robot's eyes.

    Attributes:
        time_s: of the tracker's clock.
        view: own team's frame.
    """

    time_s: float
    view: WorldView


def looked(looks: tuple[Look, ...], look: Look, velocity_s: float) -> tuple[Look, ...]:
    """The frames to keep: the newest, those in the `velocity_s` before it, and no frame
    that came out of order."""
    kept = (
        old
        for old in looks
        if _EARLY_S < look.time_s - old.time_s <= velocity_s + _EARLY_S
    )
    return (*kept, look)


def plays(
    policy: Policy | None, game: Game, looks: tuple[Look, ...], posture: Posture
) -> bool:
    """Whether the score policy may be in charge: there is one, the ball is in play,
    robot and ball are seen, and the robot stands (or the policy gets up itself)."""
    if policy is None or not looks:
        return False
    if looks[-1].view.pose is None or looks[-1].view.ball is None:
        return False
    if not game.may_play:
        return False
    return posture == "upright" or policy.spec.gets_up


def terms(pitch: FieldSpec, looks: tuple[Look, ...]) -> Mapping[str, FloatArray]:
    """Observation terms [2] by name, of the newest frame, which shows robot and ball.

    Velocities are differences to the oldest frame, 0 where that lacks something. An
    opponent that nobody sees is taken to stand in its own goal.
    """
    newest, before = looks[-1].view, looks[0].view
    pose, ball = newest.pose, newest.ball
    assert pose is not None
    assert ball is not None
    elapsed_s = looks[-1].time_s - looks[0].time_s
    goal = (pitch.half_length_m, 0.0)
    opponent = _nearest(newest.opponents, pose.point) or goal
    own_before = None if before.pose is None else before.pose.point
    places = {
        "ball_position": ball,
        "opponent_position": opponent,
        "own_goal_position": (-goal[0], 0.0),
        "opponent_goal_position": goal,
    }
    moved = {
        "own_velocity": (pose.point, own_before),
        "ball_velocity": (ball, before.ball),
        "opponent_velocity": (opponent, _nearest(before.opponents, opponent)),
    }
    return {name: np.array(pose.to_torso(place)) for name, place in places.items()} | {
        name: _velocity(pose, now, then, elapsed_s)
        for name, (now, then) in moved.items()
    }


def _velocity(
    pose: Pose, now: Point, then: Point | None, elapsed_s: float
) -> FloatArray:
    """[2] m/s over the floor, turned into the heading."""
    if then is None or elapsed_s <= 0:
        return np.zeros(2)
    x, y = (new - old for new, old in zip(now, then, strict=True))
    over_floor = Pose(x_m=0.0, y_m=0.0, yaw_rad=pose.yaw_rad)
    return np.array(over_floor.to_torso((x, y))) / elapsed_s


def _nearest(places: tuple[Point, ...], to: Point) -> Point | None:
    return min(places, key=lambda place: math.dist(place, to), default=None)
