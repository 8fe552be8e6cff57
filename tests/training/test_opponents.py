"""Opponents: who is drawn, what they do, and what the critic is told."""

import jax.numpy as jnp
import numpy as np
import pytest

from sim.env import EnvConfig, Environment
from sim.tasks.match import MatchTask
from training.mpo_losses import Gaussian
from training.opponents import Opponents, OpposedEnvironment, SnapshotPool

EVERY = {"every": 10, "share": 0.25}


def actor(value):
    return {"w": np.float32(value)}


def pool(folder, steps=10_000):
    return SnapshotPool(folder, actor(-1.0), steps=steps, **EVERY)


def test_the_first_quarter_of_the_snapshots_and_one_untrained(tmp_path):
    snapshots = pool(tmp_path)
    # Due at 10, 20, ...: 9 is too early, and 25 comes late for the second.
    for steps in (0, 9, 10, 12, 25, 30, 41):
        snapshots.offer(steps, actor(steps))
    assert len(snapshots) == 4
    assert list(snapshots.seats) == [0, 1]
    assert float(snapshots.params(0)["w"]) == -1.0
    assert float(snapshots.params(1)["w"]) == 10.0
    # A quarter of three is none yet.
    assert list(pool(tmp_path, steps=35).seats) == [0]


def test_a_resumed_run_forgets_what_came_after_its_checkpoint(tmp_path):
    first = pool(tmp_path)
    for steps in (10, 20, 30):
        first.offer(steps, actor(steps))
    again = pool(tmp_path, steps=20)
    assert len(again) == 2
    again.offer(30, actor(31.0))
    assert float(again.params(3)["w"]) == 31.0
    assert len(pool(tmp_path)) == 3


def still(params, observation):
    """Asks for what the parameters say, with hardly any noise."""
    mean = jnp.broadcast_to(params["actor"]["w"], (*observation.shape[:-1], 20))
    return Gaussian(mean, 0 * mean + 1e-6)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    snapshots = pool(tmp_path_factory.mktemp("pool"))
    for steps in (10, 20, 30, 40):
        snapshots.offer(steps, actor(0.01 * steps))
    opponents = Opponents(snapshots, still, seed=1)
    task = MatchTask(opponent_id=True, episode_s=0.075)
    config = EnvConfig(num_envs=8, num_threads=1, stagger=False)
    env = OpposedEnvironment(Environment(task, config, seed=0), opponents)
    yield env
    env.close()


def test_the_other_side_plays_and_the_critic_knows_who_it_is(world):
    assert world.action_shape == (8, 1, 20)
    state, first = world.reset()
    # Ids are told in tens.
    ids = np.rint(first.privileged[:, 0, -1] * 10).astype(int)
    assert first.observation.shape == (8, 1, 267)
    assert set(ids) == {0, 1}
    state, moved = world.step(state, np.full((8, 1, 20), 0.5))
    sent = state.actions[0]
    np.testing.assert_allclose(sent[:, 0], 0.5)
    expected = np.where(ids == 0, -1.0, 0.1)[:, None]
    np.testing.assert_allclose(sent[:, 1], np.tile(expected, 20), atol=1e-4)
    assert moved.reward.shape == (8, 1)
    assert all(term.shape == (8, 1) for term in moved.terms.values())
    assert moved.terminated.shape == (8,)
    # Three steps of 25 ms are an episode: then opponents are drawn anew.
    for _ in range(2):
        state, moved = world.step(state, np.zeros((8, 1, 20)))
    assert moved.truncated.all()
    np.testing.assert_allclose(moved.final_privileged[:, 0, -1] * 10, ids, atol=1e-6)
    after = np.rint(moved.privileged[:, 0, -1] * 10).astype(int)
    assert (after != ids).any()


def test_a_task_without_a_place_for_the_id_is_refused(tmp_path):
    env = Environment(MatchTask(), EnvConfig(num_envs=1, num_threads=1), seed=0)
    try:
        with pytest.raises(ValueError, match="expected MatchTask"):
            OpposedEnvironment(env, Opponents(pool(tmp_path), still, seed=0))
    finally:
        env.close()
