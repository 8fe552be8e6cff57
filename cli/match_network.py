"""The match on the network: referee and tracker speak, robots report."""

from contextlib import ExitStack
from types import TracebackType

from cli.match_config import Ports
from match.game_controller import ControlBroadcaster, StatusReceiver, TrackerSender
from robot.contracts.game_control import GameControl, RobotStatus
from robot.contracts.tracker import TrackerFrame

_LOOPBACK = "127.0.0.1"


class MatchNetwork:
    """All sockets of the desktop's side; nothing leaves this computer.

    Raises:
        MatchError: the port for reports is taken.
    """

    def __init__(self, ports: Ports):
        with ExitStack() as stack:
            self._heard = stack.enter_context(
                StatusReceiver(address=_LOOPBACK, port=ports.status)
            )
            self._voice = stack.enter_context(ControlBroadcaster(port=ports.control))
            self._tracker = stack.enter_context(TrackerSender(port=ports.tracker))
            self._stack = stack.pop_all()

    def __enter__(self) -> "MatchNetwork":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def announce(self, control: GameControl, now_s: float) -> None:
        """What the referee says, if it is due."""
        self._voice.update(control, now_s)

    def track(self, frame: TrackerFrame) -> None:
        """Where everything is."""
        self._tracker.send(frame)

    def reports(self) -> tuple[RobotStatus, ...]:
        """What the robots have reported since the last call."""
        return self._heard.poll()
