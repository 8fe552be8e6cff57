"""Archives of all data a run generates (Replay Across Experiments, arXiv:2311.15951).

`ArchiveWriter` appends a run's trajectories, `ArchiveReader` reads what is committed,
also while the run still writes, `open_for_reuse` refuses data of another interface.
`training.archive_format` tells the format, `training.archive_writer` the commit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from zarr.core.metadata.v3 import ArrayV3Metadata

from training.archive_format import (
    ArchiveError,
    ArchiveHeader,
    Interface,
    Progress,
    check_interface,
    chunk_rows_of,
    header_of,
    is_remote,
    open_root,
    progress_of,
)
from training.archive_rows import Chunk, joined, rows_first, split
from training.archive_writer import ArchiveWriter
from training.trajectory import Trajectory

__all__ = [
    "ArchiveError",
    "ArchiveHeader",
    "ArchiveReader",
    "ArchiveWriter",
    "Chunk",
    "Episodes",
    "Interface",
    "Progress",
    "newest_rows",
    "open_for_reuse",
    "rows_first",
]


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """Episodes that ended, in the order of the archive.

    Attributes:
        step: [E] environment steps of the run, to the row in which each ended.
        total: [E] undiscounted return.
        length: [E] steps.
    """

    step: NDArray[np.int64]
    total: NDArray[np.float32]
    length: NDArray[np.int32]


class ArchiveReader:
    """Reads what is committed, also while a run still writes."""

    def __init__(self, location: str | Path):
        """Open an archive.

        Raises:
            ArchiveError: there is none.
        """
        self.location = str(location)
        root = open_root(location)
        header = None if root is None else header_of(root, self.location)
        if root is None or header is None:
            raise ArchiveError(
                f"{location}: expected an archive of trajectories, found none; "
                f"a run makes one with --archive"
            )
        self.header = header
        self.chunk_rows = chunk_rows_of(root)
        self.refresh()

    def refresh(self) -> None:
        """Look again how much is committed."""
        root = open_root(self.location)
        assert root is not None
        # The count first: arrays only grow, so these hold at least that much.
        self.progress = progress_of(root)
        self._arrays = dict(root.arrays())
        self._short = dict(self.progress.short)

    @property
    def steps_per_row(self) -> int:
        """T."""
        return int(self._arrays["reward"].shape[1])

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of one row of each array."""
        return {name: array.shape[1:] for name, array in self._arrays.items()}

    @property
    def row_bytes(self) -> int:
        """Memory that a row takes when read."""
        sizes = (
            np.prod(array.shape[1:], dtype=int) * array.dtype.itemsize
            for array in self._arrays.values()
        )
        return int(sum(sizes))

    def stored_bytes(self) -> int:
        """Compressed, all arrays together."""
        return sum(array.nbytes_stored() for array in self._arrays.values())

    def rows_in(self, chunk: int) -> int:
        """How many rows of a chunk count."""
        return self._short.get(chunk, self.chunk_rows)

    def read(self, chunk: int) -> Chunk:
        """One committed chunk.

        Raises:
            ArchiveError: it is damaged, or not committed.
        """
        if not 0 <= chunk < self.progress.chunks:
            raise ArchiveError(
                f"{self.location}: expected a chunk from 0 to "
                f"{self.progress.chunks - 1}, found {chunk}"
            )
        parts = {name: self._part(name, chunk) for name in self._arrays}
        if "privileged" not in parts:
            parts["privileged"] = np.zeros((*parts["reward"].shape, 0), np.float32)
        steps = Trajectory(**{name: parts.pop(name) for name in Trajectory._fields})
        return Chunk(trajectory=steps, **parts)

    def episodes(self) -> Episodes:
        """All episodes that ended, oldest commit first."""
        found: list[tuple[Any, Any, Any]] = []
        for chunk in range(self.progress.chunks):
            lengths = self._part("episode_length", chunk)
            row, time = np.nonzero(lengths)
            step = self._part("step", chunk)[row]
            total = self._part("episode_return", chunk)[row, time]
            found.append((step, total, lengths[row, time]))
        if not found:
            found = [(np.zeros(0, int), np.zeros(0, np.float32), np.zeros(0, np.int32))]
        step, total, length = (
            np.concatenate(part) for part in zip(*found, strict=True)
        )
        return Episodes(step=step, total=total, length=length)

    def _part(self, name: str, chunk: int) -> NDArray[Any]:
        first = chunk * self.chunk_rows
        try:
            self._check_present(name, chunk)
            values = self._arrays[name][first : first + self.rows_in(chunk)]
        # Codecs raise whatever their library does.
        except Exception as error:
            raise ArchiveError(
                f"{self.location}: expected chunk {chunk} of {name} whole, found it "
                f"damaged ({error}); restore it from a copy"
            ) from error
        return np.asarray(values)

    def _check_present(self, name: str, chunk: int) -> None:
        """Zarr reads zeros where a file is gone. (Object stores are believed.)"""
        array = self._arrays[name]
        assert isinstance(array.metadata, ArrayV3Metadata)
        place = (chunk, *([0] * (array.ndim - 1)))
        file = Path(name) / array.metadata.encode_chunk_key(place)
        if not is_remote(self.location) and not (Path(self.location) / file).is_file():
            raise FileNotFoundError(f"no file {file}")


def open_for_reuse(
    locations: Sequence[str | Path], interface: Interface
) -> list[ArchiveReader]:
    """Archives whose rows a learner with this interface may mix.

    Raises:
        ArchiveError: some are missing, empty or hold other data; lists every fault.
    """
    readers, faults = [], []
    for location in locations:
        try:
            reader = ArchiveReader(location)
            check_interface(interface, reader.header.interface, str(location))
            if not reader.progress.rows:
                raise ArchiveError(f"{location}: expected rows to reuse, found none")
            readers.append(reader)
        except ArchiveError as error:
            faults.append(str(error))
    if faults:
        raise ArchiveError("\n".join(faults))
    return readers


def newest_rows(
    reader: ArchiveReader, streams: int, steps: int
) -> Iterator[tuple[Trajectory, bool]]:
    """The last `steps` (or more) of all environments together, oldest first.

    Args:
        reader: of a run with `streams` environments.
        streams: B.
        steps: of each environment.

    Yields:
        [B, t] steps, and whether the next ones follow on them without a gap. What a
        kill left of an incomplete set of rows is left out.
    """
    needed = -(-steps // reader.steps_per_row) * streams
    first = reader.progress.chunks
    while first > 0 and needed > 0:
        first -= 1
        needed -= reader.rows_in(first)
    before: Chunk | None = None
    for now in _sets(reader, first, streams):
        if before is not None:
            end = int(before.step[0]) + streams * int(before.length[0])
            yield _counted(before), end == int(now.step[0])
        before = now
    if before is not None:
        yield _counted(before), False


def _sets(reader: ArchiveReader, first: int, streams: int) -> Iterator[Chunk]:
    """Rows of all environments that were recorded together, from a chunk on."""
    waiting: Chunk | None = None
    expected = np.arange(streams)
    for number in range(first, reader.progress.chunks):
        chunk = reader.read(number)
        waiting = chunk if waiting is None else joined([waiting, chunk])
        while len(waiting.stream) >= streams:
            if np.array_equal(waiting.stream[:streams], expected):
                whole, waiting = split(waiting, streams)
                yield whole
            else:
                _, waiting = split(waiting, 1)


def _counted(rows: Chunk) -> Trajectory:
    """Without the padding of rows closed early."""
    return Trajectory(*(part[:, : rows.length[0]] for part in rows.trajectory))
