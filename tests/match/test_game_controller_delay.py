"""The whistle: robots see SET for up to 10 s more, unless something gives it away."""

from dataclasses import replace

import pytest

from match.game_controller_delay import WhistleDelay, delayed
from robot.contracts.game_control import GamePhase, GameState, Penalty, SetPlay
from tests.fakes.game_packets import game, with_player, with_team

READY, SET, PLAYING = GameState.READY, GameState.SET, GameState.PLAYING


def told(updates, delay=None):
    """What robots are told after each (time, truth)."""
    delay = delay or WhistleDelay()
    views = []
    for time_s, control in updates:
        delay, view = delayed(delay, control, time_s)
        views.append(view)
    return views


def states(updates, delay=None):
    return [view.state for view in told(updates, delay)]


def test_playing_is_told_ten_seconds_after_the_whistle():
    updates = [(4.0, game(READY)), (5.0, game(SET))]
    updates += [(10.0 + t, game()) for t in (0.0, 5.0, 9.99, 10.0, 11.0)]
    assert states(updates) == [READY, SET, SET, SET, SET, PLAYING, PLAYING]


def test_the_delay_is_a_setting_and_zero_switches_it_off():
    updates = [(5.0, game(SET)), (6.0, game()), (8.9, game()), (9.0, game())]
    assert states(updates, WhistleDelay(longest_s=3.0)) == [SET, SET, SET, PLAYING]
    assert states(updates, WhistleDelay(longest_s=0.0)) == [SET] + [PLAYING] * 3


def test_only_set_hides_playing():
    assert states([(5.0, game(READY)), (6.0, game())]) == [READY, PLAYING]
    assert states([(6.0, game())]) == [PLAYING]


def test_robots_see_neither_the_clock_start_nor_the_ball_come_free():
    before = game(SET, secs_remaining=600, secondary_time=0)
    after = game(kicking_team=None, secs_remaining=597, secondary_time=7)
    _, view = told([(5.0, before), (8.0, after)])
    assert (view.state, view.kicking_team) == (SET, 1)
    assert (view.secs_remaining, view.secondary_time) == (600, 0)


def test_a_clock_that_ran_in_ready_runs_on():
    updates = [
        (0.0, game(READY, secs_remaining=400)),
        (1.0, game(READY, secs_remaining=399)),
        (1.1, game(SET, secs_remaining=399)),
        (3.0, game(secs_remaining=397)),
    ]
    view = told(updates)[-1]
    assert (view.state, view.secs_remaining) == (SET, 397)


def test_a_clock_that_ran_before_ready_says_nothing():
    updates = [
        (0.0, game(secs_remaining=400)),
        (1.0, game(READY, secs_remaining=399)),
        (1.1, game(SET, secs_remaining=399)),
        (3.0, game(secs_remaining=397)),
    ]
    assert told(updates)[-1].secs_remaining == 399


@pytest.mark.parametrize(
    "event",
    [
        game(stopped=True),
        game(set_play=SetPlay.THROW_IN),
        game(game_phase=GamePhase.TIMEOUT),
        with_team(game(), 2, score=1),
        game(GameState.READY),
        game(GameState.FINISHED),
        game(first_half=False),
    ],
    ids=["stop", "throw-in", "timeout", "goal", "ready", "finished", "half"],
)
def test_what_cannot_happen_in_set_ends_the_delay(event):
    views = told([(5.0, game(SET)), (6.0, game()), (7.0, event), (8.0, game())])
    assert views[1].state is SET
    assert views[2] == event
    assert views[3].state is PLAYING


def test_a_penalty_shows_at_once_and_does_not_end_the_delay():
    pushed = with_player(game(), 2, 3, penalty=Penalty.PUSHING)
    *_, view = told([(5.0, game(SET)), (6.0, game()), (7.0, pushed)])
    assert view.state is SET
    assert view.team(2).players[2].penalty is Penalty.PUSHING


def test_a_penalty_kick_is_hidden_with_its_set_play():
    waiting = game(SET, set_play=SetPlay.PENALTY_KICK)
    kicked = game(set_play=SetPlay.NONE, kicking_team=None)
    _, view = told([(5.0, waiting), (6.0, kicked)])
    assert (view.state, view.set_play) == (SET, SetPlay.PENALTY_KICK)


def test_a_clock_set_back_ends_the_delay():
    updates = [(5.0, game(SET)), (6.0, game()), (0.0, game())]
    assert states(updates) == [SET, SET, PLAYING]


def test_the_next_kick_off_is_delayed_anew():
    updates = [(5.0, game(SET)), (6.0, game()), (30.0, game())]
    updates += [(31.0, game(READY)), (40.0, game(SET)), (45.0, game()), (55.0, game())]
    assert states(updates) == [SET, SET, PLAYING, READY, SET, SET, PLAYING]


def test_budgets_stay_true_during_the_delay():
    fewer = with_team(replace(game()), 1, message_budget=11990)
    _, view = told([(5.0, game(SET)), (6.0, fewer)])
    assert view.team(1).message_budget == 11990
