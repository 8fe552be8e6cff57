"""Inputs of the exact field, against loops in whole numbers."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.encodings import contract, direction_harmonics, hash_grid, unit_cube

PRIMES = (1, 2654435761, 805459861)


def test_contraction_keeps_the_inner_cube_and_halves_the_outside():
    points = jnp.array([[0.5, -0.9, 0.2], [2.0, 0.0, 1.0], [0.0, -4.0, 4.0]])
    # (2 - 1 / 2) (1, 0, 0.5) and (2 - 1 / 4) (0, -1, 1).
    expected = [[0.5, -0.9, 0.2], [1.5, 0.0, 0.75], [0.0, -1.75, 1.75]]
    np.testing.assert_allclose(contract(points), expected, atol=1e-6)


def test_the_unit_cube_zeroes_what_is_on_its_border():
    position, inside = unit_cube(jnp.array([[0.0, 0.0, 0.0], [jnp.inf, 0.0, 0.0]]))
    assert position[0].tolist() == [0.5, 0.5, 0.5]
    assert inside.tolist() == [True, False]


def looped(table, scalings, position):
    """Instant-NGP's equation 4 with Python's integers."""
    size = len(table) // len(scalings)
    out = []
    for level, scale in enumerate(scalings):
        scaled = [float(np.float32(p) * np.float32(scale)) for p in position]
        total = np.zeros(table.shape[1])
        for corner in itertools.product((0, 1), repeat=3):
            index, weight = 0, 1.0
            for axis, upper in enumerate(corner):
                low = math.floor(scaled[axis])
                share = scaled[axis] - low
                whole = math.ceil(scaled[axis]) if upper else low
                index ^= whole * PRIMES[axis]
                weight *= share if upper else 1 - share
            total += weight * table[level * size + index % size]
        out.append(total)
    return np.concatenate(out)


@pytest.mark.parametrize(
    "position", [(0.1, 0.7, 0.33), (0.25, 0.5, 0.9999), (0.0, 0.125, 0.99)]
)
def test_the_hash_grid_is_the_loop(position):
    random = np.random.default_rng(3)
    table = random.normal(size=(3 * 64, 2)).astype(np.float32)
    scalings = np.array([16.0, 71.0, 1024.0], np.float32)
    found = hash_grid(
        jnp.asarray(table), jnp.asarray(scalings), jnp.array(position, jnp.float32)
    )
    np.testing.assert_allclose(found, looped(table, scalings, position), atol=2e-4)


def test_harmonics_of_the_shifted_direction():
    # (d + 1) / 2 of (-1, -1, -1) is the origin: only the constants are left.
    at_origin = np.zeros(16)
    at_origin[0], at_origin[6] = 0.28209479, -0.31539157
    found = direction_harmonics(jnp.array([[-1.0, -1, -1], [1, -1, -1]]))
    np.testing.assert_allclose(found[0], at_origin, atol=1e-6)
    # And of (1, -1, -1) it is (1, 0, 0).
    along_x = at_origin.copy()
    along_x[3], along_x[8] = 0.48860251, 0.54627422
    along_x[13], along_x[15] = -0.45704580, 0.59004359
    np.testing.assert_allclose(found[1], along_x, atol=1e-6)
