"""What the referee decides, why, and the work it makes for the stage hands."""

from dataclasses import dataclass
from enum import Enum

from robot.contracts.game_control import Penalty


class DecisionKind(Enum):
    """What the referee decided."""

    READY = "ready"
    SET = "set"
    PLAYING = "playing"
    BALL_IN_PLAY = "ball in play"
    GOAL = "goal"
    NO_GOAL = "goal not allowed"
    GOALS_VOID = "goals void"
    BALL_OUT = "ball out"
    BALL_STUCK = "ball stuck"
    THROW_IN = "throw-in"
    GOAL_KICK = "goal kick"
    CORNER_KICK = "corner kick"
    DIRECT_FREE_KICK = "direct free kick"
    INDIRECT_FREE_KICK = "indirect free kick"
    PENALTY_KICK = "penalty kick"
    INCAPABLE = "incapable robot"
    ILLEGAL_POSITIONING = "illegal positioning"
    MOTION_IN_SET = "motion in set"
    MOTION_IN_STOP = "motion in stop"
    LOCAL_GAME_STUCK = "local game stuck"
    PICK_UP = "pick-up"
    BALL_HOLDING = "ball holding"
    LEAVING_THE_FIELD = "leaving the field"
    PLAYING_WITH_ARMS_HANDS = "playing with arms or hands"
    PUSHING = "pushing"
    WARNING = "warning"
    CAUTION = "caution"
    CAUTIONED = "cautioned"
    SENT_OFF = "sent off"
    SUBSTITUTE = "substitute"
    RETURN = "robot returns"
    STOPPED = "play stopped"
    RESUMED = "play resumed"
    TIME_OUT = "time-out"
    ADDED_TIME = "added time"
    HALF_TIME = "half-time"
    EXTRA_TIME = "extra time"
    SHOOT_OUT = "penalty shoot-out"
    SHOT = "penalty shot"
    FINISHED = "finished"
    OVERRULED = "overruled"
    REFUSED = "order refused"


def kind_of(penalty: Penalty) -> DecisionKind:
    """The decision that gives this penalty."""
    return DecisionKind(penalty.value)


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

Evidence = tuple[tuple[str, float], ...]
"""The numbers that decided: name with unit, value."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision and the work it makes for the stage hands.

    Attributes:
        number: counts up from 1 through a match; who carries decisions out can skip
            those done before.
        rule: name of the rule that decided.
        team, player: whom it concerns, None where nobody in particular.
        reason: in words, with the numbers that decided.
        evidence: those numbers.
        placements: to be carried out before the next observation.
        cause: number of the decision this one follows from; None for none.
        command: id of the order it carries out; empty for the referee's own.
    """

    number: int
    kind: DecisionKind
    time_s: float
    rule: str = ""
    team: int | None = None
    player: int | None = None
    reason: str
    evidence: Evidence = ()
    placements: tuple[Placement, ...] = ()
    cause: int | None = None
    command: str = ""
