"""What a rollout hands to the learner: values that follow, ends, copies."""

import jax
import numpy as np
import pytest

from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.match import MatchTask
from training.measures import Meter
from training.rollouts import Collector

STEPS = 4


class Counter:
    """An actor whose value of a state is the sum of its observation."""

    def __init__(self, width):
        self._width = width

    def act(self, params, key, observation, privileged):
        rows = len(observation)
        value = np.asarray(observation).sum(axis=1)
        return np.full((rows, self._width), 0.1), np.full(rows, -2.0), value

    def value(self, params, observation, privileged):
        return np.asarray(observation).sum(axis=1)


@pytest.fixture(scope="module")
def collected():
    # Two steps of 25 ms: with whole first episodes, every second step is the last.
    task = MatchTask(episode_s=0.05)
    config = EnvConfig(
        num_envs=3, num_threads=1, randomization=NO_RANDOMIZATION, stagger=False
    )
    env = Environment(task, config, 0)
    finals = []
    plain_step = env.step

    def step(*args, **kwargs):
        state, moved = plain_step(*args, **kwargs)
        finals.append(moved.final_observation.reshape(6, -1).sum(axis=1))
        return state, moved

    env.step = step
    meter = Meter(task, (3, 2), whole=True)
    collector = Collector(env, Counter(20), STEPS)
    rollout, batch = collector.collect(None, jax.random.key(0), 0.0, meter)
    env.close()
    return collector, rollout, batch, np.stack(finals), meter.take()


def test_every_robot_is_a_row_of_its_own(collected):
    collector, rollout, *_ = collected
    # 4 steps x 3 environments x 2 robots.
    assert collector.rows == 24
    assert rollout.reward.shape == (4, 6)
    assert rollout.action.shape == (4, 6, 20)
    assert rollout.action.dtype == np.float32


def test_the_value_that_follows_is_of_the_state_before_any_reset(collected):
    _, rollout, batch, finals, _ = collected
    assert rollout.cut.tolist() == [[0.0] * 6, [1.0] * 6] * 2
    assert not rollout.ended.any()
    np.testing.assert_allclose(batch.next_value, finals, rtol=1e-5, atol=1e-5)
    # Which is another one than the state acted on next.
    assert np.abs(finals[1] - rollout.value[2]).max() > 1e-3


def test_a_trajectory_is_a_copy_with_environments_first(collected):
    _, rollout, *_ = collected
    got = rollout.trajectory()
    assert got.observation.shape == (6, 4, 267)
    assert got.cut.dtype == bool
    np.testing.assert_array_equal(got.reward, rollout.reward.T)
    assert not np.shares_memory(got.observation, rollout.observation)


def test_whole_episodes_are_reported(collected):
    report = collected[-1]
    assert report["episode/seconds"] == pytest.approx(0.05)
