"""The referee's eyes on a real pitch: what counts, and what happens when they fail."""

from dataclasses import replace

import pytest

from match import referee
from match.commands import ResumePlay, StopPlay
from match.eyes.lookout import Guard, Lookout, LookoutConfig, guard, look
from match.rules import LAB_1V1
from match.teams import Team
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, RobotStatus, TeamColour
from robot.contracts.tracker import TrackedRobot, TrackerFrame

CONFIG = LookoutConfig()
TEAMS = (
    Team(number=1, name="home", colour=TeamColour.BLUE),
    Team(number=2, name="away", colour=TeamColour.RED),
)
STATE = referee.start(LAB_1V1, FieldSpec(), TEAMS)
PLAYING = replace(STATE, phase=GameState.PLAYING)


def frame(ball=(0.5, 0.0), *robots):
    """Of a tracker whose own clock says something else."""
    return TrackerFrame(time_s=9e8, ball_xy_m=ball, robots=robots)


def tracked(team, x_m):
    return TrackedRobot(team=team, player=1, x_m=x_m, y_m=0.0, yaw_rad=0.0)


def looked(*looks, state=STATE):
    """After looks of (time s, frames, reports)."""
    lookout = Lookout()
    for time_s, frames, reports in looks:
        lookout = look(lookout, frames, reports, state, time_s, CONFIG)
    return lookout


def test_trackers_frames_become_observations_on_the_referees_clock():
    lookout = looked((2.0, [frame((0.5, 0.0), tracked(1, -1.0))], []))
    assert lookout.seen is not None
    assert lookout.seen.time_s == 2.0
    assert lookout.seen.ball_xyz_m == pytest.approx((0.5, 0.0, 0.07), abs=0.01)
    assert [robot.robot for robot in lookout.seen.robots] == [(1, 1)]


def test_nothing_is_seen_before_a_ball_is():
    assert looked((0.0, [], [])).seen is None
    assert looked((0.0, [frame(None, tracked(1, 0.0))], [])).seen is None


def test_robots_of_other_matches_are_left_out():
    lookout = looked((0.0, [frame((0.5, 0.0), tracked(1, -1.0), tracked(7, 0.0))], []))
    assert lookout.seen is not None
    assert [robot.team for robot in lookout.seen.robots] == [1]


def test_a_robots_own_report_counts_where_no_tracker_sees_it():
    report = RobotStatus(
        player=1,
        team=2,
        fallen=True,
        pose_mm_rad=(-1000.0, 500.0, 0.0),
        ball_age_s=-1.0,
        ball_mm=(0.0, 0.0),
    )
    lookout = looked((0.0, [frame()], [report]))
    assert lookout.seen is not None
    (robot,) = lookout.seen.robots
    # Team 2 attacks -x: its -1000 mm are +1 m of the pitch.
    assert (robot.x_m, robot.y_m) == pytest.approx((1.0, -0.5))
    assert robot.fallen


def test_a_ball_that_vanished_stays_where_it_was_seen_last():
    lookout = looked((0.0, [frame()], []), (4.0, [frame(None)], []))
    assert lookout.seen is not None
    assert lookout.seen.time_s == 4.0
    assert lookout.seen.ball_xyz_m[:2] == pytest.approx((0.5, 0.0), abs=0.01)


@pytest.mark.parametrize(("silent_s", "clear"), [(0.9, True), (1.1, False)])
def test_a_tracker_that_falls_silent_is_noticed(silent_s, clear):
    lookout = looked((0.0, [frame()], []), (silent_s, [], []))
    assert (lookout.clear_since_s is not None) is clear


@pytest.mark.parametrize(("gone_s", "clear"), [(4.9, True), (5.1, False)])
def test_a_ball_that_nobody_finds_is_noticed(gone_s, clear):
    lookout = looked((0.0, [frame()], []), (gone_s, [frame(None)], []))
    assert (lookout.clear_since_s is not None) is clear


@pytest.mark.parametrize(
    ("phase", "ball_x_m", "trouble"),
    [
        (GameState.SET, 0.14, ""),
        (GameState.SET, 0.16, "the ball lies 0.16 m from where it belongs"),
        (GameState.PLAYING, 1.0, ""),
    ],
)
def test_set_waits_for_hands_that_carry_the_ball(phase, ball_x_m, trouble):
    state = replace(STATE, phase=phase)
    ball = [frame((ball_x_m, 0.0))]
    assert look(Lookout(), ball, [], state, 0.0, CONFIG, (0.0, 0.0)).trouble == trouble


BLIND = Lookout(clear_since_s=None)
CLEAR = Lookout(clear_since_s=10.0)
STOPPED = replace(PLAYING, stopped=True)


def test_the_match_stops_once_when_the_eyes_fail():
    after, orders = guard(Guard(), BLIND, PLAYING, (), 9.0, CONFIG)
    assert orders == (StopPlay(id="lookout-stop-1", by="lookout"),)
    assert guard(after, BLIND, STOPPED, (), 9.1, CONFIG) == (after, ())


def test_it_goes_on_when_they_have_been_back_for_a_second():
    holding = Guard(stops=1, holds=True)
    assert guard(holding, CLEAR, STOPPED, (), 10.9, CONFIG) == (holding, ())
    after, orders = guard(holding, CLEAR, STOPPED, (), 11.0, CONFIG)
    assert orders == (ResumePlay(id="lookout-resume-1", by="lookout"),)
    assert after == Guard(stops=1, holds=False)


def test_a_person_who_stops_the_match_meanwhile_has_to_resume_it():
    by_hand = (StopPlay(id="x", by="page client 1"),)
    after, _ = guard(Guard(stops=1, holds=True), BLIND, STOPPED, by_hand, 9.0, CONFIG)
    assert guard(after, CLEAR, STOPPED, (), 20.0, CONFIG) == (after, ())


def test_before_and_after_the_match_there_is_nothing_to_stop():
    for phase in (GameState.INITIAL, GameState.FINISHED):
        state = replace(STATE, phase=phase)
        assert guard(Guard(), BLIND, state, (), 9.0, CONFIG) == (Guard(), ())


def test_a_robot_that_is_lost_still_tells_that_it_lies():
    """It sends the pitch's centre for a place; the tracker sees it at 1 m."""
    lost = RobotStatus(
        player=1,
        team=1,
        fallen=True,
        pose_mm_rad=(0.0, 0.0, 0.0),
        ball_age_s=-1.0,
        ball_mm=(0.0, 0.0),
    )
    there = [frame((0.5, 0.0), tracked(1, 1.0))]
    (robot,) = looked((0.0, there, []), (0.1, there, [lost])).seen.robots
    assert robot.fallen
    assert robot.x_m == pytest.approx(1.0, abs=0.01)
