"""Boxes around voxels: all empty, and as long as a room allows."""

import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.baked import EXTENT_BITS, extent_of
from nerf_render.empty_boxes import empty_boxes

SHAPE = (23, 19, 11)
"""Odd, so that blocks of two do not fill it."""


def extents(packed):
    codes = [
        (packed >> (side * EXTENT_BITS)) & ((1 << EXTENT_BITS) - 1) for side in range(6)
    ]
    return np.stack([np.asarray(extent_of(jnp.asarray(c))) for c in codes], axis=-1)


@pytest.mark.parametrize("share", [0.002, 0.05, 0.4])
def test_no_box_holds_a_surface(share):
    occupied = np.random.default_rng(1).uniform(size=SHAPE) < share
    packed = empty_boxes(occupied)
    assert ((packed < 0) == occupied).all()
    sides = extents(packed)
    for x, y, z in np.argwhere(~occupied):
        west, east, south, north, down, up = sides[x, y, z]
        box = occupied[
            max(x - west, 0) : x + east + 1,
            max(y - south, 0) : y + north + 1,
            max(z - down, 0) : z + up + 1,
        ]
        assert not box.any()


def test_over_a_floor_the_box_reaches_all_walls():
    occupied = np.zeros(SHAPE, bool)
    occupied[:, :, 0] = occupied[0] = occupied[-1] = True
    occupied[:, 0] = occupied[:, -1] = True
    west, east, south, north, down, up = extents(empty_boxes(occupied))[12, 9, 5]
    # Free are 1..21, 1..17 and from 1 up to the grid's end at 10.
    assert (west, east) == (11, 9)
    assert (south, north) == (8, 8)
    assert down == 4
    assert up >= 5
