"""dm_env environments become rows without losing or inventing anything."""

import dm_env
import numpy as np
import pytest
from dm_env import specs

from tests.training.toy import EPISODE, Point, streams
from training.dm_env_batch import DmEnvBatch, DmEnvError, episode_returns


def test_observations_are_flattened_in_the_order_of_the_specification():
    rows = streams(2)
    observation, privileged = rows.reset()
    assert observation.shape == (2, 3)
    assert privileged.shape == (2, 0)
    # x, then its square and 1.
    np.testing.assert_allclose(observation[:, 1], observation[:, 0] ** 2, rtol=1e-6)
    np.testing.assert_array_equal(observation[:, 2], 1.0)
    assert rows.sizes == (2, 3, 0, 1)


def test_actions_are_clipped_and_stretched_to_the_bounds():
    rows = streams(3)
    before, _ = rows.reset()
    moved = rows.step(np.array([[0.0], [1.0], [-7.0]], np.float32))
    # 0, 1 and -1 are 5, 10 and 0: x moves by 0.04 x (0, 5, -5) = 0, 0.2, -0.2.
    change = (moved.observation - before)[:, 0]
    reached = np.clip(before[:, 0] + [0.0, 0.2, -0.2], -1, 1)
    np.testing.assert_allclose(moved.observation[:, 0], reached, atol=1e-6)
    assert change[0] == 0.0


def test_a_time_limit_cuts_without_ending():
    rows = streams(1)
    rows.reset()
    steps = [rows.step(np.zeros((1, 1), np.float32)) for _ in range(EPISODE)]
    assert [bool(step.cut[0]) for step in steps] == [False] * (EPISODE - 1) + [True]
    assert not any(step.ended[0] for step in steps)
    report = rows.report()
    total = sum(float(step.reward[0]) for step in steps)
    assert report["episode/return"] == pytest.approx(total, rel=1e-6)
    assert report["episode/steps"] == EPISODE
    assert rows.report() == {}


def test_a_termination_ends_and_the_next_observation_is_of_a_new_episode():
    rows = DmEnvBatch([Point(0, terminal=True)], "point")
    rows.reset()
    moved = rows.step(np.ones((1, 1), np.float32))
    while not moved.cut[0]:
        moved = rows.step(np.ones((1, 1), np.float32))
    assert moved.ended[0]
    # It ended beyond 0.9; the new episode's start is drawn from all of -1 to 1.
    assert moved.observation[0, 0] <= 0.9


def test_repeated_actions_add_their_rewards_up():
    once, twice = streams(1), streams(1, repeat=2)
    once.reset()
    twice.reset()
    action = np.full((1, 1), 0.3, np.float32)
    apart = [once.step(action) for _ in range(2)]
    together = twice.step(action)
    assert together.reward[0] == pytest.approx(
        apart[0].reward[0] + apart[1].reward[0], rel=1e-6
    )
    np.testing.assert_array_equal(together.observation, apart[1].observation)


def test_staggered_rows_end_apart():
    rows = streams(4, stagger=EPISODE)
    rows.reset()
    cuts = np.stack(
        [rows.step(np.zeros((4, 1), np.float32)).cut for _ in range(EPISODE)]
    )
    # Parts of 20 steps: rows 0 to 2 are cut after 5, 10 and 15, row 3 by its limit.
    assert [np.flatnonzero(column).tolist() for column in cuts.T] == [
        [4],
        [9],
        [14],
        [19],
    ]


def test_threads_change_nothing():
    plain, threaded = streams(3), streams(3, threads=3)
    np.testing.assert_array_equal(plain.reset()[0], threaded.reset()[0])
    action = np.linspace(-1, 1, 3, dtype=np.float32)[:, None]
    for _ in range(EPISODE + 2):
        one, other = plain.step(action), threaded.step(action)
        np.testing.assert_array_equal(one.observation, other.observation)
        np.testing.assert_array_equal(one.cut, other.cut)
    threaded.close()


def test_returns_of_one_episode_each():
    def stay(observation):
        return np.zeros((len(observation), 1))

    starts, _ = streams(3).reset()
    found = episode_returns([Point(seed) for seed in range(3)], "point", stay)
    # 20 steps of 1 - |x| at the start's x.
    np.testing.assert_allclose(found, 20 * (1 - np.abs(starts[:, 0])), rtol=1e-5)


def test_actions_without_bounds_are_refused():
    class Unbounded(Point):
        def action_spec(self):
            return specs.Array((1,), np.float64, "push")

    with pytest.raises(DmEnvError, match="one vector of bounded actions"):
        DmEnvBatch([Unbounded()], "point")


def test_the_toy_keeps_dm_env_rules():
    step = Point(0).reset()
    assert isinstance(step, dm_env.TimeStep)
    assert step.first()
