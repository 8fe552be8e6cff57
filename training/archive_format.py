"""What an archive of trajectories looks like on disk, and who may open one.

An archive is a plain Zarr v3 group that any Zarr reader opens. One row holds T
consecutive steps of one environment; a chunk holds C rows:

    observation [rows, T, N]   privileged [rows, T, P] (absent if P is 0)
    action [rows, T, A]        reward, log_prob, ended, cut [rows, T]
    episode_return, episode_length [rows, T]   NaN and 0 except where an episode ends
    step, stream [rows]        environment steps done before the row; which environment
    length [rows]              steps that count: T, fewer in rows closed early

Attributes of the group say what the data is and never change (`ArchiveHeader`); those
of its member `progress` say how much of it counts: rows beyond that are room to grow.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import zarr
from zarr.abc.store import Store
from zarr.core.buffer import Buffer
from zarr.storage import FsspecStore, LocalStore

from training.plain_trees import differences

FORMAT = 1
PROGRESS = "progress"


class ArchiveError(Exception):
    """An archive is not what was asked for; says expected, found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What data must agree on before a learner may mix it.

    Attributes:
        task: name.
        observation, privileged, action: the specifications as plain JSON values.
    """

    task: str
    observation: dict[str, Any]
    privileged: dict[str, Any]
    action: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with any part."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def differences(self, other: "Interface") -> list[str]:
        """Where `other` departs: one line per place, "expected ..., found ..."."""
        return differences(asdict(self), asdict(other))


@dataclass(frozen=True, kw_only=True)
class ArchiveHeader:
    """What an archive holds and where it came from.

    Attributes:
        interface: of every row in it.
        config: of the run that writes, as plain JSON values.
        commit: of the code that writes.
        learner: whose policy acted, "dmpo" or "ppo".
        made_by: the command that started the run.
        created: when, as text; from whoever holds a clock.
        reused: archives that the run's learner also saw.
    """

    interface: Interface
    config: dict[str, Any] = field(default_factory=dict)
    commit: str = "unknown"
    learner: str = ""
    made_by: str = ""
    created: str = ""
    reused: tuple[str, ...] = ()

    def to_attributes(self) -> dict[str, Any]:
        """As JSON values, the fingerprint added for who reads them elsewhere."""
        plain = json.loads(json.dumps(asdict(self)))
        return plain | {"fingerprint": self.interface.fingerprint}

    @staticmethod
    def from_attributes(plain: dict[str, Any], where: str) -> "ArchiveHeader":
        """Read back.

        Raises:
            ArchiveError: the attributes were changed since they were written.
        """
        rest: dict[str, Any] = dict(plain)
        try:
            fingerprint = rest.pop("fingerprint")
            rest["interface"] = Interface(**rest["interface"])
            rest["reused"] = tuple(rest["reused"])
            header = ArchiveHeader(**rest)
        except (KeyError, TypeError) as error:
            raise ArchiveError(
                f"{where}: expected the header of an archive, found {error}; "
                f"the archive was written by another version or changed by hand"
            ) from None
        if header.interface.fingerprint != fingerprint:
            raise ArchiveError(
                f"{where}: expected fingerprint {header.interface.fingerprint} for its "
                f"specifications, found {fingerprint}; they were changed "
                f"after writing, so do not reuse this archive"
            )
        return header


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How much of an archive counts.

    Attributes:
        chunks: whole chunks, of `chunk_rows` rows each but for the `short` ones.
        rows, steps, episodes: in them; `episodes` counts those that ended.
        short: chunk number and rows of chunks closed before they were full.
    """

    chunks: int = 0
    rows: int = 0
    steps: int = 0
    episodes: int = 0
    short: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def from_attributes(plain: dict[str, Any]) -> "Progress":
        """Read back what `asdict` made."""
        short = tuple((int(chunk), int(rows)) for chunk, rows in plain["short"])
        values: dict[str, Any] = {**plain, "short": short}
        return Progress(**values)


class DurableStore(LocalStore):
    """Local files that are on the disk, under their name, when `set` returns."""

    async def set(self, key: str, value: Buffer) -> None:
        """Write beside, flush to disk, rename, flush the folder."""
        self._check_writable()
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            file.write(value.as_buffer_like())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def is_remote(location: str | Path) -> bool:
    """Whether a location is an fsspec URL rather than a folder."""
    return "://" in str(location)


def open_store(location: str | Path, *, read_only: bool) -> Store:
    """The store behind a folder or an fsspec URL (s3://bucket/run, memory://run).

    Raises:
        ArchiveError: no filesystem is installed for the URL.
    """
    if not is_remote(location):
        return DurableStore(Path(location), read_only=read_only)
    try:
        return FsspecStore.from_url(str(location), read_only=read_only)
    except (ImportError, ValueError) as error:
        raise ArchiveError(
            f"{location}: expected a folder or a URL fsspec can open, found {error}"
        ) from None


def open_root(location: str | Path) -> zarr.Group | None:
    """The group there, for reading; None if there is none."""
    if not is_remote(location) and not Path(location).is_dir():
        return None
    try:
        return zarr.open_group(open_store(location, read_only=True), mode="r")
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def writer_lock(location: str | Path) -> Iterator[None]:
    """Keep a second writer out; the system frees it when a process dies.

    Only folders are locked: an object store has no lock to offer.

    Raises:
        ArchiveError: another process writes there.
    """
    if is_remote(location):
        yield
        return
    Path(location).mkdir(parents=True, exist_ok=True)
    folder = os.open(location, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ArchiveError(
            f"{location}: expected no other writer, found one; wait for that run "
            f"or name another archive"
        ) from None
    finally:
        os.close(folder)


def header_of(root: zarr.Group, where: str) -> ArchiveHeader | None:
    """None for a group that is no archive (yet)."""
    attributes = dict(root.attrs)
    if "format" not in attributes:
        return None
    version = attributes.pop("format")
    if version != FORMAT:
        raise ArchiveError(
            f"{where}: expected archive format {FORMAT}, found {version}; "
            f"read it with the version of op3-soccer that wrote it"
        )
    attributes.pop("chunk_rows", None)
    return ArchiveHeader.from_attributes(attributes, where)


def progress_of(root: zarr.Group) -> Progress:
    """How much is committed."""
    return Progress.from_attributes(dict(root[PROGRESS].attrs))


def chunk_rows_of(root: zarr.Group) -> int:
    """C, rows of a full chunk."""
    return int(cast(int, dict(root.attrs)["chunk_rows"]))


def steps_per_row_of(root: zarr.Group) -> int:
    """T, steps of a row."""
    return int(cast(zarr.Array[Any], root["reward"]).shape[1])


def check_interface(expected: Interface, found: Interface, where: str) -> None:
    """Refuse data that the learner would misread.

    Raises:
        ArchiveError: they differ; names up to five places.
    """
    differences = expected.differences(found)
    if differences:
        shown = differences[:5]
        more = len(differences) - len(shown)
        raise ArchiveError(
            f"{where}: expected data of fingerprint {expected.fingerprint}, found "
            f"{found.fingerprint} ("
            + "; ".join(shown)
            + (f"; and {more} more" if more else "")
            + "); leave this archive out, or run the task it was recorded with"
        )
