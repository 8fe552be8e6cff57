"""We referee: everything a GameController does on the network, in one object."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType

from match.game_controller import (
    LOOPBACK_BROADCAST,
    ControlBroadcaster,
    StatusReceiver,
)
from match.game_controller_budget import (
    TEAM_PORT,
    BudgetRules,
    MessageOffence,
    TeamMessageListener,
    TeamMessages,
    count_messages,
    with_budgets,
    with_extra_minutes,
)
from match.game_controller_delay import WHISTLE_DELAY_S, WhistleDelay, delayed
from match.game_controller_monitors import MonitorDesk
from match.game_controller_version import in_version
from robot.contracts.errors import ContractError
from robot.contracts.game_control import (
    CONTROL_PORT,
    STATUS_PORT,
    GameControl,
    RobotStatus,
)
from robot.contracts.game_control_monitor import FORWARD_PORT, MONITOR_PORT


@dataclass(frozen=True, kw_only=True)
class LeadConfig:
    """Where and how the GameController's side speaks.

    Attributes:
        address: that control packets are sent to: the loopback broadcast address for
            robots on this computer, else the network's broadcast address.
        listen_address: of this computer's interface; empty for all.
        version: of the control packets, 20 or 19.
        whistle_delay_s: see `match.game_controller_delay`; 0 for robots without ears.
        budget: of team messages.
    """

    address: str = LOOPBACK_BROADCAST
    listen_address: str = ""
    version: int = 20
    whistle_delay_s: float = WHISTLE_DELAY_S
    budget: BudgetRules = field(default_factory=BudgetRules)
    control_port: int = CONTROL_PORT
    status_port: int = STATUS_PORT
    monitor_port: int = MONITOR_PORT
    forward_port: int = FORWARD_PORT
    team_base_port: int = TEAM_PORT

    def moved(self, offset: int) -> "LeadConfig":
        """The same with `offset` added to all ports, for matches side by side."""
        return replace(
            self,
            control_port=self.control_port + offset,
            status_port=self.status_port + offset,
            monitor_port=self.monitor_port + offset,
            forward_port=self.forward_port + offset,
            team_base_port=self.team_base_port + offset,
        )


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the network brought since the last call.

    Attributes:
        reports: of the robots, oldest first.
        offences: teams that from now on have no goals: new ones only.
    """

    reports: tuple[RobotStatus, ...]
    offences: tuple[MessageOffence, ...]


class GameControllerLead:
    """Tells robots and monitors the state, hears robots, counts team messages.

    Time comes in as an argument: simulated or wall clock.

    Args:
        teams: numbers of the two teams, whose messages are counted.

    Raises:
        MatchError: a port is taken; nothing stays open then.
    """

    def __init__(self, config: LeadConfig, teams: tuple[int, int]) -> None:
        self._config = config
        self._delay = WhistleDelay(longest_s=config.whistle_delay_s)
        self._messages = {team: TeamMessages(team=team) for team in teams}
        self._control: GameControl | None = None
        address = config.listen_address
        with ExitStack() as stack:
            self._status = stack.enter_context(
                StatusReceiver(address=address, port=config.status_port)
            )
            self._desk = stack.enter_context(
                MonitorDesk(
                    address=address,
                    port=config.monitor_port,
                    control_port=config.control_port,
                    forward_port=config.forward_port,
                )
            )
            self._listeners = [
                stack.enter_context(
                    TeamMessageListener(team, base_port=config.team_base_port)
                )
                for team in teams
            ]
            self._voice = stack.enter_context(
                ControlBroadcaster(address=config.address, port=config.control_port)
            )
            self._stack = stack.pop_all()

    def __enter__(self) -> "GameControllerLead":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all sockets."""
        self._stack.close()

    @property
    def status_port(self) -> int:
        """The port for robots' reports, also when it was left to the system."""
        return self._status.port

    @property
    def monitor_port(self) -> int:
        """The port for monitors' requests, also when it was left to the system."""
        return self._desk.port

    @property
    def monitors(self) -> tuple[str, ...]:
        """Hosts that get the true state."""
        return self._desk.monitors

    @property
    def messages(self) -> tuple[TeamMessages, ...]:
        """What each team has said so far."""
        return tuple(self._messages.values())

    @property
    def refused(self) -> Iterable[ContractError | str]:
        """The latest datagrams that made no sense, and why."""
        return (*self._status.refused, *self._desk.refused)

    def add_minutes(self, minutes: int) -> None:
        """The game is longer by whole minutes, so teams may say more."""
        for team, messages in self._messages.items():
            self._messages[team] = with_extra_minutes(messages, minutes)

    def announce(self, control: GameControl, time_s: float) -> GameControl:
        """Tell everyone the true state, as far as it is due.

        Returns:
            What the robots are told, unnumbered: with the whistle's delay and with the
            message budgets that are left.

        Raises:
            MatchError: the robots' network cannot be reached.
        """
        truth = with_budgets(
            self._config.budget,
            in_version(control, self._config.version),
            self._messages,
        )
        self._control = truth
        self._delay, told = delayed(self._delay, truth, time_s)
        self._voice.update(told, time_s)
        self._desk.announce(truth, time_s)
        return told

    def hear(self, time_s: float) -> Heard:
        """Take in all that has come, count it, and pass it on to the monitors."""
        self._desk.poll()
        reports = []
        for host, data in self._status.datagrams():
            self._desk.note_robot(host)
            self._desk.forward(host, data)
            status = self._status.read(data)
            if status is not None:
                reports.append(status)
        return Heard(reports=tuple(reports), offences=self._count(time_s))

    def _count(self, time_s: float) -> tuple[MessageOffence, ...]:
        offences = []
        for listener in self._listeners:
            lengths = listener.poll()
            if not lengths or self._control is None:
                continue
            before = self._messages[listener.team]
            after = count_messages(
                self._config.budget, before, self._control, lengths, time_s
            )
            self._messages[listener.team] = after
            if after.offence is not None and before.offence is None:
                offences.append(after.offence)
        return tuple(offences)
