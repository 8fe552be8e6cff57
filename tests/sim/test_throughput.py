"""Measuring environments: the bare physics does the same work; sums are right."""

import numpy as np

from sim.env import EnvConfig, Environment
from sim.randomization import RandomizationConfig, without
from sim.tasks.walk_task import WalkTask
from sim.throughput import BareRollout, block_means, memory, spread, throughput


def test_the_bare_rollout_ends_where_the_environment_does():
    """Without pushes, that is: those are no part of the bare physics."""
    calm = without(RandomizationConfig(), "push_n")
    env = Environment(
        WalkTask(), EnvConfig(num_envs=3, num_threads=1, randomization=calm), 0
    )
    random = np.random.default_rng(0)
    state, _ = env.reset()
    state, _ = env.step(state, np.zeros(env.action_shape))
    bare = BareRollout(env, 1)
    for _ in range(5):
        before = env.physics.state.copy()
        action = 0.1 * random.normal(size=env.action_shape)
        state, moved = env.step(state, action)
        assert not np.logical_or(moved.terminated, moved.truncated).any()
        assert bare.seconds(before) > 0
        np.testing.assert_array_equal(bare.states[:, -1], env.physics.state)
    bare.close()
    env.close()


def test_a_throughput_tells_what_was_stepped_and_how_evenly():
    found = throughput(WalkTask(), 2, seconds=0.0, threads=1)
    assert (found.num_envs, found.threads, found.pairs) == (2, 1, 5)
    # 25 ms of control, 5 ms of physics.
    assert found.substeps == 5
    assert 0 < found.ratio.low <= found.ratio.median <= found.ratio.high
    # A control step of one robot takes 0.1 ms to 0.1 s on any machine that runs this.
    assert 10 < found.env_steps_per_s < 20_000
    assert 10 < found.raw_steps_per_s < 20_000


def test_an_environment_takes_at_least_its_own_model():
    found = memory(WalkTask(), batches=(2, 34))
    assert found.model_bytes > 100_000
    # Pages that a fresh process had to spare blur 32 environments by a few per cent.
    assert 0.8 * found.model_bytes < found.bytes_per_env < 4 * found.model_bytes


def test_a_step_that_does_the_work_of_others_counts_in_its_block():
    # Five steps in blocks of two: (1 + 9 + 2) / 3 and (3 + 5) / 2.
    times = np.array([[1.0], [9.0], [2.0], [3.0], [5.0]])
    np.testing.assert_array_equal(block_means(times, 2), [[4.0], [4.0]])
    # Fewer than a block: one block, 20 / 5.
    np.testing.assert_array_equal(block_means(times, 16), [[4.0]])


def test_a_spread_is_median_and_quartiles():
    found = spread(np.array([4.0, 1.0, 3.0, 2.0, 5.0]))
    assert (found.low, found.median, found.high) == (2.0, 3.0, 4.0)
