"""MJX from reset to restart: shapes, determinism, episode ends, the guard. Compiling
an environment takes a minute on a CPU, so all share one."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sim.env import EnvConfig
from sim.mjx_env import MjxConfig, MjxEnvironment
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask

pytestmark = pytest.mark.slow

# Four control steps of 25 ms.
TASK = WalkTask(config=WalkConfig(episode_s=0.1))


@pytest.fixture(scope="module")
def env() -> MjxEnvironment:
    config = EnvConfig(num_envs=2, stagger=False)
    return MjxEnvironment(TASK, config, 0, physics=MjxConfig(implementation="jax"))


def run(env: MjxEnvironment, steps: int):
    """States and time steps under small random actions."""
    rng = np.random.default_rng(0)
    state, seen = env.reset(env.key)
    states, steps_seen = [state], [seen]
    for _ in range(steps):
        action = 0.2 * rng.standard_normal(env.action_shape)
        state, seen = env.step(state, jnp.asarray(action, jnp.float32))
        states.append(state)
        steps_seen.append(seen)
    return states, steps_seen


def plain(value):
    """Arrays to compare, keys as numbers."""

    def array(leaf):
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return np.asarray(jax.random.key_data(leaf) if is_key else leaf)

    return [array(leaf) for leaf in jax.tree.leaves(value)]


def test_all_values_are_finite_and_shaped_by_the_specs(env):
    _, seen = run(env, 3)
    sizes = (TASK.observation.size, TASK.privileged.size)
    for moved in seen:
        assert moved.observation.shape == (2, 1, sizes[0])
        assert moved.privileged.shape == (2, 1, sizes[1])
        assert moved.reward.shape == (2, 1)
        assert moved.observation.dtype == moved.reward.dtype == jnp.float32
        assert moved.terminated.shape == moved.truncated.shape == (2,)
        assert all(np.isfinite(value).all() for value in plain(moved))
    assert not np.array_equal(seen[1].observation, seen[2].observation)


def test_the_same_key_gives_the_same_trajectory(env):
    first, second = run(env, 6), run(env, 6)
    for one, other in zip(plain(first), plain(second), strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_key_gives_another_trajectory(env):
    _, one = env.reset(jax.random.key(1))
    _, other = env.reset(jax.random.key(2))
    assert not np.array_equal(one.observation, other.observation)


def test_episodes_restart_within_the_step_that_ends_them(env):
    states, seen = run(env, 5)
    ended = [moved.truncated.tolist() for moved in seen]
    assert ended == [[False, False]] * 4 + [[True, True]] + [[False, False]]
    np.testing.assert_allclose(states[3].env.time_s, 0.075, atol=1e-6)
    np.testing.assert_array_equal(states[4].env.time_s, 0.0)
    np.testing.assert_allclose(states[5].env.time_s, 0.025, atol=1e-6)
    # New draws, written into the model; the learner sees both observations.
    old, new = states[3].env.parameters, states[4].env.parameters
    assert not np.any(np.equal(old.floor_friction, new.floor_friction))
    floor = states[4].model["geom_friction"][:, 0, 0]
    np.testing.assert_allclose(floor, new.floor_friction, rtol=1e-6)
    assert not np.array_equal(seen[4].observation, seen[4].final_observation)
    assert np.array_equal(seen[3].observation, seen[3].final_observation)


def test_an_exploding_state_ends_its_own_episode_only(env):
    states, _ = run(env, 1)
    physics = states[1].physics
    broken = replace(physics, qvel=physics.qvel.at[0].set(jnp.nan))
    action = jnp.zeros(env.action_shape)
    after, seen = env.step(replace(states[1], physics=broken), action)
    healthy, expected = env.step(states[1], action)
    assert seen.info["exploded"].tolist() == [True, False]
    assert seen.terminated.tolist() == [True, False]
    assert seen.reward[0, 0] == 0
    assert int(after.explosions) == 1
    assert int(healthy.explosions) == 0
    assert all(np.isfinite(value).all() for value in plain((after, seen)))
    np.testing.assert_array_equal(after.physics.qpos[1], healthy.physics.qpos[1])
    np.testing.assert_array_equal(seen.observation[1], expected.observation[1])
    np.testing.assert_array_equal(after.env.time_s[0], 0.0)


def test_an_old_state_can_be_stepped_again(env):
    states, seen = run(env, 2)
    rng = np.random.default_rng(0)
    rng.standard_normal(env.action_shape)
    action = 0.2 * rng.standard_normal(env.action_shape)
    _, again = env.step(states[1], jnp.asarray(action, jnp.float32))
    np.testing.assert_array_equal(again.observation, seen[2].observation)


def test_a_step_returns_what_it_takes_so_it_is_compiled_once(env):
    before, *_, after = run(env, 5)[0]
    taken = [leaf.aval for leaf in jax.tree.leaves(before)]
    returned = [leaf.aval for leaf in jax.tree.leaves(after)]
    assert taken == returned
    assert [t.weak_type for t in taken] == [r.weak_type for r in returned]
