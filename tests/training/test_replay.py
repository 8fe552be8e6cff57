"""The replay keeps what comes, in order, drops the oldest, and draws evenly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training.replay import Replay, ReplayConfig, ReplayError, sealed
from training.trajectory import Trajectory

E, T = 3, 4


def steps(start: int, length: int = T, cut=()) -> Trajectory:
    """Rows that tell where they are from: observation is (environment, time)."""
    time = np.arange(start, start + length, dtype=np.float32)
    observation = np.stack(np.broadcast_arrays(np.arange(E)[:, None], time), axis=-1)
    blank = np.zeros((E, length), np.float32)
    return Trajectory(
        observation=observation.astype(np.float32),
        privileged=np.zeros((E, length, 0), np.float32),
        action=np.zeros((E, length, 2), np.float32),
        reward=blank + time,
        ended=np.zeros((E, length), bool),
        cut=np.broadcast_to(np.isin(time, cut), (E, length)),
        log_prob=blank,
    )


def replay(**options) -> Replay:
    config = {"environments": E, "capacity": 36, "length": 5, "batch": 256}
    return Replay(ReplayConfig(**(config | {"min_steps": 1} | options)))


def filled(store: Replay, insertions: int):
    state = store.init(2, 0, 2)
    for i in range(insertions):
        state = store.add(state, steps(i * T))
    return state


def test_samples_are_consecutive_steps_of_one_environment():
    store = replay()
    drawn, memory = store.sample(filled(store, 3), jax.random.key(0))
    assert memory == ()
    assert drawn.observation.shape == (256, 5, 2)
    environment, time = np.moveaxis(np.asarray(drawn.observation), -1, 0)
    assert np.all(environment == environment[:, :1])
    assert np.all(np.diff(time, axis=1) == 1)
    np.testing.assert_array_equal(drawn.reward, time)
    # Across insertions too, at every start of 12 - 5 + 1 = 8, in all environments.
    starts = {(int(e), int(t)) for e, t in drawn.observation[:, 0]}
    assert starts == {(e, t) for e in range(E) for t in range(8)}


def test_a_full_ring_forgets_the_oldest():
    """36 steps are 12 per environment; after 5 insertions of 4, 8 to 19 are left."""
    store = replay()
    drawn, _ = store.sample(filled(store, 5), jax.random.key(1))
    time = np.asarray(drawn.observation[..., 1])
    assert (time.min(), time.max()) == (8, 19)
    assert np.all(np.diff(time, axis=1) == 1)


def test_ready_once_the_least_number_of_steps_is_there():
    store = replay(min_steps=24)
    state = store.init(2, 0, 2)
    answers = []
    for i in range(3):
        answers.append(bool(store.ready(state)))
        state = store.add(state, steps(i * T))
    # With 0, 12 and 24 steps of the three environments together.
    assert answers == [False, False, True]


def test_insertion_reuses_the_memory_of_the_state_before():
    store = replay()
    before = filled(store, 1)
    place = before.experience.trajectory.observation.unsafe_buffer_pointer()
    after = store.add(before, steps(T))
    assert before.experience.trajectory.observation.is_deleted()
    assert after.experience.trajectory.observation.unsafe_buffer_pointer() == place


def test_memory_comes_as_it_was_before_the_first_row():
    store = replay()
    state = store.init(2, 0, 2, memory=jnp.zeros(1))
    for i in range(3):
        rows = steps(i * T)
        state = store.add(state, rows, memory=rows.reward[..., None] * 10)
    drawn, memory = store.sample(state, jax.random.key(2))
    np.testing.assert_array_equal(memory[:, 0], drawn.reward[:, 0] * 10)


def test_the_wrong_number_of_environments_is_refused():
    store = replay()
    rows = jax.tree.map(lambda x: x[:2], steps(0))
    with pytest.raises(ReplayError, match=r"expected \[3, up to 12\].*found \[2, 4\]"):
        store.add(store.init(2, 0, 2), rows)


def test_a_capacity_below_one_trajectory_is_refused():
    with pytest.raises(ReplayError, match="room for 5 steps of each of 3"):
        replay(capacity=14)


def test_sealing_cuts_the_last_row_and_no_other():
    before = steps(0, cut=(1,))
    after = sealed(before)
    np.testing.assert_array_equal(after.cut, [[False, True, False, True]] * E)
    assert not np.any(after.ended)
    np.testing.assert_array_equal(before.cut, [[False, True, False, False]] * E)
