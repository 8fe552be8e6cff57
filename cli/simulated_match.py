"""A match wired from real parts: world, robots on their buses, referee, network.

Lock-step: the simulated clock moves one bus cycle at a time, then everything that is
due at that instant happens in a fixed order. Equal seeds give equal matches.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType

from cli.match_config import SIDES, TEAM_NUMBERS, MatchConfig, teams_of
from cli.match_log import Frame, MatchLog
from cli.match_network import MatchNetwork
from cli.match_stage import MatchStage
from cli.virtual_player import VirtualPlayer, open_player
from firmware_bridge.emulator import SimulatedClock
from match import referee
from match.commands import Command
from match.control_view import control_view
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState
from robot.player import Player
from robot.runtime import RuntimeConfig

BUS_PERIOD_S = RuntimeConfig().bus_period_s
REFEREE_PERIOD_S = 0.025
FRAME_PERIOD_S = 0.04


class SimulatedMatch:
    """Owns the world of one match; use it as a context manager.

    Leaving it switches the torque of both robots off and finishes the record.

    Attributes:
        stage: the world.
        log: what remains of the match.
        players: by side.
        robots: by side, as far as they are built.
        state: of the game.
        stopped_by: why the match broke off; empty while it did not.
    """

    def __init__(
        self,
        config: MatchConfig,
        players: dict[str, Player],
        names: dict[str, str],
        record_path: Path,
    ):
        self.config = config
        self.rules = replace(config.rules, duration_s=config.seconds)
        self.teams = teams_of(names)
        self.field = FieldSpec()
        self.stage = MatchStage(config, self.field)
        self.log = MatchLog(record_path, self.rules, self.field, self.teams)
        self.robots: dict[str, VirtualPlayer] = {}
        self.state = referee.start(self.rules, self.field, self.teams)
        self._ordered: list[Command] = []
        self.stopped_by = ""
        self.players = players
        self._clock = SimulatedClock()
        self._stack = ExitStack()

    def __enter__(self) -> "SimulatedMatch":
        """Take the ports, create the record, start the robots.

        Raises:
            MatchError: a port is taken, or the record cannot be written.
            RuntimeFault: a robot's port is taken, or it is not as expected.
        """
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.stopped_by = "Ctrl-C"
        elif error is not None:
            self.stopped_by = str(error) or type(error).__name__
        self._stack.close()

    @property
    def time_s(self) -> float:
        """Simulated time since the start."""
        return self._clock.now()

    @property
    def begun(self) -> bool:
        """The referee has looked at least once."""
        return self.state.time_s is not None

    @property
    def finished(self) -> bool:
        return self.state.phase is GameState.FINISHED

    def order(self, *commands: Command) -> None:
        """Hand orders to the referee, who takes them at its next look."""
        self._ordered += commands

    def run(self, on_cycle: Callable[["SimulatedMatch"], None]) -> None:
        """Play to the end.

        Args:
            on_cycle: called after every bus cycle; progress, pacing.

        Raises:
            RuntimeFault: a robot had to stop and is limp; the other one goes limp when
                this match is left.
        """
        cycle = 0
        referee_due_s = frame_due_s = start_s = self._clock.now()
        while not self.finished:
            cycle += 1
            now_s = start_s + cycle * BUS_PERIOD_S
            self._clock.advance_to(now_s)
            self.stage.advance_to(now_s)
            if now_s >= referee_due_s - 1e-9:
                referee_due_s += REFEREE_PERIOD_S
                self._referee(now_s)
            for robot in self.robots.values():
                robot.cycle(now_s)
            if now_s >= frame_due_s - 1e-9:
                frame_due_s += FRAME_PERIOD_S
                self._keep_frame(now_s)
            on_cycle(self)

    def _open(self) -> None:
        self._network = self._stack.enter_context(MatchNetwork(self.config))
        with ExitStack() as robots:
            for side in SIDES:
                self.robots[side] = open_player(
                    robots,
                    config=self.config,
                    side=side,
                    world=self.stage.world,
                    clock=self._clock,
                    player=self.players[side],
                    record=partial(self.log.add_cycle, TEAM_NUMBERS[side]),
                )
            # Created once all ports are ours, so that a second match in the same folder
            # leaves the first one's record alone; closed after the robots are limp.
            self.log.open(self._stack)
            self._stack.push(robots.pop_all())
        self.stage.set_up()
        for robot in self.robots.values():
            robot.start()

    def _keep_frame(self, now_s: float) -> None:
        qpos = self.stage.picture()
        self.log.frames.append(Frame(time_s=now_s, qpos=qpos, state=self.state))

    def _referee(self, now_s: float) -> None:
        seen = self.stage.observe(now_s)
        commands, self._ordered = tuple(self._ordered), []
        self.state, decisions = referee.step(self.rules, self.state, seen, commands)
        self.log.add_look(seen, self.state, decisions, commands)
        for decision in decisions:
            self.stage.carry_out(decision)
        self._network.announce(control_view(self.rules, self.state), now_s)
        self._network.track(self.stage.track(seen))
        heard = self._network.hear(now_s)
        for status in heard.reports:
            self.log.add_status(now_s, status)
        for offence in heard.offences:
            self.log.add_offence(offence)
