"""Inputs of the exact field: contracted positions, hash grids, direction harmonics.

All as nerfstudio's `torch` implementation evaluates them, its quirks included, so that
a field fitted there renders the same here.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

_PRIMES = np.array([1, 2654435761, 805459861], dtype=np.uint32)


def contract(xyz: Float[Array, "*N 3"]) -> Float[Array, "*N 3"]:
    """Unbounded space into the cube [-2, 2]^3; the cube [-1, 1]^3 stays as it is.

    mip-NeRF 360 (arXiv:2111.12077) equation 10 with the L-infinity norm.
    """
    size = jnp.max(jnp.abs(xyz), axis=-1, keepdims=True)
    safe = jnp.maximum(size, 1.0)
    return jnp.where(size < 1, xyz, (2 - 1 / safe) * (xyz / safe))


def unit_cube(
    xyz: Float[Array, "*N 3"],
) -> tuple[Float[Array, "*N 3"], Bool[Array, "*N"]]:
    """Positions in (0, 1)^3 for the hash grids, and whether each is inside."""
    position = (contract(xyz) + 2) / 4
    inside = jnp.all((position > 0) & (position < 1), axis=-1)
    return position * inside[..., None], inside


def hash_grid(
    table: Float[Array, "entries F"],
    scalings: Float[Array, "L"],
    position: Float[Array, "*N 3"],
) -> Float[Array, "*N LF"]:
    """Features of all levels, trilinear between the eight corners of each cell.

    Instant-NGP (arXiv:2201.05989) equation 4, but every level is hashed, the coarse
    ones too, and a cell's far corner is the ceiling: a point on a grid plane has both
    corners there.

    Args:
        table: level after level, T = entries / L rows each, T a power of two.
        scalings: cells per unit of each level.
        position: in [0, 1]^3.
    """
    levels = scalings.shape[0]
    size = table.shape[0] // levels
    first = jnp.arange(levels, dtype=jnp.uint32) * jnp.uint32(size)
    upper, lower, share = [], [], []
    for axis in range(3):
        scaled = position[..., axis, None] * scalings
        low = jnp.floor(scaled)
        share.append((scaled - low)[..., None])
        # Wrapping at 2^32 leaves the residue modulo a smaller power of two as it is.
        upper.append(jnp.ceil(scaled).astype(jnp.uint32) * _PRIMES[axis])
        lower.append(low.astype(jnp.uint32) * _PRIMES[axis])

    def corner(x: Array, y: Array, z: Array) -> Array:
        rows = ((x ^ y ^ z) & jnp.uint32(size - 1)) + first
        return jnp.take(table, rows, axis=0, mode="clip")

    def mixed(high: Array, low: Array, axis: int) -> Array:
        return high * share[axis] + low * (1 - share[axis])

    def along_x(y: Array, z: Array) -> Array:
        return mixed(corner(upper[0], y, z), corner(lower[0], y, z), 0)

    def along_y(z: Array) -> Array:
        return mixed(along_x(upper[1], z), along_x(lower[1], z), 1)

    features = mixed(along_y(upper[2]), along_y(lower[2]), 2)
    return features.reshape(*position.shape[:-1], -1)


def direction_harmonics(direction: Float[Array, "*N 3"]) -> Float[Array, "*N 16"]:
    """Real spherical harmonics up to degree 3 of (d + 1) / 2 (not of d: a quirk)."""
    x, y, z = jnp.moveaxis((direction + 1) / 2, -1, 0)
    xx, yy, zz = x * x, y * y, z * z
    terms = (
        jnp.full_like(x, 0.28209479177387814),
        0.4886025119029199 * y,
        0.4886025119029199 * z,
        0.4886025119029199 * x,
        1.0925484305920792 * x * y,
        1.0925484305920792 * y * z,
        0.9461746957575601 * zz - 0.31539156525251999,
        1.0925484305920792 * x * z,
        0.5462742152960396 * (xx - yy),
        0.5900435899266435 * y * (3 * xx - yy),
        2.890611442640554 * x * y * z,
        0.4570457994644658 * y * (5 * zz - 1),
        0.3731763325901154 * z * (5 * zz - 3),
        0.4570457994644658 * x * (5 * zz - 1),
        1.445305721320277 * z * (xx - yy),
        0.5900435899266435 * x * (xx - 3 * yy),
    )
    return jnp.stack(terms, axis=-1)
