"""A match on a real pitch: trackers and robots are heard, people move what is moved."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from cli.match_log import MatchLog
from match import referee
from match.commands import Command, VoidGoals
from match.control_view import control_view
from match.decisions import BallPlacement, Decision
from match.eyes.lookout import Guard, Lookout, LookoutConfig, guard, look
from match.game_controller_lead import GameControllerLead, LeadConfig
from match.page.view import PageView
from match.rules import RuleBook
from match.teams import Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState
from robot.network import tracker_receiver


@dataclass(frozen=True, kw_only=True)
class LabMatchConfig:
    """One match.

    Attributes:
        network: the GameController's side.
        tracker_port: UDP, for positions.
    """

    rules: RuleBook
    field: FieldSpec
    teams: Teams
    network: LeadConfig
    tracker_port: int
    eyes: LookoutConfig


class LabMatch:
    """Referees by the clock that it is given; use it as a context manager.

    Args:
        say: takes a line for the people at the pitch.

    Attributes:
        state: of the game.
        log: record and figures.
    """

    def __init__(
        self, config: LabMatchConfig, record_path: Path, say: Callable[[str], None]
    ) -> None:
        self.config = config
        self.state = referee.start(config.rules, config.field, config.teams)
        self._voids: list[VoidGoals] = []
        self.log = MatchLog(record_path, config.rules, config.field, config.teams)
        self._say = say
        self._lookout = Lookout()
        self._guard = Guard()
        self._spot_m: tuple[float, float] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "LabMatch":
        """Take the ports, create the record.

        Raises:
            MatchError: a port is taken, or the record cannot be written.
            RuntimeFault: the tracker's port is taken.
        """
        with ExitStack() as stack:
            home, away = self.config.teams
            self._network = stack.enter_context(
                GameControllerLead(self.config.network, (home.number, away.number))
            )
            self._tracker = tracker_receiver(self.config.tracker_port)
            stack.callback(self._tracker.close)
            self.log.open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def finished(self) -> bool:
        return self.state.phase is GameState.FINISHED

    @property
    def begun(self) -> bool:
        """The referee has looked at least once."""
        return self.state.time_s is not None

    def look(self, now_s: float, orders: Sequence[Command] = ()) -> None:
        """One look of the referee, with what people have ordered since the last one."""
        config = self.config
        heard = self._network.hear(now_s)
        for report in heard.reports:
            self.log.add_status(now_s, report)
        for offence in heard.offences:
            self.log.add_offence(offence)
            self._say(f"team {offence.team} has no goals any more: {offence.reason}")
            void = VoidGoals(
                id=f"messages of team {offence.team}",
                by="message budget",
                team=offence.team,
                why=offence.reason,
            )
            self._voids.append(void)
        # Until a look has taken them: there may be nothing to look at.
        known = self.state.commands
        orders = (*orders, *(void for void in self._voids if void.id not in known))
        self._lookout = look(
            self._lookout,
            self._tracker.pending(),
            heard.reports,
            self.state,
            now_s,
            config.eyes,
            self._spot_m,
        )
        seen = self._lookout.seen
        if seen is not None:
            self._guard, own = guard(
                self._guard, self._lookout, self.state, orders, now_s, config.eyes
            )
            if own:
                self._say(self._lookout.trouble or "all is well again")
            commands = (*orders, *own)
            self.state, decisions = referee.step(
                config.rules, self.state, seen, commands
            )
            self.log.add_look(seen, self.state, decisions, commands)
            for decision in decisions:
                self._tell(decision)
        self._network.announce(control_view(config.rules, self.state), now_s)

    def view(self) -> PageView:
        """What the live page shows."""
        config = self.config
        return PageView(
            field=config.field,
            teams=config.teams,
            control=control_view(config.rules, self.state),
            observation=self._lookout.seen,
            decisions=tuple(self.log.decisions),
            rulings=self.state.rulings,
        )

    def _tell(self, decision: Decision) -> None:
        who = ""
        if decision.team is not None:
            who = f" {self._name(decision.team, decision.player)}"
        self._say(f"#{decision.number} {decision.kind.value}{who}: {decision.reason}")
        for placed in decision.placements:
            where = f"to x {placed.x_m:+.2f}, y {placed.y_m:+.2f} m"
            if isinstance(placed, BallPlacement):
                self._spot_m = (placed.x_m, placed.y_m)
                self._say(f"  the ball {where}")
            else:
                self._say(f"  {self._name(placed.team, placed.player)} {where}")

    def _name(self, team: int, player: int | None) -> str:
        name = self.state.team(team).name
        return name if player is None else f"{name} {player}"
