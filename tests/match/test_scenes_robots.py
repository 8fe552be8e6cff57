"""Scenes with robots: positions, motion, contact, stuck and held balls, penalties."""

import pytest

from match.commands import Penalize, ResumePlay, StopPlay, Unpenalize
from match.rules import LAB_1V1
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, Penalty
from tests.match.staged import AWAY, HOME, Staged, team


@pytest.mark.parametrize(
    ("x_m", "y_m", "illegal"),
    [
        (-0.01, 1.0, False),
        (0.01, 1.0, True),  # in the opponents' half
        (-4.0, 3.01, True),  # beside the pitch
        (-0.3, 0.0, False),  # the kicking team may be in the circle
    ],
)
def test_who_stands_illegally_in_set_is_penalised(x_m, y_m, illegal):
    match = Staged().ready().put(HOME, 3, x_m, y_m)
    match.said()
    match.set()
    assert match.said() == ["set"] + ["illegal positioning"] * illegal


@pytest.mark.parametrize(("x_m", "illegal"), [(0.76, False), (0.74, True)])
def test_the_other_team_stays_out_of_the_circle_in_set(x_m, illegal):
    match = Staged().ready().put(AWAY, 2, x_m, 0.0)
    match.said()
    match.set()
    assert match.said() == ["set"] + ["illegal positioning"] * illegal


def test_four_robots_in_their_goal_area_are_one_too_many_in_set():
    match = Staged().ready()
    for player, x_m in ((1, -4.4), (2, -4.2), (3, -4.0), (4, -3.6)):
        match.put(HOME, player, x_m, 0.0)
    match.said()
    match.set()
    assert match.said() == ["set", "illegal positioning"]
    assert match.last.player == 4  # 0.1 m from the border: 4.5 - 1.0 = 3.5


def test_a_robot_too_many_in_its_goal_area_may_stay_5_s():
    match = Staged().in_play()
    for player, x_m in ((2, -4.2), (3, -4.0), (4, -3.6)):
        match.put(HOME, player, x_m, 0.5)
    match.look().wait(4.9)
    assert match.said() == []
    match.wait(0.1)
    assert (match.said(), match.last.player) == (["illegal positioning"], 4)


def test_a_robot_that_enters_the_circle_before_the_kick_off_is_penalised():
    match = Staged().kick_off().put(AWAY, 2, 0.70, 0.0).look()
    assert match.said() == []  # 0.05 m inside: not clearly
    match.put(AWAY, 2, 0.64, 0.0).look()
    assert match.said() == ["illegal positioning"]


def test_nobody_is_too_near_once_the_ball_is_in_play():
    match = Staged().in_play(1.0, -1.0).put(AWAY, 2, 1.1, -1.0).look()
    assert match.said() == []


def throw_in_beside_away_3():
    """Home's throw-in at (1, 3); away 3 stands 0.5 m from the spot."""
    match = Staged().in_play(1.0, 2.5).touch(AWAY, 3).put(AWAY, 3, 1.0, 2.5)
    match.ball(1.0, 3.2).look()
    assert match.said() == ["throw-in"]
    return match


def test_who_stands_near_a_new_throw_in_has_10_s_to_go():
    match = throw_in_beside_away_3().wait(9.9)
    assert match.said() == []
    match.wait(0.1)
    assert (match.said(), match.last.player) == (["illegal positioning"], 3)


def test_who_has_gone_from_a_throw_in_may_not_come_back():
    match = throw_in_beside_away_3().put(AWAY, 3, 1.0, 2.0).look()
    match.put(AWAY, 3, 1.0, 2.5).look()
    assert match.said() == ["illegal positioning"]


def test_touching_the_other_teams_throw_in_is_illegal_at_once():
    match = throw_in_beside_away_3().touch(AWAY, 3)
    assert match.said() == ["illegal positioning"]


def test_the_thrower_may_stand_at_the_ball():
    match = throw_in_beside_away_3().put(AWAY, 3, 2.0, 1.0).put(HOME, 3, 1.0, 2.9)
    assert match.wait(20.0, every_s=1.0).said() == []


def test_the_penalty_area_is_empty_at_a_goal_kick():
    match = Staged().in_play(4.0, -1.5).touch(HOME, 2).put(HOME, 2, 3.0, 1.8)
    match.ball(4.6, -1.6).look()  # away's goal kick; the area is 2 x 4 m
    match.said()
    match.wait(10.0, every_s=1.0)
    assert (match.said(), match.last.team) == (["illegal positioning"], HOME)


@pytest.mark.parametrize(("x_m", "moved"), [(-2.09, False), (-2.11, True)])
def test_moving_ten_centimetres_in_set_is_motion_in_set(x_m, moved):
    match = Staged().ready().set().wait(1.0)
    match.said()
    match.put(HOME, 3, x_m, 2.0).look()
    assert match.said() == ["motion in set"] * moved


def test_turning_in_set_is_motion_too():
    match = Staged().ready().set().wait(1.0)
    match.said()
    match.robot(HOME, 3, yaw_rad=0.31).look()
    assert match.said() == ["motion in set"]


def test_robots_have_a_second_to_come_to_a_stand():
    match = Staged().ready().set()
    match.said()
    for x_m in (-2.1, -2.2, -2.3):
        match.put(HOME, 3, x_m, 2.0).wait(0.3)
    assert match.wait(1.0).said() == []


def test_a_fallen_robot_may_get_up_in_set():
    match = Staged().ready().robot(HOME, 3, fallen=True).set().wait(1.5)
    match.said()
    match.put(HOME, 3, -1.6, 2.0, fallen=False).look()
    assert match.said() == []


def test_motion_in_set_is_served_15_s_on_the_spot():
    match = Staged().ready().set().wait(1.0).put(HOME, 3, -1.8, 2.0).look()
    match.whistle().said()
    assert match.where(HOME, 3) == (-1.8, 2.0)
    match.wait(14.8)
    assert "robot returns" not in match.said()
    assert "robot returns" in match.wait(0.2).said()


def test_a_penalty_is_not_served_in_set():
    match = Staged().ready().set().wait(1.0).put(HOME, 3, -1.8, 2.0).look()
    left_s = match.track(HOME, 3).sentences[0].left_s
    match.wait(2.0)
    assert match.track(HOME, 3).sentences[0].left_s == left_s == 15.0


def test_stopped_play_stops_all_clocks():
    match = Staged().in_play().order(StopPlay)
    clock_s = match.state.clock_s
    match.wait(30.0, every_s=5.0).order(ResumePlay)
    assert match.state.clock_s == pytest.approx(clock_s)
    match.look()
    assert match.state.clock_s == pytest.approx(clock_s + 0.1)


def test_moving_while_play_is_stopped_is_motion_in_stop():
    match = Staged().in_play().order(StopPlay).wait(1.5)
    match.said()
    match.put(AWAY, 2, 1.5, 0.2).look()
    assert match.said() == ["motion in stop"]


def test_no_goal_while_play_is_stopped():
    match = Staged().in_play().order(StopPlay).ball(4.6, 0.0).wait(1.0)
    assert match.score == (0, 0)


def test_20_s_on_the_floor_are_incapable():
    match = Staged().in_play().robot(HOME, 3, fallen=True).look()
    match.touch(HOME, 4).wait(19.8, every_s=1.0)
    assert match.penalty(HOME, 3) is Penalty.NONE
    match.wait(0.1)
    assert match.penalty(HOME, 3) is Penalty.INCAPABLE_ROBOT


def test_a_removed_robot_waits_beside_the_pitch_level_with_the_penalty_mark():
    match = (
        Staged()
        .in_play()
        .order(Penalize, team=HOME, player=3, penalty=Penalty.INCAPABLE_ROBOT)
    )
    # Mark: 4.5 - 1.5 = 3.0 m; 0.3 m beyond the line; the ball is at y < 0.
    assert match.where(HOME, 3) == pytest.approx((-3.0, 3.3))


def test_a_removal_takes_45_s_and_the_robot_walks_back_in():
    match = (
        Staged().in_play().order(Penalize, team=HOME, player=3, penalty=Penalty.PICK_UP)
    )
    match.put(AWAY, 2, 1.8, -1.0).said()  # somebody near, but not stuck: 0.8 m
    match.wait(44.9, every_s=1.0)
    assert "robot returns" not in match.said()
    match.wait(0.1)
    assert "robot returns" in match.said()
    assert match.decision("robot returns").placements == ()
    assert match.track(HOME, 3).returning
    match.put(HOME, 3, -3.0, 2.9).look()
    assert not match.track(HOME, 3).returning


def test_every_further_counted_penalty_of_a_team_is_10_s_longer():
    match = Staged().in_play()
    for player in (2, 3):
        match.order(Penalize, team=HOME, player=player, penalty=Penalty.PICK_UP)
    match.order(Penalize, team=AWAY, player=2, penalty=Penalty.PICK_UP)
    left = [
        match.track(HOME, 2).sentences[0].left_s,
        match.track(HOME, 3).sentences[0].left_s,
        match.track(AWAY, 2).sentences[0].left_s,
    ]
    # The first has served 0.2 s, the second 0.1 s: two looks and one.
    assert left == pytest.approx([44.8, 54.9, 45.0])


def test_illegal_positioning_does_not_make_later_penalties_longer():
    match = Staged().in_play()
    order = {"team": HOME, "penalty": Penalty.ILLEGAL_POSITIONING}
    match.order(Penalize, player=2, **order).order(Penalize, player=3, **order)
    assert match.track(HOME, 3).sentences[0].left_s == 45.0


def test_an_operator_may_release_a_robot_early():
    match = (
        Staged().in_play().order(Penalize, team=HOME, player=3, penalty=Penalty.PICK_UP)
    )
    match.order(Unpenalize, team=HOME, player=3)
    assert match.penalty(HOME, 3) is Penalty.NONE
    assert match.last.kind.value == "robot returns"


def test_a_laboratory_robot_comes_back_by_hand_after_5_s():
    match = Staged(
        LAB_1V1,
        FieldSpec(),
        home=team(HOME, players=(1,), goalkeeper=None),
        away=team(AWAY, players=(1,), goalkeeper=None),
    )
    match.put(HOME, 1, -1.0, 0.0).put(AWAY, 1, 1.0, 0.0).kick_off()
    match.order(Penalize, team=HOME, player=1, penalty=Penalty.PICK_UP).wait(5.0)
    assert match.decision("robot returns").placements != ()


def test_the_nearest_robot_to_a_stuck_ball_is_removed_and_play_goes_on():
    match = Staged().in_play(1.0, -1.0).put(HOME, 2, 0.7, -1.0)
    match.put(AWAY, 2, 1.25, -1.0).wait(9.9)
    assert match.said() == []
    match.wait(0.1)
    assert (match.said(), match.last.team) == (["local game stuck"], AWAY)
    assert match.phase is GameState.PLAYING


def test_a_ball_with_nobody_near_is_not_locally_stuck():
    match = Staged().in_play(1.0, -1.0).put(AWAY, 2, 1.51, -1.0)
    assert match.wait(15.0).said() == []  # 0.51 m; 0.5 m is near


def test_a_ball_that_moves_on_is_not_stuck():
    match = Staged().in_play(1.0, -1.0).put(AWAY, 2, 1.25, -1.0).wait(6.0)
    assert match.ball(1.11, -1.0).wait(6.0).said() == []


def lonely_ball():
    match = Staged().in_play(0.0, 0.0)
    return match.put(HOME, 2, -1.01, 0.0).put(AWAY, 2, 1.5, 0.0).look()


def test_a_ball_that_nobody_comes_near_for_30_s_is_dropped():
    match = lonely_ball().wait(29.8, every_s=1.0)
    assert match.said() == []
    match.wait(0.2)
    assert match.said() == ["ball stuck", "ready"]
    assert match.decision("ball stuck").rule == "global game stuck"


def test_somebody_within_a_metre_is_enough():
    match = lonely_ball().wait(20.0, every_s=1.0).put(HOME, 2, -0.99, 0.0).look()
    match.put(HOME, 2, -2.0, 0.0)
    assert match.wait(25.0, every_s=1.0).said() == []


def holding(player, x_m, y_m):
    match = Staged().in_play(x_m + 0.1, y_m)
    return match.put(HOME, player, x_m, y_m, ball_cover=0.6)


def test_a_field_player_may_hold_the_ball_for_5_s():
    match = holding(3, -1.0, 1.0).wait(5.0)
    assert match.said() == []
    match.wait(0.1)
    assert match.said() == ["ball holding", "direct free kick"]
    assert match.last.team == AWAY


def test_half_the_ball_is_not_held():
    match = holding(3, -1.0, 1.0).robot(HOME, 3, ball_cover=0.5)
    assert match.wait(9.0).said() == []


def test_the_goalkeeper_may_hold_the_ball_for_10_s_in_its_area():
    rules = {"local_stuck": False}
    match = Staged(**rules).in_play(-3.9, 0.0)
    match.put(HOME, 1, -4.0, 0.0, ball_cover=0.6).wait(10.0)
    assert match.said() == []
    assert match.wait(0.1).said() == ["ball holding", "penalty kick", "ready"]


def test_releasing_sets_the_count_back_as_fast_as_holding_counts_up():
    match = holding(3, -1.0, 1.0).wait(4.0)
    match.robot(HOME, 3, ball_cover=0.0).ball(-0.7, 1.0).wait(2.0)
    match.robot(HOME, 3, ball_cover=0.6).ball(-0.9, 1.0).wait(3.0)
    assert match.said() == []  # 4 - 2 + 3 = 5 s
    assert "ball holding" in match.wait(0.1).said()


def test_a_hand_on_the_ball_is_a_free_kick_and_a_warning():
    match = Staged().in_play(1.0, -1.0)
    match.put(HOME, 3, 0.8, -1.0, touching_ball=True, hand_on_ball=True).look()
    assert match.said() == [
        "playing with arms or hands",
        "warning",
        "direct free kick",
    ]
    assert match.track(HOME, 3).warnings == 1
    assert match.ball_m == (1.0, -1.0)


def test_a_hand_in_the_own_penalty_area_is_a_penalty_kick():
    match = Staged().in_play(-3.5, 1.0)
    match.put(HOME, 3, -3.6, 1.0, touching_ball=True, hand_on_ball=True).look()
    assert match.said()[-2:] == ["penalty kick", "ready"]
    assert match.state.kicking_team == AWAY


def test_the_goalkeeper_may_use_its_hands_at_home():
    match = Staged().in_play(-3.5, 1.0)
    match.put(HOME, 1, -3.6, 1.0, touching_ball=True, hand_on_ball=True).look()
    assert match.said() == []


def test_a_falling_robot_may_touch_the_ball_with_its_hand():
    match = Staged().in_play(1.0, -1.0)
    match.put(HOME, 3, 0.8, -1.0, fallen=True, hand_on_ball=True).look()
    assert match.said() == []


def push(match, *, speed_m_s, seconds, ball):
    """Home 3 runs into away 3, which stands at (2.3, 2); they touch after 0.8 s."""
    match.ball(*ball)
    x_m = 1.0
    for tick in range(9 + round(seconds * 10)):
        x_m += speed_m_s * 0.1
        if tick == 8:
            match.said()
            match.contact((HOME, 3), (AWAY, 3))
        match.put(HOME, 3, x_m, 2.0).put(AWAY, 3, 2.3, 2.0).look()
    return match


@pytest.mark.parametrize(("speed_m_s", "called"), [(0.19, False), (0.21, True)])
def test_running_into_an_opponent_for_a_second_is_pushing(speed_m_s, called):
    match = push(Staged().in_play(), speed_m_s=speed_m_s, seconds=1.1, ball=(3.3, 2.0))
    assert match.said() == ["pushing", "caution"] * called
    if called:
        assert match.track(HOME, 3).cautions == 1
        assert match.phase is GameState.PLAYING  # 1.7 m from the ball: play goes on


def test_less_than_a_second_of_contact_is_no_pushing():
    match = push(Staged().in_play(), speed_m_s=0.3, seconds=0.8, ball=(3.3, 2.0))
    assert match.said() == []


def test_pushing_near_the_ball_is_a_free_kick():
    match = push(Staged().in_play(), speed_m_s=0.4, seconds=1.1, ball=(2.4, 2.0))
    assert match.said() == ["pushing", "caution", "direct free kick"]
    assert match.last.team == AWAY


def test_two_yellow_cards_are_a_red_one():
    match = push(Staged().in_play(), speed_m_s=0.4, seconds=1.1, ball=(3.3, 2.0))
    match.order(Unpenalize, team=HOME, player=3).wait(2.0)
    match.contact((HOME, 3), (AWAY, 3), on=False).wait(3.0)
    match.said()
    match = push(match, speed_m_s=0.4, seconds=1.1, ball=(3.3, 2.0))
    assert match.said() == ["pushing", "caution", "sent off"]
    assert match.penalty(HOME, 3) is Penalty.SENT_OFF
    match.wait(300.0, every_s=30.0)
    assert match.penalty(HOME, 3) is Penalty.SENT_OFF


def test_the_robot_nearer_to_the_ball_does_not_push():
    match = push(Staged().in_play(), speed_m_s=0.4, seconds=1.5, ball=(1.0, 2.0))
    assert match.said() == []


def test_robots_that_stand_in_contact_do_not_push():
    match = Staged().in_play().put(HOME, 3, 2.0, 2.0).put(AWAY, 3, 2.3, 2.0)
    match.contact((HOME, 3), (AWAY, 3)).ball(3.0, 2.0)
    assert "pushing" not in match.wait(8.0).said()


def test_slow_pushing_for_more_than_5_s_is_pushing():
    match = push(Staged().in_play(), speed_m_s=0.06, seconds=5.0, ball=(3.0, 2.0))
    assert match.said() == []
    match.put(HOME, 3, 1.85, 2.0).wait(0.4)
    assert match.said()[:1] == ["pushing"]


def test_teammates_do_not_push_each_other():
    match = Staged().in_play().ball(3.3, 2.0).contact((HOME, 3), (HOME, 4))
    for tick in range(30):
        match.put(HOME, 3, 1.0 + 0.03 * tick, 2.0).put(HOME, 4, 2.3, 2.0).look()
    assert match.said() == []


@pytest.mark.parametrize(("y_m", "left"), [(3.99, False), (4.01, True)])
def test_leaving_the_carpet_for_a_second_is_leaving_the_field(y_m, left):
    match = Staged().in_play().put(HOME, 3, 0.0, y_m).look()  # 3 m + 1 m border
    match.wait(0.9)
    assert match.said() == []
    match.wait(0.1)
    assert match.said() == ["leaving the field"] * left


def test_standing_in_a_goal_for_5_s_is_leaving_the_field():
    match = Staged().in_play().put(HOME, 1, -4.7, 0.0).look().wait(4.9)
    assert match.said() == []
    assert match.wait(0.1).said() == ["leaving the field"]


def test_a_removed_robot_is_not_called_again():
    match = Staged().in_play().robot(HOME, 3, fallen=True)
    match.order(Penalize, team=HOME, player=3, penalty=Penalty.PICK_UP)
    match.robot(HOME, 3, fallen=True).ball(1.3, -1.0).wait(25.0, every_s=1.0)
    assert len(match.track(HOME, 3).sentences) == 1
