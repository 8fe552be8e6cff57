"""One request and its answer over a port, with patience that ends within a cycle."""

import math
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from firmware_bridge.errors import BusError
from firmware_bridge.packet import Frame, StreamParser, status_size
from firmware_bridge.port import BusPort


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long an exchange within the cycle waits.

    The defaults suit a robot whose control thread has a core to itself; a busy desktop
    with an emulated bus needs more: `DESKTOP`.

    Attributes:
        first_byte_s: until an answer begins (a USB round trip takes about 1 ms).
        pause_s: within an answer (USB frames come every 1 ms).
        read_s: for a joint read with all its retries.
        cycle_s: for that and the board together. A cycle lasts 8 ms and also holds the
            goal write of 0.57 ms.
    """

    first_byte_s: float = 0.003
    pause_s: float = 0.0015
    read_s: float = 0.0057
    cycle_s: float = 0.0073

    def __post_init__(self) -> None:
        if not min(vars(self).values()) > 0:
            raise ValueError(f"expected times > 0, found {self}")


DESKTOP = Patience(first_byte_s=0.2, pause_s=0.1, read_s=0.5, cycle_s=1.0)
"""For an emulated bus on a machine that does other things too."""


_QUIET_MS = 20.0
"""A USB adapter as delivered holds bytes back for 16 ms."""
_LONGEST_SETTLING_MS = 1000.0
_ANY_SIZE = 4096


class Link:
    """Exclusive use of a port for one exchange after the other."""

    def __init__(self, port: BusPort, patience: Patience | None = None):
        patience = patience or Patience()
        self.port = port
        self._first_byte_ms = patience.first_byte_s * 1000
        self._pause_ms = patience.pause_s * 1000
        self._byte_ms = 10_000 / port.getBaudRate()
        self._end_ms = math.inf

    @contextmanager
    def within(self, longest_s: float) -> Iterator[None]:
        """End all waiting in this block `longest_s` from now, whatever is missing."""
        self._end_ms = self.port.getCurrentTime() + 1000 * longest_s
        try:
            yield
        finally:
            self._end_ms = math.inf

    @property
    def left_ms(self) -> float:
        """Time left of the block `within`, 0 if it is over."""
        return max(self._end_ms - self.port.getCurrentTime(), 0.0)

    @contextmanager
    def guarded(self, subject: str) -> Iterator[None]:
        """Turn a lost or taken port into a `BusError`."""
        if self.port.is_using:
            raise BusError(
                subject,
                [f"port {self.port.getPortName()} is in use by an unfinished exchange"],
            )
        try:
            yield
        except (OSError, termios.error) as error:
            raise BusError(
                subject,
                [
                    f"port {self.port.getPortName()} failed: {error}; check the cable "
                    "and the adapter, then open it again"
                ],
            ) from error
        finally:
            self.port.is_using = False

    def send(self, subject: str, frame: bytes) -> None:
        """Send a frame nobody answers."""
        with self.guarded(subject):
            self.port.is_using = True
            self._write(subject, frame)

    def begin(self, subject: str, frame: bytes) -> None:
        """Send a frame and start waiting for the answer; use within `guarded`."""
        self.port.is_using = True
        self._write(subject, frame)
        wait_ms = len(frame) * self._byte_ms + self._first_byte_ms
        self.port.setPacketTimeoutMillis(min(wait_ms, self.left_ms))

    def receive(self, size: int) -> bytes:
        """Up to `size` bytes of the answer; fewer if it pauses, b"" if it is over."""
        port = self.port
        while True:
            data = port.readPort(size)
            if data:
                port.setPacketTimeoutMillis(min(self._pause_ms, self.left_ms))
                return data
            if port.isPacketTimeout():
                return b""

    def exchange(self, subject: str, frame: bytes, size: int) -> bytes:
        """Send a frame and collect an answer of `size` bytes, or what came of it."""
        with self.guarded(subject):
            self.begin(subject, frame)
            data = self.receive(size)
            while data and len(data) < size:
                more = self.receive(size - len(data))
                if not more:
                    break
                data += more
            return data

    def settle(self) -> None:
        """Wait until the line is quiet and forget what still came.

        After an answer that did not come in time: answers carry no number, so a late
        one would pass for the answer to the next question. Within a cycle there is no
        time for it, and no two questions there have answers that look alike.
        """
        if not math.isinf(self._end_ms):
            return
        port, quiet_ms = self.port, max(self._first_byte_ms, _QUIET_MS)
        end_ms = port.getCurrentTime() + _LONGEST_SETTLING_MS
        port.setPacketTimeoutMillis(quiet_ms)
        while port.getCurrentTime() < end_ms:
            if port.readPort(_ANY_SIZE):
                port.setPacketTimeoutMillis(quiet_ms)
            elif port.isPacketTimeout():
                return

    def ask(
        self, subject: str, frame: bytes, device_id: int, data_size: int
    ) -> Frame | None:
        """Send a frame to one device and return its answer, None if it is silent."""
        with self.guarded(subject):
            self.begin(subject, frame)
            parser = StreamParser()
            while data := self.receive(status_size(data_size)):
                for answer in parser.feed(data):
                    if answer.packet_id == device_id or not answer.intact:
                        return answer
            return None

    def _write(self, subject: str, frame: bytes) -> None:
        self.port.clearPort()
        written = self.port.writePort(frame)
        if written != len(frame):
            raise BusError(
                subject,
                [f"expected to send {len(frame)} bytes, the port took {written}"],
            )
