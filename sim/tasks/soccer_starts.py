"""Where robots and ball start: random places, standing or on the floor."""

import math
from typing import Any

from robot.contracts.field import FieldSpec
from sim.tasks.draws import Disc, scatter
from sim.tasks.poses import fall_gravity, fall_quaternion, resting_height
from sim.tasks.task import Placement, Random
from sim.tasks.view import STAND_RAD

Array = Any

ROBOT_RADIUS_M = 0.33
"""Around the torso, lying or standing in the stand pose: 0.27 m, and some air."""

AIR_M = 0.002
"""Between a starting robot and the floor."""

ON_CHEST_RAD, ON_BACK_RAD = 0.0, math.pi
"""Directions of a fall, see `sim.tasks.poses.fall_gravity`."""


def places(
    random: Random, count: int, pitch: FieldSpec, robots: int
) -> tuple[Array, Array]:
    """Random places of robots [B, R, 2] and ball [B, 3], without overlap.

    Torsos and ball lie between the penalty areas, bodies inside the touch lines.
    """
    half_x = pitch.half_length_m - pitch.penalty_area_depth_m
    radius = 2 * pitch.ball_radius_m
    discs = (
        *(_disc(ROBOT_RADIUS_M, half_x, pitch) for _ in range(robots)),
        _disc(radius, half_x, pitch),
    )
    spots = scatter(random, count, discs)
    xp = spots.__array_namespace__()
    height = xp.full_like(spots[:, -1, :1], pitch.ball_radius_m)
    return spots[:, :-1], xp.concat([spots[:, -1], height], axis=-1)


def _disc(radius_m: float, half_x_m: float, pitch: FieldSpec) -> Disc:
    return Disc(
        radius_m=radius_m, half_x_m=half_x_m, half_y_m=pitch.half_width_m - radius_m
    )


def at_rest(
    spots: Array, heading_rad: Array, tilt_rad: Array, toward_rad: Array, ball: Array
) -> Placement:
    """Robots in the stand pose, tilted as asked, just above the floor, not moving.

    Args:
        spots: [B, R, 2] torsos.
        heading_rad, tilt_rad, toward_rad: [B, R], see `sim.tasks.poses`.
        ball: [B, 3].
    """
    xp = spots.__array_namespace__()
    gravity = fall_gravity(tilt_rad, toward_rad)
    height = resting_height(gravity, (STAND_RAD,)) + AIR_M
    quat = fall_quaternion(heading_rad, tilt_rad, toward_rad)
    root = xp.concat([spots, height, quat], axis=-1)
    joints = xp.zeros((*spots.shape[:2], len(STAND_RAD)), dtype=spots.dtype)
    joints = joints + xp.asarray(STAND_RAD, dtype=spots.dtype)
    return Placement(
        root=root,
        root_velocity=xp.zeros_like(root[..., :6]),
        joint_rad=joints,
        target_rad=joints,
        ball=ball,
        ball_velocity=xp.zeros_like(ball),
    )
