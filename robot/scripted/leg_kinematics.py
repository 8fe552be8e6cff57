"""The OP3's leg, forwards and backwards, in closed form.

Frames: torso (origin between the hips' yaw axes, x forward, y left, z up) and foot
(origin at the centre of the sole's underside, axes parallel to the torso's when the
foot is flat under an upright torso). Arrays may carry any leading batch axes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEG_JOINTS = ("hip_yaw", "hip_roll", "hip_pitch", "knee", "ank_pitch", "ank_roll")
"""Order of the six angles below; prefix `l_` or `r_` gives the joint's name."""


@dataclass(frozen=True, kw_only=True)
class LegGeometry:
    """Lengths of the vendor's URDF (same numbers in Menagerie's `op3.xml`).

    Attributes:
        hip_y_m: from the middle to the left yaw axis.
        hip_drop_m: from the yaw joint down to the roll and pitch axes. The URDF has
            these cross 0.1 mm off the yaw axis; left out here.
        thigh_m: hip pitch axis to knee axis.
        shank_m: knee axis to ankle pitch axis.
        sole_m: left sole's centre (underside) seen from the crossing of the ankle axes.
    """

    hip_y_m: float = 0.035
    hip_drop_m: float = 0.0285
    thigh_m: float = 0.11015
    shank_m: float = 0.110
    sole_m: tuple[float, float, float] = (-0.0001, 0.0128, -0.0305)


OP3_LEG = LegGeometry()
# Left joint angle = sign * rotation about +x, +y or +z, in `LEG_JOINTS` order.
_LEFT_SIGN = np.array([-1.0, -1.0, 1.0, 1.0, -1.0, 1.0])
# Mirroring flips every joint value: yaw and roll turn the other way about the same
# axis, pitch joints turn the same way about a flipped axis.
_MIRROR = -1.0


def foot_pose(angles_rad: Array, side: int) -> tuple[Array, Array]:
    """Sole position and orientation in the torso frame.

    Args:
        angles_rad: [..., 6] in `LEG_JOINTS` order, servo signs.
        side: +1 left, -1 right.

    Returns:
        position [..., 3] in m and rotation matrix [..., 3, 3].
    """
    left = angles_rad if side > 0 else _MIRROR * angles_rad
    yaw, roll, hip, knee, ankle, tilt = np.moveaxis(left * _LEFT_SIGN, -1, 0)
    leg = OP3_LEG
    turn = rot_z(yaw) @ rot_x(roll)
    thigh = turn @ rot_y(hip)
    shank = thigh @ rot_y(knee)
    foot = shank @ rot_y(ankle) @ rot_x(tilt)
    position = (
        np.array([0.0, leg.hip_y_m, -leg.hip_drop_m])
        - leg.thigh_m * thigh[..., 2]
        - leg.shank_m * shank[..., 2]
        + foot @ np.array(leg.sole_m)
    )
    return (position, foot) if side > 0 else (_mirror(position), _mirror_turn(foot))


def leg_angles(position_m: Array, rotation: Array, side: int) -> Array:
    """Joint angles that put the sole at a pose; the knee bends forward.

    A pose out of reach gives the nearest leg length in the same direction. Joint limits
    are not applied.

    Args:
        position_m: [..., 3] sole centre in the torso frame.
        rotation: [..., 3, 3] sole orientation in the torso frame.
        side: +1 left, -1 right.

    Returns:
        [..., 6] in `LEG_JOINTS` order, servo signs.
    """
    if side < 0:
        position_m, rotation = _mirror(position_m), _mirror_turn(rotation)
    leg = OP3_LEG
    ankle_at = position_m - rotation @ np.array(leg.sole_m)
    to_hip = np.array([0.0, leg.hip_y_m, -leg.hip_drop_m]) - ankle_at
    seen = np.squeeze(np.swapaxes(rotation, -1, -2) @ to_hip[..., None], -1)
    tilt = np.arctan2(seen[..., 1], seen[..., 2])
    up = np.hypot(seen[..., 1], seen[..., 2])
    knee = _knee_rad(np.hypot(seen[..., 0], up))
    # The hip seen from the ankle, then the triangle's angle at the ankle.
    ankle = np.arctan2(seen[..., 0], up) + np.arctan2(
        leg.thigh_m * np.sin(knee), leg.shank_m + leg.thigh_m * np.cos(knee)
    )
    level = rotation @ rot_x(-tilt)
    roll = np.arcsin(np.clip(level[..., 2, 1], -1.0, 1.0))
    yaw = np.arctan2(-level[..., 0, 1], level[..., 1, 1])
    pitch = np.arctan2(-level[..., 2, 0], level[..., 2, 2])
    hip = pitch - knee + ankle
    turns = np.stack([yaw, roll, hip, knee, -ankle, tilt], axis=-1)
    left = turns * _LEFT_SIGN
    return left if side > 0 else _MIRROR * left


def rot_x(angle_rad: Array) -> Array:
    """Rotation matrix [..., 3, 3] about x."""
    return _turn(angle_rad, 1, 2)


def rot_y(angle_rad: Array) -> Array:
    """Rotation matrix [..., 3, 3] about y."""
    return _turn(angle_rad, 2, 0)


def rot_z(angle_rad: Array) -> Array:
    """Rotation matrix [..., 3, 3] about z."""
    return _turn(angle_rad, 0, 1)


def _turn(angle_rad: Array, first: int, second: int) -> Array:
    angle_rad = np.asarray(angle_rad, dtype=np.float64)
    matrix = np.zeros((*angle_rad.shape, 3, 3))
    matrix[..., 3 - first - second, 3 - first - second] = 1.0
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle_rad)
    matrix[..., second, first] = np.sin(angle_rad)
    matrix[..., first, second] = -np.sin(angle_rad)
    return matrix


def _knee_rad(length_m: Array) -> Array:
    leg = OP3_LEG
    cosine = (length_m**2 - leg.thigh_m**2 - leg.shank_m**2) / (
        2 * leg.thigh_m * leg.shank_m
    )
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def _mirror(vector: Array) -> Array:
    return vector * np.array([1.0, -1.0, 1.0])


def _mirror_turn(rotation: Array) -> Array:
    flip = np.array([1.0, -1.0, 1.0])
    return rotation * flip * flip[:, None]
