"""Scenes about time: halves, extra time, shoot-out, mercy, time-outs."""

import pytest

from match.commands import AddTime, AwardGoal, Start, TakeTimeOut
from match.officials.shoot_out import all_taken, winner
from match.rules import SMALL_SIZE_LEAGUE
from match.state import Period
from robot.contracts.game_control import GameState
from tests.match.staged import AWAY, HOME, Staged

SHORT = {
    "duration_s": 60.0,
    "half_time_s": 30.0,
    "extra_time_break_s": 10.0,
    "global_stuck": False,
}


def test_the_clock_starts_with_the_first_kick_off_and_runs_through_restarts():
    match = Staged().ready().wait(20.0, every_s=5.0)
    assert match.state.clock_s == 0
    match.set().whistle()
    assert match.state.clock_s == 0
    match.wait(3.0).order(AwardGoal, team=HOME).wait(10.0, every_s=5.0)
    assert match.phase is GameState.READY
    assert match.state.clock_s == pytest.approx(13.1)  # 3 + one look + 10


def test_a_half_ends_when_the_ball_has_come_to_rest():
    match = Staged(**SHORT).in_play().wait(56.0, every_s=4.0)
    for tick in range(40):  # rolls at 0.5 m/s from 57.x s on
        match.ball(-1.5 + 0.05 * tick, 1.5).look()
    match.said()
    assert match.state.clock_s > 60.0
    assert match.phase is GameState.PLAYING
    match.wait(0.9)
    assert match.phase is GameState.PLAYING
    match.wait(0.2)
    assert match.said() == ["half-time"]


def test_a_ball_that_goes_on_rolling_extends_a_half_by_10_s_at_most():
    match = Staged(**SHORT).in_play()
    while match.state.clock_s < 69.8:
        x_m = 0.04 * ((match.time_s * 10) % 60) - 1
        match.ball(x_m, 1.5).look()
        assert match.state.period is Period.FIRST_HALF
    match.ball(1.0, 1.5).look().ball(-1.0, 1.5).look().look()
    assert match.state.period is Period.SECOND_HALF


def test_a_goal_while_the_last_ball_rolls_counts():
    match = Staged(**SHORT).in_play(3.0, 0.0).wait(58.0, every_s=2.0)
    for x_m in (3.2, 3.5, 3.8, 4.1, 4.3, 4.4):
        match.ball(x_m, 0.0).wait(0.5)
    assert match.state.clock_s > 60.0
    match.ball(4.6, 0.0).look()
    assert match.score == (1, 0)
    assert match.look().said()[-1] == "half-time"


def second_half(**changes):
    match = Staged(**(SHORT | changes)).in_play().wait(61.0, every_s=1.0)
    assert match.state.period is Period.SECOND_HALF
    match.said()
    return match


def test_the_teams_change_sides_and_the_other_one_kicks_off():
    match = second_half()
    assert match.phase is GameState.INITIAL
    assert match.state.clock_s == 0
    assert match.state.left_team == AWAY
    match.wait(30.0, every_s=5.0)
    assert match.said() == ["ready"]
    assert match.last.team == AWAY
    assert "second half" in match.last.reason


def test_in_the_second_half_a_ball_at_the_left_is_homes_goal():
    match = second_half().order(Start).set().whistle()
    match.touch(AWAY, 2).ball(-0.5, 0.0).look().touch(HOME, 2)
    match.ball(-4.6, 0.0).look()
    assert match.score == (1, 0)


def test_the_match_ends_after_the_second_half():
    match = second_half().order(Start).set().whistle().wait(62.0, every_s=1.0)
    assert match.phase is GameState.FINISHED
    assert match.last.rule == "time is up"


def test_penalties_end_with_the_half():
    match = Staged(**SHORT).in_play().wait(40.0, every_s=1.0)
    match.robot(HOME, 3, fallen=True).wait(22.0, every_s=1.0)
    assert match.state.period is Period.SECOND_HALF
    assert all(track.may_play for track in match.state.robots)


def test_added_time_makes_the_half_longer():
    match = Staged(**SHORT).in_play().order(AddTime, seconds=30.0)
    match.wait(88.0, every_s=1.0)
    assert match.phase is GameState.PLAYING
    assert match.wait(3.0, every_s=1.0).said()[-1] == "half-time"


def test_a_drawn_knock_out_match_goes_into_extra_time():
    match = second_half(knock_out=True, extra_time_s=20.0).order(Start).set().whistle()
    match.wait(62.0, every_s=1.0)
    assert match.said()[-1] == "extra time"
    assert match.state.period is Period.FIRST_EXTRA
    match.wait(10.0).set().whistle().wait(21.5, every_s=0.5)
    assert match.state.period is Period.SECOND_EXTRA
    match.wait(10.0).set().whistle().wait(21.5, every_s=0.5)
    assert match.state.period is Period.SHOOT_OUT


def test_a_decided_knock_out_match_ends_in_time():
    match = second_half(knock_out=True).order(Start).set().whistle()
    match.order(AwardGoal, team=HOME).set().whistle().wait(62.0, every_s=1.0)
    assert match.phase is GameState.FINISHED


def shoot_out(**changes):
    """The first shot is about to come; no extra time."""
    more = {"knock_out": True, "extra_time_s": None, "halves": 1, **changes}
    match = Staged(**(SHORT | more)).in_play().wait(62.0, every_s=1.0)
    assert match.state.period is Period.SHOOT_OUT
    match.said()
    return match


def aim(match):
    """On to the whistle for the next shot: a pause of 10 s, then 5 s of SET."""
    while match.phase is not GameState.PLAYING:
        match.wait(0.5, every_s=0.5)
    return match


def shoot(match, *, scores):
    """The next shot; READY does not come before it."""
    aim(match).touch(*match.state.shoot_out.striker).ball(4.0, 0.4).look()
    if scores:
        match.ball(4.6, 0.4).look()
    else:
        match.ball(4.6, 1.5).look()
    return match


def test_a_shoot_out_lines_up_striker_and_goalkeeper():
    match = shoot_out().wait(10.0, every_s=1.0)
    assert match.said() == ["set"]
    assert match.ball_m == (3.0, 0.0)
    assert match.where(HOME, 2) == (2.5, 0.0)  # 0.5 m behind the mark
    assert match.where(AWAY, 1) == (4.5, 0.0)


def test_a_shoot_out_is_won_as_soon_as_it_is_decided():
    match = shoot_out()
    for scores in (True, False, True, False):
        shoot(match, scores=scores)
    # 2:0 after two shots each, and one left for away.
    assert match.phase is GameState.FINISHED
    assert "Home wins the shoot-out; final score 0:0, 2:0" in match.last.reason


def test_a_shot_at_rest_is_a_miss():
    match = aim(shoot_out())
    match.touch(HOME, 2).ball(3.5, 0.0).wait(1.2)
    assert match.said()[-1] == "penalty shot"
    assert match.state.shoot_out.shots == ((False,), ())


def test_a_second_touch_ends_a_shot():
    match = aim(shoot_out())
    match.touch(HOME, 2).ball(3.3, 0.0).wait(0.4).touch(HOME, 2)
    assert match.state.shoot_out.shots == ((False,), ())
    assert "twice" in match.last.reason


def test_a_goalkeeper_that_leaves_its_line_gives_the_shot_away():
    match = aim(shoot_out()).put(AWAY, 1, 4.0, 0.0).look()
    assert match.state.shoot_out.shots == ((True,), ())


def test_nobody_shoots_for_60_s():
    match = aim(shoot_out()).wait(59.9, every_s=1.0)
    assert match.phase is GameState.PLAYING
    match.wait(0.1)
    assert match.state.shoot_out.shots == ((False,), ())


@pytest.mark.parametrize(
    ("home", "away", "won"),
    [
        ("1", "", None),
        ("11", "0", None),  # away can still make two
        ("11", "00", 0),  # one left for away
        ("00", "11", 1),
        ("110", "001", 0),
        ("111", "11", None),  # away can still draw
        ("111", "110", 0),
        ("1101", "1100", 0),  # sudden death
        ("1101", "110", None),  # away still has its shot
        ("110101", "110101", None),
    ],
)
def test_who_has_won_a_shoot_out(home, away, won):
    shots = tuple(tuple(shot == "1" for shot in team) for team in (home, away))
    assert winner(SMALL_SIZE_LEAGUE, shots) == won


def test_after_six_shots_each_lots_are_drawn():
    rules = SMALL_SIZE_LEAGUE  # 3 + 3 of sudden death
    assert not all_taken(rules, ((True,) * 6, (True,) * 5))
    assert all_taken(rules, ((True,) * 6, (True,) * 6))


def test_a_lead_of_ten_goals_ends_the_match():
    match = Staged().kick_off()
    for _ in range(9):
        match.order(AwardGoal, team=AWAY)
    assert match.phase is GameState.READY
    match.order(AwardGoal, team=AWAY)
    assert match.phase is GameState.FINISHED
    assert match.last.rule == "mercy rule"


def test_a_time_out_takes_the_clock_back_to_the_stoppage():
    match = Staged().in_play().wait(20.0, every_s=1.0)
    match.order(AwardGoal, team=HOME)
    stopped_s = match.state.clock_s
    match.wait(10.0, every_s=1.0).order(TakeTimeOut, team=AWAY)
    assert match.state.clock_s == pytest.approx(stopped_s)
    match.wait(299.0, every_s=10.0)
    assert match.phase is GameState.INITIAL
    match.wait(1.0)
    assert match.phase is GameState.READY
    assert match.state.clock_s == pytest.approx(stopped_s)
    assert match.state.kicking_team == HOME  # not who called it


def test_a_team_has_one_time_out():
    match = Staged().ready().order(TakeTimeOut, team=HOME).order(Start)
    match.order(TakeTimeOut, team=HOME)
    assert match.last.kind.value == "order refused"
    match.order(TakeTimeOut, team=AWAY)
    assert match.last.kind.value == "time-out"


def test_a_team_may_not_stop_play_by_a_time_out():
    match = Staged().in_play().order(TakeTimeOut, team=HOME)
    assert match.last.kind.value == "order refused"
    assert match.phase is GameState.PLAYING


def test_the_referees_time_out_in_play_ends_in_a_dropped_ball():
    match = Staged().in_play().order(TakeTimeOut)
    match.wait(900.0, every_s=60.0)
    assert match.phase is GameState.INITIAL
    match.order(Start)
    assert match.phase is GameState.READY
    assert match.state.kicking_team is None


def test_a_match_can_wait_for_the_start_order():
    match = Staged(waits_for_start=True).wait(600.0, every_s=60.0)
    assert match.phase is GameState.INITIAL
    assert match.order(Start).phase is GameState.READY
