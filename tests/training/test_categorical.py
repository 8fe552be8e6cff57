"""Categorical values against numbers worked out by hand and rlax."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax

from training.categorical import (
    bootstrap,
    cross_entropy,
    expectation,
    project,
    support,
)


def test_support_has_both_ends():
    np.testing.assert_allclose(support(-1.0, 1.0, 5), [-1, -0.5, 0, 0.5, 1])


def test_expectation_by_hand():
    # Probabilities 1/4 and 3/4 on 0 and 8.
    got = expectation(jnp.array([0.0, math.log(3)]), jnp.array([0.0, 8.0]))
    assert float(got) == pytest.approx(6.0, rel=1e-6)


def test_a_value_between_atoms_splits_by_distance():
    atoms = support(0.0, 4.0, 5)
    # 1.25 lies a quarter of the way from 1 to 2.
    got = project(jnp.array([1.25]), jnp.array([1.0]), atoms)
    np.testing.assert_allclose(got, [0, 0.75, 0.25, 0, 0], atol=1e-6)


def test_values_beyond_the_support_go_to_its_ends():
    got = project(jnp.array([-7.0, 9.0]), jnp.array([0.3, 0.7]), support(0.0, 4.0, 5))
    np.testing.assert_allclose(got, [0.3, 0, 0, 0, 0.7], atol=1e-6)


def test_bootstrap_by_hand():
    atoms = support(0.0, 2.0, 3)
    got = bootstrap(jnp.array(0.5), jnp.array(0.5), jnp.array([0.2, 0.3, 0.5]), atoms)
    # Atoms move to 0.5, 1.0, 1.5: 0.2 splits to 0 and 1, 0.5 to 1 and 2.
    np.testing.assert_allclose(got, [0.1, 0.1 + 0.3 + 0.25, 0.25], rtol=1e-6)


def test_after_a_termination_only_the_reward_is_left():
    got = bootstrap(
        jnp.array(1.0), jnp.array(0.0), jnp.array([0.2, 0.3, 0.5]), support(0, 2, 3)
    )
    np.testing.assert_allclose(got, [0, 1, 0], atol=1e-6)


def test_projection_equals_rlax():
    rng = np.random.default_rng(0)
    atoms = support(-150.0, 150.0, 51)
    values = jnp.array(rng.uniform(-200, 200, (6, 51)), jnp.float32)
    probabilities = jnp.array(rng.dirichlet(np.ones(51), 6), jnp.float32)
    want = jax.vmap(rlax.categorical_l2_project, (0, 0, None))(
        values, probabilities, atoms
    )
    got = project(values, probabilities, atoms)
    np.testing.assert_allclose(got, want, atol=1e-5)
    np.testing.assert_allclose(got.sum(axis=-1), 1.0, rtol=1e-5)


def test_mean_of_projections_is_the_projection_of_the_mean():
    rng = np.random.default_rng(1)
    atoms, each = support(-2.0, 2.0, 9), rng.dirichlet(np.ones(9), 20)
    one_by_one = [bootstrap(jnp.array(0.3), jnp.array(0.9), p, atoms) for p in each]
    together = bootstrap(jnp.array(0.3), jnp.array(0.9), each.mean(axis=0), atoms)
    np.testing.assert_allclose(np.mean(one_by_one, axis=0), together, atol=1e-6)


def test_cross_entropy_by_hand():
    # Model probabilities 1/4, 3/4: -(0.5 ln 0.25 + 0.5 ln 0.75) = 0.8369882
    got = cross_entropy(jnp.array([0.5, 0.5]), jnp.array([0.0, math.log(3)]))
    assert float(got) == pytest.approx(0.8369882, rel=1e-6)
