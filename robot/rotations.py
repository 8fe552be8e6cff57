"""Rotations as array-API functions; quaternions are (w, x, y, z), any batch axes."""

from typing import Any

Array = Any


def gravity_direction(quat_wxyz: Array) -> Array:
    """[..., 3] unit vector of gravity in the body frame; (0, 0, -1) when upright.

    Args:
        quat_wxyz: [..., 4] orientation of the body in the world.
    """
    xp = quat_wxyz.__array_namespace__()
    w, x, y, z = (quat_wxyz[..., i] for i in range(4))
    # Third row of the rotation matrix, negated: world's -z seen from the body.
    return xp.stack(
        [2 * (w * y - x * z), -2 * (y * z + w * x), 2 * (x * x + y * y) - 1], axis=-1
    )


def yaw(quat_wxyz: Array) -> Array:
    """[...] heading in rad: angle of the body's x axis on the floor."""
    xp = quat_wxyz.__array_namespace__()
    w, x, y, z = (quat_wxyz[..., i] for i in range(4))
    return xp.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def heading(quat_wxyz: Array) -> Array:
    """[...] rad, the turn about the vertical that is part of the orientation.

    Unlike `yaw` it also holds for a robot on its chest, back or side: it is where the
    robot would face if it rose the shortest way. Undefined upside down.
    """
    xp = quat_wxyz.__array_namespace__()
    return 2 * xp.atan2(quat_wxyz[..., 3], quat_wxyz[..., 0])


def yaw_quaternion(yaw_rad: Array) -> Array:
    """[..., 4] rotation by `yaw_rad` [...] about the vertical."""
    xp = yaw_rad.__array_namespace__()
    zero = xp.zeros_like(yaw_rad)
    return xp.stack([xp.cos(yaw_rad / 2), zero, zero, xp.sin(yaw_rad / 2)], axis=-1)


def matrix(quat_wxyz: Array) -> Array:
    """[..., 3, 3] whose columns are the turned frame's axes."""
    xp = quat_wxyz.__array_namespace__()
    w, x, y, z = (quat_wxyz[..., i] for i in range(4))
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return xp.stack([xp.stack(list(row), axis=-1) for row in rows], axis=-2)


def into_heading(vector_xy: Array, yaw_rad: Array) -> Array:
    """[..., 2] world vector seen from a frame turned by `yaw_rad` [...]."""
    xp = vector_xy.__array_namespace__()
    cos, sin = xp.cos(yaw_rad), xp.sin(yaw_rad)
    x, y = vector_xy[..., 0], vector_xy[..., 1]
    return xp.stack([cos * x + sin * y, -sin * x + cos * y], axis=-1)
