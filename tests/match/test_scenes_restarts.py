"""Scenes with the ball: kick-offs, goals, lines, set plays.

Pitch 9 x 6 m, radius of the ball 0.07 m.
"""

import pytest

from match.commands import AwardKick
from match.restart import RestartKind
from match.rules import LAB_2V2
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState
from tests.match.staged import AWAY, HOME, Staged, team


def test_the_first_kick_off_takes_45_s_of_ready_and_5_s_of_set():
    match = Staged().ready().wait(44.9, every_s=5.0)
    assert match.phase is GameState.READY
    match.wait(0.1)
    assert match.phase is GameState.SET
    match.wait(4.9)
    assert match.phase is GameState.SET
    match.wait(0.1)
    assert match.phase is GameState.PLAYING


def test_a_kick_off_is_in_play_once_the_ball_has_moved_five_centimetres():
    match = Staged().kick_off().ball(0.05, 0.0).look()
    assert match.said() == []
    match.ball(0.051, 0.0).look()
    assert match.said() == ["ball in play"]


def test_an_untaken_kick_off_is_free_for_all_after_10_s():
    match = Staged().kick_off().wait(9.9)
    assert match.said() == []
    match.wait(0.1)
    assert match.said() == ["ball in play"]
    assert match.state.restart.lapsed


def test_a_goal_straight_from_the_kick_off_does_not_count():
    match = Staged().kick_off().touch(HOME, 2).ball(4.6, 0.1).look()
    assert match.said() == ["goal not allowed", "goal kick"]
    assert match.score == (0, 0)
    assert match.last.team == AWAY
    assert match.ball_m == (3.5, 1.5)  # 4.5 - 1 m deep, 3 m wide goal area


def test_a_kick_off_goal_counts_once_a_teammate_has_touched_the_ball():
    match = Staged().kick_off().touch(HOME, 2).ball(-0.5, 0.5).look()
    match.touch(HOME, 3).said()
    assert match.ball(4.6, 0.1).look().said() == ["goal", "ready"]
    assert match.score == (1, 0)


def two_against_two():
    return Staged(home=team(HOME, players=(1, 2)), away=team(AWAY, players=(1, 2)))


def test_a_team_of_two_may_score_alone_after_a_touch_outside_the_circle():
    match = two_against_two().kick_off().touch(HOME, 2)
    match.ball(0.8, 0.0).look().touch(HOME, 2).said()  # circle: 0.75 m
    assert match.ball(4.6, 0.0).look().said() == ["goal", "ready"]


def test_a_team_of_two_may_not_score_alone_from_inside_the_circle():
    match = two_against_two().kick_off().touch(HOME, 2)
    match.ball(0.7, 0.0).look().touch(HOME, 2).said()
    said = match.ball(4.6, 0.0).look().said()
    assert said == ["goal not allowed", "goal kick"]


def test_after_a_goal_the_other_team_kicks_off():
    match = Staged().in_play().touch(HOME, 3).ball(4.6, -0.5).look()
    assert match.said() == ["goal", "ready"]
    assert match.decision("goal").player == 3
    assert match.last.team == AWAY
    assert match.last.cause == match.decision("goal").number


@pytest.mark.parametrize(
    ("ball", "goal"),
    [
        ((4.569, 0.0, 0.07), False),  # line 4.5 + radius 0.07
        ((4.571, 0.0, 0.07), True),
        ((4.6, 0.899, 0.07), True),  # posts at 0.9
        ((4.6, 0.0, 1.199), True),  # bar at 1.2
        ((4.6, 0.0, 1.201), False),
    ],
)
def test_a_goal_on_the_big_pitch_needs_the_whole_ball(ball, goal):
    match = Staged().in_play().ball(*ball).look()
    assert match.score == ((1, 0) if goal else (0, 0))


def test_a_ball_over_the_touch_line_is_the_opponents_throw_in():
    match = Staged().in_play(1.0, 2.5).touch(AWAY, 3).ball(1.2, 3.1).look()
    assert match.said() == ["throw-in"]
    assert match.last.team == HOME
    # The whole ball is out at y = 3.07: 0.57 of the 0.6 m from 2.5, so x = 1.19.
    assert match.ball_m == pytest.approx((1.19, 3.0))


def test_a_ball_on_the_touch_line_is_in():
    match = Staged().in_play(1.0, 2.5).touch(AWAY, 3).ball(1.0, 3.069).look()
    assert match.said() == []


def test_out_of_play_is_decided_at_the_first_look():
    match = Staged().in_play(1.0, -2.9).touch(HOME, 4).ball(1.0, -3.08).look()
    assert match.last.kind.value == "throw-in"
    assert match.last.time_s == pytest.approx(match.time_s)


def test_a_ball_over_the_goal_line_off_an_attacker_is_a_goal_kick():
    match = Staged().in_play(4.0, -1.5).touch(HOME, 2).ball(4.6, -1.6).look()
    assert match.said() == ["goal kick"]
    assert match.last.team == AWAY
    assert match.ball_m == (3.5, -1.5)  # the goal area's corner on that side


def test_a_ball_over_the_goal_line_off_a_defender_is_a_corner_kick():
    match = Staged().in_play(4.0, 1.5).touch(AWAY, 3).ball(4.6, 1.6).look()
    assert match.said() == ["corner kick"]
    assert match.last.team == HOME
    assert match.ball_m == (4.5, 3.0)


def test_a_ball_beside_the_own_goal_is_a_corner_at_the_left():
    match = Staged().in_play(-4.0, -1.5).touch(HOME, 1).ball(-4.6, -1.6).look()
    assert (match.said(), match.last.team) == (["corner kick"], AWAY)
    assert match.ball_m == (-4.5, -3.0)


def test_a_ball_over_the_corner_flag_counts_where_it_crossed_first():
    match = Staged().in_play(4.4, 2.0).touch(HOME, 3).ball(4.6, 3.2).look()
    # Goal line at x = 4.57: 0.17 / 0.2 = 85 % of the way; touch line at y = 3.07:
    # 1.07 / 1.2 = 89 %.
    assert match.said() == ["goal kick"]


def test_a_ball_out_that_nobody_touched_is_dropped():
    match = Staged().kick_off().wait(10.0, every_s=1.0)
    match.said()
    assert match.ball(0.0, 3.2).look().said() == ["ball out", "ready"]
    assert match.state.kicking_team is None


def test_of_two_touchers_the_latest_counts():
    match = Staged().in_play(1.0, 2.5).touch(AWAY, 3).touch(HOME, 3)
    assert match.ball(1.0, 3.2).look().said() == ["throw-in"]
    assert match.last.team == AWAY


def throw_in_for_home():
    match = Staged().in_play(1.0, 2.5).touch(AWAY, 3).ball(1.0, 3.2).look()
    match.put(AWAY, 3, 3.0, 1.0).said()
    assert match.state.kicking_team == HOME
    return match


def test_a_throw_in_straight_into_the_goal_does_not_count():
    match = throw_in_for_home().touch(HOME, 3).ball(2.0, 2.5).look()
    match.said()
    said = match.ball(4.6, 0.0).look().said()
    assert said == ["goal not allowed", "goal kick"]


def test_a_throw_in_touched_by_anybody_on_its_way_is_a_goal():
    match = throw_in_for_home().touch(HOME, 3).ball(2.0, 2.5).look()
    match.touch(AWAY, 3).said()
    assert match.ball(4.6, 0.0).look().said() == ["goal", "ready"]


def test_a_throw_in_into_the_own_goal_is_a_corner():
    match = throw_in_for_home().touch(HOME, 3).ball(-2.0, 1.0).look()
    match.said()
    said = match.ball(-4.6, 0.0).look().said()
    assert said == ["goal not allowed", "corner kick"]
    assert match.last.team == AWAY


def test_a_throw_in_that_nobody_takes_is_free_after_45_s():
    match = throw_in_for_home()
    match.wait(44.8, every_s=1.0)
    assert "ball in play" not in match.said()
    assert match.wait(0.2).said() == ["ball in play"]
    assert match.touch(AWAY, 3).penalty(AWAY, 3).value == "none"


def test_a_lapsed_throw_in_may_be_scored_from_directly():
    match = throw_in_for_home().wait(45.0, every_s=1.0)
    match.touch(HOME, 3).said()
    assert match.ball(4.6, 0.0).look().said() == ["goal", "ready"]


def test_a_corner_kick_may_be_scored_from_directly():
    match = Staged().in_play(4.0, 1.5).touch(AWAY, 3).ball(4.6, 1.6).look()
    match.touch(HOME, 3).ball(4.3, 2.5).look().said()
    assert match.ball(4.6, 0.5).look().said() == ["goal", "ready"]


def test_who_takes_a_throw_in_may_not_touch_it_again_first():
    match = throw_in_for_home().touch(HOME, 3).ball(1.0, 2.7).wait(0.5)
    match.said()
    match.touch(HOME, 3)
    assert match.said() == ["indirect free kick"]
    assert (match.last.team, match.ball_m) == (AWAY, (1.0, 2.7))


def test_the_kicker_may_roll_the_ball_without_touching_twice():
    match = throw_in_for_home().robot(HOME, 3, touching_ball=True).look()
    for y_m in (2.9, 2.8, 2.7, 2.6):
        match.ball(1.0, y_m).look()
    assert "indirect free kick" not in match.said()


def test_a_second_touch_after_somebody_elses_is_fine():
    match = throw_in_for_home().touch(HOME, 3).ball(1.0, 2.7).wait(0.5)
    match.touch(AWAY, 3).wait(0.5).touch(HOME, 3)
    assert "indirect free kick" not in match.said()


def test_a_second_touch_after_a_kick_off_is_fine():
    match = Staged().kick_off().touch(HOME, 2).ball(0.3, 0.0).wait(0.5)
    match.touch(HOME, 2)
    assert match.said() == ["ball in play"]


def test_a_set_play_without_ready_goes_on_in_playing():
    match = throw_in_for_home()
    assert match.phase is GameState.PLAYING
    assert not match.state.ball_in_play


def test_a_dropped_ball_is_in_play_at_the_whistle():
    match = (
        Staged().in_play().order(AwardKick, team=HOME, kick=RestartKind.DROPPED_BALL)
    )
    match.set().whistle()
    assert match.state.ball_in_play
    assert match.state.kicking_team is None


def penalty_kick_for_home(**changes):
    match = Staged(**changes).in_play()
    match.order(AwardKick, team=HOME, kick=RestartKind.PENALTY_KICK)
    match.put(HOME, 2, 2.7, 0.0).put(AWAY, 1, 4.5, 0.0).put(HOME, 1, -4.4, 0.0)
    match.put(AWAY, 2, 1.5, -1.0).put(AWAY, 3, 1.5, 1.5).put(AWAY, 4, 1.5, -2.0)
    return match


def test_a_penalty_kick_is_taken_from_its_mark_after_ready_and_set():
    match = penalty_kick_for_home()
    assert match.said() == ["penalty kick", "ready"]
    match.wait(45.0, every_s=5.0)
    assert (match.said(), match.ball_m) == (["set"], (3.0, 0.0))  # 4.5 - 1.5 m
    match.whistle().touch(HOME, 2).ball(3.5, 0.3).look().said()
    assert match.ball(4.6, 0.3).look().said() == ["goal", "ready"]


@pytest.mark.parametrize(("x_m", "goal"), [(4.26, False), (4.24, True)])
def test_a_goalkeeper_off_its_line_before_the_kick_concedes_a_goal(x_m, goal):
    match = penalty_kick_for_home().set().whistle()
    match.said()
    match.put(AWAY, 1, x_m, 0.0).look()  # 0.25 m is allowed
    assert match.said() == (["goal", "ready"] if goal else [])


def test_a_goalkeeper_may_leave_its_line_after_the_kick():
    match = penalty_kick_for_home().set().whistle().touch(HOME, 2)
    match.said()
    match.put(AWAY, 1, 4.0, 0.0).look()
    assert match.said() == []


def test_an_untaken_penalty_kick_is_free_after_60_s():
    match = penalty_kick_for_home().set().whistle().wait(59.8, every_s=1.0)
    match.said()
    assert match.wait(0.2).said() == ["ball in play"]


def test_the_laboratorys_walls_keep_the_ball_in():
    match = Staged(
        LAB_2V2,
        FieldSpec(),
        home=team(HOME, players=(1, 2)),
        away=team(AWAY, players=(1, 2)),
    )
    match.put(HOME, 1, -2.3, 0.0).put(HOME, 2, -0.4, 0.0)
    match.put(AWAY, 1, 2.3, 0.0).put(AWAY, 2, 1.0, 0.0)
    match.in_play(0.0, 1.9).ball(0.0, 2.1).look()  # the ramp begins at 2.0 m
    assert match.said() == []
    assert match.ball(0.0, 2.13).look().said() == ["ball out", "ready"]
