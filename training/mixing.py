"""Batches of fresh and reused data at a fixed share (arXiv:2311.15951).

The paper does not say whether its 50 % holds in each batch or on average. Here it holds
in each: of B rows exactly round(share x B) come from archives.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from training.archive import ArchiveError, ArchiveReader, Chunk
from training.replay import Replay, Sample
from training.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class MixConfig:
    """How archives are mixed in.

    Attributes:
        share: of each batch that comes from archives, 0 to under 1.
        cache_bytes: memory for decoded rows, all archives together; beyond it there is
            one more chunk per archive, being read.
    """

    share: float = 0.5
    cache_bytes: int = 256_000_000

    def __post_init__(self) -> None:
        if not 0.0 <= self.share < 1.0:
            raise ValueError(
                f"share: expected from 0 to under 1 of each batch, found {self.share}"
            )

    def reused(self, batch: int) -> int:
        """Rows of a batch that come from archives."""
        return round(self.share * batch)


class Reused:
    """Windows of archives' rows, drawn uniformly from all steps of all archives.

    Of each archive a part that fits the cache is in memory. As many rows as a chunk has
    are drawn, then the oldest chunk in memory gives way to the next one of a random
    order, which a thread has read meanwhile. An archive that fits is read once.
    Equal seeds draw equal windows: the swaps follow the draws, not the disk.
    """

    def __init__(
        self,
        readers: Sequence[ArchiveReader],
        length: int,
        *,
        seed: int,
        cache_bytes: int = MixConfig.cache_bytes,
    ):
        """Fill the cache.

        Args:
            readers: archives of one interface.
            length: steps of a window.
            seed: of all draws.
            cache_bytes: see `MixConfig`.

        Raises:
            ArchiveError: rows shorter than a window, or no room for a chunk of each.
        """
        self._random = np.random.default_rng(seed)
        self._length = length
        steps = np.array([reader.progress.steps for reader in readers], float)
        self._share = steps / steps.sum()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="reuse")
        self._pools = [
            _Pool(reader, length, int(cache_bytes * share), self._worker, seed + number)
            for number, (reader, share) in enumerate(
                zip(readers, self._share, strict=True)
            )
        ]

    @property
    def cached_bytes(self) -> int:
        """Memory the cache takes now."""
        return sum(pool.nbytes for pool in self._pools)

    def sample(self, rows: int) -> Trajectory:
        """[rows, length] windows as NumPy arrays."""
        counts = self._random.multinomial(rows, self._share)
        parts = [
            pool.sample(count, self._random)
            for pool, count in zip(self._pools, counts, strict=True)
            if count
        ]
        return Trajectory(*map(np.concatenate, zip(*parts, strict=True)))

    def close(self) -> None:
        """Stop reading."""
        self._worker.shutdown(cancel_futures=True)


class Mixture:
    """Batches of a replay's data, some rows replaced by reused ones."""

    def __init__(self, replay: Replay, reused: Reused | None, reused_rows: int):
        """Mix.

        Args:
            replay: of fresh data, its batch already smaller by `reused_rows`.
            reused: archives; None without.
            reused_rows: of each batch.
        """
        self._replay, self._reused, self._rows = replay, reused, reused_rows

    def sample(self, state: Any, key: PRNGKeyArray) -> Sample:
        """[B, T], fresh rows first. A memory starts empty in reused rows."""
        fresh = self._replay.sample(state, key)
        if self._reused is None or not self._rows:
            return fresh
        steps = _stacked(fresh.trajectory, self._reused.sample(self._rows))
        memory = jax.tree.map(lambda x: _with_zeros(x, self._rows), fresh.memory)
        return Sample(steps, memory)

    def close(self) -> None:
        """Stop reading archives."""
        if self._reused is not None:
            self._reused.close()


class _Pool:
    """Some chunks of one archive, in memory."""

    def __init__(
        self,
        reader: ArchiveReader,
        length: int,
        most_bytes: int,
        worker: ThreadPoolExecutor,
        seed: int,
    ):
        self._reader, self._length, self._worker = reader, length, worker
        chunks, fitting = reader.progress.chunks, _fitting(reader, length, most_bytes)
        self._order = _endless(chunks, np.random.default_rng(seed))
        self._slots = min(fitting, chunks)
        self._drawn, self._oldest = 0, 0
        self._next: Future[Chunk] | None = None
        first = reader.read(next(self._order))
        self._steps = Trajectory(
            *(
                np.zeros((self._slots, reader.chunk_rows, *part.shape[1:]), part.dtype)
                for part in first.trajectory
            )
        )
        self._latest = np.full((self._slots, reader.chunk_rows), -1)
        self._put(0, first)
        for slot in range(1, self._slots):
            self._put(slot, reader.read(next(self._order)))
        if not len(self._rows[0]):
            raise ArchiveError(
                f"{reader.location}: expected rows of {length} steps, found none whole"
            )
        if fitting < chunks:
            self._read_ahead()

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in self._steps)

    def sample(self, rows: int, random: np.random.Generator) -> Trajectory:
        """[rows, length], windows at random places of random rows."""
        self._drawn += rows
        while self._next is not None and self._drawn >= self._reader.chunk_rows:
            self._drawn -= self._reader.chunk_rows
            self._put(self._oldest, self._next.result())
            self._oldest = (self._oldest + 1) % self._slots
            self._read_ahead()
        picked = random.integers(len(self._rows[0]), size=rows)
        slot, row = (part[picked] for part in self._rows)
        start = random.integers(self._latest[slot, row] + 1)
        times = start[:, None] + np.arange(self._length)
        place = slot[:, None], row[:, None], times
        return Trajectory(*(part[place] for part in self._steps))

    def _put(self, slot: int, chunk: Chunk) -> None:
        count = len(chunk.length)
        for mine, new in zip(self._steps, chunk.trajectory, strict=True):
            mine[slot, :count] = new
        self._latest[slot] = -1
        self._latest[slot, :count] = chunk.length - self._length
        self._rows = np.nonzero(self._latest >= 0)

    def _read_ahead(self) -> None:
        self._next = self._worker.submit(self._reader.read, next(self._order))


def _fitting(reader: ArchiveReader, length: int, most_bytes: int) -> int:
    """Chunks that the memory holds."""
    if reader.steps_per_row < length:
        raise ArchiveError(
            f"{reader.location}: expected rows of {length} steps or more to draw "
            f"windows from, found {reader.steps_per_row}; shorten the learner's "
            f"trajectories"
        )
    chunk_bytes = reader.row_bytes * reader.chunk_rows
    if chunk_bytes > most_bytes:
        raise ArchiveError(
            f"{reader.location}: expected memory for a chunk of {chunk_bytes} bytes, "
            f"found {most_bytes} (its share of cache_bytes); raise that"
        )
    return most_bytes // chunk_bytes


def _endless(chunks: int, random: np.random.Generator) -> Iterator[int]:
    """All chunks in random order, again and again."""
    while True:
        yield from map(int, random.permutation(chunks))


@jax.jit
def _stacked(fresh: Trajectory, reused: Trajectory) -> Trajectory:
    """One under the other, in the fresh rows' types."""
    return jax.tree.map(
        lambda one, other: jnp.concatenate([one, jnp.asarray(other, one.dtype)]),
        fresh,
        reused,
    )


def _with_zeros(values: Array, rows: int) -> Array:
    return jnp.concatenate([values, jnp.zeros((rows, *values.shape[1:]), values.dtype)])
