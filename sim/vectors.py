"""Lengths, cross products and turns of vectors, any batch axes; array-API code.

`linalg.cross` moves axes about and copies: several times slower on small arrays.
"""

from typing import Any

Array = Any


def length(vector: Array) -> Array:
    """[...] Euclidean length of [..., n]."""
    xp = vector.__array_namespace__()
    return xp.sqrt(xp.sum(vector * vector, axis=-1))


def cross(first: Array, second: Array) -> Array:
    """[..., 3] cross product of [..., 3] and [..., 3]."""
    xp = first.__array_namespace__()
    ax, ay, az = (first[..., axis] for axis in range(3))
    bx, by, bz = (second[..., axis] for axis in range(3))
    return xp.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def into_world(quat_wxyz: Array, vector: Array) -> Array:
    """[..., 3] a body's vector in the world, for the body's orientation [..., 4]."""
    axis = quat_wxyz[..., 1:]
    once = 2 * cross(axis, vector)
    return vector + quat_wxyz[..., :1] * once + cross(axis, once)
