"""The referee's values: teams, state and decisions."""

from dataclasses import dataclass
from dataclasses import field as field_default
from enum import Enum

from match.errors import MatchError
from match.observation import RobotId
from match.touches import Touches
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import PLAYER_SLOTS, GameState, TeamColour


@dataclass(frozen=True, kw_only=True)
class Team:
    """One side of a match.

    Attributes:
        number: as the robots have it configured, 1 to 254.
        players: jersey numbers.
    """

    number: int
    name: str
    colour: TeamColour
    goalkeeper_colour: TeamColour = TeamColour.BLACK
    players: tuple[int, ...] = (1,)


Teams = tuple[Team, Team]
"""teams[0] is home: it defends the left goal (-x) and attacks +x."""


class DecisionKind(Enum):
    """What the referee decided."""

    READY = "ready"
    SET = "set"
    PLAYING = "playing"
    BALL_IN_PLAY = "ball in play"
    GOAL = "goal"
    BALL_OUT = "ball out"
    BALL_STUCK = "ball stuck"
    INCAPABLE = "incapable robot"
    RETURN = "robot returns"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class BallPlacement:
    """Put the ball at rest here."""

    x_m: float
    y_m: float


@dataclass(frozen=True, kw_only=True)
class RobotPlacement:
    """Put this robot here, standing."""

    team: int
    player: int
    x_m: float
    y_m: float
    yaw_rad: float


Placement = BallPlacement | RobotPlacement


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision and the work it makes for the stage hands.

    Attributes:
        number: counts up from 1 through a match; who carries decisions out can skip
            those done before.
        team, player: whom it concerns, None where nobody in particular.
        reason: in words, with the numbers that decided.
        placements: to be carried out before the next observation.
    """

    number: int
    kind: DecisionKind
    time_s: float
    team: int | None = None
    player: int | None = None
    reason: str
    placements: tuple[Placement, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RobotTrack:
    """What the referee remembers of one robot.

    Attributes:
        fallen_since_s: None while it stands or is off the pitch.
        removed_since_s: when it was called incapable, None while it may play.
    """

    team: int
    player: int
    fallen_since_s: float | None = None
    removed_since_s: float | None = None

    @property
    def robot(self) -> RobotId:
        return self.team, self.player


@dataclass(frozen=True, kw_only=True)
class MatchState:
    """Everything the referee knows between two observations.

    Attributes:
        time_s: of the latest observation, None before the first.
        phase_since_s: when `phase` began, None before the first observation.
        clock_s: on the match clock, 0 before the first kick-off.
        kick_off_team: whose kick-off is coming or on; None for a dropped ball.
        ball_in_play: since the latest restart.
        ball_mark_m, ball_mark_s: where and when the ball last was seen to move away,
            for the 5 cm rules.
        score: of teams[0] and teams[1].
        decisions: how many have been taken.
    """

    field: FieldSpec
    teams: Teams
    phase: GameState = GameState.INITIAL
    time_s: float | None = None
    phase_since_s: float | None = None
    clock_s: float = 0.0
    clock_started: bool = False
    kick_off_team: int | None
    ball_in_play: bool = False
    ball_mark_m: tuple[float, float] = (0.0, 0.0)
    ball_mark_s: float = 0.0
    score: tuple[int, int] = (0, 0)
    robots: tuple[RobotTrack, ...]
    touches: Touches = field_default(default_factory=Touches)
    decisions: int = 0

    def side(self, team: int) -> int:
        """0 for the team that defends the left goal, 1 for the other."""
        return 0 if team == self.teams[0].number else 1

    def opponent(self, team: int) -> int:
        return self.teams[1 - self.side(team)].number


def team_faults(teams: Teams) -> list[str]:
    """What is wrong with a pair of teams, in words."""
    faults = []
    if teams[0].number == teams[1].number:
        faults.append(f"expected two team numbers, found {teams[0].number} twice")
    for team in teams:
        if not 1 <= team.number <= 254:
            faults.append(f"team number: expected 1 to 254, found {team.number}")
        legal = all(1 <= player <= PLAYER_SLOTS for player in team.players)
        if not team.players or not legal or len(set(team.players)) < len(team.players):
            faults.append(
                f"team {team.number}: expected different jersey numbers from 1 to "
                f"{PLAYER_SLOTS}, found {team.players}"
            )
    return faults


def require_teams(teams: Teams) -> None:
    """Raise MatchError unless the two teams can play each other."""
    faults = team_faults(teams)
    if faults:
        raise MatchError("teams of a match", faults)
