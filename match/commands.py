"""Orders from people to the referee: buttons of a page, keys, a script.

An order is carried out once: one that comes again with the same id does nothing, so it
may be sent until it shows in a decision. An order that cannot be carried out is refused
in a decision that says why.
"""

from dataclasses import dataclass
from typing import Literal

from match.errors import MatchError
from match.restart import RestartKind
from robot.contracts.game_control import GameState, Penalty

CardColour = Literal["warning", "yellow", "red"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Any order.

    Attributes:
        id: chosen by who gives the order, different for every one of a match.
        by: who gave it, for the record.
    """

    id: str
    by: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            raise MatchError("order", ["id: expected a word, found none; make one up"])


@dataclass(frozen=True, kw_only=True)
class Start(Command):
    """End INITIAL, a break or a time-out now: READY."""


@dataclass(frozen=True, kw_only=True)
class GoTo(Command):
    """End the present phase now: READY, SET or PLAYING, whichever comes next."""

    phase: GameState


@dataclass(frozen=True, kw_only=True)
class StopPlay(Command):
    """Everybody stands still; clocks stand too."""


@dataclass(frozen=True, kw_only=True)
class ResumePlay(Command):
    """Play goes on as it was stopped, the ball where it was."""


@dataclass(frozen=True, kw_only=True)
class Penalize(Command):
    """Give a player a penalty."""

    team: int
    player: int
    penalty: Penalty


@dataclass(frozen=True, kw_only=True)
class Unpenalize(Command):
    """End a player's penalty now; it still counts for the team."""

    team: int
    player: int


@dataclass(frozen=True, kw_only=True)
class RequestPickUp(Command):
    """A robot is taken off at its team's request."""

    team: int
    player: int


@dataclass(frozen=True, kw_only=True)
class ShowCard(Command):
    """Warn, caution or send off a player."""

    team: int
    player: int
    card: CardColour


@dataclass(frozen=True, kw_only=True)
class Substitute(Command):
    """`player_in` comes in for `player_out`, with its cautions and its penalty."""

    team: int
    player_out: int
    player_in: int


@dataclass(frozen=True, kw_only=True)
class AwardGoal(Command):
    """A goal for `team` that the referee did not see."""

    team: int
    player: int | None = None


@dataclass(frozen=True, kw_only=True)
class VoidGoals(Command):
    """No goal of `team` counts, neither those it has nor later ones (rules 2026: a team
    that sends more messages than it may)."""

    team: int
    why: str = "ordered"


@dataclass(frozen=True, kw_only=True)
class AwardKick(Command):
    """Stop play and restart it so.

    Attributes:
        team: who takes it.
        spot_m: x, y of the ball where the kind leaves a choice; None: where it is.
    """

    team: int
    kick: RestartKind
    spot_m: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class DropBall(Command):
    """Stop play and drop the ball."""


@dataclass(frozen=True, kw_only=True)
class TakeTimeOut(Command):
    """A time-out for `team`; None for the referee's own."""

    team: int | None = None


@dataclass(frozen=True, kw_only=True)
class AddTime(Command):
    """Make the present period longer, for time lost."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Overrule(Command):
    """Undo a decision and what followed from it; see `match.officials.rulings`."""

    decision: int


@dataclass(frozen=True, kw_only=True)
class Finish(Command):
    """End the match now."""
