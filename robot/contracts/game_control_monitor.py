"""The datagrams between the GameController and monitors: request, forwarded status.

A monitor asks on UDP port 3636 with 5 bytes. It then gets the true state on the control
port (`robot.contracts.game_control.decode_true_control`) and, on port 3940, every
datagram that came in on the status port, with its sender's IPv4 address in front. The
GameController does not check what it forwards, so neither does `decode_forwarded`.

Source: the README and the Wireshark dissector (commit 216ed0d) of
RoboCup-HumanoidSoccerLeague/GameController.
"""

import ipaddress
from dataclasses import dataclass

from robot.contracts.game_control_checks import beginning, refusal
from robot.contracts.game_control_status import decode_status
from robot.contracts.game_values import RobotStatus

MONITOR_PORT = 3636
FORWARD_PORT = 3940
MONITOR_REQUEST = b"RGTr\x00"
"""Magic and version 0: the whole request."""

_ADDRESS_SIZE = 4


@dataclass(frozen=True, kw_only=True)
class ForwardedStatus:
    """What came in on the GameController's status port.

    Attributes:
        host: IPv4 address of the sender.
        data: the datagram as it came in; see `status`.
    """

    host: str
    data: bytes

    @property
    def status(self) -> RobotStatus:
        """What the robot reported.

        Raises:
            ContractError: the datagram is no valid status packet.
        """
        return decode_status(self.data)


def decode_monitor_request(data: bytes) -> None:
    """Check a monitor's request; there is nothing in it.

    Raises:
        ContractError: not a request, or of another version.
    """
    if data != MONITOR_REQUEST:
        raise refusal("monitor request", f"{MONITOR_REQUEST!r}", beginning(data))


def encode_forwarded(forwarded: ForwardedStatus) -> bytes:
    """The datagram that passes a robot's status on to a monitor.

    Raises:
        ContractError: the host is no IPv4 address.
    """
    try:
        address = ipaddress.IPv4Address(forwarded.host).packed
    except ValueError:
        found = repr(forwarded.host)
        raise refusal("status to forward", "an IPv4 address", found) from None
    return address + forwarded.data


def decode_forwarded(data: bytes) -> ForwardedStatus:
    """Parse a forwarded status; the status itself is not looked at.

    Raises:
        ContractError: too short to hold an address.
    """
    if len(data) < _ADDRESS_SIZE:
        raise refusal(
            "forwarded status", f"at least {_ADDRESS_SIZE} bytes", beginning(data)
        )
    host = str(ipaddress.IPv4Address(data[:_ADDRESS_SIZE]))
    return ForwardedStatus(host=host, data=data[_ADDRESS_SIZE:])
