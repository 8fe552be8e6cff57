"""Rows of an archive in memory: their arrays, their episodes, and where to cut them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.trajectory import Trajectory


class Chunk(NamedTuple):
    """Some rows of an archive.

    Attributes:
        trajectory: [rows, T] fields.
        step: [rows] environment steps the run had done before the row.
        stream: [rows] which environment of the batch.
        length: [rows] steps that count, T but for rows closed early; zeros follow.
        episode_return: [rows, T] undiscounted; NaN except where an episode ends.
        episode_length: [rows, T] in steps; 0 except there.
    """

    trajectory: Trajectory
    step: NDArray[np.int64]
    stream: NDArray[np.int32]
    length: NDArray[np.int32]
    episode_return: NDArray[np.float32]
    episode_length: NDArray[np.int32]


class EpisodeCounter:
    """Adds up returns and lengths of episodes across rows that follow each other."""

    def __init__(self) -> None:
        self._running: tuple[NDArray[np.float64], NDArray[np.int64]] | None = None

    def chunk_of(self, rows: Trajectory, step: int, width: int) -> Chunk:
        """The rows [B, t] padded to T = `width`, with the episodes that end in them."""
        count, times = rows.reward.shape
        if self._running is None:
            self._running = np.zeros(count), np.zeros(count, np.int64)
        total, length = self._running
        returns = np.full((count, width), np.nan, np.float32)
        lengths = np.zeros((count, width), np.int32)
        for t in range(times):
            total, length = total + rows.reward[:, t], length + 1
            over = np.asarray(rows.cut[:, t], bool)
            returns[over, t], lengths[over, t] = total[over], length[over]
            total, length = np.where(over, 0.0, total), np.where(over, 0, length)
        self._running = total, length
        return Chunk(
            trajectory=Trajectory(*(_padded(np.asarray(x), width) for x in rows)),
            step=np.full(count, step, np.int64),
            stream=np.arange(count, dtype=np.int32),
            length=np.full(count, times, np.int32),
            episode_return=returns,
            episode_length=lengths,
        )


def _padded(values: NDArray[Any], width: int) -> NDArray[Any]:
    """[B, t, ...] with zeros up to [B, width, ...]."""
    full = np.zeros((len(values), width, *values.shape[2:]), values.dtype)
    full[:, : values.shape[1]] = values
    return full


def owned(rows: Trajectory) -> Trajectory:
    """A copy in the archive's types: the caller may reuse its buffers."""
    kinds = {"ended": np.bool_, "cut": np.bool_}
    return Trajectory(
        **{
            name: np.array(part, kinds.get(name, np.float32))
            for name, part in rows._asdict().items()
        }
    )


def in_time(parts: list[Trajectory]) -> Trajectory:
    """[B, t1], [B, t2], ... as [B, t1 + t2 + ...]."""
    return Trajectory(*(np.concatenate(x, axis=1) for x in zip(*parts, strict=True)))


def rows_first(steps: Trajectory) -> Trajectory:
    """[T, B] fields, as PPO collects them, as the [B, T] that archives hold."""
    return Trajectory(*(np.swapaxes(np.asarray(part), 0, 1) for part in steps))


def layout(rows: Trajectory, times: int) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Per array: the shape of a row, and its type."""
    layout = {
        name: ((times, *part.shape[2:]), part.dtype)
        for name, part in rows._asdict().items()
        if 0 not in part.shape[2:]
    }
    return layout | {
        "step": ((), np.dtype(np.int64)),
        "stream": ((), np.dtype(np.int32)),
        "length": ((), np.dtype(np.int32)),
        "episode_return": ((times,), np.dtype(np.float32)),
        "episode_length": ((times,), np.dtype(np.int32)),
    }


def fields(chunk: Chunk) -> dict[str, NDArray[Any]]:
    """Arrays of a chunk by name, those without numbers left out."""
    every = chunk.trajectory._asdict() | chunk._asdict()
    every.pop("trajectory")
    return {name: part for name, part in every.items() if 0 not in part.shape[1:]}


def _mapped(function: Any, *chunks: Chunk) -> Chunk:
    steps = zip(*(chunk.trajectory for chunk in chunks), strict=True)
    rest = zip(*(chunk[1:] for chunk in chunks), strict=True)
    return Chunk(Trajectory(*map(function, steps)), *map(function, rest))


def joined(chunks: list[Chunk]) -> Chunk:
    return _mapped(np.concatenate, *chunks)


def split(chunk: Chunk, rows: int) -> tuple[Chunk, Chunk]:
    return (
        _mapped(lambda parts: parts[0][:rows], chunk),
        _mapped(lambda parts: parts[0][rows:], chunk),
    )
