"""The empty box around each voxel of a grid, packed for `nerf_render.baked`.

A cube around the voxel is grown first, as far as it stays empty, then each of its six
sides in turn. In a room that gives slabs: from a voxel over the floor the box reaches
all walls, and a ray that grazes the floor crosses the room in one step.

Empty blocks of 2 x 2 x 2 voxels share one box; voxels beside surfaces get their own.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt

from nerf_render.baked import EXTENT_BITS, extent_of

_CODES = 1 << EXTENT_BITS
_AT_ONCE = 1 << 16

Ints = NDArray[np.int32]


def empty_boxes(occupied: NDArray[np.bool_]) -> Ints:
    """[X, Y, Z] packed extents, as `BakedScene.boxes`.

    Args:
        occupied: [X, Y, Z].
    """
    # What lies beyond the grid is empty, so an odd one may be made even.
    x, y, z = occupied.shape
    occupied = np.pad(occupied, ((0, x % 2), (0, y % 2), (0, z % 2)))
    shape = occupied.shape
    sums = np.pad(occupied.astype(np.int32), ((1, 0),) * 3)
    for axis in range(3):
        sums = sums.cumsum(axis, dtype=np.int32)
    blocks = tuple(n // 2 for n in shape)
    paired = occupied.reshape(blocks[0], 2, blocks[1], 2, blocks[2], 2)
    free_block = np.logical_not(paired.any((1, 3, 5)))
    extents = np.zeros((*shape, 6), np.int32)
    cells = np.argwhere(free_block).astype(np.int32) * 2
    radius = 2 * _cube(~free_block)[free_block]
    of_block = _all_extents(sums, cells, radius, 2)
    for offset in np.ndindex(2, 2, 2):
        at = tuple((cells + np.array(offset, np.int32)).T)
        # From the block's border to the voxel's own.
        inner = [step for part in offset for step in (part, 1 - part)]
        extents[at] = of_block + np.array(inner, np.int32)
    shared = free_block.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    alone = ~occupied & ~shared
    cells = np.argwhere(alone).astype(np.int32)
    extents[alone] = _all_extents(sums, cells, _cube(occupied)[alone], 1)
    packed = np.zeros(shape, np.int32)
    for side in range(6):
        packed |= _codes_of(extents[..., side]) << (side * EXTENT_BITS)
    packed[occupied] = -1
    return packed[:x, :y, :z]


def _cube(occupied: NDArray[np.bool_]) -> Ints:
    """Voxels by which a cube around each voxel can grow and stay empty."""
    if not occupied.any():
        return np.full(occupied.shape, max(occupied.shape), np.int32)
    away = distance_transform_cdt(~occupied, "chessboard")
    return np.maximum(np.asarray(away, np.int32) - 1, 0)


def _codes_of(extents: Ints) -> Ints:
    """Largest code that promises no more than `extents`."""
    promised = np.asarray(extent_of(jnp.arange(_CODES)))
    return (np.searchsorted(promised, extents, side="right") - 1).astype(np.int32)


def _all_extents(sums: Ints, cells: Ints, radius: Ints, size: int) -> Ints:
    """[N, 6] extents of the boxes around the cells [N, 3] of `size` voxels."""
    flat, shape = jnp.asarray(sums.reshape(-1)), tuple(n - 1 for n in sums.shape)
    found = np.empty((len(cells), 6), np.int32)
    for first in range(0, len(cells), _AT_ONCE):
        # Always the same number, so that it compiles once; the rest goes round.
        chosen = np.arange(first, first + _AT_ONCE) % len(cells)
        part = _grown(flat, cells[chosen], radius[chosen], shape, size)
        last = min(first + _AT_ONCE, len(cells))
        found[first:last] = np.asarray(part)[: last - first]
    return found


@partial(jax.jit, static_argnames=("shape", "size"))
def _grown(
    sums: jax.Array,
    cells: jax.Array,
    radius: jax.Array,
    shape: tuple[int, int, int],
    size: int,
) -> jax.Array:
    _, y, z = shape

    def is_free(codes: jax.Array) -> jax.Array:
        reach = extent_of(codes)
        ends = [
            (
                jnp.maximum(cells[:, i] - reach[2 * i], 0),
                jnp.minimum(cells[:, i] + size + reach[2 * i + 1], shape[i]),
            )
            for i in range(3)
        ]
        inside = jnp.zeros(cells.shape[0], jnp.int32)
        for corner in np.ndindex(2, 2, 2):
            a, b, c = (end[k] for end, k in zip(ends, corner, strict=True))
            sign = 1 if sum(corner) % 2 else -1
            inside += sign * sums[(a * (y + 1) + b) * (z + 1) + c]
        return inside == 0

    def grow(side: int, codes: jax.Array) -> jax.Array:
        # Binary search: what is free stays free when it shrinks.
        def halve(
            _: int, pair: tuple[jax.Array, jax.Array]
        ) -> tuple[jax.Array, jax.Array]:
            least, most = pair
            middle = (least + most + 1) // 2
            free = is_free(codes.at[side].set(middle))
            return jnp.where(free, middle, least), jnp.where(free, most, middle - 1)

        first = (codes[side], jnp.full_like(radius, _CODES - 1))
        least, _ = jax.lax.fori_loop(0, EXTENT_BITS, halve, first)
        return codes.at[side].set(least)

    promised = extent_of(jnp.arange(1, _CODES))
    cube = jnp.sum(promised[:, None] <= radius, axis=0).astype(jnp.int32)
    codes = jax.lax.fori_loop(0, 6, grow, jnp.broadcast_to(cube, (6, len(cells))))
    return extent_of(codes).T
