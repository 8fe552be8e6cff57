"""When a match was really played, and which way the teams attacked then."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from match.state import MatchState
from robot.contracts.game_control import GameState


@dataclass(frozen=True, kw_only=True)
class Span:
    """Play without a break; home attacks +x, or not."""

    begin_s: float
    end_s: float
    home_attacks_right: bool


class SpanLog:
    """Collects the spans of one match."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._open = False

    def add(self, time_s: float, state: MatchState) -> None:
        """Take in the state at one time."""
        playing = state.phase is GameState.PLAYING and not state.stopped
        right = state.forward(state.teams[0].number) > 0
        if playing and self._open and self._spans[-1].home_attacks_right == right:
            self._spans[-1] = replace(self._spans[-1], end_s=time_s)
        elif playing:
            span = Span(begin_s=time_s, end_s=time_s, home_attacks_right=right)
            self._spans.append(span)
        self._open = playing

    def spans(self) -> tuple[Span, ...]:
        """All so far, in order."""
        return tuple(self._spans)


def times_of(
    spans: Iterable[Span], *, home_attacks_right: bool
) -> list[tuple[float, float]]:
    """(from, to) of the spans with that direction of play."""
    return [
        (span.begin_s, span.end_s)
        for span in spans
        if span.home_attacks_right == home_attacks_right
    ]
