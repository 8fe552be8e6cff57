"""One step's work: the state as it changes and the decisions as they fall."""

from collections.abc import Iterable
from dataclasses import replace

from match.decisions import Decision, DecisionKind, Evidence, Placement
from match.effects import Award, Effect, Ruling
from match.observation import MatchObservation, RobotId, RobotObservation
from match.officials.effects import applied
from match.rules import RuleBook
from match.state import MatchState
from match.tracks import RobotTrack, Watch
from robot.contracts.game_control import GameState

EPSILON_S = 1e-9
"""Control periods like 0.025 s do not add up exactly."""


class Desk:
    """The state changes here and nowhere else; nobody outside a step sees it.

    Attributes:
        now_s: the running clock, that all times called since are on.
        elapsed_s: on it, since the last observation.
        command: id of the order being carried out; empty for the referee's own work.
    """

    def __init__(
        self,
        *,
        rules: RuleBook,
        state: MatchState,
        observation: MatchObservation,
        elapsed_s: float,
    ) -> None:
        self.rules = rules
        self.state = state
        self.observation = observation
        self.elapsed_s = elapsed_s
        self.command = ""
        self.decisions: list[Decision] = []

    @property
    def now_s(self) -> float:
        return self.state.running_s

    @property
    def ball_m(self) -> tuple[float, float]:
        """Where the ball is seen, over the floor."""
        x_m, y_m, _ = self.observation.ball_xyz_m
        return x_m, y_m

    def decide(
        self,
        kind: DecisionKind,
        reason: str,
        *,
        rule: str,
        team: int | None = None,
        player: int | None = None,
        evidence: Evidence = (),
        placements: tuple[Placement, ...] = (),
        cause: int | None = None,
        effects: tuple[Effect, ...] = (),
        award: Award | None = None,
        ended_match: bool = False,
        undid: tuple[int, ...] = (),
    ) -> int:
        """Take a decision and let its effects happen; its number."""
        number = self.state.decisions + 1
        self.state = replace(self.state, decisions=number)
        for effect in effects:
            self.state = applied(self.rules, self.state, effect, number)
        ruling = Ruling(
            number=number,
            kind=kind,
            team=team,
            cause=cause,
            effects=effects,
            award=award,
            ended_match=ended_match,
            undid=undid,
        )
        if ruling.matters:
            self.state = replace(self.state, rulings=(*self.state.rulings, ruling))
        self.decisions.append(
            Decision(
                number=number,
                kind=kind,
                time_s=self.observation.time_s,
                rule=rule,
                team=team,
                player=player,
                reason=reason,
                evidence=evidence,
                placements=placements,
                cause=cause,
                command=self.command,
            )
        )
        return number

    def enter(self, phase: GameState) -> None:
        """The phase begins now; its demand to stand still with it."""
        settle_s = self.rules.motion_settle_s
        still_from_s = None
        if phase is GameState.SET:
            still_from_s = self.observation.time_s + settle_s
        self.state = replace(
            self.state,
            phase=phase,
            phase_since_s=self.now_s,
            still_from_s=still_from_s,
            still=(),
        )

    def in_phase_s(self) -> float:
        """How long the phase has lasted."""
        assert self.state.phase_since_s is not None
        return self.now_s - self.state.phase_since_s

    def lasted(self, duration_s: float) -> bool:
        """Whether the phase has lasted so long."""
        return self.in_phase_s() >= duration_s - EPSILON_S

    def mark_ball(self, x_m: float, y_m: float) -> None:
        """The ball is there now and has just moved."""
        spot = (x_m, y_m)
        self.state = replace(
            self.state,
            ball_m=spot,
            ball_mark_m=spot,
            ball_mark_s=self.now_s,
            ball_still_m=spot,
            ball_still_s=self.now_s,
            ball_near_s=self.now_s,
        )

    def set_track(self, track: RobotTrack) -> None:
        """Remember this of its robot."""
        robots = tuple(
            track if old.robot == track.robot else old for old in self.state.robots
        )
        self.state = replace(self.state, robots=robots)

    def set_watch(self, robot: RobotId, watch: Watch) -> None:
        """Remember how this robot behaves."""
        self.set_track(replace(self.state.track(robot), watch=watch))

    def on_pitch(self) -> Iterable[tuple[RobotTrack, RobotObservation]]:
        """The robots that are seen and have not been removed, with their tracks."""
        seen = {robot.robot: robot for robot in self.observation.robots}
        for track in self.state.robots:
            if track.robot in seen and track.removed_since_s is None:
                yield track, seen[track.robot]

    def players(self) -> Iterable[tuple[RobotTrack, RobotObservation]]:
        """Those of them that may play."""
        return ((track, robot) for track, robot in self.on_pitch() if track.may_play)


def clock_words(clock_s: float) -> str:
    """Minutes, seconds and tenths, as "1:02.3"."""
    return f"{int(clock_s // 60)}:{clock_s % 60:04.1f}"
