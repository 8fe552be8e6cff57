"""UDP sockets of the desktop: they never block and close with their owner."""

import errno
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from match.errors import MatchError

LONGEST_DATAGRAM = 2048
MOST_AT_ONCE = 1024
"""Datagrams one call takes: a flood waits in the kernel, the match goes on."""

_BUFFER_BYTES = 1 << 20


class UdpSocket:
    """A UDP socket that closes with its owner."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def close(self) -> None:
        """Close the socket."""
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


class Sender(UdpSocket):
    """Sends datagrams to any address; broadcast is allowed.

    Args:
        address: to send from; empty to let the system choose.

    Raises:
        MatchError: this computer does not have that address.
    """

    def __init__(self, address: str = "") -> None:
        super().__init__()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if address:
            try:
                self._socket.bind((address, 0))
            except OSError as error:
                self._socket.close()
                raise _bind_error("sending", address, 0, error) from error

    def send_to(self, data: bytes, host: str, port: int) -> None:
        """Send one datagram.

        Raises:
            MatchError: the network cannot be reached.
        """
        try:
            self._socket.sendto(data, (host, port))
        except BlockingIOError:
            return  # a full buffer loses a datagram, as a network does
        except OSError as error:
            raise MatchError(
                "sending",
                [
                    f"expected to reach UDP {host}:{port}, found: {error.strerror}; "
                    "check the address and that its network is up"
                ],
            ) from error


class Listener(UdpSocket):
    """Hears datagrams on one port.

    Args:
        name: of what is heard, for the error.
        shared: other programs may hear the same broadcasts.

    Raises:
        MatchError: the port is taken.
    """

    def __init__(
        self, name: str, *, address: str = "", port: int, shared: bool = False
    ) -> None:
        super().__init__()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        if shared:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((address, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise _bind_error(name, address, port, error) from error

    @property
    def port(self) -> int:
        """The port it hears, also when it was left to the system."""
        return self._socket.getsockname()[1]

    def datagrams(self) -> Iterator[tuple[str, bytes]]:
        """Sender's host and content of what has come in, oldest first."""
        for _ in range(MOST_AT_ONCE):
            try:
                data, (host, _) = self._socket.recvfrom(LONGEST_DATAGRAM)
            except BlockingIOError:
                return
            yield host, data


def _bind_error(name: str, address: str, port: int, error: Exception) -> MatchError:
    where = f"UDP port {port}" + (f" on {address}" if address else "")
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        found = "another program holds it"
        remedy = "end the other GameController or match, or choose another port"
    else:
        found, remedy = str(error), "choose another address or port"
    return MatchError(name, [f"expected {where} to be free, found: {found}; {remedy}"])
