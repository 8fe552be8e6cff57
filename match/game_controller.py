"""The referee on the network: what the RoboCup GameController sends and hears.

Sockets never block, and time comes in as an argument, so a simulated match runs at any
speed. Sending goes by default to the loopback broadcast address: every robot runtime on
this computer hears it, no other computer does. For robots on a network, give its
broadcast address.
"""

from collections import deque

from match.game_controller_pace import PLAYING_PERIOD_S, STOPPED_PERIOD_S, Pace
from match.game_controller_sockets import Listener, Sender
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

__all__ = [
    "LOOPBACK_BROADCAST",
    "PLAYING_PERIOD_S",
    "STOPPED_PERIOD_S",
    "TRACKER_PORT",
    "ControlBroadcaster",
    "StatusReceiver",
    "TrackerSender",
]

LOOPBACK_BROADCAST = "127.255.255.255"
TRACKER_PORT = 3737
_KEPT_REFUSALS = 100


class ControlBroadcaster(Sender):
    """Sends control packets to the robots, as often as `Pace` says."""

    def __init__(
        self, *, address: str = LOOPBACK_BROADCAST, port: int = CONTROL_PORT
    ) -> None:
        super().__init__()
        self._target = (address, port)
        self._pace = Pace()

    def update(self, control: GameControl, time_s: float) -> bool:
        """Send `control` if it is due; True if sent. Packets get numbered here.

        Raises:
            MatchError: the network cannot be reached.
        """
        packet = self._pace.next(control, time_s)
        if packet is None:
            return False
        self.send_to(encode_control(packet), *self._target)
        return True


class StatusReceiver(Listener):
    """Hears the robots' status packets.

    Attributes:
        refused: the latest 100 errors of datagrams that were no status packets.

    Raises:
        MatchError: the port is taken.
    """

    def __init__(self, *, address: str = "", port: int = STATUS_PORT) -> None:
        super().__init__("robot status", address=address, port=port)
        self.refused: deque[ContractError] = deque(maxlen=_KEPT_REFUSALS)

    def poll(self) -> tuple[RobotStatus, ...]:
        """All packets that have come in, oldest first."""
        return tuple(
            status
            for _, data in self.datagrams()
            if (status := self.read(data)) is not None
        )

    def read(self, data: bytes) -> RobotStatus | None:
        """The status in a datagram; None if it has none: `refused` says why."""
        try:
            return decode_status(data)
        except ContractError as error:
            self.refused.append(error)
            return None


class TrackerSender(Sender):
    """Sends positions to the robots, in place of a motion-capture system."""

    def __init__(
        self, *, address: str = LOOPBACK_BROADCAST, port: int = TRACKER_PORT
    ) -> None:
        super().__init__()
        self._target = (address, port)

    def send(self, frame: TrackerFrame) -> None:
        """Send one frame.

        Raises:
            MatchError: the network cannot be reached.
        """
        self.send_to(encode_tracker(frame), *self._target)
