"""When a kick that aims begins, and where it sends the ball. Pure.

The own team's frame: the goal to score in lies at +x.
"""

import math
from dataclasses import dataclass

from robot.contracts.field import FieldSpec
from robot.world import WorldView, wrapped


@dataclass(frozen=True, kw_only=True)
class ShotConfig:
    """Project's choices.

    Attributes:
        ahead_m: least and largest distance of the ball ahead of the torso at which the
            kick may begin, also in mid-stride.
        aside_m: largest distance of the ball to either side then.
        turn_rad: largest angle between heading and shot.
        range_m: largest distance from the ball to the middle of the goal.
        inside_m: the shot goes into the goal this far from the posts.
    """

    ahead_m: tuple[float, float] = (0.15, 0.38)
    aside_m: float = 0.1
    turn_rad: float = 0.35
    range_m: float = 1.6
    inside_m: float = 0.25


def direction(config: ShotConfig, pitch: FieldSpec, view: WorldView) -> float:
    """Where a kick that aims should send the ball, rad off the heading: into the goal,
    as little aside as that allows. 0 for a robot that sees too little."""
    pose, ball = view.pose, view.ball
    if pose is None or ball is None:
        return 0.0
    to_line = max(pitch.half_length_m - ball[0], 1e-6)
    half_m = pitch.goal_width_m / 2 - config.inside_m
    low, high = (
        wrapped(math.atan2(end - ball[1], to_line) - pose.yaw_rad)
        for end in (-half_m, half_m)
    )
    return min(max(0.0, low), high)


def may_begin(config: ShotConfig, pitch: FieldSpec, view: WorldView) -> bool:
    """A kick that aims may begin now: the ball lies close ahead, and behind it the
    goal, near enough."""
    pose, ball = view.pose, view.ball
    if pose is None or ball is None:
        return False
    ahead, left = pose.to_torso(ball)
    nearest, farthest = config.ahead_m
    return (
        nearest <= ahead <= farthest
        and abs(left) <= config.aside_m
        and math.dist(ball, (pitch.half_length_m, 0.0)) <= config.range_m
        and abs(direction(config, pitch, view)) <= config.turn_rad
    )
