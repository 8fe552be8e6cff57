"""Standing so that a kick with a told foot hits the ball and sends it into the goal.
Pure. The own team's frame: the goal to score in lies at +x.
"""

import math
from dataclasses import dataclass

from robot.contracts.field import FieldSpec
from robot.contracts.policy import KickSpec
from robot.skills import Side
from robot.world import Point, Pose, wrapped

QUICK_KICK = KickSpec(
    ahead_m=(0.135, 0.195),
    aside_m=(0.04, 0.09),
    turn_rad_m=1.5,
    settle_s=0.2,
    outward_rad=-0.015,
)
"""Of policies/kick, for a kick whose bundle does not say."""


@dataclass(frozen=True, kw_only=True)
class StanceConfig:
    """How exactly to stand; project's choices.

    Attributes:
        kick: what is kicked with.
        slack_m: by which its ranges widen while the robot settles, but not toward the
            ball, so that a noisy tracker does not start the alignment over; the error
            allowed grows by what half of it turns the ball.
        error_rad: least error allowed to the direction that a kick would give the ball;
            a near goal allows more.
        most_turn_rad: that the last steps turn off the line to the goal for where the
            ball lies.
    """

    kick: KickSpec = QUICK_KICK
    slack_m: float = 0.015
    error_rad: float = 0.06
    most_turn_rad: float = 0.1


def foot_in_place(
    config: StanceConfig,
    pitch: FieldSpec,
    meant: Side,
    pose: Pose,
    ball: Point,
    error_rad: float,
    *,
    settling: bool,
) -> Side | None:
    """A kick now with this foot would hit the ball and send it where it should go.

    Args:
        meant: the foot that is taken if both would.
        error_rad: from the robot's heading to where the ball should go.
        settling: it stands in place already.
    """
    ahead, left = pose.to_torso(ball)
    slack = config.slack_m if settling else 0.0
    nearest, farthest = config.kick.ahead_m
    if not nearest <= ahead <= farthest + slack:
        return None
    inner, outer = config.kick.aside_m
    to_goal = max(pitch.half_length_m - ball[0], 1e-6)
    mouth_rad = math.atan2(pitch.goal_width_m / 8, to_goal)
    allowed = max(config.error_rad, mouth_rad) + config.kick.turn_rad_m * slack / 2
    other: Side = "right" if meant == "left" else "left"
    for foot in (meant, other):
        aside = left if foot == "left" else -left
        off = wrapped(error_rad - leftward(config.kick, foot, left))
        if inner - slack <= aside <= outer + slack and abs(off) < allowed:
            return foot
    return None


def leftward(kick: KickSpec, foot: Side, ball_left_m: float) -> float:
    """How far to the left of the heading a kick with this foot sends the ball, rad."""
    sign = 1.0 if foot == "left" else -1.0
    farther_m = sign * ball_left_m - kick.point_m[1]
    return sign * (kick.outward_rad + kick.turn_rad_m * farther_m)


def stand(
    config: StanceConfig, side: Side, pose: Pose, ball: Point, heading: float
) -> tuple[Point, float]:
    """Where the last steps lead: the torso's place, for the ball to lie at the kicking
    foot, and its heading. A ball a little aside wants another heading, not another
    step."""
    turn = leftward(config.kick, side, pose.to_torso(ball)[1])
    facing = heading - max(-config.most_turn_rad, min(turn, config.most_turn_rad))
    ahead, _ = config.kick.point_m
    return behind(config, side, ball, facing, ahead), facing


def behind(
    config: StanceConfig, side: Side, ball: Point, heading: float, distance_m: float
) -> Point:
    """The torso's place so far behind the ball that it only has to go straight on for
    the ball to lie at the kicking foot."""
    _, aside = config.kick.point_m
    left = aside if side == "left" else -aside
    return place_behind(ball, heading, distance_m, left)


def place_behind(
    ball: Point, heading: float, ahead_m: float, left_m: float = 0.0
) -> Point:
    """Where to stand for the ball to lie so far ahead and to the left of one who faces
    `heading`."""
    cosine, sine = math.cos(heading), math.sin(heading)
    return (
        ball[0] - cosine * ahead_m + sine * left_m,
        ball[1] - sine * ahead_m - cosine * left_m,
    )
