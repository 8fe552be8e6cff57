"""Scenes with people: orders, refusals, cards, overruling."""

import pytest

from match.commands import (
    AwardGoal,
    AwardKick,
    DropBall,
    Finish,
    GoTo,
    Overrule,
    Penalize,
    RequestPickUp,
    ShowCard,
    Start,
    StopPlay,
    Substitute,
    Unpenalize,
    VoidGoals,
)
from match.errors import MatchError
from match.restart import RestartKind
from robot.contracts.game_control import GameState, Penalty
from tests.match.staged import AWAY, HOME, Staged, team


def test_an_order_that_comes_again_does_nothing():
    match = Staged().in_play()
    goal = AwardGoal(id="once", team=HOME)
    match.look(goal, goal).look(goal)
    assert match.score == (1, 0)
    assert match.said() == ["goal", "ready"]


def test_a_decision_names_the_order_it_carries_out():
    match = Staged().in_play().look(AwardGoal(id="x1", team=HOME))
    assert [d.command for d in match.decisions[-2:]] == ["x1", "x1"]


def test_an_order_needs_an_id():
    with pytest.raises(MatchError, match="id: expected a word"):
        Start(id="")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Start(id="a"), "expected INITIAL, found PLAYING"),
        (GoTo(id="a", phase=GameState.SET), "SET does not come after PLAYING"),
        (Penalize(id="a", team=7, player=1, penalty=Penalty.PUSHING), r"found (7, 1)"),
        (AwardGoal(id="a", team=7), "expected a team of [1, 2], found 7"),
        (Overrule(id="a", decision=99), "found number 99"),
        (
            Substitute(id="a", team=1, player_out=2, player_in=3),
            "expected a substitute",
        ),
    ],
)
def test_an_impossible_order_is_refused_with_its_reason(command, why):
    match = Staged().in_play().look(command)
    assert match.said() == ["order refused"]
    assert why in match.last.reason


def test_no_order_but_overruling_after_the_end():
    match = Staged().in_play().order(Finish).order(StopPlay)
    assert match.said() == ["finished", "order refused"]


def test_an_ordered_drop_ball_restarts_at_the_centre():
    match = Staged().in_play(2.0, 1.0).order(DropBall)
    assert match.said() == ["ready"]
    match.set()
    assert match.ball_m == (0.0, 0.0)


@pytest.mark.parametrize(
    ("kick", "spot"),
    [
        (RestartKind.CORNER_KICK, (4.5, -3.0)),
        (RestartKind.GOAL_KICK, (-3.5, -1.5)),
        (RestartKind.DIRECT_FREE_KICK, (1.0, -1.0)),
        (RestartKind.INDIRECT_FREE_KICK, (1.0, -1.0)),
    ],
)
def test_an_ordered_kick_is_taken_from_its_spot(kick, spot):
    match = Staged().in_play(1.0, -1.0).order(AwardKick, team=HOME, kick=kick)
    assert match.said() == [kick.value]
    assert match.ball_m == spot


def test_a_picked_up_robot_is_out():
    match = Staged().in_play().order(RequestPickUp, team=HOME, player=4)
    assert match.said() == ["pick-up"]
    assert match.state.counted_penalties == (1, 0)


def test_two_warnings_are_a_caution():
    match = Staged().in_play()
    for _ in range(2):
        match.order(ShowCard, team=HOME, player=2, card="warning")
    assert match.said() == ["warning", "warning", "caution"]
    assert match.track(HOME, 2).cautions == 1


def test_a_yellow_card_takes_the_player_off_for_a_while():
    match = Staged().in_play().order(ShowCard, team=HOME, player=2, card="yellow")
    assert match.said() == ["caution", "cautioned"]
    assert match.penalty(HOME, 2) is Penalty.CAUTIONED


def test_a_red_card_takes_the_player_off_for_good():
    match = Staged().in_play().order(ShowCard, team=HOME, player=2, card="red")
    assert match.penalty(HOME, 2) is Penalty.SENT_OFF
    match.order(Substitute, team=HOME, player_out=2, player_in=3)
    assert match.last.kind.value == "order refused"


def with_substitute():
    match = Staged(home=team(HOME, substitutes=(5,))).in_play()
    assert match.penalty(HOME, 5) is Penalty.SUBSTITUTE
    return match


def test_a_substitute_takes_over_cautions_and_penalty():
    match = with_substitute().order(ShowCard, team=HOME, player=2, card="yellow")
    match.order(Substitute, team=HOME, player_out=2, player_in=5)
    assert match.track(HOME, 5).cautions == 1
    assert match.penalty(HOME, 5) is Penalty.CAUTIONED
    assert match.penalty(HOME, 2) is Penalty.SUBSTITUTE


def test_an_overruled_goal_is_taken_back_with_its_kick_off():
    match = Staged().in_play().touch(HOME, 3).ball(4.6, 0.0).look()
    number = match.decision("goal").number
    match.said()
    match.order(Overrule, decision=number)
    assert match.score == (0, 0)
    assert match.said() == ["overruled", "ready"]
    assert match.state.kicking_team is None  # dropped ball


def test_a_goal_overruled_after_its_kick_off_changes_only_the_score():
    match = Staged().in_play().ball(4.6, 0.0).look()
    number = match.decision("goal").number
    match.set().whistle().touch(AWAY, 2).ball(0.5, 0.5).look().said()
    match.order(Overrule, decision=number)
    assert match.score == (0, 0)
    assert (match.said(), match.phase) == (["overruled"], GameState.PLAYING)


def test_an_overruling_can_be_undone():
    match = Staged().in_play().ball(4.6, 0.0).look()
    match.order(Overrule, decision=match.decision("goal").number)
    match.order(Overrule, decision=match.decision("overruled").number)
    assert match.score == (1, 0)


def test_a_decision_is_overruled_once():
    match = Staged().in_play().ball(4.6, 0.0).look()
    number = match.decision("goal").number
    match.order(Overrule, decision=number).order(Overrule, decision=number)
    assert match.last.kind.value == "order refused"
    assert match.score == (0, 0)


def test_a_goal_not_allowed_can_be_allowed():
    match = Staged().kick_off().touch(HOME, 2).ball(4.6, 0.1).look()
    match.order(Overrule, decision=match.decision("goal not allowed").number)
    assert match.score == (1, 0)
    assert match.state.kicking_team == AWAY


def test_an_overruled_penalty_ends_and_no_longer_counts():
    match = Staged().in_play().order(RequestPickUp, team=HOME, player=4)
    match.order(Overrule, decision=match.last.number)
    assert match.penalty(HOME, 4) is Penalty.NONE
    assert match.state.counted_penalties == (0, 0)


def test_an_overruled_foul_takes_its_card_and_its_free_kick_along():
    match = Staged().in_play(1.0, -1.0)
    match.put(HOME, 3, 0.8, -1.0, touching_ball=True, hand_on_ball=True).look()
    match.robot(HOME, 3, touching_ball=False, hand_on_ball=False)
    match.put(HOME, 3, -2.0, 2.0)
    foul = match.decision("playing with arms or hands")
    match.said()
    match.order(Overrule, decision=foul.number)
    assert match.track(HOME, 3).warnings == 0
    assert match.penalty(HOME, 3) is Penalty.NONE
    assert match.said() == ["overruled", "ready"]


def test_an_overruled_mercy_goal_lets_the_match_go_on():
    match = Staged(mercy_goals=1).in_play().ball(4.6, 0.0).look()
    assert match.phase is GameState.FINISHED
    match.order(Overrule, decision=match.decision("goal").number)
    assert match.phase is GameState.READY
    assert match.score == (0, 0)


def test_void_goals_are_gone_and_later_ones_do_not_count():
    match = Staged().in_play().order(AwardGoal, team=HOME).order(AwardGoal, team=HOME)
    match.order(VoidGoals, team=HOME, why="too many messages")
    assert match.score == (0, 0)
    match.set().whistle().touch(AWAY, 2).ball(0.5, 0.5).look().touch(HOME, 3).said()
    assert match.ball(4.6, 0.0).look().said() == ["goal not allowed", "ready"]
    assert match.score == (0, 0)


def test_overruled_void_goals_come_back():
    match = Staged().in_play().order(AwardGoal, team=HOME).order(VoidGoals, team=HOME)
    match.order(Overrule, decision=match.decision("goals void").number)
    assert match.score == (1, 0)
    assert match.state.voided == ()


def test_a_wrongly_removed_robot_walks_back_in_unpunished():
    match = Staged().in_play().order(RequestPickUp, team=HOME, player=4)
    match.order(Overrule, decision=match.decision("pick-up").number)
    assert match.track(HOME, 4).returning
    match.order(Unpenalize, team=HOME, player=4)
    assert match.last.kind.value == "order refused"


def test_a_match_finished_by_mistake_goes_on():
    match = Staged().in_play().order(Finish)
    match.order(Overrule, decision=match.last.number)
    assert match.phase is GameState.READY
    assert match.state.kicking_team is None
