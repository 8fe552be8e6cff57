"""Stopping a robot from outside: over the network, at the keyboard, from a program.

A stop makes the robot soft and then limp; nothing here can switch torque on. The
buttons on the board are read with the sensors (`robot.runtime`).

Datagram, UDP, 10 bytes, no answer: "OP3STOP" | version u8 = 1 | team u8 | player u8,
where 0 stands for every team or player (project's own format). Send it three times:
the network may lose one.
"""

import errno
import os
import select
import socket
import struct
import termios
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TextIO

from robot.faults import Fault, RuntimeFault

STOP_PORT = 3738
"""Project's choice, beside the tracker's 3737."""
EVERYBODY = 0
_MESSAGE = struct.Struct("<7sBBB")
_MAGIC = b"OP3STOP"
_VERSION = 1
_MOST_DATAGRAMS = 32
"""Read per look, so that a flood cannot keep the control loop."""


class StopSource(Protocol):
    """Something that may stop the robot; asked once per cycle, must not block."""

    def requested(self) -> str | None:
        """Who asks for a stop and why, or None."""
        ...


class FlagStop:
    """A stop that a program asks for, e.g. a signal handler."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def set(self, reason: str) -> None:
        """Ask for a stop; the first reason stays."""
        if self._reason is None:
            self._reason = reason

    def requested(self) -> str | None:
        return self._reason


class UdpStop:
    """Stop messages from the network.

    Attributes:
        malformed: datagrams that were none; they are ignored.

    Raises:
        RuntimeFault: the port cannot be bound.
    """

    def __init__(
        self, *, team: int, player: int, port: int = STOP_PORT, host: str = ""
    ):
        self.malformed = 0
        self._team, self._player = team, player
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        # Several robots on one machine all hear a broadcast.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise RuntimeFault(
                Fault(
                    reason="port not usable",
                    expected=f"UDP port {port} free to hear stop messages",
                    found=str(error),
                    remedy="choose another port from 1024 to 65535",
                )
            ) from None

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def requested(self) -> str | None:
        for _ in range(_MOST_DATAGRAMS):
            try:
                data, (host, _) = self._socket.recvfrom(_MESSAGE.size + 1)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.ECONNREFUSED):
                    return None
                raise
            if self._is_meant(data):
                return f"stop message from {host}"
        return None

    def _is_meant(self, data: bytes) -> bool:
        if len(data) != _MESSAGE.size:
            self.malformed += 1
            return False
        magic, version, team, player = _MESSAGE.unpack(data)
        if magic != _MAGIC or version != _VERSION:
            self.malformed += 1
            return False
        return team in (EVERYBODY, self._team) and player in (EVERYBODY, self._player)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "UdpStop":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def send_stop(
    host: str,
    port: int = STOP_PORT,
    *,
    team: int = EVERYBODY,
    player: int = EVERYBODY,
    times: int = 3,
) -> None:
    """Ask robots to stop; a broadcast address reaches all.

    Args:
        host: name or address.
        port: of the robots.
        team: whose robots; `EVERYBODY` for all.
        player: which one; `EVERYBODY` for all.
        times: datagrams sent.

    Raises:
        OSError: the network did not take it.
    """
    message = _MESSAGE.pack(_MAGIC, _VERSION, team, player)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for _ in range(times):
            sender.sendto(message, (host, port))


class KeyStop:
    """Any key stops the robot; use it as a context manager.

    Inside, the terminal hands over each key at once and does not echo it. Where the
    stream is no terminal, any byte counts and its end does not.
    """

    def __init__(self, stream: TextIO):
        self._descriptor = stream.fileno()
        self._restore: Callable[[], None] = lambda: None
        self._open = True

    def requested(self) -> str | None:
        if not self._open or not select.select([self._descriptor], [], [], 0)[0]:
            return None
        if not os.read(self._descriptor, 64):
            self._open = False
            return None
        return "key pressed"

    def __enter__(self) -> "KeyStop":
        if os.isatty(self._descriptor):
            before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
            self._restore = lambda: termios.tcsetattr(
                self._descriptor, termios.TCSADRAIN, before
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()
