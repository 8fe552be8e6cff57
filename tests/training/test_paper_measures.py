"""The papers' measures on traces written down by hand, rows 0.1 s apart."""

import math
from dataclasses import replace

import numpy as np
import pytest

from robot.contracts.field import FieldSpec
from sim.trial_trace import Trace
from training import paper_measures

PITCH = FieldSpec()
STANDING_M = 0.41
LIMIT_S = 5.0


def still(seconds=10.0, **changes):
    """A robot that stands at the origin, a ball a metre ahead, and `changes`."""
    count = round(seconds / 0.1) + 1
    time_s = np.linspace(0.0, 0.1 * (count - 1), count)
    ball = np.tile([1.0, 0.0, 0.07], (count, 1))
    trace = Trace(
        time_s=time_s,
        position_m=np.zeros((count, 2)),
        heading_rad=np.zeros(count),
        shoulder_m=np.full(count, STANDING_M),
        fallen=np.zeros(count, bool),
        ball_m=ball,
        touch=np.zeros(count, bool),
        bump=np.zeros(count, bool),
    )
    return replace(trace, **changes)


def during(start_s, end_s, seconds=10.0):
    time_s = 0.1 * np.arange(round(seconds / 0.1) + 1)
    return (time_s > start_s - 1e-9) & (time_s < end_s - 1e-9)


def test_a_walk_is_the_straight_way_from_second_2_to_second_7():
    time_s = still().time_s
    # 0.3 m/s ahead and 0.4 m/s aside are 0.5 m/s, but only from second 2 on: before,
    # it stands, and after second 7 it runs away.
    along = np.clip(time_s - 2.0, 0.0, 5.0) + 9.0 * np.clip(time_s - 7.0, 0.0, None)
    got = paper_measures.walk(still(position_m=np.outer(along, [0.3, 0.4])))
    assert got.value == pytest.approx(0.5)
    assert (got.success, got.falls) == (True, 0)


def test_a_walk_with_a_fall_has_no_speed():
    got = paper_measures.walk(still(fallen=during(4.0, 6.0)))
    assert (got.value, got.success, got.falls, got.reason) == (None, False, 1, "fell")


def test_a_walk_that_ends_early_has_no_speed():
    got = paper_measures.walk(still(seconds=6.9))
    assert got.reason == "ended before second 7"


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_turn_is_90_degrees_over_the_time_they_took(sign):
    # 2 rad/s from the first heading 3 rad: 45 degrees after 0.393 s, 135 after 1.178 s,
    # both between rows; a standing start would not count, for it lies before.
    heading = 3.0 + sign * 2.0 * still().time_s
    got = paper_measures.turn(still(heading_rad=heading), sign)
    assert got.value == pytest.approx(2.0)


def test_a_turn_the_wrong_way_never_arrives():
    got = paper_measures.turn(still(heading_rad=-2.0 * still().time_s), 1.0)
    assert (got.success, got.reason) == (False, "did not reach 135 degrees")


def test_a_fall_after_the_turn_does_not_count_and_one_before_does():
    heading = 1.0 * still().time_s
    # 135 degrees after 2.36 s.
    late = paper_measures.turn(still(heading_rad=heading, fallen=during(3.0, 5.0)), 1.0)
    assert late.value == pytest.approx(1.0)
    early = paper_measures.turn(
        still(heading_rad=heading, fallen=during(2.0, 5.0)), 1.0
    )
    assert (early.value, early.falls) == (None, 1)


def rising(up_s, again_down_s=None):
    """Lies until `up_s`; then the shoulders are at 36 of 41 cm."""
    lying = during(0.0, up_s)
    shoulder = np.where(lying, 0.1, 0.361)
    if again_down_s is not None:
        down = during(again_down_s, again_down_s + 2.0)
        lying, shoulder = lying | down, np.where(down, 0.1, shoulder)
    return still(fallen=lying, shoulder_m=shoulder)


def test_a_getup_ends_when_the_shoulders_are_at_36_of_41_cm():
    got = paper_measures.getup(rising(1.5), STANDING_M, LIMIT_S)
    assert got.value == pytest.approx(1.5)
    # It lay at the start: that is no fall.
    assert got.falls == 0


def test_shoulders_a_little_lower_are_not_up():
    trace = rising(1.5)
    trace = replace(trace, shoulder_m=np.where(trace.fallen, 0.1, 0.359))
    got = paper_measures.getup(trace, STANDING_M, LIMIT_S)
    assert (got.value, got.success, got.reason) == (None, False, "not up within 5 s")


def test_a_robot_that_drops_again_within_a_second_has_not_got_up_yet():
    # Up at 1.5 s, down from 2.0 to 4.0 s, up for good from there.
    got = paper_measures.getup(rising(1.5, again_down_s=2.0), STANDING_M, LIMIT_S)
    assert got.value == pytest.approx(4.0)


def test_a_getup_after_the_limit_is_a_failure():
    got = paper_measures.getup(rising(5.2), STANDING_M, LIMIT_S)
    assert not got.success


def test_a_getup_needs_a_second_of_trace_to_show_that_it_lasts():
    got = paper_measures.getup(rising(9.5), STANDING_M, 20.0)
    assert not got.success


def kicked(touch_s=3.0, speed_m_s=2.0):
    time_s = still().time_s
    ball = np.tile([1.0, 0.0, 0.07], (len(time_s), 1))
    ball[:, 0] += speed_m_s * np.clip(time_s - touch_s, 0.0, None)
    return still(ball_m=ball, touch=during(touch_s, touch_s + 0.3))


def test_a_kick_is_the_balls_way_in_the_fifth_of_a_second_after_the_touch():
    got = paper_measures.kick(kicked())
    # 0.4 m in 0.2 s.
    assert got.value == pytest.approx(2.0)
    assert got.extra["touch_s"] == pytest.approx(3.0)


@pytest.mark.parametrize(("foot", "outward_deg"), [(1.0, -20.0), (-1.0, 20.0)])
def test_how_far_outward_the_ball_goes_is_told_by_foot(foot, outward_deg):
    trace = kicked()
    # It goes along +x; a robot that faced 20 degrees to the left of that has kicked it
    # to its right: inward with the left foot, outward with the right one.
    turned = replace(trace, heading_rad=np.full(len(trace.time_s), np.radians(20.0)))
    got = paper_measures.kick(turned, foot)
    assert got.extra["outward_deg"] == pytest.approx(outward_deg)
    assert "outward_deg" not in paper_measures.kick(turned).extra


def test_after_a_gentle_touch_the_best_speed_shows_beside_the_first():
    trace = kicked(touch_s=5.0, speed_m_s=3.0)
    got = paper_measures.kick(replace(trace, touch=during(2.0, 6.0)))
    assert got.value == 0.0
    assert got.extra["best_m_s"] == pytest.approx(3.0)


def test_a_ball_that_is_never_touched_is_no_kick():
    got = paper_measures.kick(still())
    assert (got.success, got.reason) == (False, "never touched the ball")


def shot_at(y_m):
    """The ball rolls from the centre along y_m; over the line at 2.57 m, in 5.2 s."""
    time_s = still().time_s
    ball = np.stack([0.5 * time_s, np.full(len(time_s), y_m), 0 * time_s + 0.07], 1)
    return still(ball_m=ball, touch=during(0.4, 0.5))


def test_a_goal_is_the_whole_ball_behind_the_line_between_the_posts():
    got = paper_measures.shot(shot_at(0.39), PITCH, STANDING_M)
    assert (got.value, got.success) == (1.0, True)
    # 2.5 m to the line and 0.07 m of radius at 0.5 m/s: 5.14 s, the row after is 5.2 s.
    assert got.extra["goal_s"] == pytest.approx(5.2)
    assert got.extra["touch_s"] == pytest.approx(0.4)
    beside = paper_measures.shot(shot_at(0.41), PITCH, STANDING_M)
    assert (beside.value, beside.reason) == (0.0, "no goal")


def test_a_bump_before_the_ball_is_no_way_around():
    past = paper_measures.passed_by(replace(shot_at(0.0), bump=during(1, 2)), PITCH)
    assert (past.success, past.extra["scored"]) == (True, 1.0)
    into = paper_measures.passed_by(replace(shot_at(0.0), bump=during(0.2, 1)), PITCH)
    assert (into.success, into.reason) == (False, "bumped")
    idle = paper_measures.passed_by(still(), PITCH)
    assert (idle.success, idle.reason) == (False, "never reached the ball")


def test_a_robot_that_wavers_at_the_threshold_falls_once():
    # Down at 2.0 s, up for half a second, down again: the same fall. Another at 6 s.
    fallen = during(2.0, 3.0) | during(3.5, 4.0) | during(6.0, 7.0)
    assert paper_measures.count_falls(still(fallen=fallen)) == 2


def test_a_trace_of_unequal_lengths_is_refused():
    with pytest.raises(ValueError, match=r"expected 101 rows .*, found heading_rad 1"):
        still(heading_rad=np.array([math.pi]))
