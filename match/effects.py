"""What a decision did to the match, so that it can be undone and done again."""

from dataclasses import dataclass

from match.decisions import DecisionKind
from match.observation import RobotId
from match.restart import RestartKind
from robot.contracts.game_control import Penalty


@dataclass(frozen=True, kw_only=True)
class ScoreEffect:
    """Goals for `team`; negative numbers take some away."""

    team: int
    goals: int = 1


@dataclass(frozen=True, kw_only=True)
class PenaltyEffect:
    """`robot` is penalised.

    Attributes:
        counted: makes the team's later penalties longer.
    """

    robot: RobotId
    penalty: Penalty
    counted: bool = False


@dataclass(frozen=True, kw_only=True)
class CardEffect:
    """`robot` gets cautions and warnings; negative numbers take some away."""

    robot: RobotId
    cautions: int = 0
    warnings: int = 0


@dataclass(frozen=True, kw_only=True)
class ShotEffect:
    """`team` has scored (or missed) its shot number `index` (from 0) of a shoot-out."""

    team: int
    index: int
    scored: bool


@dataclass(frozen=True, kw_only=True)
class VoidEffect:
    """No later goal of `team` counts."""

    team: int


Effect = ScoreEffect | VoidEffect | PenaltyEffect | CardEffect | ShotEffect


@dataclass(frozen=True, kw_only=True)
class Award:
    """The restart a decision gave."""

    kind: RestartKind
    team: int | None
    spot_m: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A decision that can be overruled.

    Attributes:
        number, kind, team: of the decision.
        cause: number of the decision it followed from, None for none.
        effects: what it did.
        award: the restart it gave, if any.
        ended_match: it was the end, and not because the time was up.
        undone_by: number of the decision that overruled it, None while it holds.
        undid: numbers of the decisions it overruled itself.
    """

    number: int
    kind: DecisionKind
    team: int | None = None
    cause: int | None = None
    effects: tuple[Effect, ...] = ()
    award: Award | None = None
    ended_match: bool = False
    undone_by: int | None = None
    undid: tuple[int, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether there is anything to undo."""
        changed = bool(self.effects or self.undid or self.ended_match)
        return changed or self.award is not None or self.kind is DecisionKind.NO_GOAL
