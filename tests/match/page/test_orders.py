"""From the page's words to orders."""

import pytest

from match.commands import (
    AwardGoal,
    AwardKick,
    Command,
    DropBall,
    Finish,
    GoTo,
    Overrule,
    Penalize,
    RequestPickUp,
    ResumePlay,
    ShowCard,
    Start,
    StopPlay,
    TakeTimeOut,
    Unpenalize,
)
from match.decisions import Decision, DecisionKind
from match.effects import Ruling
from match.page import orders
from match.restart import RestartKind
from match.teams import Team
from robot.contracts.game_control import GameState, Penalty, PlayerInfo, TeamColour
from tests.match.page.views import AWAY, HOME, control, team_info, view

BY = "page client 3"


@pytest.mark.parametrize(
    ("word", "kind"), [("Start", Start), ("Stop", StopPlay), ("Resume", ResumePlay)]
)
def test_play(word: str, kind: type[Command]) -> None:
    order = orders.play_order(word, BY)
    assert isinstance(order, kind)
    assert order.by == BY


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (GameState.INITIAL, GameState.READY),
        (GameState.READY, GameState.SET),
        (GameState.SET, GameState.PLAYING),
    ],
)
def test_next_phase_is_the_one_after_the_present(
    now: GameState, then: GameState
) -> None:
    order = orders.flow_order("Next phase", BY, now)
    assert isinstance(order, GoTo)
    assert order.phase is then


def test_flow() -> None:
    assert orders.flow_order("Next phase", BY, GameState.PLAYING) is None
    assert isinstance(orders.flow_order("Drop ball", BY, GameState.PLAYING), DropBall)
    assert isinstance(orders.flow_order("Finish", BY, GameState.PLAYING), Finish)


def test_robot() -> None:
    order = orders.robot_order("Penalize", BY, (2, 3), "ball holding")
    assert isinstance(order, Penalize)
    assert (order.team, order.player, order.penalty) == (2, 3, Penalty.BALL_HOLDING)
    order = orders.robot_order("Return", BY, (2, 3), "")
    assert isinstance(order, Unpenalize)
    assert (order.team, order.player) == (2, 3)
    assert isinstance(orders.robot_order("Pick up", BY, (2, 3), ""), RequestPickUp)
    assert orders.robot_order("Penalize", BY, None, "pushing") is None


def test_no_penalty_that_only_cards_and_substitutions_give() -> None:
    for word in ("none", "sent off", "substitute", "cautioned", "nonsense"):
        assert orders.robot_order("Penalize", BY, (1, 1), word) is None


def test_cards() -> None:
    order = orders.card_order("Yellow", BY, (1, 2))
    assert isinstance(order, ShowCard)
    assert (order.team, order.player, order.card) == (1, 2, "yellow")
    assert orders.card_order("Green", BY, (1, 2)) is None
    assert orders.card_order("Red", BY, None) is None


def test_team() -> None:
    goal = orders.team_order("Goal", BY, 2, "corner kick")
    assert isinstance(goal, AwardGoal)
    assert goal.team == 2
    kick = orders.team_order("Kick", BY, 1, "corner kick")
    assert isinstance(kick, AwardKick)
    assert (kick.team, kick.kick) == (1, RestartKind.CORNER_KICK)
    assert orders.team_order("Kick", BY, 1, "dropped ball") is None
    assert isinstance(orders.team_order("Time-out", BY, 1, ""), TakeTimeOut)
    assert orders.team_order("Goal", BY, None, "") is None


def test_ids_differ() -> None:
    ids = {order.id for _ in range(50) if (order := orders.play_order("Stop", BY))}
    assert len(ids) == 50


def test_robots_of_both_teams_without_substitutes() -> None:
    snapshot = view(
        control=control(
            team_info(HOME, players={2: PlayerInfo(penalty=Penalty.SENT_OFF)}),
            team_info(AWAY, players={2: PlayerInfo(penalty=Penalty.SUBSTITUTE)}),
        )
    )
    assert orders.robot_choices(snapshot) == {
        "learned 1": (1, 1),
        "learned 2": (1, 2),
        "scripted 1": (2, 1),
    }


def test_teams_of_one_name_are_told_apart() -> None:
    twin = Team(number=2, name="learned", colour=TeamColour.RED)
    snapshot = view(
        teams=(HOME, twin), control=control(team_info(HOME), team_info(twin))
    )
    assert orders.team_choices(snapshot) == {
        "learned (team 1)": 1,
        "learned (team 2)": 2,
    }


def test_rulings_that_hold_newest_first() -> None:
    decisions = tuple(
        Decision(number=n, kind=DecisionKind.GOAL, time_s=10.0 * n, reason="")
        for n in range(1, 5)
    )
    rulings = (
        Ruling(number=1, kind=DecisionKind.GOAL),
        Ruling(number=2, kind=DecisionKind.GOAL, undone_by=4),
        Ruling(number=3, kind=DecisionKind.GOAL),
    )
    snapshot = view(decisions=decisions, rulings=rulings)
    assert list(orders.ruling_choices(snapshot).items()) == [
        ("#3 goal, 30 s", 3),
        ("#1 goal, 10 s", 1),
    ]
    order = orders.overrule_order(BY, 3)
    assert isinstance(order, Overrule)
    assert order.decision == 3
    assert orders.overrule_order(BY, None) is None
