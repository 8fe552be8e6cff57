"""The loop's recorder: takes records at once, writes them from a thread.

Handing over costs the loop one append to a queue. The queue is bounded: if the disk
cannot follow, records are dropped and counted, and the loop never waits.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from robot.record.cycle import CycleRecord
from robot.record.messages import Encoder, Message
from robot.record.schemas import WARNING
from robot.record.segments import SegmentConfig, SegmentWriter


@dataclass(frozen=True)
class _Note:
    time_s: float
    text: str


@dataclass(frozen=True)
class _Picture:
    time_s: float
    image: NDArray[np.uint8]


@dataclass(frozen=True)
class _Packet:
    time_s: float
    direction: str
    data: bytes


_Item: TypeAlias = CycleRecord | _Note | _Picture | _Packet


@dataclass(frozen=True, kw_only=True)
class RecorderConfig:
    """Settings of the recorder; project's choices.

    Attributes:
        files: where and how large.
        queue_items: waiting at most; 250 are two seconds of cycles.
        poll_s: between two looks of the writing thread at the queue. Polling costs the
            loop less than waking the thread with every record.
        flush_every_s: what is older survives a killed process.
        sync_every_s: what is older survives a computer without power; inf for never.
            A thread of its own does it, since a busy disk may take seconds.
        inline: write in the caller's thread, for simulated time; nothing is dropped.
    """

    files: SegmentConfig
    queue_items: int = 250
    poll_s: float = 0.02
    flush_every_s: float = 0.5
    sync_every_s: float = 1.0
    inline: bool = False

    def __post_init__(self) -> None:
        faults = [
            f"{name}: expected > 0, found {getattr(self, name)}"
            for name in ("queue_items", "poll_s", "flush_every_s", "sync_every_s")
            if not getattr(self, name) > 0
        ]
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True, kw_only=True)
class RecorderStatistics:
    """The log so far.

    Attributes:
        messages: written.
        dropped: records that found the queue full or the recording ended.
        bytes: on disk, as of the last flush.
        segments: files begun.
        notice: why something is missing; None if nothing is.
    """

    messages: int
    dropped: int
    bytes: int
    segments: int
    notice: str | None


class Recorder:
    """Writes the log. Use it as a context manager: it finishes the file on any exit.

    Create it before the loop raises its own priority: the writing thread then keeps
    the ordinary one. One thread at a time may hand records over.

    Raises:
        RuntimeFault: the folder cannot be written or holds a log.
    """

    def __init__(
        self, config: RecorderConfig, facts: Mapping[str, str] | None = None
    ) -> None:
        """
        Args:
            config: settings.
            facts: written into every file: bundle, robot, commit and the like.
        """
        self._config = config
        self._encoder = Encoder()
        self._files = SegmentWriter(config.files, self._encoder.words, facts or {})
        self._queue: deque[_Item] = deque()
        self._dropped = 0
        self._told_dropped = 0
        self._messages = 0
        self._stop = threading.Event()
        self._closed = False
        self._threads: list[threading.Thread] = []
        if not config.inline:
            self._threads.append(_started(self._write, "recorder"))
        if not config.inline and math.isfinite(config.sync_every_s):
            self._threads.append(_started(self._sync, "recorder sync"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def cycle(self, record: CycleRecord) -> None:
        """Hand over one bus cycle: the runtime's `record`."""
        self._offer(record)

    def note(self, time_s: float, text: str) -> None:
        """Hand over a line of text."""
        self._offer(_Note(time_s, text))

    def picture(self, captured_s: float, image: NDArray[np.uint8]) -> None:
        """Hand over a camera picture, uint8 RGB [H, W, 3], not changed afterwards."""
        self._offer(_Picture(captured_s, image))

    def packet(self, time_s: float, direction: str, data: bytes) -> None:
        """Hand over raw bytes of the bus; `direction` is "sent" or "received"."""
        self._offer(_Packet(time_s, direction, data))

    @property
    def statistics(self) -> RecorderStatistics:
        return RecorderStatistics(
            messages=self._messages,
            dropped=self._dropped,
            bytes=self._files.bytes_written,
            segments=self._files.begun,
            notice=self._files.notice,
        )

    def close(self) -> None:
        """Write what waits and finish the file. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._drain()
        self._files.close()

    def _offer(self, item: _Item) -> None:
        if self._closed or len(self._queue) >= self._config.queue_items:
            self._dropped += 1
            return
        self._queue.append(item)
        if self._config.inline:
            self._drain()

    def _write(self) -> None:
        polls_per_flush = max(
            1, round(self._config.flush_every_s / self._config.poll_s)
        )
        polls = 0
        try:
            while not self._stop.wait(self._config.poll_s):
                self._drain()
                polls += 1
                # The very first messages at once: then every log can be opened.
                if polls % polls_per_flush == 0 or not self._files.bytes_written:
                    self._files.flush()
        except Exception as error:  # a robot without a log still has to be safe
            self._files.give_up(f"recording ended: {error!r}")

    def _sync(self) -> None:
        while not self._stop.wait(self._config.sync_every_s):
            self._files.sync()

    def _drain(self) -> None:
        while self._queue:
            item = self._queue.popleft()
            self._add(self._messages_of(item))
            lost = self._dropped - self._told_dropped
            if lost and not self._closed:
                self._told_dropped = self._dropped
                text = f"{lost} records dropped: the log could not follow"
                self._add([self._encoder.note(item.time_s, text, WARNING)])

    def _add(self, messages: Iterable[Message]) -> None:
        complete = True
        for message in messages:
            if self._files.add(message):
                self._messages += 1
            else:
                complete = False
        if not complete:
            self._dropped += 1
            self._told_dropped += 1

    def _messages_of(self, item: _Item) -> Iterable[Message]:
        if isinstance(item, CycleRecord):
            return self._encoder.cycle(item)
        if isinstance(item, _Note):
            return (self._encoder.note(item.time_s, item.text),)
        if isinstance(item, _Picture):
            return (self._encoder.picture(item.time_s, item.image),)
        return (self._encoder.packet(item.time_s, item.direction, item.data),)


def _started(work: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
