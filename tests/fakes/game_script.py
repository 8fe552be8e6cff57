"""A game of many changes, minute by minute, and what robots have to hear of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from robot.contracts.game_control import GameControl, GameState, Penalty
from tests.fakes.game_packets import game, with_player, with_team

WHISTLE_DELAY_S = 10.0
CHANGES_PER_MINUTE = 9

Heard = tuple[str, int | None, int | None, object]
"""Kind of a change, team, player and the new value."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of the game.

    Attributes:
        time_s: when the truth changes.
        apply: the truth after it.
        heard: by every robot, at `heard_s`.
    """

    time_s: float
    apply: Callable[[GameControl], GameControl]
    heard: tuple[Heard, ...]
    heard_s: float


def start() -> GameControl:
    """INITIAL, before team 1's kick-off."""
    return game(GameState.INITIAL)


def script(minutes: int) -> tuple[Event, ...]:
    """Every minute a kick-off, a penalty in SET, a stop, a return and a goal."""
    goals = {1: 0, 2: 0}
    events: list[Event] = []
    for minute in range(minutes):
        scorer = 1 + minute % 2
        goals[scorer] += 1
        events += _minute(60.0 * minute, 1 + minute % 4, scorer, goals[scorer])
    return tuple(events)


def _minute(start_s: float, robot: int, scorer: int, score: int) -> list[Event]:
    other = 3 - scorer

    def at(
        after_s: float,
        apply: Callable[[GameControl], GameControl],
        *heard: Heard,
        delay_s: float = 0.0,
    ) -> Event:
        time_s = start_s + after_s
        return Event(time_s=time_s, apply=apply, heard=heard, heard_s=time_s + delay_s)

    return [
        at(1.0, _state(GameState.READY), ("state", None, None, "ready")),
        at(20.0, _state(GameState.SET), ("state", None, None, "set")),
        at(
            22.0,
            _state(GameState.PLAYING),
            ("state", None, None, "playing"),
            delay_s=WHISTLE_DELAY_S,
        ),
        at(  # while robots still see SET
            25.3,
            lambda control: with_player(control, 1, robot, penalty=Penalty.PUSHING),
            ("penalty", 1, robot, "pushing"),
        ),
        at(40.1, _stopped(True), ("stopped", None, None, True)),
        at(40.3, _stopped(False), ("stopped", None, None, False)),
        at(
            45.0,
            lambda control: with_player(control, 1, robot, penalty=Penalty.NONE),
            ("penalty", 1, robot, "none"),
        ),
        at(
            50.0,
            lambda control: with_team(
                replace(control, kicking_team=other), scorer, score=score
            ),
            ("kicking team", None, None, other),
            ("score", scorer, None, score),
        ),
    ]


def _state(state: GameState) -> Callable[[GameControl], GameControl]:
    return lambda control: replace(control, state=state)


def _stopped(stopped: bool) -> Callable[[GameControl], GameControl]:
    return lambda control: replace(control, stopped=stopped)
