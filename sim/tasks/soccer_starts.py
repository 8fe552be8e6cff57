"""Where robots and ball start: random places, standing or on the floor."""

import math
from typing import Any

from robot.contracts.field import FieldSpec
from sim.tasks.draws import Disc, scatter
from sim.tasks.poses import fall_gravity, fall_quaternion, resting_height
from sim.tasks.task import Placement, Random
from sim.tasks.view import STAND_RAD
from sim.vectors import length

Array = Any

ROBOT_RADIUS_M = 0.33
"""Around the torso, lying or standing in the stand pose: 0.27 m, and some air."""

OFF_THE_LINE_M = 0.15
"""How far off the line an opponent in the way may stand."""

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


def in_the_way(
    random: Random, spots: Array, ball: Array, pitch: FieldSpec, share: float
) -> Array:
    """The places with the second robot moved in front of the first one.

    In `share` of the rows a place is drawn near the line from the first robot to the
    ball, or from the ball to the goal at +x, half each; it is taken where nothing
    overlaps there, else the row stays as it is.

    Args:
        random: one draw.
        spots: [B, 2, 2] m, of `places`.
        ball: [B, 3] m.
        pitch: geometry.
        share: of the rows.
    """
    draw = random.uniform((spots.shape[0], 4))
    xp = draw.__array_namespace__()
    goal = xp.zeros_like(spots[:, 0]) + xp.asarray(
        (pitch.half_length_m, 0.0), dtype=spots.dtype
    )
    to_ball = (draw[:, 1] < 0.5)[:, None]
    start = xp.where(to_ball, spots[:, 0], ball[:, :2])
    way = xp.where(to_ball, ball[:, :2], goal) - start
    aside = xp.stack([-way[:, 1], way[:, 0]], axis=-1)
    aside = aside / xp.clip(length(aside), 1e-6, None)[:, None]
    place = start + draw[:, 2:3] * way + OFF_THE_LINE_M * (2 * draw[:, 3:] - 1) * aside
    half = xp.asarray((pitch.half_length_m, pitch.half_width_m), dtype=spots.dtype)
    free = xp.all(xp.abs(place) < half - ROBOT_RADIUS_M, axis=-1)
    free = free & (length(place - spots[:, 0]) > 2 * ROBOT_RADIUS_M)
    free = free & (
        length(place - ball[:, :2]) > ROBOT_RADIUS_M + 2 * pitch.ball_radius_m
    )
    moved = free & (draw[:, 0] < share)
    second = xp.where(moved[:, None], place, spots[:, 1])
    return xp.stack([spots[:, 0], second], axis=1)


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
