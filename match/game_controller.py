"""The referee on the network: what the RoboCup GameController sends and hears.

Sockets never block, and time comes in as an argument, so a simulated match runs at any
speed. Sending goes by default to the loopback broadcast address: every robot runtime on
this computer hears it, no other computer does.
"""

import errno
import math
import socket
from collections import deque
from dataclasses import replace
from types import TracebackType
from typing import Self

from match.errors import MatchError
from robot.contracts.errors import ContractError
from robot.contracts.game_control import (
    CONTROL_PORT,
    STATUS_PORT,
    GameControl,
    RobotStatus,
    decode_status,
    encode_control,
)
from robot.contracts.tracker import TrackerFrame, encode_tracker

LOOPBACK_BROADCAST = "127.255.255.255"
TRACKER_PORT = 3737
PLAYING_PERIOD_S = 0.5
STOPPED_PERIOD_S = 0.2
_MAX_DATAGRAM = 2048
_KEPT_REFUSALS = 100
_EPSILON_S = 1e-9


class _Socket:
    """A UDP socket that closes with its owner."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Sender(_Socket):
    def __init__(self, address: str, port: int) -> None:
        super().__init__()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._target = (address, port)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendto(data, self._target)
        except BlockingIOError:
            return  # a full buffer loses a datagram, as a network does
        except OSError as error:
            host, port = self._target
            raise MatchError(
                "sending",
                [
                    f"expected to reach UDP {host}:{port}, found: {error.strerror}; "
                    "check the address and that its network is up"
                ],
            ) from error


class ControlBroadcaster(_Sender):
    """Sends control packets: at once on a change, else 2 Hz, 5 Hz while stopped.

    A count-down of the clocks alone is not a change.
    """

    def __init__(
        self, *, address: str = LOOPBACK_BROADCAST, port: int = CONTROL_PORT
    ) -> None:
        super().__init__(address, port)
        self._last: GameControl | None = None
        self._sent_s = -math.inf
        self._number = 0

    def update(self, control: GameControl, time_s: float) -> bool:
        """Send `control` if it is due; True if sent. Packets get numbered here."""
        news = _without_clocks(control)
        period_s = STOPPED_PERIOD_S if control.stopped else PLAYING_PERIOD_S
        due = time_s - self._sent_s >= period_s - _EPSILON_S
        if news == self._last and not due:
            return False
        self._send(encode_control(replace(control, packet_number=self._number)))
        self._number = (self._number + 1) % 256
        self._last, self._sent_s = news, time_s
        return True


class StatusReceiver(_Socket):
    """Hears the robots' status packets.

    Raises:
        MatchError: the port is taken.
    """

    def __init__(self, *, address: str = "", port: int = STATUS_PORT) -> None:
        super().__init__()
        try:
            self._socket.bind((address, port))
        except OSError as error:
            self._socket.close()
            raise _bind_error(address, port, error) from error
        self.refused: deque[ContractError] = deque(maxlen=_KEPT_REFUSALS)

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def poll(self) -> tuple[RobotStatus, ...]:
        """All packets that have come in, oldest first.

        What is no valid status packet lands in `refused` with the reason; the latest
        100 are kept.
        """
        received = []
        while True:
            try:
                data = self._socket.recv(_MAX_DATAGRAM)
            except BlockingIOError:
                return tuple(received)
            try:
                received.append(decode_status(data))
            except ContractError as error:
                self.refused.append(error)


class TrackerSender(_Sender):
    """Sends positions to the robots, in place of a motion-capture system."""

    def __init__(
        self, *, address: str = LOOPBACK_BROADCAST, port: int = TRACKER_PORT
    ) -> None:
        super().__init__(address, port)

    def send(self, frame: TrackerFrame) -> None:
        """Send one frame.

        Raises:
            MatchError: the network cannot be reached.
        """
        self._send(encode_tracker(frame))


def _without_clocks(control: GameControl) -> GameControl:
    teams = tuple(
        replace(
            team,
            players=tuple(
                replace(player, secs_till_unpenalised=0) for player in team.players
            ),
        )
        for team in control.teams
    )
    return replace(
        control,
        packet_number=0,
        secs_remaining=0,
        secondary_time=0,
        teams=(teams[0], teams[1]),
    )


def _bind_error(address: str, port: int, error: OSError) -> MatchError:
    where = f"UDP port {port}" + (f" on {address}" if address else "")
    if error.errno == errno.EADDRINUSE:
        found = "another program holds it"
        remedy = "end the other GameController or match, or choose another port"
    else:
        found, remedy = str(error.strerror), "choose another address or port"
    return MatchError(
        "robot status", [f"expected {where} to be free, found: {found}; {remedy}"]
    )
