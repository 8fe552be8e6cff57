"""PPO's pieces against numbers worked out by hand, and a problem it must solve."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training.ppo import (
    Batch,
    Ppo,
    PpoConfig,
    clipped_surrogate,
    gaussian_log_prob,
    generalized_advantage,
)


def batch(reward, value, next_value, ended, cut) -> Batch:
    def column(values):
        return jnp.array(values, jnp.float32)[:, None]

    empty = jnp.zeros((len(reward), 1, 1))
    return Batch(
        observation=empty,
        privileged=empty,
        action=empty,
        log_prob=column(reward) * 0,
        reward=column(reward),
        value=column(value),
        next_value=column(next_value),
        ended=column(ended),
        cut=column(cut),
    )


def test_advantage_of_two_steps_by_hand():
    got = generalized_advantage(
        batch([1, 2], [0.5, 1.0], [1.0, 3.0], [0, 0], [0, 0]), discount=0.9, gae=0.5
    )
    # delta_1 = 2 + 0.9 * 3 - 1 = 3.7; delta_0 = 1 + 0.9 * 1 - 0.5 = 1.4
    # A_1 = 3.7; A_0 = 1.4 + 0.9 * 0.5 * 3.7 = 3.065
    np.testing.assert_allclose(got[:, 0], [3.065, 3.7], rtol=1e-6)


def test_a_fall_has_no_value_after_it_and_a_time_limit_has():
    fall = generalized_advantage(
        batch([1, 2], [0.5, 1.0], [9.0, 3.0], [1, 0], [1, 0]), discount=0.9, gae=0.5
    )
    # A_0 = 1 - 0.5, cut off from what follows.
    np.testing.assert_allclose(fall[0, 0], 0.5, rtol=1e-6)
    limit = generalized_advantage(
        batch([1, 2], [0.5, 1.0], [9.0, 3.0], [0, 0], [1, 0]), discount=0.9, gae=0.5
    )
    # A_0 = 1 + 0.9 * 9 - 0.5 = 8.6
    np.testing.assert_allclose(limit[0, 0], 8.6, rtol=1e-6)


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [
        (1.0, 2.0, -2.0),
        (1.5, 2.0, -2.4),  # clipped at 1.2
        (0.5, 2.0, -1.0),  # the minimum keeps the unclipped
        (0.5, -2.0, 1.6),  # clipped at 0.8
        (1.5, -2.0, 3.0),
    ],
)
def test_surrogate_is_clipped_on_the_side_that_gains(ratio, advantage, expected):
    got = clipped_surrogate(jnp.log(jnp.array([ratio])), jnp.array([advantage]), 0.2)
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_log_prob_of_a_standard_normal_at_its_mean():
    got = gaussian_log_prob(jnp.zeros((1, 2)), jnp.zeros((1, 2)), jnp.zeros(2))
    # 2 * -0.5 ln(2 pi) = -1.837877
    assert float(got[0]) == pytest.approx(-1.8378770, rel=1e-6)


def test_learns_to_copy_its_observation():
    """One-step episodes, reward -(a - o)^2: the optimum is a = o."""
    ppo = Ppo(PpoConfig(hidden=(32,), minibatches=2, init_std=0.5), action_size=1)
    state = ppo.init(jax.random.key(0), 1, 1)
    rng = np.random.default_rng(0)

    def loss(params) -> float:
        points = np.linspace(-1, 1, 21, dtype=np.float32)[:, None]
        return float(np.mean((ppo.mean_action(params, points) - points) ** 2))

    before = loss(state.params)
    for update in range(60):
        seen = rng.uniform(-1, 1, (1, 256, 1)).astype(np.float32)
        extra = np.zeros_like(seen)
        key = jax.random.key(update)
        action, log_prob, value = ppo.act(state.params, key, seen[0], extra[0])
        reward = -((np.asarray(action) - seen[0])[..., 0] ** 2)
        one = jnp.ones((1, 256))
        state, _ = ppo.update(
            state,
            Batch(
                observation=jnp.asarray(seen),
                privileged=jnp.asarray(extra),
                action=action[None],
                log_prob=log_prob[None],
                reward=jnp.asarray(reward)[None],
                value=value[None],
                next_value=0 * one,
                ended=one,
                cut=one,
            ),
        )
    assert before > 0.2
    assert loss(state.params) < 0.03


def test_the_policy_that_comes_of_it_has_the_mean_of_the_last_weights():
    ppo = Ppo(PpoConfig(hidden=(4,), minibatches=1, average_updates=2), action_size=1)
    state = ppo.init(jax.random.key(0), 1, 1)
    rollout = batch(np.arange(8.0), *np.zeros((4, 8)))
    newest = []
    for _ in range(3):
        state, _ = ppo.update(state, rollout)
        newest.append(jax.tree.leaves(state.params["actor"]))
    first, second, third = newest
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(first, third, strict=True))
    found = jax.tree.leaves(ppo.policy_params(state)["actor"])
    for leaf, a, b, c in zip(found, first, second, third, strict=True):
        # 1, then (1 + 2) / 2, then half of that and half of the third.
        np.testing.assert_allclose(leaf, ((a + b) / 2 + c) / 2, atol=1e-6)
    with pytest.raises(ValueError, match="average_updates: expected 0 or more"):
        PpoConfig(average_updates=-1)


def test_the_critic_trains_alone_at_first():
    config = PpoConfig(hidden=(8,), minibatches=2, epochs=2, critic_first=2)
    ppo = Ppo(config, action_size=1)
    state = ppo.init(jax.random.key(0), 2, 1)
    rng = np.random.default_rng(0)

    def random(*shape: int):
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    data = Batch(
        observation=random(4, 8, 2),
        privileged=random(4, 8, 1),
        action=random(4, 8, 1),
        log_prob=random(4, 8),
        reward=random(4, 8),
        value=random(4, 8),
        next_value=random(4, 8),
        ended=jnp.zeros((4, 8)),
        cut=jnp.zeros((4, 8)),
    )
    for alone in (True, True, False):
        after, metrics = ppo.update(state, data)
        # With random log-probabilities the KL is far above 2 x 0.01.
        assert float(metrics["kl"]) > 0.02
        expected = float(state.learning_rate) / (1.0 if alone else 1.5)
        assert float(after.learning_rate) == pytest.approx(expected, rel=1e-6)
        assert same(after.params["actor"], state.params["actor"]) == alone
        assert not same(after.params["critic"], state.params["critic"])
        state = after


def same(one, other) -> bool:
    """Whether all arrays of two trees are equal to the last bit."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)
