"""The RoboCup GameController's vocabulary: states, penalties, teams, packets.

The bytes they travel in are `robot.contracts.game_control`'s matter.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from robot.contracts.errors import ContractError

PLAYER_SLOTS = 20


class GameState(IntEnum):
    """The referee's main state."""

    INITIAL = 0
    READY = 1
    SET = 2
    PLAYING = 3
    FINISHED = 4


class GamePhase(IntEnum):
    """What kind of play the state belongs to; a timeout is INITIAL with TIMEOUT."""

    NORMAL = 0
    PENALTY_SHOOT_OUT = 1
    EXTRA_TIME = 2
    TIMEOUT = 3


class SetPlay(IntEnum):
    """The set play under way. A kick-off has none: NONE with a kicking team."""

    NONE = 0
    DIRECT_FREE_KICK = 1
    INDIRECT_FREE_KICK = 2
    PENALTY_KICK = 3
    THROW_IN = 4
    GOAL_KICK = 5
    CORNER_KICK = 6


class CompetitionType(IntEnum):
    """The league's size class; the OP3 (0.51 m, 3.5 kg) is SMALL."""

    SMALL = 0
    MIDDLE = 1
    LARGE = 2


class TeamColour(IntEnum):
    """Jersey colours."""

    BLUE = 0
    RED = 1
    YELLOW = 2
    BLACK = 3
    WHITE = 4
    GREEN = 5
    ORANGE = 6
    PURPLE = 7
    BROWN = 8
    GRAY = 9


class Penalty(Enum):
    """Why a robot is out of play, by meaning: the codes differ between versions."""

    NONE = "none"
    ILLEGAL_POSITIONING = "illegal positioning"
    MOTION_IN_SET = "motion in set"
    MOTION_IN_STOP = "motion in stop"
    LOCAL_GAME_STUCK = "local game stuck"
    INCAPABLE_ROBOT = "incapable robot"
    PICK_UP = "pick-up"
    BALL_HOLDING = "ball holding"
    LEAVING_THE_FIELD = "leaving the field"
    PLAYING_WITH_ARMS_HANDS = "playing with arms or hands"
    PUSHING = "pushing"
    CAUTIONED = "cautioned"
    SENT_OFF = "sent off"
    SUBSTITUTE = "substitute"


PENALTY_CODES: dict[int, tuple[Penalty, ...]] = {
    20: tuple(Penalty),
    19: tuple(
        penalty
        for penalty in Penalty
        if penalty not in (Penalty.MOTION_IN_STOP, Penalty.CAUTIONED)
    ),
}
"""Per version, the penalties in the order of their codes (a code is an index)."""


@dataclass(frozen=True, kw_only=True)
class PlayerInfo:
    """One jersey number's standing.

    Attributes:
        penalty: not NONE means the robot must not play.
        secs_till_unpenalised: may read 0 while the penalty still holds: the operator
            ends a penalty, not this clock.
        cautions: yellow cards.
        warnings: exists in v19 only; v20 has no room for it.
    """

    penalty: Penalty = Penalty.NONE
    secs_till_unpenalised: int = 0
    cautions: int = 0
    warnings: int = 0


@dataclass(frozen=True, kw_only=True)
class TeamInfo:
    """One team. `players` has 20 entries; jersey number n is `players[n - 1]`.

    Attributes:
        goalkeeper: jersey number, 0 for none.
        single_shots: bit i is set if penalty shot i scored.
        message_budget: team messages still allowed.
    """

    team_number: int
    field_player_colour: TeamColour
    goalkeeper_colour: TeamColour
    goalkeeper: int = 0
    score: int = 0
    penalty_shot: int = 0
    single_shots: int = 0
    message_budget: int = 0
    players: tuple[PlayerInfo, ...] = (PlayerInfo(),) * PLAYER_SLOTS


@dataclass(frozen=True, kw_only=True)
class GameControl:
    """One control packet.

    Attributes:
        stopped: play is stopped.
        kicking_team: team number, or None for a dropped ball.
        secs_remaining: of the half; may be negative.
        secondary_time: of READY, a set play or a break [s]; may be negative.
        teams: teams[0] defends the left goal, so the order changes with the side: look
            a team up with `team`.
    """

    version: int = 20
    packet_number: int
    players_per_team: int
    competition_type: CompetitionType = CompetitionType.SMALL
    stopped: bool = False
    game_phase: GamePhase = GamePhase.NORMAL
    state: GameState
    set_play: SetPlay = SetPlay.NONE
    first_half: bool = True
    kicking_team: int | None
    secs_remaining: int
    secondary_time: int = 0
    teams: tuple[TeamInfo, TeamInfo]

    def team(self, team_number: int) -> TeamInfo:
        """The team with that number.

        Raises:
            ContractError: the packet is about other teams.
        """
        for team in self.teams:
            if team.team_number == team_number:
                return team
        found = ", ".join(str(team.team_number) for team in self.teams)
        raise ContractError(
            "control packet", [f"expected team {team_number}, found teams {found}"]
        )


@dataclass(frozen=True, kw_only=True)
class RobotStatus:
    """What a robot tells the GameController, at 0.5 to 2 Hz.

    Attributes:
        player: jersey number, 1 to 20.
        team: team number.
        fallen: or otherwise unable to play.
        pose_mm_rad: x, y [mm] from the centre and yaw [rad]; +x points at the goal
            the robot attacks.
        ball_age_s: since the ball was last seen; -1 if never.
        ball_mm: x, y of the ball in the robot's frame (x forward, y left).
    """

    player: int
    team: int
    fallen: bool
    pose_mm_rad: tuple[float, float, float]
    ball_age_s: float
    ball_mm: tuple[float, float]
