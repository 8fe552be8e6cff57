"""The serial line: what a bus needs of a port, and how a real one is opened."""

import errno
import fcntl
import select
from pathlib import Path
from typing import Any, Protocol

from dynamixel_sdk import PortHandler

from firmware_bridge.errors import BusError

DEFAULT_BAUD = 2_000_000
"""The OP3's bus: protocol 2.0 at 2 Mbit/s (OP3.robot)."""
PACKET_MARGIN_S = 0.004
"""Patience of single exchanges beyond the bytes' own time, half a cycle; the SDK's
constant 34 ms costs four cycles."""


class BusPort(Protocol):
    """The part of dynamixel_sdk.PortHandler that a bus uses; times in milliseconds."""

    is_using: bool

    def clearPort(self) -> None: ...
    def readPort(self, length: int) -> bytes: ...
    def writePort(self, packet: bytes) -> int: ...
    def getPortName(self) -> str: ...
    def getBaudRate(self) -> int: ...
    def setPacketTimeout(self, packet_length: int) -> None: ...
    def setPacketTimeoutMillis(self, msec: float) -> None: ...
    def isPacketTimeout(self) -> bool: ...
    def getCurrentTime(self) -> float: ...
    def closePort(self) -> None: ...


class SerialPort(PortHandler):
    """The SDK's port, waiting in the kernel instead of in a loop.

    The SDK's receive loops poll `readPort` until the packet times out; here an empty
    read sleeps until bytes arrive or that time is over.
    """

    ser: Any
    packet_margin_s: float = PACKET_MARGIN_S

    def readPort(self, length: int) -> bytes:
        data = self.ser.read(length)
        if data:
            return data
        left_ms = self.packet_timeout - self.getTimeSinceStart()
        if left_ms > 0:
            select.select([self.ser.fileno()], [], [], left_ms / 1000)
        return self.ser.read(length)

    def setPacketTimeout(self, packet_length: int) -> None:
        self.setPacketTimeoutMillis(
            self.tx_time_per_byte * packet_length + self.packet_margin_s * 1000
        )


def open_port(
    path: str | Path,
    baud: int = DEFAULT_BAUD,
    *,
    packet_margin_s: float = PACKET_MARGIN_S,
) -> SerialPort:
    """Open a serial device or pseudo-terminal for this process alone.

    Args:
        path: of the device.
        baud: bits per second.
        packet_margin_s: how long a single exchange waits beyond the bytes' own time;
            an emulated bus on a busy desktop needs more than a robot.

    Raises:
        BusError: missing, taken, not permitted, not a serial device, or a baud rate
            the SDK does not know.
    """
    port = SerialPort(str(path))
    port.packet_margin_s = packet_margin_s
    try:
        if not port.setBaudRate(baud):
            raise BusError(
                f"port {path}",
                [f"expected a baud rate the Dynamixel SDK knows, found {baud}"],
            )
        fcntl.flock(port.ser.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, ValueError) as error:
        if port.ser is not None:
            port.closePort()
        raise BusError(f"port {path}", [_open_fault(error)]) from error
    _ask_for_low_latency(port)
    return port


LATENCY_TIMER_MS = 1
"""What a USB adapter's latency timer must be; Linux sets 16, two whole cycles."""
SERIAL_DEVICES = Path("/sys/bus/usb-serial/devices")


def latency_timer_ms(path: str | Path, devices: Path = SERIAL_DEVICES) -> int | None:
    """How long a USB serial adapter holds bytes back; None if `path` is none.

    Args:
        path: of the device; links are followed.
        devices: where the system lists USB serial adapters.
    """
    try:
        return int(_latency_file(path, devices).read_text())
    except (OSError, ValueError):
        return None


def set_latency_timer(
    path: str | Path,
    wait_ms: int = LATENCY_TIMER_MS,
    devices: Path = SERIAL_DEVICES,
) -> None:
    """Set that time, and read it back; it lasts until the adapter is unplugged.

    Raises:
        BusError: no USB adapter, not permitted, or not taken.
    """
    subject = f"latency timer of {path}"
    try:
        _latency_file(path, devices).write_text(f"{wait_ms}")
    except OSError as error:
        raise BusError(
            subject,
            [
                f"expected a USB serial adapter that takes {wait_ms} ms, found: "
                f"{error.strerror}; run as root, or add the udev rule of the install "
                "page"
            ],
        ) from error
    found = latency_timer_ms(path, devices)
    if found != wait_ms:
        raise BusError(subject, [f"expected {wait_ms} ms, found {found}"])


def _latency_file(path: str | Path, devices: Path) -> Path:
    return devices / Path(path).resolve().name / "latency_timer"


def _open_fault(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        devices = sorted(str(p) for p in Path("/dev").glob("tty[UA][SC][BM]*"))
        return (
            "expected a serial device, found none under this path; serial adapters "
            f"now present: {', '.join(devices) or 'none'}"
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return (
            "expected a free port, found it taken by another program; stop that "
            "program first"
        )
    if number in (errno.EACCES, errno.EPERM):
        return (
            "expected permission to read and write, found none; add the user to the "
            "device's group (often dialout)"
        )
    return f"expected a serial device, found: {error}"


def _ask_for_low_latency(port: SerialPort) -> None:
    """USB adapters hold bytes back for 16 ms unless asked not to; others refuse."""
    try:
        port.ser.set_low_latency_mode(True)
    except (OSError, ValueError, NotImplementedError):
        return
