"""Windows of n steps against hand-worked cases and a row-by-row second version."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training.n_step import at_rows, n_step_windows


def windows(reward, ended=(), cut=(), steps=2, discount=0.5):
    """By lists of the rows that end or are cut (what ends is cut as well)."""
    rows = np.arange(len(reward))
    got = n_step_windows(
        jnp.array(reward, jnp.float32),
        jnp.array(np.isin(rows, ended)),
        jnp.array(np.isin(rows, [*ended, *cut])),
        steps,
        discount,
    )
    return jax.tree.map(np.asarray, got)


def test_two_steps_without_boundaries():
    got = windows([1, 2, 4, 8])
    # Rows 0 and 1: 1 + 0.5 * 2 = 2, 2 + 0.5 * 4 = 4; then 0.25 of states 2 and 3.
    np.testing.assert_allclose(got.reward[:2], [2, 4])
    np.testing.assert_allclose(got.discount[:2], [0.25, 0.25])
    np.testing.assert_array_equal(got.bootstrap[:2], [2, 3])
    # States 4 and 5 are not in the trajectory.
    np.testing.assert_array_equal(got.valid, [True, True, False, False])


def test_a_termination_closes_windows_with_value_zero():
    got = windows([1, 2, 4, 8], ended=[2])
    # Row 1: 2 + 0.5 * 4; row 2: 4 alone. Row 0 ends before the fall, at state 2.
    np.testing.assert_allclose(got.reward[:3], [2, 4, 4])
    np.testing.assert_allclose(got.discount[:3], [0.25, 0, 0])
    np.testing.assert_array_equal(got.valid, [True, True, True, False])


def test_a_time_limit_is_bootstrapped_from_the_last_state_seen():
    got = windows([1, 2, 4, 8, 16], cut=[2])
    # Row 1 would need state 3 of another episode: 2 + 0.5 * value(state 2).
    assert got.reward[1] == 2
    assert got.discount[1] == 0.5
    assert got.bootstrap[1] == 2
    # Row 2 has no state after it at all.
    np.testing.assert_array_equal(got.valid, [True, True, False, False, False])


def test_nothing_of_the_next_episode_enters():
    quiet, loud = windows([1, 2, 4, 0, 0], [1]), windows([1, 2, 4, 9, 9], [1])
    np.testing.assert_array_equal(quiet.reward[:2], loud.reward[:2])


def row_by_row(reward, ended, cut, steps, discount, row):
    """The same by walking: (reward, discount, bootstrap) or None."""
    total = 0.0
    for taken in range(steps):
        place = row + taken
        if place >= len(reward):
            return None
        if cut[place] and not ended[place]:
            return (total, discount**taken, place) if taken else None
        total += discount**taken * reward[place]
        if ended[place]:
            return total, 0.0, None
    place = row + steps
    return (total, discount**steps, place) if place < len(reward) else None


@pytest.mark.parametrize("steps", [1, 3, 5])
def test_equals_walking_row_by_row(steps):
    rng = np.random.default_rng(steps)
    reward = rng.normal(size=(40, 12)).astype(np.float32)
    cut = rng.random((40, 12)) < 0.2
    ended = cut & (rng.random((40, 12)) < 0.5)
    got = jax.jit(n_step_windows, static_argnums=(3, 4))(reward, ended, cut, steps, 0.9)
    seen = set()
    for b in range(40):
        for t in range(12):
            want = row_by_row(reward[b], ended[b], cut[b], steps, 0.9, t)
            assert bool(got.valid[b, t]) == (want is not None)
            if want is None:
                seen.add("none")
                continue
            total, factor, place = want
            assert float(got.reward[b, t]) == pytest.approx(total, abs=1e-5)
            assert float(got.discount[b, t]) == pytest.approx(factor, abs=1e-6)
            if place is not None:
                assert int(got.bootstrap[b, t]) == place
            seen.add("ended" if place is None else "state")
    assert seen == {"none", "ended", "state"}


def test_rows_are_looked_up_per_trajectory():
    values = jnp.arange(12.0).reshape(2, 3, 2)
    got = at_rows(values, jnp.array([[2, 0, 1], [0, 0, 2]]))
    np.testing.assert_array_equal(got[0, :, 0], [4, 0, 2])
    np.testing.assert_array_equal(got[1, :, 1], [7, 7, 11])
