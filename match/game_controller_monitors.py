"""Monitors: programs that may know the true state, undelayed, and hear every robot.

A monitor asks on port 3636. It gets control packets with the true state on the control
port and every datagram of the status port, unchecked, on port 3940. A host that has
sent a status is taken for a robot: it is refused, or dropped if it had been accepted.
Source: README of RoboCup-HumanoidSoccerLeague/GameController.

On one computer, a monitor needs a loopback address of its own (127.0.0.2, say): robots
speak from 127.0.0.1, and one port of one address delivers to one socket only.
"""

from collections import deque

from match.errors import MatchError
from match.game_controller_pace import Pace
from match.game_controller_sockets import Listener, Sender
from robot.contracts.errors import ContractError
from robot.contracts.game_control import CONTROL_PORT, GameControl, encode_true_control
from robot.contracts.game_control_monitor import (
    FORWARD_PORT,
    MONITOR_PORT,
    ForwardedStatus,
    decode_monitor_request,
    encode_forwarded,
)

MOST_MONITORS = 32
_KEPT_REFUSALS = 100


class MonitorDesk(Listener):
    """Takes monitors' requests and serves them.

    Attributes:
        refused: the latest 100 reasons why a request, or sending to a monitor, failed.

    Raises:
        MatchError: the port for requests is taken.
    """

    def __init__(
        self,
        *,
        address: str = "",
        port: int = MONITOR_PORT,
        control_port: int = CONTROL_PORT,
        forward_port: int = FORWARD_PORT,
    ) -> None:
        super().__init__("monitor requests", address=address, port=port)
        self.refused: deque[str] = deque(maxlen=_KEPT_REFUSALS)
        self._sender = Sender()
        self._control_port = control_port
        self._forward_port = forward_port
        self._paces: dict[str, Pace] = {}
        self._robots: set[str] = set()

    @property
    def monitors(self) -> tuple[str, ...]:
        """Hosts that are served, in the order of their first request."""
        return tuple(self._paces)

    def close(self) -> None:
        """Close all sockets."""
        self._sender.close()
        super().close()

    def poll(self) -> None:
        """Take the requests that have come in."""
        for host, data in self.datagrams():
            try:
                decode_monitor_request(data)
            except ContractError as error:
                self.refused.append(f"{host}: {error}")
                continue
            if host in self._robots:
                self.refused.append(
                    f"{host}: expected a host without robots, found one that has sent "
                    "a status; run the monitor on another computer or address"
                )
            elif host not in self._paces and len(self._paces) >= MOST_MONITORS:
                self.refused.append(
                    f"{host}: expected at most {MOST_MONITORS} monitors, found one "
                    "more; end one that is not needed and start the match again"
                )
            else:
                # Asked anew, it gets the next packet at once.
                self._paces[host] = Pace()

    def note_robot(self, host: str) -> None:
        """A status came from `host`: it must not know the true state."""
        self._robots.add(host)
        if self._paces.pop(host, None) is not None:
            self.refused.append(f"{host}: expected a monitor, found that it has robots")

    def announce(self, control: GameControl, time_s: float) -> None:
        """Tell the monitors the true state if it is due."""
        for host, pace in self._paces.items():
            packet = pace.next(control, time_s)
            if packet is not None:
                self._send(encode_true_control(packet), host, self._control_port)

    def forward(self, host: str, data: bytes) -> None:
        """Pass on what `host` sent to the status port."""
        packet = encode_forwarded(ForwardedStatus(host=host, data=data))
        for monitor in self._paces:
            self._send(packet, monitor, self._forward_port)

    def _send(self, data: bytes, host: str, port: int) -> None:
        try:
            self._sender.send_to(data, host, port)
        except MatchError as error:
            # A monitor that has gone away must not stop the match.
            self.refused.append(str(error))
