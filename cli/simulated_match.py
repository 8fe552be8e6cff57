"""A match wired from real parts: world, robots on their buses, referee, network, record.

Lock-step: the simulated clock moves one bus cycle at a time, then everything that is
due at that instant happens in a fixed order. Equal seeds give equal matches.
"""

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli.virtual_player import Ports, VirtualPlayer, open_player
from firmware_bridge.emulator import SimulatedClock
from match import referee, statistics
from match.control_view import control_view
from match.game_controller import ControlBroadcaster, StatusReceiver, TrackerSender
from match.observation import MatchObservation, RobotObservation
from match.record import MatchRecord
from match.rules import LAB_1V1, RuleBook
from match.state import (
    BallPlacement,
    Decision,
    MatchState,
    RobotPlacement,
    Team,
    Teams,
)
from robot.brain import Identity
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, TeamColour
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.player import Player
from robot.runtime import CycleRecord
from sim.arena import match_arena
from sim.virtual_op3 import MatchWorld
from sim.world_truth import RobotTruth, WorldTruth

SIDES = ("home", "away")
TEAM_NUMBERS = {"home": 1, "away": 2}
JERSEY = 1
BUS_PERIOD_S = 0.008
REFEREE_PERIOD_S = 0.025
FRAME_PERIOD_S = 0.04
RECORD_EVERY = 4


@dataclass(frozen=True, kw_only=True)
class MatchConfig:
    """One match.

    Attributes:
        seconds: on the match clock, from the first kick-off.
        seed: of start poses, floor friction and tracker noise.
        tracker_noise_m, tracker_noise_rad: sigma of what the tracker reports
            (project's choice; motion capture is better, an overhead camera worse).
        floor_friction: drawn per match (arXiv:2304.13653 randomizes 0.5 to 1.0).
        ports: UDP ports.
    """

    seconds: float = 120.0
    seed: int = 1
    tracker_noise_m: float = 0.005
    tracker_noise_rad: float = 0.01
    floor_friction: tuple[float, float] = (0.6, 1.0)
    ports: Ports = Ports()


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What a picture needs: `qpos` [nq] and the state of the game."""

    time_s: float
    qpos: NDArray[np.float64]
    state: MatchState


class SimulatedMatch:
    """Owns the world of one match; use it as a context manager.

    Leaving it switches the torque of both robots off and finishes the record.

    Attributes:
        frames: what happened, at 25 Hz, for the video.
        observations: what the referee saw, at 10 Hz, for the plots.
        decisions: of the referee.
    """

    def __init__(
        self,
        config: MatchConfig,
        players: dict[str, Player],
        names: dict[str, str],
        record_path: Path,
    ):
        self.config = config
        self.frames: list[Frame] = []
        self.observations: list[MatchObservation] = []
        self.decisions: list[Decision] = []
        self.rules: RuleBook = replace(LAB_1V1, duration_s=config.seconds)
        self.teams = _teams(names)
        self._players = players
        self._rng = np.random.default_rng(config.seed)
        self._clock = SimulatedClock()
        self._field = FieldSpec()
        self._world = MatchWorld(match_arena(self._field))
        self._truth = WorldTruth(self._world)
        self._stack = ExitStack()
        self._record_path = record_path
        self._figures = statistics.begin(self.teams)
        self.state = referee.start(self.rules, self._field, self.teams)

    def __enter__(self) -> "SimulatedMatch":
        ports = self.config.ports
        try:
            self._record = self._stack.enter_context(MatchRecord(self._record_path))
            self._heard = self._stack.enter_context(
                StatusReceiver(address="127.0.0.1", port=ports.status)
            )
            self._voice = self._stack.enter_context(
                ControlBroadcaster(port=ports.control)
            )
            self._tracker = self._stack.enter_context(TrackerSender(port=ports.tracker))
            self._robots = {side: self._open(side) for side in SIDES}
            self._set_the_stage()
            for robot in self._robots.values():
                robot.runtime.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def arena(self):
        return self._world.arena

    @property
    def time_s(self) -> float:
        """Simulated time since the start."""
        return self._clock.now()

    @property
    def finished(self) -> bool:
        return self.state.phase is GameState.FINISHED

    def summary(self) -> dict[str, Any]:
        """Figures so far."""
        return statistics.summary(self._figures)

    def run(self, on_cycle: Callable[["SimulatedMatch"], None]) -> None:
        """Play to the end.

        Args:
            on_cycle: called after every bus cycle; progress, pacing.

        Raises:
            RuntimeFault: a robot had to stop; both are limp when this returns.
        """
        cycle = 0
        referee_due_s = frame_due_s = 0.0
        start_s = self._clock.now()
        while not self.finished:
            cycle += 1
            now_s = start_s + cycle * BUS_PERIOD_S
            self._clock.advance_to(now_s)
            self._world.advance_to(now_s)
            self._truth.watch()
            if now_s >= referee_due_s - 1e-9:
                referee_due_s += REFEREE_PERIOD_S
                self._referee(now_s)
            for robot in self._robots.values():
                robot.runtime.cycle(now_s)
            if now_s >= frame_due_s - 1e-9:
                frame_due_s += FRAME_PERIOD_S
                qpos = self._world.data.qpos.copy()
                self.frames.append(Frame(time_s=now_s, qpos=qpos, state=self.state))
            on_cycle(self)

    def _open(self, side: str) -> VirtualPlayer:
        return open_player(
            self._stack,
            world=self._world,
            name=side,
            clock=self._clock,
            player=self._players[side],
            identity=Identity(team=TEAM_NUMBERS[side], player=JERSEY),
            ports=self.config.ports,
            record=lambda record: self._record_cycle(side, record),
        )

    def _set_the_stage(self) -> None:
        """Robots somewhere in their own halves, facing the ball; the floor as drawn."""
        floor = self._world.model.geom("floor").id
        friction = self._rng.uniform(*self.config.floor_friction)
        self._world.model.geom_friction[floor, 0] = friction
        self._truth.place_ball(0.0, 0.0)
        for side, sign in (("home", -1.0), ("away", 1.0)):
            x = sign * self._rng.uniform(0.9, 1.6)
            y = self._rng.uniform(-0.8, 0.8)
            self._world.place(side, x, y, math.atan2(-y, -x))

    def _referee(self, now_s: float) -> None:
        observation = self._observe(now_s)
        self.state, decisions = referee.step(self.rules, self.state, observation)
        self._figures = statistics.update(
            self._figures, observation, self.state, decisions
        )
        for decision in decisions:
            self.decisions.append(decision)
            self._record.write_decision(decision)
            self._carry_out(decision)
        if decisions:
            self._record.write_state(self.rules, self.state)
        self._voice.update(control_view(self.rules, self.state), now_s)
        self._tracker.send(self._tracked(observation))
        for status in self._heard.poll():
            pose = dict(zip(("x_mm", "y_mm", "yaw_rad"), status.pose_mm_rad, strict=True))
            self._record.write(
                f"/robot/{status.team}/status",
                now_s,
                {"player": status.player, "fallen": status.fallen, **pose},
            )
        if round(now_s / REFEREE_PERIOD_S) % RECORD_EVERY == 0:
            self.observations.append(observation)
            self._record.write_observation(observation)

    def _observe(self, now_s: float) -> MatchObservation:
        return MatchObservation(
            time_s=now_s,
            ball_xyz_m=self._truth.ball_xyz_m(),
            robots=tuple(_observed(robot) for robot in self._truth.robots()),
        )

    def _tracked(self, seen: MatchObservation) -> TrackerFrame:
        """What an outside tracker reports: the truth with its noise."""
        noise_m = self.config.tracker_noise_m
        ball = seen.ball_xyz_m[:2] + noise_m * self._rng.standard_normal(2)
        robots = []
        for robot in seen.robots:
            dx, dy = noise_m * self._rng.standard_normal(2)
            turn = self.config.tracker_noise_rad * self._rng.standard_normal()
            robots.append(
                TrackedRobot(
                    team=robot.team,
                    player=robot.player,
                    x_m=robot.x_m + dx,
                    y_m=robot.y_m + dy,
                    yaw_rad=robot.yaw_rad + turn,
                )
            )
        return TrackerFrame(
            time_s=seen.time_s,
            ball_xy_m=(float(ball[0]), float(ball[1])),
            robots=tuple(robots),
        )

    def _carry_out(self, decision: Decision) -> None:
        """The stage hands: put ball and robots where the referee wants them."""
        for placement in decision.placements:
            if isinstance(placement, BallPlacement):
                self._truth.place_ball(placement.x_m, placement.y_m)
            elif isinstance(placement, RobotPlacement):
                side = SIDES[self.state.side(placement.team)]
                self._world.place(
                    side, placement.x_m, placement.y_m, placement.yaw_rad
                )

    def _record_cycle(self, side: str, cycle: CycleRecord) -> None:
        if not cycle.policy_step and cycle.mode != "fault":
            return
        sensors, verdict = cycle.sensors, cycle.verdict
        self._record.write(
            f"/robot/{TEAM_NUMBERS[side]}/cycle",
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
                else np.nan_to_num(verdict.targets_rad).round(4).tolist(),
                "voltage_v": sensors.voltage_v,
            },
        )


def _teams(names: dict[str, str]) -> Teams:
    colours = {"home": TeamColour.BLUE, "away": TeamColour.RED}
    home, away = (
        Team(number=TEAM_NUMBERS[side], name=names[side], colour=colours[side])
        for side in SIDES
    )
    return home, away


def _observed(robot: RobotTruth) -> RobotObservation:
    return RobotObservation(
        team=TEAM_NUMBERS[robot.name],
        player=JERSEY,
        x_m=robot.x_m,
        y_m=robot.y_m,
        yaw_rad=robot.yaw_rad,
        fallen=robot.fallen,
        touching_ball=robot.touching_ball,
    )
