"""Reading a log back, whole or broken off, into NumPy arrays."""

import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import error as ZlibError

import numpy as np
from google.protobuf.message import DecodeError
from mcap.exceptions import McapError
from mcap.records import Channel, Footer, McapRecord, Metadata, Schema
from mcap.records import Message as McapMessage
from mcap.stream_reader import CRCValidationError, StreamReader
from numpy.typing import NDArray
from zstandard import ZstdError

from robot.faults import Fault, RuntimeFault
from robot.record.schemas import classes_of
from robot.record.segments import METADATA_NAME, SUFFIX

_JOINTS = "joints"
"""The fact that every robot's log begins with."""
_BROKEN = (
    McapError,
    CRCValidationError,
    DecodeError,
    ZstdError,
    ZlibError,
    struct.error,
    UnicodeDecodeError,
    ValueError,
)
"""What the readers raise where a file was cut or damaged."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """A log's messages by topic, in the order written.

    Attributes:
        messages: decoded, each with the fields of `robot.record.schemas`.
        facts: of the recorder, e.g. "bundle".
        joints: names, in the order of every joint array.
        complete: False if the last file ends without its index.
        files: read, oldest first.
    """

    messages: Mapping[str, Sequence[Any]]
    facts: Mapping[str, str]
    joints: tuple[str, ...]
    complete: bool
    files: tuple[Path, ...]

    def topic(self, name: str) -> Sequence[Any]:
        """Messages of one topic; none if it never occurred."""
        return self.messages.get(name, ())

    def column(self, topic: str, name: str) -> NDArray[Any]:
        """[T, ...] one field of all messages of `topic`; rows of NaN where empty."""
        return stacked([getattr(message, name) for message in self.topic(topic)])


def stacked(values: Sequence[Any]) -> NDArray[Any]:
    """[T] numbers, or [T, n] with NaN rows where a list is empty."""
    if not values or isinstance(values[0], (int, float, str)):
        return np.asarray(values)
    rows = [list(value) for value in values]
    width = max(len(row) for row in rows)
    return np.array([row or [np.nan] * width for row in rows], dtype=np.float64)


@dataclass
class _Gathered:
    messages: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    facts: dict[str, str] = field(default_factory=dict)


def read_log(path: Path) -> Log:
    """Read one file, or all files of a folder in the order of their names.

    A file that was broken off is read up to the break, which may come before its first
    message.

    Raises:
        RuntimeFault: no such file, or not a robot's log.
    """
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise RuntimeFault(_unreadable(path, "none"))
    gathered = _Gathered()
    complete = True
    for file in files:
        complete = _read_file(file, gathered) and complete
    if not gathered.messages and _JOINTS not in gathered.facts:
        raise RuntimeFault(_unreadable(path, "no message that can be read"))
    joints = tuple(gathered.facts.pop(_JOINTS, "").split(","))
    return Log(
        messages=dict(gathered.messages),
        facts=gathered.facts,
        joints=joints,
        complete=complete,
        files=tuple(files),
    )


def _read_file(path: Path, gathered: _Gathered) -> bool:
    """True if the file is complete."""
    schemas: dict[int, Any] = {}
    channels: dict[int, tuple[str, Any]] = {}
    ended = False
    for record in _records(path):
        if isinstance(record, Schema):
            if record.encoding != "protobuf":
                continue
            schemas[record.id] = classes_of(record.data, [record.name])[record.name]
        elif isinstance(record, Channel):
            if record.schema_id in schemas:
                channels[record.id] = (record.topic, schemas[record.schema_id])
        elif isinstance(record, McapMessage):
            if record.channel_id in channels:
                topic, kind = channels[record.channel_id]
                gathered.messages[topic].append(kind.FromString(record.data))
        elif isinstance(record, Metadata) and record.name == METADATA_NAME:
            gathered.facts.update(record.metadata)
        elif isinstance(record, Footer):
            ended = True
    return ended


def _records(path: Path) -> Iterator[McapRecord]:
    with path.open("rb") as file:
        reader = StreamReader(file, validate_crcs=True, record_size_limit=2**28)
        try:
            yield from reader.records
        except _BROKEN:
            return


def _unreadable(path: Path, found: str) -> Fault:
    return Fault(
        reason="log",
        expected=f"a robot's log ({SUFFIX} file or folder of them) at {path}",
        found=found,
        remedy="give the folder named when the robot was run",
    )
