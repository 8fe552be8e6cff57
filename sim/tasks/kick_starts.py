"""How a kick begins: standing or in mid-stride, with the ball somewhere ahead."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from sim.tasks import onboard
from sim.tasks.body_state import STAND_HEIGHT_M
from sim.tasks.draws import draw_index
from sim.tasks.task import Placement, Random
from sim.tasks.view import STAND_RAD
from sim.tasks.walking_starts import WalkingState, placed

Array = Any

BALL_RADIUS_M = 0.07
"""Size-1 ball, as `FieldSpec`."""
_CLEARANCE_M = 0.007


@dataclass(frozen=True, kw_only=True)
class KickStarts:
    """Where the ball lies and how the robot stands or walks, drawn evenly.

    Attributes:
        ahead_m, beside_m: ball's centre from the torso, heading frame; either side.
        aim_rad: the ball shall go up to this much to either side of the heading.
        joint_spread_rad: each joint is off the stand pose by up to this much.
        drift_m_s: of the torso, up to this much on both axes.
        spin_rad_s: of the torso about all axes, up to this much.
        walking_share: of episodes that begin in one of `walking`.
        walking: moments of a walk.
        walking_ahead_m: in place of `ahead_m` then: a foot may be ahead as well.
        rolling_share: of balls that roll, in any direction.
        rolling_m_s: as fast as this at most.
    """

    ahead_m: tuple[float, float] = (0.145, 0.24)
    beside_m: tuple[float, float] = (0.0, 0.09)
    aim_rad: float = 0.25
    joint_spread_rad: float = 0.04
    drift_m_s: float = 0.05
    spin_rad_s: float = 0.1
    walking_share: float = 0.0
    walking: tuple[WalkingState, ...] = ()
    walking_ahead_m: tuple[float, float] = (0.2, 0.4)
    rolling_share: float = 0.1
    rolling_m_s: float = 0.3

    def __post_init__(self) -> None:
        if self.walking_share > 0 and not self.walking:
            raise ValueError(
                f"KickStarts.walking: expected states for walking_share "
                f"{self.walking_share:g}, found none"
            )

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """[S, 70] of `walking`."""
        return np.array([state.row for state in self.walking])


@dataclass(frozen=True, kw_only=True)
class KickStart:
    """Episodes begun.

    Attributes:
        placement: of robot and ball.
        aim_rad: [B, 1] where the ball shall go, pitch frame.
        clock_s: [B, 1] of the gait clock.
    """

    placement: Placement
    aim_rad: Array
    clock_s: Array


def start_kick(
    random: Random, count: int, starts: KickStarts, clock_hz: float
) -> KickStart:
    """One robot per environment at the origin, facing anywhere."""
    draw = random.uniform((count, 9))
    xp = draw.__array_namespace__()
    yaw = math.pi * (2 * draw[:, 0] - 1)
    robot, clock_s = _standing(random, starts, yaw, clock_hz)
    ahead = _between(starts.ahead_m, draw[:, 1])
    if starts.walking:
        rows = xp.asarray(starts.rows, dtype=draw.dtype)
        walker, walker_s = placed(rows[draw_index(draw[:, 2], len(rows))], yaw)
        taken = draw[:, 3] < starts.walking_share
        robot = _chosen(taken, walker, robot)
        clock_s = xp.where(taken[:, None], walker_s, clock_s)
        walking_ahead = _between(starts.walking_ahead_m, draw[:, 1])
        ahead = xp.where(taken, walking_ahead, ahead)
    head = onboard.head_targets(random, count)

    def looking(joints: Array) -> Array:
        return xp.concat([joints[..., : onboard.LIMBS], head], axis=-1)

    sign = xp.where(draw[:, 4] < 0.5, -1.0, 1.0)
    aside = sign * _between(starts.beside_m, draw[:, 5])
    ball = _turned(xp, ahead, aside, yaw, BALL_RADIUS_M)
    speed = starts.rolling_m_s * draw[:, 6]
    speed = xp.where(draw[:, 7] < starts.rolling_share, speed, 0.0)
    zero = xp.zeros_like(speed)
    placement = replace(
        robot,
        joint_rad=looking(robot.joint_rad),
        target_rad=looking(robot.target_rad),
        ball=ball,
        ball_velocity=_turned(xp, speed, zero, 2 * math.pi * draw[:, 8], 0.0),
    )
    aim = starts.aim_rad * (2 * random.uniform((count, 1)) - 1)
    return KickStart(placement=placement, aim_rad=yaw[:, None] + aim, clock_s=clock_s)


def _standing(
    random: Random, starts: KickStarts, yaw: Array, clock_hz: float
) -> tuple[Placement, Array]:
    """A little restless, on any moment of the gait clock."""
    count = yaw.shape[0]
    draw = 2 * random.uniform((count, 6)) - 1
    spread = 2 * random.uniform((count, len(STAND_RAD))) - 1
    xp = yaw.__array_namespace__()
    zero = xp.zeros_like(yaw)[:, None]
    height = zero + STAND_HEIGHT_M + _CLEARANCE_M
    root = xp.concat([zero, zero, height, rotations.yaw_quaternion(yaw)], axis=-1)
    moving = [starts.drift_m_s * draw[:, :2], zero, starts.spin_rad_s * draw[:, 2:5]]
    stand = xp.asarray(STAND_RAD, dtype=draw.dtype)
    joints = (stand + starts.joint_spread_rad * spread)[:, None]
    placement = Placement(
        root=root[:, None],
        root_velocity=xp.concat(moving, axis=-1)[:, None],
        joint_rad=joints,
        joint_velocity_rad_s=xp.zeros_like(joints),
        target_rad=joints,
    )
    return placement, (draw[:, 5:] + 1) / (2 * clock_hz)


def _chosen(taken: Array, first: Placement, second: Placement) -> Placement:
    """`first` where `taken` [B], else `second`."""
    xp = taken.__array_namespace__()

    def pick(name: str) -> Array:
        one, other = getattr(first, name), getattr(second, name)
        return xp.where(taken[:, None, None], one, other)

    return Placement(
        root=pick("root"),
        root_velocity=pick("root_velocity"),
        joint_rad=pick("joint_rad"),
        joint_velocity_rad_s=pick("joint_velocity_rad_s"),
        target_rad=pick("target_rad"),
    )


def _turned(xp: Any, ahead: Array, left: Array, yaw: Array, height: float) -> Array:
    """[B, 3] of a vector over the floor, seen from the pitch."""
    cos, sin = xp.cos(yaw), xp.sin(yaw)
    x, y = ahead * cos - left * sin, ahead * sin + left * cos
    return xp.stack([x, y, xp.full_like(x, height)], axis=-1)


def _between(bounds: tuple[float, float], uniform: Array) -> Array:
    return bounds[0] + (bounds[1] - bounds[0]) * uniform
