"""Walking somewhere: ways around things, and velocities that lead along them."""

import math
from dataclasses import dataclass

from robot.world import Point, Pose, wrapped


@dataclass(frozen=True, kw_only=True)
class SteeringConfig:
    """How fast and how directly to walk. Project's choices; the walking policy clips
    what it cannot do.

    Attributes:
        forward_m_s: cruising speed.
        backward_m_s: largest speed backward.
        left_m_s: largest speed sideways.
        turn_rad_s: largest turning speed.
        spin_rad_s: the same on the spot, toward a way to go.
        turn_gain_1_s: turning speed per radian of heading error.
        position_gain_1_s: speed per metre of position error, near the target.
        least_m_s: no slower than this, forward and sideways, as the walk answers
            (`CommandSpec.least`).
        least_rad_s: the same of turning.
        still_m: position error, either way, for which no step is taken.
        still_rad: heading error for which it does not turn.
        near_m: closer than this, keep the final heading and step sideways; farther,
            face the way.
        turn_first_rad: beyond this heading error, turn on the spot.
        around_rad: how far past the tangent point a detour leads around a circle.
    """

    forward_m_s: float = 0.45
    backward_m_s: float = 0.2
    left_m_s: float = 0.15
    turn_rad_s: float = 1.2
    spin_rad_s: float = 2.4
    turn_gain_1_s: float = 2.0
    position_gain_1_s: float = 1.5
    least_m_s: tuple[float, float] = (0.0, 0.0)
    least_rad_s: float = 0.0
    still_m: float = 0.015
    still_rad: float = 0.04
    near_m: float = 0.3
    turn_first_rad: float = 0.9
    around_rad: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Velocity:
    """Torso frame, turning counter-clockwise."""

    forward_m_s: float = 0.0
    left_m_s: float = 0.0
    turn_rad_s: float = 0.0


def detour(
    config: SteeringConfig, start: Point, target: Point, centre: Point, radius_m: float
) -> Point:
    """`target`, or a waypoint when the straight way crosses the circle.

    A target inside the circle is returned as it is.
    """
    if math.dist(target, centre) < radius_m - 1e-6 or _clear(
        start, target, centre, radius_m
    ):
        return target
    from_centre = math.atan2(start[1] - centre[1], start[0] - centre[0])
    to_target = math.atan2(target[1] - centre[1], target[0] - centre[0])
    distance = max(math.dist(start, centre), radius_m)
    step = math.acos(radius_m / distance) + config.around_rad
    way = wrapped(to_target - from_centre)
    angle = from_centre + math.copysign(min(abs(way), step), way)
    return (
        centre[0] + radius_m * math.cos(angle),
        centre[1] + radius_m * math.sin(angle),
    )


def pass_through(config: SteeringConfig, pose: Pose, target: Point) -> Velocity:
    """Face the target and walk to it without slowing down."""
    ahead, left = pose.to_torso(target)
    bearing = math.atan2(left, ahead)
    turn = config.turn_gain_1_s * bearing
    if abs(bearing) > config.turn_first_rad:
        return Velocity(turn_rad_s=_clipped(turn, config.spin_rad_s))
    return Velocity(
        forward_m_s=config.forward_m_s * math.cos(bearing) ** 2,
        turn_rad_s=_clipped(turn, config.turn_rad_s),
    )


def arrive(
    config: SteeringConfig, pose: Pose, target: Point, heading_rad: float
) -> Velocity:
    """Come to stand at `target` with `heading_rad`."""
    ahead, left = pose.to_torso(target)
    if math.hypot(ahead, left) > config.near_m:
        return pass_through(config, pose, target)
    error = wrapped(heading_rad - pose.yaw_rad)
    least_forward_m_s, least_left_m_s = config.least_m_s
    gain, still_m = config.position_gain_1_s, config.still_m
    forward_m_s = _at_least(gain * ahead, least_forward_m_s, gain * still_m)
    left_m_s = _at_least(gain * left, least_left_m_s, gain * still_m)
    gain = config.turn_gain_1_s
    turn_rad_s = _at_least(gain * error, config.least_rad_s, gain * config.still_rad)
    return Velocity(
        forward_m_s=min(max(forward_m_s, -config.backward_m_s), config.forward_m_s),
        left_m_s=_clipped(left_m_s, config.left_m_s),
        turn_rad_s=_clipped(turn_rad_s, config.turn_rad_s),
    )


def _at_least(speed: float, least: float, still: float) -> float:
    """`speed`, but not too slow to move; none below `still`."""
    if abs(speed) < still:
        return 0.0
    return math.copysign(max(abs(speed), least), speed)


def _clear(start: Point, target: Point, centre: Point, radius_m: float) -> bool:
    """The segment stays outside the circle (or only leaves it)."""
    dx, dy = target[0] - start[0], target[1] - start[1]
    length = math.hypot(dx, dy)
    if length < 1e-9:
        return True
    along = ((centre[0] - start[0]) * dx + (centre[1] - start[1]) * dy) / length
    if along <= 0:
        return True
    nearest = min(along, length) / length
    point = (start[0] + nearest * dx, start[1] + nearest * dy)
    return math.dist(point, centre) >= radius_m - 1e-6


def _clipped(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
