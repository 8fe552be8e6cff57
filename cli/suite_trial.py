"""One trial of the paper suite: bundle, onboard runtime, emulated bus, MuJoCo body.

Lock-step as a match (`cli.simulated_match`); in place of a referee a start signal, and
the stage hand puts things in place before it.
"""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cli.match_config import MatchConfig, teams_of
from cli.match_stage import MatchStage
from cli.simulated_match import BUS_PERIOD_S, REFEREE_PERIOD_S
from cli.suite_protocols import (
    AWAY,
    HOME,
    PITCH,
    STAND,
    PaperTrial,
    paper_trials,
)
from cli.virtual_player import VirtualPlayer, Wiring, wire_player
from firmware_bridge.emulator import SimulatedClock
from match import referee
from match.control_view import control_view
from match.game_controller import ControlBroadcaster, TrackerSender
from match.rules import LAB_1V1
from robot.contracts.game_control import GameControl, GameState
from robot.contracts.policy import KickSpec
from robot.faults import RuntimeFault
from robot.kick_stance import QUICK_KICK
from robot.network import Links, Receiver, open_links
from robot.player import Player
from robot.runtime import STAND_RAD, RuntimeConfig
from sim.arena import Arena, ArenaConfig, RobotPlace, build_arena, match_arena
from sim.randomization import RandomizationConfig
from sim.trial_trace import TraceRecorder
from sim.trial_world import TrialWorld
from sim.virtual_op3 import MatchWorld
from training.paper_measures import Measured

HELD_S = 0.5
"""Held in its pose before power-on, so that the attitude filter starts at rest."""
SETTLE_S = 1.0
"""Standing or lying still before the start signal."""
READY_MOVE_S = 0.3
"""The robot is placed in its ready pose: there is no way to go."""
LONGEST_START_S = 3.0
_LOOK_PERIOD_S = 0.5
_FRAME_PERIOD_S = 0.1


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """What one trial left.

    Attributes:
        measured: see there.
        simulated_s: from power-on to the end.
        frames: [F, nq] pictures' states, ten a second from the start signal; empty
            unless asked for.
    """

    measured: Measured
    simulated_s: float
    frames: NDArray[np.float32]


def run_trial(
    player: Player,
    trial: PaperTrial,
    number: int,
    ranges: RandomizationConfig,
    seed: int,
    *,
    film: bool = False,
) -> TrialResult:
    """Run one.

    Args:
        player: the skills.
        trial: which kind.
        number: which repetition; sides, feet and postures alternate with it.
        ranges: of the randomization and the pushes.
        seed: of everything drawn.
        film: keep frames.

    Raises:
        MatchError: the loopback network does not work.
    """
    with _Stage(player, trial, number, ranges, seed) as stage:
        try:
            stage.start()
            frames = stage.run(film=film)
        except RuntimeFault as error:
            measured = Measured(
                value=None, success=False, falls=0, reason=str(error.faults[0])
            )
            return TrialResult(
                measured=measured,
                simulated_s=stage.time_s,
                frames=np.zeros((0, 0), np.float32),
            )
        return TrialResult(
            measured=trial.measure(stage.world.trace, number),
            simulated_s=stage.time_s,
            frames=frames,
        )


@cache
def scene(name: str) -> Arena:
    """The arena of a kind of trial; worlds copy its model."""
    if name == "pitch":
        return match_arena(PITCH)
    field = PITCH if name == "alone" else None
    return build_arena(ArenaConfig(robots=(RobotPlace(name=HOME),), field=field))


@cache
def standing_shoulder_m() -> float:
    """Height of the shoulder joints of an OP3 in the stand pose."""
    world = MatchWorld(scene("floor"))
    world.place(HOME, 0.0, 0.0, 0.0)
    return float(TraceRecorder(world, HOME).trace().shoulder_m[0])


def trials(kick: KickSpec | None = None) -> dict[str, PaperTrial]:
    """All kinds by name, for a player with that kick."""
    return paper_trials(standing_shoulder_m(), kick or QUICK_KICK)


class _Stage:
    """The world of one trial and the robot in it."""

    def __init__(
        self,
        player: Player,
        trial: PaperTrial,
        number: int,
        ranges: RandomizationConfig,
        seed: int,
    ):
        self.world = TrialWorld(scene(trial.scene), HOME, ranges, seed)
        self._trial, self._number, self._player = trial, number, player
        self._rng = np.random.default_rng([seed, 2])
        self._stage = MatchStage(MatchConfig(seed=seed), PITCH, self.world)
        self._clock = SimulatedClock()
        self._stack = ExitStack()

    def __enter__(self) -> "_Stage":
        with self._stack as stack:
            links = stack.enter_context(open_links(game_port=0, tracker_port=0))
            self._voice = stack.enter_context(
                ControlBroadcaster(port=_port(links.game))
            )
            self._eye = stack.enter_context(TrackerSender(port=_port(links.tracker)))
            self._trial.place(self.world, self._rng, self._number)
            if AWAY in self.world.robots:
                self.world.hold(AWAY)
            self._robot = self._wire(stack, links)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def time_s(self) -> float:
        return self._clock.now()

    def start(self) -> None:
        """Power on, wait until the robot is ready and still.

        Raises:
            RuntimeFault: it does not come up, or stops.
        """
        fall, runtime = self._trial.fall(self._number), self._robot.runtime
        self.world.hold(HOME, STAND_RAD if fall is None else fall.pose)
        self._clock.advance(HELD_S)
        self._stage.advance_to(self.time_s)
        runtime.order = STAND
        self._robot.start()
        while runtime.mode != "playing" and self.time_s < LONGEST_START_S:
            self._cycle()
        still_s = self.time_s + SETTLE_S
        while self.time_s < still_s:
            self._cycle()

    def run(self, *, film: bool) -> NDArray[np.float32]:
        """From the start signal to the end; the frames, if asked for."""
        trial, number, runtime = self._trial, self._number, self._robot.runtime
        trial.ready(self.world, self._rng, number)
        recorder = self.world.begin()
        begun_s = look_s = self.time_s
        tell_s = frame_s = -1.0
        frames: list[NDArray[np.float32]] = []
        if trial.plays:
            runtime.order = None
        while self.time_s - begun_s < trial.limit_s:
            if not trial.plays:
                runtime.order = trial.order(self.time_s - begun_s, number)
            if self.time_s >= tell_s:
                tell_s = self.time_s + REFEREE_PERIOD_S - 1e-9
                self._tell()
            self._cycle()
            if film and self.time_s >= frame_s:
                frame_s = self.time_s + _FRAME_PERIOD_S - 1e-9
                frames.append(self.world.data.qpos.astype(np.float32))
            if self.time_s >= look_s:
                look_s += _LOOK_PERIOD_S
                if trial.is_over(recorder.trace(), number):
                    break
        return np.array(frames, np.float32).reshape(len(frames), self.world.model.nq)

    def _cycle(self) -> None:
        now_s = self.time_s + BUS_PERIOD_S
        self._clock.advance_to(now_s)
        self._stage.advance_to(now_s)
        self._robot.cycle(now_s)

    def _tell(self) -> None:
        """The tracker speaks, and where a game is played the referee."""
        seen = self._stage.observe(self.time_s)
        if self._trial.plays:
            self._voice.update(_PLAYING, self.time_s)
        self._eye.send(self._stage.track(seen))

    def _wire(self, stack: ExitStack, links: Links) -> VirtualPlayer:
        runtime = RuntimeConfig(stand_move_s=READY_MOVE_S)
        fall = self._trial.fall(self._number)
        if fall is not None:
            runtime = replace(runtime, ready_rad=fall.pose)
        return wire_player(
            stack,
            side=HOME,
            world=self.world,
            clock=self._clock,
            player=self._player,
            links=links,
            wiring=Wiring(runtime=runtime),
        )


def _playing() -> GameControl:
    """The ball is in play, nobody is penalised."""
    teams = teams_of({HOME: HOME, AWAY: AWAY})
    state = referee.start(LAB_1V1, PITCH, teams)
    state = replace(state, phase=GameState.PLAYING, ball_in_play=True)
    return control_view(LAB_1V1, state)


_PLAYING = _playing()


def _port(receiver: Receiver | None) -> int:
    """Where a message reaches it; `open_links` opens all it is not told to leave."""
    if receiver is None:
        raise ValueError("expected links with a referee and a tracker, found none")
    return receiver.port
