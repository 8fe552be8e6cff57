"""Following an outside GameController: what counts, what changed, what to obey."""

from dataclasses import replace

import pytest

from match.follow import Following, GameHistory, follow, orders_of
from match.follow_changes import changes_between
from match.follow_text import change_plain, change_text, work_between
from robot.contracts.game_control import GamePhase, GameState, Penalty, SetPlay
from tests.fakes.game_packets import game, with_player, with_team

PLAYING, SET = GameState.PLAYING, GameState.SET
GC, OTHER = "10.0.0.1", "10.0.0.2"


def numbered(number, **changes):
    return replace(game(), packet_number=number, **changes)


def heard(*packets):
    """The state after packets (control, time s, host)."""
    state = Following()
    for control, time_s, host in packets:
        state, _ = follow(state, control, time_s, host)
    return state


def test_a_gap_in_the_numbers_counts_what_was_lost():
    state = heard((numbered(5), 0.0, GC), (numbered(8), 1.5, GC))
    assert (state.packets, state.lost) == (2, 2)  # 6 and 7


def test_numbers_wrap_after_255():
    state = heard((numbered(255), 0.0, GC), (numbered(0), 0.5, GC))
    assert (state.packets, state.lost, state.late) == (2, 0, 0)


def test_a_packet_that_was_overtaken_changes_nothing():
    state = heard(
        (numbered(7), 0.0, GC), (numbered(6, state=GameState.FINISHED), 0.1, GC)
    )
    assert state.control is not None
    assert state.control.state is PLAYING
    assert (state.packets, state.late) == (1, 1)


def test_a_game_controller_that_was_started_again_is_believed():
    state = heard((numbered(200), 0.0, GC), (numbered(0, state=SET), 1.0, GC))
    assert state.control is not None
    assert state.control.state is SET
    assert state.lost == 55  # 201 to 255: as if they had been sent


def test_a_second_game_controller_is_ignored_until_the_first_falls_silent():
    rival = numbered(0, state=GameState.FINISHED)
    state = heard((numbered(1), 0.0, GC), (rival, 0.2, OTHER), (rival, 4.9, OTHER))
    assert (state.leader, state.rivals) == (GC, (OTHER,))
    assert state.control is not None
    assert state.control.state is PLAYING
    state, changes = follow(state, rival, 5.0, OTHER)
    assert (state.leader, state.rivals) == (OTHER, ())
    assert [change_text(change) for change in changes] == ["state finished"]


def test_changes_are_told_with_team_and_player():
    after = with_player(
        with_team(game(), 2, score=1), 1, 3, penalty=Penalty.PUSHING, cautions=1
    )
    texts = [change_text(change) for change in changes_between(game(), after, 3.0)]
    assert texts == [
        "team 1 player 3: penalty pushing",
        "team 1 player 3: cautions 1",
        "team 2: score 1",
    ]


def test_clocks_numbers_and_budgets_are_no_changes():
    later = with_team(
        replace(game(), packet_number=9, secs_remaining=1, secondary_time=2),
        1,
        message_budget=3,
    )
    assert changes_between(game(), later, 1.0) == ()


def test_a_change_of_sides_is_one_change():
    left, right = game().teams
    (change,) = changes_between(game(), replace(game(), teams=(right, left)), 1.0)
    assert change_plain(change) == {
        "time_s": 1.0,
        "kind": "team on the left",
        "team": None,
        "player": None,
        "before": "1",
        "after": "2",
    }


def test_the_first_packet_tells_everything_but_penalties_that_are_not():
    changes = changes_between(None, with_player(game(), 2, 1, cautions=2), 0.0)
    kinds = [change.kind.value for change in changes if change.player is None]
    # 7 of the game; score, goalkeeper and penalty shot of each team.
    assert len(kinds) == 7 + 2 * 3
    players = [change_text(change) for change in changes if change.player]
    # Players 5 to 20 of both teams are substitutes: 32; and one has cautions.
    assert len(players) == 33
    assert "team 2 player 1: cautions 2" in players


def test_history_knows_what_held_when():
    history = GameHistory()
    history.hear(numbered(0, state=SET), 10.0, GC)
    history.hear(numbered(1, state=SET, secs_remaining=599), 10.5, GC)
    history.hear(numbered(2), 12.0, GC)
    assert history.at(9.9) is None
    known = history.at(11.9), history.at(12.0)
    assert [control and control.state for control in known] == [SET, PLAYING]


@pytest.mark.parametrize(
    ("changes", "play", "stand_still"),
    [
        ({"state": GameState.INITIAL}, False, True),
        ({"state": GameState.READY}, False, False),
        ({"state": SET}, False, True),
        ({"state": PLAYING}, True, False),
        ({"state": PLAYING, "stopped": True}, False, True),
        (
            {"state": GameState.INITIAL, "game_phase": GamePhase.TIMEOUT},
            False,
            True,
        ),
        ({"state": GameState.FINISHED}, False, True),
    ],
)
def test_who_moves_when(changes, play, stand_still):
    orders = orders_of(game(**changes))
    assert (orders.play, orders.stand_still) == (play, stand_still)


@pytest.mark.parametrize(
    ("changes", "on_centre"),
    [
        ({}, True),
        ({"set_play": SetPlay.CORNER_KICK}, False),
        ({"game_phase": GamePhase.PENALTY_SHOOT_OUT}, False),
    ],
)
def test_the_ball_is_on_the_centre_in_set_before_a_kick_off(changes, on_centre):
    assert orders_of(game(SET, **changes)).ball_on_centre is on_centre


def test_penalised_robots_leave_but_moved_ones_freeze():
    control = with_player(game(), 1, 1, penalty=Penalty.MOTION_IN_SET)
    control = with_player(control, 2, 2, penalty=Penalty.PICK_UP)
    orders = orders_of(control)
    assert orders.frozen == {(1, 1)}
    bench = {(team, player) for team in (1, 2) for player in range(5, 21)}
    assert orders.off_pitch == bench | {(2, 2)}


def test_work_is_what_is_new():
    playing = orders_of(game())
    after = with_player(game(SET), 2, 2, penalty=Penalty.PUSHING)
    work = work_between(playing, orders_of(after))
    assert work == (
        "everybody stands still",
        "put the ball on the centre spot",
        "take team 2 player 2 off",
    )
    assert work_between(orders_of(after), orders_of(after)) == ()
    assert work_between(orders_of(after), playing) == (
        "robots move",
        "the ball is free to be played",
        "team 2 player 2 may play again",
    )
