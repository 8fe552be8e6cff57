"""Samples along a ray and what they add up to, by hand."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.sampling import (
    expected_distance,
    median_distance,
    piecewise_distance,
    resample,
    sample_weights,
    uniform_distance,
)


def test_piecewise_spacing_is_even_to_one_then_in_disparity():
    # far 4: the end lies at 1 - 1 / 8 = 0.875; s = 4/7 reaches 0.5, distance 1.
    spacing = jnp.array([0.0, 2 / 7, 4 / 7, 6 / 7, 1.0])
    # Scaled 0.75 gives 1 / (2 - 1.5) = 2.
    expected = [0.0, 0.5, 1.0, 2.0, 4.0]
    np.testing.assert_allclose(piecewise_distance(spacing, 4.0), expected, rtol=1e-5)
    assert uniform_distance(jnp.array([0.25]), 4.0).tolist() == [1.0]


def test_weights_of_two_samples():
    # Each stops half of what reaches it: density ln 2 per unit length.
    sigma = jnp.array([[math.log(2), math.log(2)]])
    edges = jnp.array([[0.0, 1.0, 2.0]])
    np.testing.assert_allclose(sample_weights(sigma, edges), [[0.5, 0.25]], rtol=1e-6)


def test_median_and_mean_distance():
    weights = jnp.array([[0.2, 0.4, 0.2], [0.1, 0.1, 0.1]])
    middles = jnp.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    # A ray that is never half stopped ends at its last sample.
    assert median_distance(weights, middles).tolist() == [2.0, 3.0]
    # (0.2 + 0.8 + 0.6) / 0.8.
    assert expected_distance(weights, middles)[0] == pytest.approx(2.0)


def test_resampling_even_weights_gives_even_bins():
    edges = jnp.linspace(0.0, 1.0, 5)[None]
    found = resample(edges, jnp.ones((1, 4)), 2)
    # Three edges at the middles of thirds.
    np.testing.assert_allclose(found, [[1 / 6, 1 / 2, 5 / 6]], atol=1e-5)


def test_resampling_goes_where_the_weight_is():
    edges = jnp.array([[0.0, 0.5, 1.0]])
    found = resample(edges, jnp.array([[0.0, 0.98]]), 3)
    # Padded by 0.01: the first bin holds 0.01 of 1.00, the rest is even over the other.
    places = np.array([1 / 8, 3 / 8, 5 / 8, 7 / 8])
    expected = 0.5 + 0.5 * (places - 0.01) / 0.99
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
