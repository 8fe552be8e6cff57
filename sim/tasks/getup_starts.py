"""Postures a get-up begins in: lying on each side, tilted, standing, recorded."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import OP3_JOINTS
from sim.tasks.draws import draw_index
from sim.tasks.poses import (
    CROUCH_RAD,
    FLAT_RAD,
    JointPose,
    fall_gravity,
    fall_quaternion,
    resting_height,
)
from sim.tasks.task import Placement, Random
from sim.tasks.view import STAND_RAD

Array = Any


@dataclass(frozen=True, kw_only=True)
class StartState:
    """A recorded posture, e.g. along a scripted get-up.

    Attributes:
        height_m: of the torso.
        tilt_rad, toward_rad: its fall, see `sim.tasks.poses.fall_gravity`.
        joint_rad: twenty angles, canonical order.
    """

    height_m: float
    tilt_rad: float
    toward_rad: float
    joint_rad: JointPose


@dataclass(frozen=True, kw_only=True)
class GetupStarts:
    """Shares and spread of start postures; what is left starts standing.

    Attributes:
        lying_share: flat on chest, back, left side or right side.
        sides_share: of those on a side, either with half of it.
        side_spread_rad: those lie turned about their long axis by up to this much; at
            pi/4 every turn is as likely.
        tilted_share: tilted by anything up to lying, in any direction.
        recorded_share: one of `recorded`, unchanged but for its heading.
        recorded: see there.
        poses: joint poses of the other kinds, drawn evenly.
        joint_spread_rad: each joint is off its pose by up to this much.
        air_m: from the lowest point of the pose to the floor; with the default spread
            no joint reaches farther down (a test bounds it).
    """

    lying_share: float = 0.6
    sides_share: float = 0.5
    side_spread_rad: float = 0.0
    tilted_share: float = 0.3
    recorded_share: float = 0.0
    recorded: tuple[StartState, ...] = ()
    poses: tuple[JointPose, ...] = (STAND_RAD, FLAT_RAD, CROUCH_RAD)
    joint_spread_rad: float = 0.05
    air_m: float = 0.02

    def __post_init__(self) -> None:
        shares = (self.lying_share, self.tilted_share, self.recorded_share)
        if min(shares) < 0 or sum(shares) > 1 + 1e-9:
            raise ValueError(
                "GetupStarts: expected shares >= 0 that add up to at most 1, found "
                f"{shares}"
            )
        if not 0 < self.sides_share < 1:
            raise ValueError(
                f"GetupStarts.sides_share: expected more than 0 and less than 1, found "
                f"{self.sides_share:g}"
            )
        if self.recorded_share > 0 and not self.recorded:
            raise ValueError(
                f"GetupStarts.recorded: expected states for recorded_share "
                f"{self.recorded_share}, found none"
            )
        if not self.poses:
            raise ValueError("GetupStarts.poses: expected one or more, found none")

    @cached_property
    def recorded_rows(self) -> NDArray[np.float64]:
        """[S, 23] height, tilt, direction and joint angles of `recorded`."""
        rows = [
            (state.height_m, state.tilt_rad, state.toward_rad, *state.joint_rad)
            for state in self.recorded
        ]
        return np.array(rows)


def start_getup(random: Random, count: int, starts: GetupStarts) -> Placement:
    """One robot per environment at the origin, at rest, R = 1."""
    draw = random.uniform((count, 7))
    xp = draw.__array_namespace__()
    tilt, toward = _fall(starts, draw)
    pose = xp.asarray(starts.poses, dtype=draw.dtype)
    chosen = draw_index(draw[:, 4], len(starts.poses))
    noise = (2 * random.uniform((count, pose.shape[-1])) - 1) * starts.joint_spread_rad
    low = xp.asarray([joint.min_rad for joint in OP3_JOINTS], dtype=draw.dtype)
    high = xp.asarray([joint.max_rad for joint in OP3_JOINTS], dtype=draw.dtype)
    joints = xp.clip(pose[chosen] + noise, low, high)
    heights = resting_height(fall_gravity(tilt, toward), starts.poses) + starts.air_m
    height = xp.take_along_axis(heights, chosen[:, None], axis=1)[:, 0]
    if starts.recorded:
        table = xp.asarray(starts.recorded_rows, dtype=draw.dtype)
        rows = table[draw_index(draw[:, 4], len(starts.recorded))]
        taken = draw[:, 0] >= 1 - starts.recorded_share
        height = xp.where(taken, rows[:, 0], height)
        tilt = xp.where(taken, rows[:, 1], tilt)
        toward = xp.where(taken, rows[:, 2], toward)
        joints = xp.where(taken[:, None], rows[:, 3:], joints)
    place = xp.stack([xp.zeros_like(height), xp.zeros_like(height), height], axis=-1)
    heading = 2 * math.pi * draw[:, 5]
    root = xp.concat([place, fall_quaternion(heading, tilt, toward)], axis=-1)
    return Placement(
        root=root[:, None],
        root_velocity=xp.zeros_like(root[:, None, :6]),
        joint_rad=joints[:, None],
        target_rad=joints[:, None],
    )


def _fall(starts: GetupStarts, draw: Array) -> tuple[Array, Array]:
    """[B] tilt and direction of the fall; standing rows have tilt zero."""
    xp = draw.__array_namespace__()
    kind = draw[:, 0]
    lying = kind < starts.lying_share
    tilted = ~lying & (kind < starts.lying_share + starts.tilted_share)
    quarter = math.pi / 2
    aside = draw[:, 1] < starts.sides_share
    share = xp.where(
        aside,
        draw[:, 1] / starts.sides_share,
        (draw[:, 1] - starts.sides_share) / (1 - starts.sides_share),
    )
    # Chest, left, back, right: 0 to 3 quarters.
    side = quarter * (2 * draw_index(share, 2) + xp.where(aside, 1, 0))
    side = side + starts.side_spread_rad * (2 * draw[:, 6] - 1)
    toward = xp.where(lying, side, 2 * math.pi * draw[:, 2])
    partly = xp.where(tilted, quarter * draw[:, 3], xp.zeros_like(kind))
    return xp.where(lying, quarter, partly), toward
