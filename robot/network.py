"""The robot's ears and voice on the network: UDP sockets that never block."""

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from robot.contracts.errors import ContractError
from robot.contracts.game_control import (
    CONTROL_PORT,
    STATUS_PORT,
    GameControl,
    RobotStatus,
    decode_control,
    encode_status,
)
from robot.contracts.tracker import TrackerFrame, decode_tracker
from robot.faults import Fault, RuntimeFault

WHOEVER_LEADS = "auto"
"""In place of the GameController's host: the host that its packets come from."""

TRACKER_PORT = 3737
"""Project's choice, beside the GameController's 3636, 3838 and 3939."""

LONGEST_DATAGRAM = 2048
MOST_AT_ONCE = 64

Message = TypeVar("Message")


class Receiver(Generic[Message]):
    """The messages that come in on one UDP port.

    Several receivers on one machine may share a port: a broadcast reaches them all.

    Attributes:
        malformed: datagrams that did not decode; they are ignored.
        refusal: why the last of them was; None as long as there was none.
        sender: host that the last well-formed message came from; None before it.

    Raises:
        RuntimeFault: the port cannot be bound.
    """

    def __init__(
        self, name: str, port: int, decode: Callable[[bytes], Message], host: str = ""
    ):
        self.malformed = 0
        self.refusal: ContractError | None = None
        self.sender: str | None = None
        self._decode = decode
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise RuntimeFault(_port_fault(name, port, error)) from None

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def newest(self) -> Message | None:
        """The last well-formed message since the last call, or None."""
        messages = self.pending()
        return messages[-1] if messages else None

    def pending(self) -> list[Message]:
        """All well-formed messages since the last call, oldest first.

        A flood does not hold the caller up: what is left after `MOST_AT_ONCE`
        datagrams waits for the next call.
        """
        messages = []
        for _ in range(MOST_AT_ONCE):
            try:
                data, (host, _) = self._socket.recvfrom(LONGEST_DATAGRAM)
            except BlockingIOError:
                break
            try:
                messages.append(self._decode(data))
            except ContractError as error:
                self.malformed += 1
                self.refusal = error
            else:
                self.sender = host
        return messages

    def close(self) -> None:
        self._socket.close()


def game_receiver(port: int = CONTROL_PORT, host: str = "") -> Receiver[GameControl]:
    """Hears the GameController."""
    return Receiver("GameController", port, decode_control, host)


def tracker_receiver(
    port: int = TRACKER_PORT, host: str = ""
) -> Receiver[TrackerFrame]:
    """Hears the tracker of robots and ball."""
    return Receiver("tracker", port, decode_tracker, host)


class StatusSender:
    """Reports to the GameController.

    Args:
        host: of the GameController, or what tells it; nothing is sent while that says
            None.

    Attributes:
        unsent: reports the network did not take; play goes on without.
    """

    def __init__(self, host: str | Callable[[], str | None], port: int = STATUS_PORT):
        self.unsent = 0
        self._host = host
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, status: RobotStatus) -> None:
        """Send one report."""
        host = self._host if isinstance(self._host, str) else self._host()
        if host is None:
            return
        try:
            self._socket.sendto(encode_status(status), (host, self._port))
        except OSError:
            self.unsent += 1

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True, kw_only=True)
class Links:
    """A robot's connections. Any may be None: then it hears or says nothing there."""

    game: Receiver[GameControl] | None = None
    tracker: Receiver[TrackerFrame] | None = None
    status: StatusSender | None = None

    def close(self) -> None:
        for link in (self.game, self.tracker, self.status):
            if link is not None:
                link.close()

    def __enter__(self) -> "Links":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_links(
    *,
    game_port: int = CONTROL_PORT,
    tracker_port: int = TRACKER_PORT,
    status_host: str | None = None,
    status_port: int = STATUS_PORT,
) -> Links:
    """Open all connections, or none.

    Args:
        status_host: of the GameController; `WHOEVER_LEADS` to report to where its
            packets come from; None to report nothing.

    Raises:
        RuntimeFault: a port cannot be bound.
    """
    game = game_receiver(game_port)
    try:
        tracker = tracker_receiver(tracker_port)
    except RuntimeFault:
        game.close()
        raise
    status = None
    if status_host is not None:
        leads = status_host == WHOEVER_LEADS
        host = (lambda: game.sender) if leads else status_host
        status = StatusSender(host, status_port)
    return Links(game=game, tracker=tracker, status=status)


def _port_fault(name: str, port: int, error: Exception) -> Fault:
    taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
    remedy = (
        f"stop the other program (`ss -lunp sport = :{port}` names it) or choose "
        "another port"
        if taken
        else "choose a port from 1024 to 65535"
    )
    return Fault(
        reason="port taken" if taken else "port not usable",
        expected=f"UDP port {port} free to hear the {name}",
        found=str(error),
        remedy=remedy,
    )
