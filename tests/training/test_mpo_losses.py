"""MPO's losses against numbers worked out by hand, rlax, and their own bounds."""

import math
from typing import Any, cast

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import rlax

from training.mpo_losses import (
    Duals,
    Gaussian,
    MpoConfig,
    bound_scores,
    clip_duals,
    e_step,
    e_step_kl,
    fit_loss,
    init_duals,
    kl_of_means,
    kl_of_stds,
    log_prob,
    policy_loss,
    positive,
    temperature_loss,
    trust_region_loss,
    weighted_mean,
)

ONE = jnp.ones(1)


def gaussian(mean, std) -> Gaussian:
    return Gaussian(jnp.array(mean, jnp.float32), jnp.array(std, jnp.float32))


def test_weights_are_a_softmax_of_scores_over_temperature():
    # Q / eta = (0, ln 3): weights 1 / (1 + 3) and 3 / (1 + 3).
    got = e_step(jnp.array([[0.0, 2 * math.log(3)]]), jnp.array(2.0))
    np.testing.assert_allclose(got, [[0.25, 0.75]], rtol=1e-6)


def test_temperature_loss_of_two_actions_by_hand():
    got = temperature_loss(
        jnp.array([[0.0, 2 * math.log(3)]]), jnp.array(2.0), 0.1, ONE
    )
    # 2 * (0.1 + ln(1 + 3) - ln 2) = 0.2 + 2 ln 2 = 1.5862944
    assert float(got) == pytest.approx(1.5862944, rel=1e-6)


def test_kl_of_weights_by_hand():
    # ln 2 + 0.25 ln 0.25 + 0.75 ln 0.75 = 0.6931472 - 0.3465736 - 0.2157615
    got = e_step_kl(jnp.array([[0.25, 0.75]]), ONE)
    assert float(got) == pytest.approx(0.1308120, rel=1e-5)


def test_kl_of_weights_that_all_sit_on_one_action_is_finite():
    got = e_step_kl(jnp.array([[0.0, 1.0]]), ONE)
    assert float(got) == pytest.approx(math.log(2), rel=1e-6)


def test_score_of_bounds_is_the_distance_outside():
    # (1.3, -1.4) is 0.3 and 0.4 beyond: sqrt(0.09 + 0.16) = 0.5.
    got = bound_scores(jnp.array([[[0.9, -1.0], [1.3, -1.4]]]))
    np.testing.assert_allclose(got, [[0.0, -0.5]], atol=1e-6)


def test_log_prob_equals_distrax():
    rng = np.random.default_rng(0)
    policy = gaussian(rng.normal(size=(5, 3)), rng.uniform(0.1, 2, (5, 3)))
    actions = jnp.array(rng.normal(size=(5, 3)), jnp.float32)
    want = distrax.MultivariateNormalDiag(policy.mean, policy.std).log_prob(actions)
    np.testing.assert_allclose(log_prob(actions, policy), want, rtol=1e-5)


def test_fit_loss_of_two_actions_by_hand():
    got = fit_loss(
        jnp.array([[0.25, 0.75]]),
        jnp.array([[[1.0], [3.0]]]),
        gaussian([[1.0]], [[2.0]]),
        ONE,
    )
    # ln N(1; 1, 2) = -ln 2 - 0.5 ln(2 pi) = -1.6120857; at 3: 0.5 less, -2.1120857.
    # -(0.25 * -1.6120857 + 0.75 * -2.1120857) = 1.9870857
    assert float(got) == pytest.approx(1.9870857, rel=1e-6)


def test_divergences_are_per_dimension_and_by_hand():
    target, online = (
        gaussian([[0.0, 1.0]], [[1.0, 2.0]]),
        gaussian([[0.5, 1.0]], [[1.0, 1.0]]),
    )
    # Means: 0.5 * (0.5 / 1)^2 = 0.125, and 0.
    np.testing.assert_allclose(kl_of_means(target, online, ONE), [0.125, 0], rtol=1e-6)
    # Stds: 0, and 0.5 * 2^2 - 0.5 - ln 2 = 0.8068528.
    got = kl_of_stds(target, online, ONE)
    np.testing.assert_allclose(got, [0.0, 0.8068528], rtol=1e-6)


def test_both_divergences_equal_distrax_from_target_to_online():
    rng = np.random.default_rng(1)
    target = gaussian(rng.normal(size=(4, 2)), rng.uniform(0.5, 2, (4, 2)))
    online = gaussian(rng.normal(size=(4, 2)), rng.uniform(0.5, 2, (4, 2)))
    rows = jnp.ones(4)
    before = distrax.Normal(*target)
    moved = distrax.Normal(online.mean, target.std)
    spread = distrax.Normal(target.mean, online.std)
    np.testing.assert_allclose(
        kl_of_means(target, online, rows),
        before.kl_divergence(moved).mean(axis=0),
        rtol=1e-4,
    )
    np.testing.assert_allclose(
        kl_of_stds(target, online, rows),
        before.kl_divergence(spread).mean(axis=0),
        rtol=1e-4,
    )


def test_trust_region_by_hand_moves_policy_and_multiplier_apart():
    def loss(kl, alpha):
        return trust_region_loss(kl, alpha, 0.1)

    kl, alpha = jnp.array([0.3, 0.0]), jnp.array([2.0, 5.0])
    # 2 * 0.3 + 2 * (0.1 - 0.3) + 5 * 0 + 5 * (0.1 - 0) = 0.6 - 0.4 + 0.5
    assert float(loss(kl, alpha)) == pytest.approx(0.7, rel=1e-6)
    of_kl, of_alpha = jax.grad(loss, argnums=(0, 1))(kl, alpha)
    np.testing.assert_allclose(of_kl, [2.0, 5.0])
    # A bound that is broken raises its multiplier under gradient descent.
    np.testing.assert_allclose(of_alpha, [-0.2, 0.1], rtol=1e-5)


def test_duals_are_floats_also_from_whole_numbers():
    config = MpoConfig(init_temperature=10, init_alpha_mean=10, init_alpha_std=1000)
    assert {raw.dtype for raw in init_duals(config, 3)} == {jnp.dtype("float32")}


def test_rows_of_weight_zero_are_left_out():
    values = jnp.array([1.0, 100.0, 3.0])
    assert float(weighted_mean(values, jnp.array([1.0, 0.0, 1.0]))) == 2.0
    assert float(weighted_mean(values, jnp.zeros(3))) == 0.0


def test_raw_duals_stay_above_minus_18_also_the_penalty_temperature():
    low = Duals(*(jnp.full(2, -50.0),) * 4)
    for raw in clip_duals(low):
        np.testing.assert_array_equal(raw, [-18.0, -18.0])
    assert float(positive(jnp.array(-18.0))) > 1e-8


def sampled(seed: int, std: float = 0.6):
    """Four states, 8 actions each of a target policy, scores, another online policy."""
    rng = np.random.default_rng(seed)
    target = gaussian(rng.normal(size=(4, 2)) * 0.5, np.full((4, 2), std))
    noise = rng.normal(size=(4, 8, 2))
    actions = target.mean[:, None] + target.std[:, None] * noise
    scores = jnp.array(rng.normal(size=(4, 8)) * 3, jnp.float32)
    online = gaussian(target.mean + 0.1, np.full((4, 2), 0.5))
    return jnp.array(actions, jnp.float32), scores, target, online


def test_policy_loss_without_penalty_equals_rlax():
    actions, scores, target, online = sampled(0)
    config = MpoConfig(action_penalty=False, init_alpha_std=3.0)
    duals = init_duals(config, 2)

    def ours(duals, online):
        rows = jnp.ones(4)
        return policy_loss(duals, config, actions, scores, target, online, rows)[0]

    def theirs(duals, online):
        """rlax knows one policy: its loss once with our mean, once with our std."""
        fixed = jax.lax.stop_gradient(target)
        total = 0.0
        for policy, bound, alpha, share in (
            (Gaussian(online.mean, fixed.std), 0.0025, duals.alpha_mean, 1.0),
            (Gaussian(fixed.mean, online.std), 1e-6, duals.alpha_std, 0.0),
        ):
            spread = distrax.Normal(policy.mean[:, None], policy.std[:, None])
            kl = distrax.Normal(*fixed).kl_divergence(distrax.Normal(*policy))
            penalty = rlax.LagrangePenalty(alpha, bound, per_dimension=True)
            loss, _ = rlax.mpo_loss(
                spread.log_prob(actions).sum(axis=-1),
                scores,
                rlax.LagrangePenalty(duals.temperature, 0.1),
                [(kl, penalty)],
                projection_operator=cast(Any, positive),
                temperature_loss_weight=share,
                sample_axis=1,
            )
            total += jnp.mean(loss)
        return total

    got = jax.jit(jax.value_and_grad(ours, argnums=(0, 1)))(duals, online)
    want = jax.jit(jax.value_and_grad(theirs, argnums=(0, 1)))(duals, online)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), got, want
    )


def test_penalty_adds_weights_of_its_own_temperature():
    actions, scores, target, online = sampled(1, std=1.5)
    rows = jnp.ones(4)

    def loss(online, **options):
        config = MpoConfig(**options)
        duals = init_duals(config, 2)._replace(penalty_temperature=jnp.array(0.5))
        return policy_loss(duals, config, actions, scores, target, online, rows)[0]

    without = jax.grad(loss)(online, action_penalty=False)
    together = jax.grad(loss)(online, action_penalty=True)
    extra = e_step(bound_scores(actions), positive(jnp.array(0.5)))

    def alone(mean):
        return fit_loss(extra, actions, Gaussian(mean, target.std), rows)

    want = without.mean + jax.grad(alone)(online.mean)
    np.testing.assert_allclose(together.mean, want, atol=1e-6)


def test_without_penalty_its_temperature_stays():
    actions, scores, target, online = sampled(2)
    config = MpoConfig(action_penalty=False)

    def loss(duals):
        rows = jnp.ones(4)
        return policy_loss(duals, config, actions, scores, target, online, rows)[0]

    grads = jax.grad(loss)(init_duals(config, 2))
    assert float(grads.penalty_temperature) == 0.0
    assert float(grads.temperature) != 0.0


def test_no_gradient_reaches_samples_scores_or_target():
    actions, scores, target, online = sampled(3)
    config = MpoConfig()

    def loss(actions, scores, target):
        duals, rows = init_duals(config, 2), jnp.ones(4)
        return policy_loss(duals, config, actions, scores, target, online, rows)[0]

    for leaf in jax.tree.leaves(jax.grad(loss, (0, 1, 2))(actions, scores, target)):
        np.testing.assert_array_equal(leaf, 0.0)


def test_loss_is_the_same_compiled():
    actions, scores, target, online = sampled(4)
    config = MpoConfig()

    def loss(duals, online):
        rows = jnp.ones(4)
        return policy_loss(duals, config, actions, scores, target, online, rows)[0]

    arguments = init_duals(config, 2), online
    np.testing.assert_allclose(loss(*arguments), jax.jit(loss)(*arguments), rtol=1e-5)


def test_a1_the_temperature_finds_the_bound_of_the_e_step():
    """256 states, 20 actions, random scores of spread 3; Adam on the temperature."""
    scores = 3 * jax.random.normal(jax.random.key(0), (256, 20))
    rows, adam = jnp.ones(256), optax.adam(1e-2)

    def step(carry, _):
        raw, state = carry

        def loss(raw):
            return temperature_loss(scores, positive(raw), 0.1, rows)

        change, state = adam.update(jax.grad(loss)(raw), state)
        return (optax.apply_updates(raw, change), state), None

    raw = jnp.array(10.0)
    (raw, _), _ = jax.jit(lambda carry: jax.lax.scan(step, carry, None, length=6_000))(
        (raw, adam.init(raw))
    )
    realised = e_step_kl(e_step(scores, positive(raw)), rows) / 0.1
    assert 0.95 <= float(realised) <= 1.05


def test_a2_each_half_of_the_m_step_moves_only_its_part():
    actions, scores, target, online = sampled(5)
    weights, rows = e_step(scores, jnp.array(1.0)), jnp.ones(4)

    def of_mean(online):
        return fit_loss(weights, actions, Gaussian(online.mean, target.std), rows)

    def of_std(online):
        return fit_loss(weights, actions, Gaussian(target.mean, online.std), rows)

    mean_half, std_half = jax.grad(of_mean)(online), jax.grad(of_std)(online)
    np.testing.assert_array_equal(mean_half.std, 0.0)
    np.testing.assert_array_equal(std_half.mean, 0.0)
    assert np.all(np.asarray(mean_half.mean) != 0)
    assert np.all(np.asarray(std_half.std) != 0)


def test_a2_both_divergences_settle_on_their_bounds_in_each_dimension():
    """Fixed quadratic score, 256 states, target never copied, 500 updates.

    The multipliers start near their answer: at Adam's 1e-2 an update they could not
    come down from acme's 1000 in 500 updates, which is what nearly freezes the std.
    The best action is near enough that means and stds both press on their bounds.
    """
    config = MpoConfig(
        action_penalty=False, epsilon_std=1e-4, init_alpha_mean=3, init_alpha_std=3
    )
    best = jnp.array([1.0, 0.75, 0.5])
    rows, target = jnp.ones(256), gaussian(np.zeros((256, 3)), np.full((256, 3), 0.5))
    adam, dual_adam = optax.adam(1e-3), optax.adam(1e-2)

    def policy(params) -> Gaussian:
        mean, log_std = params
        spread = jnp.exp(log_std)
        return jax.tree.map(
            lambda x: jnp.broadcast_to(x, (256, 3)), Gaussian(mean, spread)
        )

    def update(carry, key):
        learned, states = carry
        noise = jax.random.normal(key, (256, 20, 3))
        actions = target.mean[:, None] + target.std[:, None] * noise
        scores = -4 * jnp.sum((actions - best) ** 2, axis=-1)

        def loss(params, duals):
            online = policy(params)
            return policy_loss(duals, config, actions, scores, target, online, rows)[0]

        grads = jax.grad(loss, (0, 1))(*learned)
        of_params, first = adam.update(grads[0], states[0])
        of_duals, second = dual_adam.update(grads[1], states[1])
        learned = cast(Any, optax.apply_updates(learned, (of_params, of_duals)))
        online = policy(learned[0])
        now = kl_of_means(target, online, rows), kl_of_stds(target, online, rows)
        return (learned, (first, second)), now

    params, duals = (jnp.zeros(3), jnp.full(3, math.log(0.5))), init_duals(config, 3)
    carry = (params, duals), (adam.init(params), dual_adam.init(duals))
    keys = jax.random.split(jax.random.key(0), 500)
    _, (means, stds) = jax.jit(lambda c: jax.lax.scan(update, c, keys))(carry)
    for kl, bound in ((means, config.epsilon_mean), (stds, config.epsilon_std)):
        settled = np.mean(np.asarray(kl)[-100:], axis=0) / bound
        assert np.all((settled > 0.5) & (settled < 1.5)), settled
