"""Appends a run's data to an archive; a kill at any point loses no finished chunk.

A chunk is committed in two steps: the chunk of every array is written, flushed to disk
beside its place and renamed into it; when all are there, the count in `progress` is
replaced in the same way. Readers believe only that count, so what a kill interrupts is
never seen, and the next writer overwrites it. Every stored chunk ends in a CRC-32C of
its compressed bytes.
"""

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.abc.store import Store
from zarr.codecs import BloscCodec, Crc32cCodec

from training.archive_format import (
    FORMAT,
    PROGRESS,
    ArchiveError,
    ArchiveHeader,
    Progress,
    check_interface,
    chunk_rows_of,
    header_of,
    is_remote,
    open_root,
    open_store,
    progress_of,
    steps_per_row_of,
    writer_lock,
)
from training.archive_rows import (
    Chunk,
    EpisodeCounter,
    fields,
    in_time,
    joined,
    layout,
    owned,
    split,
)
from training.trajectory import Trajectory

_MOST_PENDING = 2
"""Chunks that may wait for the disk before `add` waits for them."""
_STRIDE = 64
"""Chunks by which the arrays' shapes grow."""


class ArchiveWriter:
    """Appends rows; `close` it (or use it in `with`) to commit the last ones too."""

    def __init__(
        self,
        location: str | Path,
        header: ArchiveHeader,
        *,
        resume: bool = False,
        chunk_rows: int = 32,
        row_steps: int = 96,
    ):
        """Open `location`, a folder or an fsspec URL, for one run's data.

        Args:
            location: where.
            header: what the rows are.
            resume: go on with the archive there; otherwise there must be none.
            chunk_rows: C, rows committed together; what fills no chunk yet, and
                chunks waiting for the disk, are what a kill loses.
            row_steps: T, steps of a row, which windows drawn from it cannot be longer
                than; 0 for those of the first `add`.

        Raises:
            ArchiveError: something else is there, or another writer is at work.
        """
        self.location, self.header = str(location), header
        self.progress = Progress()
        self._chunk_rows, self._row_steps = chunk_rows, row_steps
        self._check_place(resume)
        self._held = contextlib.ExitStack()
        self._held.enter_context(writer_lock(location))
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="archive")
        self._disks = ThreadPoolExecutor(4, thread_name_prefix="archive-disk")
        self._writing: list[Future[None]] = []
        self._arrays: dict[str, zarr.Array[Any]] = {}
        self._growing: list[Trajectory] = []
        self._grown_from = 0
        self._waiting: list[Chunk] = []
        self._episodes = EpisodeCounter()

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, trajectory: Trajectory, *, step: int) -> None:
        """Append steps of all environments; returns before the disk has them.

        Args:
            trajectory: [B, t] fields, environment b always in row b, each call's steps
                following on the last call's.
            step: environment steps of the run before these.

        Raises:
            ArchiveError: shapes differ from the rows before.
            OSError: an earlier row could not be written.
        """
        rows = owned(trajectory)
        self._row_steps = self._row_steps or rows.reward.shape[1]
        self._open_arrays(rows)
        if not self._growing:
            self._grown_from = step
        self._growing.append(rows)
        while self._growing_steps >= self._row_steps:
            self._cut_row(self._row_steps)

    def flush(self) -> None:
        """Commit all steps added so far, in short rows and chunks if they fill none."""
        if self._growing_steps:
            self._cut_row(self._growing_steps)
        if self._waiting:
            self._submit(joined(self._waiting))
            self._waiting = []
        for write in self._writing:
            write.result()
        self._writing = []

    def close(self) -> None:
        """Commit what waits, and free the archive for others."""
        try:
            self.flush()
        finally:
            self._worker.shutdown()
            self._disks.shutdown()
            self._held.close()

    def _check_place(self, resume: bool) -> None:
        root = open_root(self.location)
        found = None if root is None else header_of(root, self.location)
        if root is None or found is None:
            self._refuse_foreign(root)
            return
        if not resume:
            raise ArchiveError(
                f"{self.location}: expected no archive yet, found one; pass --resume "
                f"to go on with its run or name another"
            )
        check_interface(self.header.interface, found.interface, self.location)
        self._chunk_rows = chunk_rows_of(root)
        self._row_steps = steps_per_row_of(root)
        self.progress = progress_of(root)

    def _refuse_foreign(self, root: zarr.Group | None) -> None:
        """Only an empty place, or what a kill left of a creation, may be filled."""
        if root is not None and dict(root.attrs):
            raise ArchiveError(
                f"{self.location}: expected an archive or nothing, found another Zarr "
                f"group; name another place"
            )
        if root is None and not is_remote(self.location):
            path = Path(self.location)
            if path.exists() and not path.is_dir():
                raise ArchiveError(
                    f"{path}: expected a folder for an archive, found a file"
                )
            found = {p.name for p in path.iterdir()} if path.is_dir() else set()
            if found - {"zarr.json.part"}:
                raise ArchiveError(
                    f"{path}: expected an archive or an empty folder, found other files"
                )

    def _open_arrays(self, rows: Trajectory) -> None:
        """Open, or on the first row ever create; checks shapes."""
        shapes = layout(rows, self._row_steps)
        if not self._arrays:
            store = open_store(self.location, read_only=False)
            root = open_root(self.location)
            if root is None or header_of(root, self.location) is None:
                self._create(store, shapes)
            self._arrays = {name: _open_array(store, name) for name in shapes}
        found = {name: array.shape[1:] for name, array in self._arrays.items()}
        expected = {name: shape for name, (shape, _) in shapes.items()}
        if found != expected:
            raise ArchiveError(
                f"{self.location}: expected rows of {found}, found {expected}; "
                f"every row of an archive has one shape"
            )

    def _create(self, store: Any, shapes: dict[str, Any]) -> None:
        """Arrays first; the header makes it an archive."""
        root = zarr.open_group(store, mode="a")
        for name, (shape, dtype) in shapes.items():
            root.create_array(
                name,
                shape=(0, *shape),
                chunks=(self._chunk_rows, *shape),
                dtype=dtype,
                compressors=(
                    BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"),
                    Crc32cCodec(),
                ),
                overwrite=True,
            )
        progress = root.require_group(PROGRESS)
        progress.attrs.put(asdict(self.progress))
        root.attrs.put(
            self.header.to_attributes()
            | {"format": FORMAT, "chunk_rows": self._chunk_rows}
        )

    @property
    def _growing_steps(self) -> int:
        return sum(part.reward.shape[1] for part in self._growing)

    def _cut_row(self, steps: int) -> None:
        """Make a row per environment of the first `steps`, and chunks of the rows."""
        all_steps = in_time(self._growing)
        rows = Trajectory(*(part[:, :steps] for part in all_steps))
        rest = Trajectory(*(part[:, steps:] for part in all_steps))
        self._growing = [rest] if rest.reward.size else []
        chunk = self._episodes.chunk_of(rows, self._grown_from, self._row_steps)
        self._grown_from += rows.reward.size
        self._waiting.append(chunk)
        while sum(len(chunk.step) for chunk in self._waiting) >= self._chunk_rows:
            full, left = split(joined(self._waiting), self._chunk_rows)
            self._waiting = [left] if len(left.step) else []
            self._submit(full)

    def _submit(self, chunk: Chunk) -> None:
        while len(self._writing) >= _MOST_PENDING:
            self._writing.pop(0).result()
        self._writing.append(self._worker.submit(self._commit, chunk))

    def _commit(self, chunk: Chunk) -> None:
        """Data, then the count; one on the disk before the other begins."""
        done, rows = self.progress, len(chunk.step)
        self._grow(done.chunks + 1)
        parts = fields(chunk)
        # Arrays side by side: a disk flushes eleven files about as fast as one.
        list(self._disks.map(self._write, parts, parts.values(), repeat(done.chunks)))
        short = ((done.chunks, rows),) if rows < self._chunk_rows else ()
        self.progress = Progress(
            chunks=done.chunks + 1,
            rows=done.rows + rows,
            steps=done.steps + int(np.sum(chunk.length)),
            episodes=done.episodes + int(np.sum(chunk.trajectory.cut)),
            short=done.short + short,
        )
        store = open_store(self.location, read_only=False)
        progress = zarr.open_group(store, path=PROGRESS, mode="r+")
        progress.attrs.put(asdict(self.progress))

    def _grow(self, chunks: int) -> None:
        """Room for that many chunks; in strides, as each growth rewrites metadata."""
        rows = -(-chunks // _STRIDE) * _STRIDE * self._chunk_rows
        for array in self._arrays.values():
            if array.shape[0] < rows:
                array.resize((rows, *array.shape[1:]))

    def _write(self, name: str, values: NDArray[Any], chunk: int) -> None:
        first = chunk * self._chunk_rows
        padded = np.zeros((self._chunk_rows, *values.shape[1:]), values.dtype)
        padded[: len(values)] = values
        self._arrays[name][first : first + self._chunk_rows] = padded


def _open_array(store: Store, name: str) -> zarr.Array[Any]:
    # A chunk of zeros is data too: its absence must mean damage.
    array = zarr.open_array(store, path=name, mode="r+")
    return array.with_config({"write_empty_chunks": True})
