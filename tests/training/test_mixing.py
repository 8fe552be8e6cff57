"""Batches hold exactly the asked share of archived rows, drawn from all of them."""

import jax
import numpy as np
import pytest

from tests.training.archives import STREAMS, header, numbered
from training.archive import ArchiveError, ArchiveReader, ArchiveWriter
from training.mixing import MixConfig, Mixture, Reused
from training.replay import Replay, ReplayConfig

STEPS = 8


def archive(path, calls=6, first=0, **arguments) -> ArchiveReader:
    arguments = {"row_steps": 0, **arguments}
    with ArchiveWriter(path, header(), chunk_rows=2, **arguments) as writer:
        for call in range(first, first + calls):
            writer.add(numbered(call, steps=STEPS), step=call)
    return ArchiveReader(path)


@pytest.mark.parametrize(
    ("share", "batch", "rows"), [(0.5, 16, 8), (0.25, 10, 2), (0.0, 16, 0), (0.9, 5, 4)]
)
def test_the_share_is_exact_in_every_batch(share, batch, rows):
    # round(0.25 x 10) = round(2.5) = 2, round(4.5) = 4.
    assert MixConfig(share=share).reused(batch) == rows


def test_a_share_without_fresh_data_is_refused():
    with pytest.raises(ValueError, match="from 0 to under 1 of each batch, found 1"):
        MixConfig(share=1.0)


def test_windows_are_consecutive_steps_of_one_row(tmp_path):
    reused = Reused([archive(tmp_path)], 3, seed=0)
    drawn = reused.sample(200)
    assert drawn.reward.shape == (200, 3)
    time = np.asarray(drawn.observation)[:, :, 0]
    np.testing.assert_array_equal(np.diff(time, axis=1), 1.0)
    np.testing.assert_array_equal(drawn.log_prob, -time)
    # Starts 0 to 5 in rows of 8, 2 environments, 6 calls.
    starts = {
        1000 * c + 10 * s + t for c in range(6) for s in range(2) for t in range(6)
    }
    found = set(time[:, 0])
    assert found <= starts
    assert len(found) > 60
    reused.close()


def test_all_rows_come_by_through_a_small_cache(tmp_path):
    reader = archive(tmp_path, calls=10)
    chunk = reader.row_bytes * reader.chunk_rows
    reused = Reused([reader], STEPS, seed=0, cache_bytes=2 * chunk)
    assert reused.cached_bytes < 2 * chunk
    seen = set()
    for _ in range(200):
        seen |= set(np.asarray(reused.sample(2).observation)[:, 0, 0])
    assert seen == {1000 * c + 10 * s for c in range(10) for s in range(STREAMS)}
    reused.close()


def test_equal_seeds_draw_equal_windows_whatever_the_disk_does(tmp_path):
    reader = archive(tmp_path)
    small = 2 * reader.row_bytes * reader.chunk_rows
    streams = [Reused([reader], 4, seed=3, cache_bytes=small) for _ in range(2)]
    for _ in range(10):
        one, other = (np.asarray(s.sample(5).reward * 0 + s.sample(5).log_prob)
                      for s in streams)  # fmt: skip
        np.testing.assert_array_equal(one, other)
    for stream in streams:
        stream.close()


def test_archives_are_drawn_from_by_their_size(tmp_path):
    readers = [archive(tmp_path / "a", 9), archive(tmp_path / "b", 3, first=100)]
    drawn = np.asarray(Reused(readers, STEPS, seed=0).sample(4000).observation)
    # 3 of 12 calls: 1000 of 4000, standard deviation sqrt(4000 x 3/16) = 27.
    assert abs(np.sum(drawn[:, 0, 0] >= 100_000) - 1000) < 110


def test_rows_closed_early_give_only_windows_that_fit(tmp_path):
    reader = archive(tmp_path, calls=2, row_steps=12)
    # 16 steps: a row of 12 and one of 4 for each environment.
    reused = Reused([reader], 5, seed=0)
    time = np.asarray(reused.sample(100).observation)[:, :, 0]
    # Rows of 12 begin in call 0; the padding of the short rows is never drawn.
    assert set(np.floor(time[:, 0] / 1000)) == {0}
    assert np.all(np.diff(time, axis=1) > 0)


def test_windows_longer_than_rows_are_refused(tmp_path):
    with pytest.raises(ArchiveError, match=r"rows of 9 steps or more .* found 8"):
        Reused([archive(tmp_path)], 9, seed=0)


def test_too_little_memory_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="expected memory for a chunk of"):
        Reused([archive(tmp_path)], 4, seed=0, cache_bytes=10)


def test_a_mixture_has_fresh_rows_first_and_reused_after(tmp_path):
    replay = Replay(
        ReplayConfig(environments=2, capacity=100, length=4, batch=6, min_steps=8)
    )
    state = replay.init(3, 0, 2)
    fresh = numbered(0, steps=STEPS)
    state = replay.add(state, fresh._replace(reward=fresh.reward * 0 - 5))
    reused = Reused([archive(tmp_path)], 4, seed=0)
    mixture = Mixture(replay, reused, 2)
    batch = mixture.sample(state, jax.random.key(0)).trajectory
    assert batch.observation.shape == (8, 4, 3)
    # Fresh rewards are -5, archived ones 1.
    np.testing.assert_array_equal(batch.reward[:6], -5.0)
    np.testing.assert_array_equal(batch.reward[6:], 1.0)
    mixture.close()
