"""The match on the network: referee and tracker speak, robots report."""

from contextlib import ExitStack
from types import TracebackType

from cli.match_config import TEAM_NUMBERS, MatchConfig
from match.game_controller import TrackerSender
from match.game_controller_lead import GameControllerLead, Heard
from robot.contracts.game_control import GameControl
from robot.contracts.tracker import TrackerFrame


class MatchNetwork:
    """All sockets of the desktop's side; nothing leaves this computer.

    Raises:
        MatchError: a port is taken.
    """

    def __init__(self, config: MatchConfig):
        home, away = TEAM_NUMBERS.values()
        with ExitStack() as stack:
            self._lead = stack.enter_context(
                GameControllerLead(config.network, (home, away))
            )
            self._tracker = stack.enter_context(
                TrackerSender(port=config.ports.tracker)
            )
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
        """What the referee says, as far as it is due."""
        self._lead.announce(control, now_s)

    def track(self, frame: TrackerFrame) -> None:
        """Where everything is."""
        self._tracker.send(frame)

    def hear(self, now_s: float) -> Heard:
        """What robots have reported, and which team talks too much, since last time."""
        return self._lead.hear(now_s)
