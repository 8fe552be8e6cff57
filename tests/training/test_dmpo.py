"""The DMPO learner: its memory, targets, masks, precision and devices."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from robot.contracts.symmetry import Mirror
from training.dmpo import Dmpo, Memories
from training.dmpo_config import DmpoConfig
from training.guide import Guide
from training.mpo_losses import Gaussian, MpoConfig, log_prob
from training.teaching import TeachingConfig
from training.trajectory import Trajectory

SMALL = DmpoConfig(
    actor_hidden=(16, 16),
    critic_hidden=(16, 16),
    samples=4,
    n_step=2,
    value_low=-5.0,
    value_high=5.0,
    atoms=11,
    learning_rate=1e-3,
    actor_period=2,
    critic_period=3,
)


@cache
def small(**changes) -> Dmpo:
    """One learner per configuration: its compiled functions serve all tests."""
    return Dmpo(replace(SMALL, **changes), action_size=2)


def random_batch(batch=4, length=6, observation=3, privileged=1, cut=0.2, seed=0):
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return jnp.array(rng.normal(size=shape), jnp.float32)

    over = rng.random((batch, length)) < cut
    return Trajectory(
        observation=normal(batch, length, observation),
        privileged=normal(batch, length, privileged),
        action=normal(batch, length, 2),
        reward=normal(batch, length),
        ended=jnp.array(over & (rng.random((batch, length)) < 0.5)),
        cut=jnp.array(over),
        log_prob=normal(batch, length),
    )


def same(left, right, **tolerance) -> None:
    assert jax.tree.structure(left) == jax.tree.structure(right)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, **tolerance), left, right
    )


def moved(before, after) -> float:
    """Largest change of a parameter."""
    pairs = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)


def test_a_faulty_config_names_all_its_faults():
    with pytest.raises(ValueError, match=r"dtype.*'half'.*burn_in.*found 3.*support"):
        DmpoConfig(dtype="half", burn_in=3, atoms=1)


def test_targets_are_copied_at_their_own_periods():
    dmpo = small()
    state = dmpo.init(jax.random.key(0), 3, 1)
    batch = random_batch()
    copied = {"actor": [], "critic": []}
    for _ in range(6):
        state, _ = dmpo.update(state, batch)
        for name, found in copied.items():
            pairs = zip(
                jax.tree.leaves(state.params[name]),
                jax.tree.leaves(state.target[name]),
                strict=True,
            )
            found.append(all(bool((a == b).all()) for a, b in pairs))
    assert copied["actor"] == [False, True, False, True, False, True]
    assert copied["critic"] == [False, False, True, False, False, True]


def test_without_any_value_target_the_critic_does_not_move():
    """A time limit after every row: no state after any of them was observed."""
    dmpo = small()
    state = dmpo.init(jax.random.key(0), 3, 1)
    batch = random_batch(cut=1.0)
    batch = batch._replace(ended=jnp.zeros_like(batch.ended))
    after, metrics = dmpo.update(state, batch)
    assert float(metrics["rows_with_target"]) == 0.0
    same(after.params["critic"], state.params["critic"], atol=0)


def test_first_critic_loss_by_hand():
    """A fresh head is nearly flat over 11 atoms: cross-entropy ln 11 = 2.397895."""
    dmpo = small()
    state = dmpo.init(jax.random.key(0), 3, 1)
    _, metrics = dmpo.update(state, random_batch())
    assert float(metrics["critic_loss"]) == pytest.approx(2.397895, abs=0.02)


def test_log_prob_of_an_action_is_that_of_the_policy():
    dmpo = small()
    state = dmpo.init(jax.random.key(0), 3, 1)
    seen, extra = jnp.ones((5, 3)), jnp.ones((5, 1))
    action, got, _ = dmpo.act(state.params, jax.random.key(1), seen, extra)
    _, policy = dmpo.distribution(state.params, seen)
    np.testing.assert_allclose(got, log_prob(action, policy), rtol=1e-5)
    np.testing.assert_allclose(policy.std, 0.7, rtol=0.02)
    mean = dmpo.mean_action(state.params, seen)
    np.testing.assert_allclose(mean, policy.mean, rtol=1e-5, atol=1e-7)


def test_actions_that_share_a_state_are_judged_as_one_by_one():
    dmpo = small()
    critic = dmpo.init(jax.random.key(0), 3, 1).params["critic"]
    rng = np.random.default_rng(0)
    features = jnp.array(rng.normal(size=(4, 1, 4)), jnp.float32)
    actions = jnp.array(rng.normal(size=(4, 7, 2)), jnp.float32)

    def judge(features, actions) -> np.ndarray:
        return np.asarray(dmpo.critic.apply(critic, features, actions, method="judge"))

    got = judge(features, actions)
    for i in range(7):
        want = judge(features[:, 0], actions[:, i])
        np.testing.assert_allclose(got[:, i], want, atol=1e-6)


def test_the_critic_sees_actions_clipped():
    dmpo = small()
    critic = dmpo.init(jax.random.key(0), 3, 1).params["critic"]
    features = jnp.ones((1, 4))

    def judge(*action):
        return dmpo.critic.apply(critic, features, jnp.array([action]), method="judge")

    np.testing.assert_array_equal(judge(3.0, -7.0), judge(1.0, -1.0))
    assert np.any(np.asarray(judge(1.0, 0.5)) != np.asarray(judge(1.0, -1.0)))


def test_an_lstm_unrolled_equals_steps_and_forgets_at_cuts():
    dmpo = small(lstm=8)
    params = dmpo.init(jax.random.key(0), 3, 1).params
    # Larger heads, so that differences show.
    params = jax.tree.map(lambda x: x * 3, params)
    seen = jnp.asarray(random_batch().observation)
    first = jnp.zeros((4, 6), bool).at[1, 3].set(True)
    start = dmpo.empty_memory(4).actor
    end, whole = jax.jit(dmpo.distribution)(params, seen, start, first)
    one = jax.jit(dmpo.distribution)
    carry = start
    for t in range(6):
        carry, policy = one(params, seen[:, t : t + 1], carry, first[:, t : t + 1])
        np.testing.assert_allclose(policy.mean[:, 0], whole.mean[:, t], atol=1e-6)
        np.testing.assert_allclose(policy.std[:, 0], whole.std[:, t], atol=1e-6)
    same(carry, end, atol=1e-6)
    # What came before the cut is forgotten after it, and only there.
    other = seen.at[:, 0].add(5.0)
    _, changed = one(params, other, start, first)
    np.testing.assert_array_equal(changed.mean[1, 3:], whole.mean[1, 3:])
    assert np.all(np.abs(changed.mean[0, 3:] - whole.mean[0, 3:]).max(axis=-1) > 0)


def test_acting_with_an_lstm_carries_its_memory():
    dmpo = small(lstm=8)
    params = dmpo.init(jax.random.key(0), 3, 1).params
    batch = random_batch()
    key, first = jax.random.key(0), jnp.array([True, False, False, False])
    seen, extra = batch.observation[:, 0], batch.privileged[:, 0]
    memory = Memories(*jax.tree.map(lambda x: x + 0.5, dmpo.empty_memory(4)))
    fresh = dmpo.act(params, key, seen, extra)
    later = dmpo.act(params, key, seen, extra, memory, first)
    np.testing.assert_allclose(fresh.action[0], later.action[0], atol=1e-6)
    assert np.all(np.asarray(fresh.action[1:] != later.action[1:]).any(axis=-1))
    for leaf, was in zip(
        jax.tree.leaves(later.memory), jax.tree.leaves(memory), strict=True
    ):
        assert leaf.shape == (4, 8)
        assert np.any(np.asarray(leaf != was))


def test_burn_in_equals_a_memory_stored_at_the_first_row_learned_from():
    batch = random_batch(length=8, cut=0.1, seed=3)
    burning, stored = small(lstm=8, burn_in=3), small(lstm=8)
    state = burning.init(jax.random.key(0), 3, 1)
    memory, first = burning.empty_memory(4), jnp.ones(4, bool)
    for t in range(3):
        seen, extra = batch.observation[:, t], batch.privileged[:, t]
        key = jax.random.key(t)
        memory = burning.act(state.params, key, seen, extra, memory, first).memory
        first = batch.cut[:, t]
    # The rest's first row may begin an episode, which the cut before it tells.
    memory = jax.tree.map(lambda x: jnp.where(first[:, None], 0.0, x), memory)
    rest = jax.tree.map(lambda x: x[:, 3:], batch)
    want, _ = stored.update(state, rest, memory)
    got, _ = burning.update(state, batch)
    same(got.params, want.params, atol=2e-6)
    # Both learned something, or they would be alike for that.
    assert moved(state.params, want.params) > 1e-4


def test_bfloat16_keeps_parameters_and_answers_near_float32():
    exact, coarse = small(), small(dtype="bfloat16")
    state = exact.init(jax.random.key(0), 3, 1)
    batch = random_batch()
    one, want = exact.update(state, batch)
    two, got = coarse.update(state, batch)
    assert {x.dtype for x in jax.tree.leaves(two.params)} == {jnp.dtype("float32")}
    for name in ("critic_loss", "policy_loss"):
        assert float(got[name]) == pytest.approx(float(want[name]), rel=0.02)
    assert any(
        bool((a != b).any())
        for a, b in zip(
            jax.tree.leaves(one.params), jax.tree.leaves(two.params), strict=True
        )
    )


def test_mirrored_policies_answer_mirrored_states_with_mirrored_actions():
    seen = Mirror(source=(1, 0, 2), sign=(1.0, 1.0, -1.0))
    done = Mirror(source=(1, 0), sign=(-1.0, -1.0))
    dmpo = Dmpo(SMALL, 2, mirrors=(seen, done))
    params = dmpo.init(jax.random.key(0), 3, 0).params
    params = jax.tree.map(lambda x: x * 3, params)
    states = jnp.array(np.random.default_rng(0).normal(size=(5, 3)), jnp.float32)
    _, policy = dmpo.distribution(params, states)
    _, mirrored = dmpo.distribution(params, seen.of(states))
    np.testing.assert_allclose(mirrored.mean, done.of(policy.mean), atol=1e-6)
    # A spread has no sign: it only changes sides.
    np.testing.assert_allclose(mirrored.std, policy.std[:, ::-1], atol=1e-6)
    assert np.abs(policy.mean).max() > 1e-4


def test_mirrors_and_an_lstm_are_refused():
    mirror = Mirror(source=(0,), sign=(-1.0,))
    with pytest.raises(ValueError, match="expected none with an LSTM"):
        Dmpo(DmpoConfig(lstm=8), 1, mirrors=(mirror, mirror))


ON_TWO_DEVICES = """
import jax, numpy as np
from tests.training.test_dmpo import random_batch, same, small
assert len(jax.devices()) == 2
batch = random_batch()
results = []
for shard in (False, True):
    dmpo = small(shard=shard)
    state = dmpo.init(jax.random.key(0), 3, 1)
    for _ in range(3):
        state, metrics = dmpo.update(state, batch)
    results.append((state.params, state.duals, metrics))
spread = jax.tree.leaves(results[1])[0].sharding
assert len(spread.device_set) == 2, spread
one, two = jax.tree.map(np.asarray, results)
same(one, two, rtol=1e-5, atol=1e-5)
try:
    dmpo.update(state, random_batch(batch=3))
except ValueError as error:
    print(error)
"""


def test_two_devices_learn_what_one_does():
    # Compiling quickly matters more here than running quickly.
    flags = (
        "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"
    )
    done = subprocess.run(
        [sys.executable, "-c", ON_TWO_DEVICES],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "expected a multiple of the 2 devices, found [3]" in done.stdout


def test_learns_from_random_actions_to_copy_its_observation():
    """One-step episodes, reward -(a - o)^2, actions at random: the optimum is a = o."""
    dmpo = small(
        samples=20, n_step=1, value_low=-4.0, value_high=0.0, learning_rate=3e-3
    )
    rng = np.random.default_rng(0)
    seen = rng.uniform(-0.8, 0.8, (1024, 1, 2)).astype(np.float32)
    action = rng.uniform(-1, 1, (1024, 1, 2)).astype(np.float32)
    over = np.ones((1024, 1), bool)
    reward = -np.sum((action - seen) ** 2, axis=-1)
    blank = np.zeros((1024, 1, 0), np.float32)
    data = Trajectory(seen, blank, action, reward, over, over, 0 * reward)
    data = jax.tree.map(jnp.asarray, data)

    def one(state, key):
        rows = jax.random.randint(key, (128,), 0, 1024)
        return dmpo.update(state, jax.tree.map(lambda x: x[rows], data))

    def error(params) -> float:
        points = jnp.asarray(seen[:200, 0])
        return float(jnp.mean((dmpo.mean_action(params, points) - points) ** 2))

    state = dmpo.init(jax.random.key(0), 2, 0)
    before = error(state.params)
    keys = jax.random.split(jax.random.key(1), 500)
    state, metrics = jax.jit(lambda s: jax.lax.scan(one, s, keys))(state)
    assert before > 0.15
    assert error(state.params) < 0.06
    assert float(metrics["critic_loss"][-1]) < float(metrics["critic_loss"][0])


def test_under_full_weight_the_policy_goes_to_the_teacher_in_charge():
    """The first observation says who that is; one asks for 0.5, the other for -0.5."""

    def asks(value):
        def advise(params, seen):
            mean = jnp.full((*seen.shape[:-1], 2), value)
            return Gaussian(mean, jnp.full(mean.shape, 0.3))

        return advise

    guide = Guide(
        config=TeachingConfig(rate=1e-6),
        advice=(asks(0.5), asks(-0.5)),
        params=((), ()),
        is_first=lambda seen: seen[..., 0] > 0,
    )
    config = replace(
        SMALL,
        samples=8,
        learning_rate=1e-2,
        mpo=MpoConfig(init_temperature=1.0, init_alpha_mean=0.1, init_alpha_std=1.0),
    )
    dmpo = Dmpo(config, action_size=2, guide=guide)
    state, batch = dmpo.init(jax.random.key(0), 3, 1), random_batch(batch=8)
    kl = []
    for _ in range(60):
        state, metrics = dmpo.update(state, batch)
        kl.append(float(metrics["teacher/kl"]))
    assert kl[-1] < 0.5 * kl[0]
    sides = jnp.array([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    upright, fallen = dmpo.mean_action(state.params, sides)
    assert upright.min() > 0.2
    assert fallen.max() < -0.2
    assert float(metrics["teacher/upright_weight"]) == pytest.approx(1.0, abs=1e-3)
