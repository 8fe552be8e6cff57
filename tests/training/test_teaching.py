"""Teachers' losses and weights against numbers worked out by hand."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from training.mpo_losses import Gaussian, e_step
from training.teaching import (
    SetValues,
    TeachingConfig,
    adapted,
    first_weights,
    gaussian_kl,
    set_values,
    taught_scores,
    weight_of,
    weights,
)


def test_scores_give_way_to_the_log_ratio_as_the_weight_grows():
    scores, ratio = jnp.array([[1.0, 3.0]]), jnp.array([[0.5, -0.5]])
    # 0.75 x 1 - 0.25 x 0.5 = 0.625; 0.75 x 3 + 0.25 x 0.5 = 2.375.
    got = taught_scores(scores, ratio, jnp.array([0.25]))
    np.testing.assert_allclose(got, [[0.625, 2.375]], rtol=1e-6)
    np.testing.assert_allclose(taught_scores(scores, ratio, jnp.array([0.0])), scores)
    np.testing.assert_allclose(taught_scores(scores, ratio, jnp.array([1.0])), -ratio)


def test_kl_of_two_dimensions_by_hand():
    policy = Gaussian(jnp.array([1.0, 0.0]), jnp.array([1.0, 2.0]))
    teacher = Gaussian(jnp.array([0.0, 0.0]), jnp.array([2.0, 2.0]))
    # First: 0.5 (0.25 + 0.25 - 1) - ln 0.5 = -0.25 + 0.6931; second: equal, 0.
    assert float(gaussian_kl(policy, teacher)) == pytest.approx(0.4431, abs=1e-4)


def test_under_full_weight_the_improved_policy_is_the_teacher():
    """q ~ pi exp(-log(pi / teacher) / eta) is the teacher itself at eta = 1."""
    # Evenly spread quantiles of pi = N(0, 1) stand for samples of it.
    samples = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    ratio = stats.norm.logpdf(samples) - stats.norm.logpdf(samples, 0.5, 0.8)
    scores = taught_scores(jnp.zeros((1, 4000)), jnp.array(ratio)[None], jnp.ones(1))
    weight = np.asarray(e_step(scores, jnp.ones(())))[0]
    mean = float(weight @ samples)
    assert mean == pytest.approx(0.5, abs=5e-3)
    assert float(weight @ (samples - mean) ** 2) == pytest.approx(0.64, abs=2e-2)


def test_weights_descend_by_the_value_over_the_threshold():
    config = TeachingConfig(thresholds=(1.0, 0.0), rate=0.5)
    found = SetValues(value=jnp.array([3.0, -1.0]), states=jnp.array([4.0, 2.0]))
    # d softplus(0) = 0.5: upright 0 - 0.5 x 0.5 x (3 - 1); fallen + 0.5 x 0.5 x 1.
    np.testing.assert_allclose(adapted(jnp.zeros(2), found, config), [-0.5, 0.25])
    nobody = found._replace(states=jnp.array([4.0, 0.0]))
    np.testing.assert_allclose(adapted(jnp.zeros(2), nobody, config), [-0.5, 0.0])


def test_weights_stay_between_imitation_alone_and_almost_none():
    config = TeachingConfig(thresholds=(0.0, 0.0), rate=1000.0)
    far = SetValues(value=jnp.array([-9.0, 9.0]), states=jnp.ones(2))
    raw = adapted(jnp.zeros(2), far, config)
    np.testing.assert_allclose(weights(raw), [1.0, math.log1p(math.exp(-6.0))])
    # From there both still come back.
    back = adapted(raw, far._replace(value=-far.value), config)
    assert weights(back)[0] < 0.1 < weights(back)[1]
    start = first_weights(TeachingConfig(start=0.3))
    np.testing.assert_allclose(weights(start), [0.3, 0.3], rtol=1e-6)


def test_each_state_belongs_to_one_teacher():
    upright = jnp.array([[True, False], [True, True]])
    values = jnp.array([[1.0, 10.0], [2.0, 6.0]])
    found = set_values(values, upright)
    assert found.value.tolist() == [3.0, 10.0]
    assert found.states.tolist() == [3.0, 1.0]
    assert set_values(values, jnp.ones((2, 2), bool)).value.tolist() == [4.75, 0.0]
    # softplus(0) = ln 2; 1 at the other end.
    got = weight_of(jnp.array([0.0, 9.0]), upright)
    np.testing.assert_allclose(got, [[math.log(2), 1.0], [math.log(2)] * 2], rtol=1e-6)


def test_a_start_without_any_weight_is_refused():
    with pytest.raises(ValueError, match="more than 0, at most 1, found 0"):
        TeachingConfig(start=0.0)
