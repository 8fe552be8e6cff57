"""The state of a match between two observations."""

from dataclasses import dataclass
from dataclasses import field as field_default
from enum import Enum

from match.decisions import (
    BallPlacement,
    Decision,
    DecisionKind,
    Evidence,
    Placement,
    RobotPlacement,
)
from match.effects import Ruling
from match.observation import RobotId
from match.restart import Restart
from match.teams import Team, Teams, require_teams, team_faults
from match.touches import Touches
from match.tracks import RobotTrack
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState

__all__ = [
    "BallPlacement",
    "ContactEpisode",
    "Decision",
    "DecisionKind",
    "Evidence",
    "MatchState",
    "Period",
    "Placement",
    "RobotPlacement",
    "RobotTrack",
    "ShootOut",
    "Team",
    "Teams",
    "TimeOut",
    "require_teams",
    "team_faults",
]


class Period(Enum):
    """Parts of a match, in their order."""

    FIRST_HALF = "first half"
    SECOND_HALF = "second half"
    FIRST_EXTRA = "first half of extra time"
    SECOND_EXTRA = "second half of extra time"
    SHOOT_OUT = "penalty shoot-out"


@dataclass(frozen=True, kw_only=True)
class TimeOut:
    """A time-out being taken; `team` None for the referee's."""

    team: int | None


@dataclass(frozen=True, kw_only=True)
class ShootOut:
    """A penalty shoot-out.

    Attributes:
        shots: of teams[0] and teams[1], True for a goal.
        striker, keeper: of the shot that is coming or on.
    """

    shots: tuple[tuple[bool, ...], tuple[bool, ...]] = ((), ())
    striker: RobotId | None = None
    keeper: RobotId | None = None


@dataclass(frozen=True, kw_only=True)
class ContactEpisode:
    """Two robots in contact, short breaks left out; times on the running clock."""

    robots: tuple[RobotId, RobotId]
    begun_s: float
    last_s: float


Still = tuple[RobotId, float, float, float]
"""A robot that must not move, and its x, y and yaw when it had to stand."""


@dataclass(frozen=True, kw_only=True)
class MatchState:
    """Everything the referee knows between two observations.

    Attributes:
        time_s: of the latest observation, None before the first.
        running_s: the running clock: `time_s` less all the time that play was stopped.
            All times called since, begun or last are on it.
        phase_since_s: when `phase` began, None before the first observation.
        wait_s: how long INITIAL lasts; None: until the start is ordered.
        clock_s: of the period, on the match clock; 0 before its first kick-off.
        added_s: to the period, for time lost.
        left_team: number of the team that defends the left goal (-x) now.
        restart: that is coming, on, or was the last one.
        ball_in_play: since that restart.
        ball_m: where the ball was last seen.
        ball_mark_m, ball_mark_s: where and when it last was seen to move away, for the
            rules about balls at rest.
        ball_still_m, ball_still_s: the same for the finer question whether it rolls.
        ball_near_s: when a robot was last near the ball.
        stopped: by an order, for safety; clocks stand.
        still_from_s: from then on robots must not move, on the observations' clock;
            None while they may.
        still: where they stood then; empty before.
        last_foul_s: on the running clock.
        score: of teams[0] and teams[1]; without the shots of a shoot-out.
        voided: numbers of teams whose goals do not count.
        counted_penalties: of teams[0] and teams[1], that make later ones longer.
        time_outs_taken: of teams[0] and teams[1].
        decisions: how many have been taken.
        rulings: those that can be overruled.
        commands: ids of all orders that were given.
    """

    field: FieldSpec
    teams: Teams
    phase: GameState = GameState.INITIAL
    period: Period = Period.FIRST_HALF
    time_s: float | None = None
    running_s: float = 0.0
    phase_since_s: float | None = None
    wait_s: float | None = 0.0
    clock_s: float = 0.0
    clock_started: bool = False
    added_s: float = 0.0
    left_team: int
    restart: Restart
    ball_in_play: bool = False
    ball_m: tuple[float, float] = (0.0, 0.0)
    ball_mark_m: tuple[float, float] = (0.0, 0.0)
    ball_mark_s: float = 0.0
    ball_still_m: tuple[float, float] = (0.0, 0.0)
    ball_still_s: float = 0.0
    ball_near_s: float = 0.0
    stopped: bool = False
    still_from_s: float | None = None
    still: tuple[Still, ...] = ()
    last_foul_s: float = float("-inf")
    score: tuple[int, int] = (0, 0)
    voided: tuple[int, ...] = ()
    counted_penalties: tuple[int, int] = (0, 0)
    time_outs_taken: tuple[int, int] = (0, 0)
    time_out: TimeOut | None = None
    shoot_out: ShootOut | None = None
    robots: tuple[RobotTrack, ...]
    touches: Touches = field_default(default_factory=Touches)
    contacts: tuple[ContactEpisode, ...] = ()
    decisions: int = 0
    rulings: tuple[Ruling, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def kicking_team(self) -> int | None:
        """Whose restart is coming, on, or was the last; None for a dropped ball."""
        return self.restart.team

    def team(self, number: int) -> Team:
        return self.teams[self.index(number)]

    def index(self, team: int) -> int:
        """0 for the home team, 1 for the other: the place in `teams` and `score`."""
        return 0 if team == self.teams[0].number else 1

    def side(self, team: int) -> int:
        """0 for the team that defends the left goal now, 1 for the other."""
        return 0 if team == self.left_team else 1

    def forward(self, team: int) -> int:
        """1 for the team that attacks toward +x now, -1 for the other."""
        return 1 if team == self.left_team else -1

    def opponent(self, team: int) -> int:
        return self.teams[1 - self.index(team)].number

    def track(self, robot: RobotId) -> RobotTrack:
        return next(track for track in self.robots if track.robot == robot)
