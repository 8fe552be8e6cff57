"""What remains of a simulated match: record, figures, paths and pictures to draw."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.slow_items import ServoStatus
from match import statistics
from match.commands import Command
from match.game_controller_budget import MessageOffence
from match.observation import MatchObservation
from match.paths import PathLog, Paths
from match.record import MatchRecord
from match.rules import RuleBook
from match.state import Decision, MatchState, Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import RobotStatus
from robot.runtime import CycleRecord


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What a picture needs: `qpos` [nq] and the state of the game."""

    time_s: float
    qpos: NDArray[np.float64]
    state: MatchState


class MatchLog:
    """Collects; `open` before the first robot starts.

    Attributes:
        decisions: of the referee.
        frames: for the video.
        seen: the referee's latest look, None before the first.
        health: by team and joint, each servo's slow registers as last read.
        current_a: by team, [20] of the latest cycle.
    """

    def __init__(self, path: Path, rules: RuleBook, field: FieldSpec, teams: Teams):
        self.decisions: list[Decision] = []
        self.frames: list[Frame] = []
        self.seen: MatchObservation | None = None
        self.health: dict[int, dict[str, ServoStatus]] = {}
        self.current_a: dict[int, NDArray[np.float64]] = {}
        self._path = path
        self._rules = rules
        self._field = field
        self._teams = teams
        self._figures = statistics.begin(teams)
        self._paths = PathLog()

    def open(self, stack: ExitStack) -> None:
        """Create the record; `stack` finishes it.

        Raises:
            MatchError: the file cannot be created.
        """
        self._record = stack.enter_context(MatchRecord(self._path))

    def summary(self) -> dict[str, Any]:
        """Figures so far."""
        return statistics.summary(self._figures)

    def paths(self) -> Paths:
        """Ways of ball and robots so far."""
        return self._paths.paths()

    def add_look(
        self,
        seen: MatchObservation,
        state: MatchState,
        decisions: tuple[Decision, ...],
        commands: tuple[Command, ...] = (),
    ) -> None:
        """One look of the referee with the orders it took, and what came of it."""
        if self.seen is None:
            self._record.write_setup(self._rules, self._field, self._teams)
        for command in commands:
            self._record.write_command(seen.time_s, command)
        self._record.write_observation(seen)
        self._figures = statistics.update(self._figures, seen, state, decisions)
        self._paths.add(seen)
        self.seen = seen
        self.decisions += decisions
        for decision in decisions:
            self._record.write_decision(decision)
        if decisions:
            self._record.write_state(self._rules, state)

    def add_status(self, now_s: float, status: RobotStatus) -> None:
        """What a robot reported."""
        names = ("x_mm", "y_mm", "yaw_rad")
        pose = dict(zip(names, status.pose_mm_rad, strict=True))
        self._record.write(
            f"/robot/{status.team}/status",
            now_s,
            {"player": status.player, "fallen": status.fallen, **pose},
        )

    def add_offence(self, offence: MessageOffence) -> None:
        """A team that talked too much: people decide what becomes of its goals."""
        self._record.write("/team/offence", offence.time_s, asdict(offence))

    def add_cycle(self, team: int, cycle: CycleRecord) -> None:
        """What a robot felt and did, where a policy decided or a fault ended it."""
        self.current_a[team] = cycle.sensors.current_a
        if cycle.health is not None:
            joint, status = cycle.health
            self.health.setdefault(team, {})[joint] = status
        if not cycle.policy_step and cycle.mode != "fault":
            return
        sensors, verdict = cycle.sensors, cycle.verdict
        self._record.write(
            f"/robot/{team}/cycle",
            cycle.time_s,
            {
                "mode": cycle.mode,
                "skill": cycle.skill,
                "posture": cycle.posture,
                "gravity": list(cycle.gravity),
                "gyro_rad_s": sensors.gyro_rad_s.round(4).tolist(),
                "position_rad": sensors.position_rad.round(4).tolist(),
                "target_rad": None
                if verdict is None
                else verdict.targets_rad.round(4).tolist(),
                "voltage_v": sensors.voltage_v,
            },
        )
