"""MCAP files of bounded size in one folder, each complete in itself."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from mcap.writer import Writer

from robot.contracts.joints import JOINT_NAMES
from robot.faults import Fault, RuntimeFault
from robot.record.messages import Message
from robot.record.schemas import TOPICS, Vocabulary

SUFFIX = ".mcap"
METADATA_NAME = "op3"
_LIBRARY = "op3-soccer"
_CHUNK_BYTES = 64 * 1024
_MESSAGE_BYTES = 64
"""Upper bound of what the format adds to a message: header 31, index entry 16."""
_INDEX_BYTES = 200
"""Upper bound of what one chunk adds to the summary: 7 topics at 10 bytes and 90."""

WhenFull = Literal["rotate", "stop"]


@dataclass(frozen=True, kw_only=True)
class SegmentConfig:
    """Where the files go and how large they may become.

    Attributes:
        folder: of this log; created; must hold no other log.
        segment_bytes: largest size of one file.
        segments: files kept.
        when_full: "rotate" deletes the oldest file to begin a new one; "stop" keeps
            all and records no more.

    Raises:
        ValueError: sizes out of range; names them all.
    """

    folder: Path
    segment_bytes: int = 64 * 1024 * 1024
    segments: int = 8
    when_full: WhenFull = "rotate"

    def __post_init__(self) -> None:
        faults = []
        if self.segment_bytes < 4 * _CHUNK_BYTES:
            faults.append(
                f"segment_bytes: expected at least {4 * _CHUNK_BYTES}, "
                f"found {self.segment_bytes}"
            )
        if self.segments < 1:
            faults.append(f"segments: expected at least 1, found {self.segments}")
        if faults:
            raise ValueError("; ".join(faults))


class SegmentWriter:
    """Appends messages; begins a new file when one is full.

    Attributes:
        notice: what was given up for want of room or by an error; None so far.
        bytes_written: in files finished and in progress, as of the last flush.
        begun: files begun.
    """

    def __init__(
        self, config: SegmentConfig, words: Vocabulary, facts: Mapping[str, str]
    ):
        """Create the folder and the first file.

        Raises:
            RuntimeFault: the folder cannot be written or holds a log.
        """
        self.notice: str | None = None
        self.begun = 0
        self._config = config
        self._words = words
        self._facts = {**facts, "joints": ",".join(JOINT_NAMES)}
        self.bytes_written = 0
        self._finished_bytes = 0
        self._pending_bytes = 0
        self._chunks = 0
        self._deleted = 0
        self._writer: Writer | None = None
        try:
            config.folder.mkdir(parents=True, exist_ok=True)
            if any(config.folder.glob(f"*{SUFFIX}")):
                raise RuntimeFault(_occupied(config.folder))
            self._begin()
        except OSError as error:
            raise RuntimeFault(_unwritable(config.folder, error)) from error

    def add(self, message: Message) -> bool:
        """Append; False if nothing is recorded any more (see `notice`)."""
        if self._writer is None:
            return False
        topic, time_s, data = message
        time_ns = round(time_s * 1e9)
        try:
            if self._is_full(len(data)) and not self._next():
                return False
            self._writer.add_message(
                channel_id=self._channel(topic),
                log_time=time_ns,
                publish_time=time_ns,
                data=data,
            )
            self._pending_bytes += len(data) + _MESSAGE_BYTES
            if self._pending_bytes >= _CHUNK_BYTES:
                self._flush()
        except OSError as error:
            self.give_up(f"recording ended: {error}")
            return False
        return True

    def flush(self) -> None:
        """What was added survives the end of this process."""
        if self._writer is None or self._pending_bytes == 0:
            return
        try:
            self._flush()
        except OSError as error:
            self.give_up(f"recording ended: {error}")

    def sync(self) -> None:
        """What was flushed survives the end of this computer.

        May take seconds and be called from another thread: it only needs the file.
        """
        try:
            os.fsync(self._file.fileno())
        except ValueError:
            return  # the file was closed meanwhile
        except OSError as error:
            self.notice = f"not forced to the disk: {error}"

    def close(self) -> None:
        """Write the index. Closing twice is harmless."""
        if self._writer is None:
            return
        try:
            self._finish()
        except OSError as error:
            self.give_up(f"the last file has no index: {error}")

    def _begin(self) -> None:
        path = self._config.folder / f"robot-{self.begun:04d}{SUFFIX}"
        self._file: IO[bytes] = path.open("xb")
        self._writer = Writer(self._file, chunk_size=_CHUNK_BYTES)
        self._writer.start(profile="", library=_LIBRARY)
        self._writer.add_metadata(METADATA_NAME, self._facts)
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._chunks = self._pending_bytes = 0
        self.begun += 1
        self._file.flush()

    def _finish(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.finish()
            self._finished_bytes += self._file.tell()
            self.bytes_written = self._finished_bytes
        finally:
            self._file.close()

    def _is_full(self, coming_bytes: int) -> bool:
        # Uncompressed sizes: the file can only come out smaller.
        index = _INDEX_BYTES * (self._chunks + 2) + 4 * _INDEX_BYTES * len(TOPICS)
        schemas = 2 * len(TOPICS) * len(self._words.descriptor_set)
        coming = self._pending_bytes + coming_bytes + _MESSAGE_BYTES
        room = self._config.segment_bytes - self._file.tell()
        return coming + index + schemas > room

    def _next(self) -> bool:
        if self._config.when_full == "stop" and self.begun >= self._config.segments:
            self._finish()
            self.notice = f"recording ended: {self.bytes_written} bytes are the limit"
            return False
        self._finish()
        while self.begun - self._deleted >= self._config.segments:
            oldest = self._config.folder / f"robot-{self._deleted:04d}{SUFFIX}"
            self._finished_bytes -= oldest.stat().st_size
            oldest.unlink()
            self._deleted += 1
            self.notice = f"the {self._deleted} oldest files were deleted for room"
        self._begin()
        return True

    def _flush(self) -> None:
        assert self._writer is not None
        self._writer.flush()
        self._pending_bytes = 0
        self._chunks += 1
        self.bytes_written = self._finished_bytes + self._file.tell()

    def give_up(self, why: str) -> None:
        """Record no more; what was flushed stays readable."""
        self.notice = why
        self._writer = None
        # The file object would try to write its rest once more.
        try:
            self._file.close()
        except OSError:
            return

    def _channel(self, topic: str) -> int:
        if topic in self._channels:
            return self._channels[topic]
        assert self._writer is not None
        name = TOPICS[topic]
        if name not in self._schemas:
            self._schemas[name] = self._writer.register_schema(
                name=name, encoding="protobuf", data=self._words.descriptor_set
            )
        self._channels[topic] = self._writer.register_channel(
            topic=topic, message_encoding="protobuf", schema_id=self._schemas[name]
        )
        return self._channels[topic]


def _occupied(folder: Path) -> Fault:
    return Fault(
        reason="log folder",
        expected=f"no {SUFFIX} file in {folder}",
        found="one of an earlier run",
        remedy="name a new folder, or move the old log away",
    )


def _unwritable(folder: Path, error: OSError) -> Fault:
    return Fault(
        reason="log folder",
        expected=f"to write in {folder}",
        found=error.strerror or str(error),
        remedy="choose a folder that can be written",
    )
