"""Robots' own reports in the pitch frame, and what the referee sees of a frame."""

import math

import pytest

from match.eyes.reports import ReportTrust, frame_of_report
from match.eyes.sight import sight_of
from match.referee import start
from match.rules import LAB_1V1
from match.state import Team
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import RobotStatus, TeamColour
from robot.contracts.tracker import TrackedRobot, TrackerFrame

FIELD = FieldSpec()
TEAMS = (
    Team(number=5, name="Home", colour=TeamColour.BLUE),
    Team(number=9, name="Away", colour=TeamColour.RED),
)
STATE = start(LAB_1V1, FIELD, TEAMS)
TRUST = ReportTrust()


def status(team, pose=(1500.0, 500.0, math.pi / 2), age_s=0.1, ball=(400.0, 300.0)):
    return RobotStatus(
        player=1,
        team=team,
        fallen=True,
        pose_mm_rad=pose,
        ball_age_s=age_s,
        ball_mm=ball,
    )


def test_the_home_robots_frame_is_the_pitchs():
    frame = frame_of_report(status(5), 3.0, STATE, TRUST)
    (robot,) = frame.robots
    assert (robot.team, robot.player, robot.fallen) == (5, 1, True)
    assert (robot.x_m, robot.y_m) == pytest.approx((1.5, 0.5))
    assert robot.yaw_rad == pytest.approx(math.pi / 2)
    # Facing +y: 0.4 m ahead is +y, 0.3 m to its left is -x.
    assert frame.ball_xy_m == pytest.approx((1.2, 0.9))
    assert frame.ball_deviation_m == pytest.approx(0.15 + 0.1 * 0.5)


def test_the_other_teams_frame_is_turned_by_half():
    frame = frame_of_report(status(9), 3.0, STATE, TRUST)
    (robot,) = frame.robots
    assert (robot.x_m, robot.y_m) == pytest.approx((-1.5, -0.5))
    assert robot.yaw_rad == pytest.approx(-math.pi / 2)
    assert frame.ball_xy_m == pytest.approx((-1.2, -0.9))


@pytest.mark.parametrize("age_s", [-1.0, 0.6])
def test_a_ball_not_seen_or_long_ago_is_left_out(age_s):
    assert frame_of_report(status(5, age_s=age_s), 3.0, STATE, TRUST).ball_xy_m is None


def test_who_knows_no_place_and_strangers_tell_none():
    lost = status(5, pose=(0.0, 0.0, 0.0))
    assert frame_of_report(lost, 3.0, STATE, TRUST) is None
    assert frame_of_report(status(7), 3.0, STATE, TRUST) is None


def frame(time_s, ball=(0.0, 0.0), speed=(0.0, 0.0), home=(-0.2, 0.0), away=(1.0, 0.0)):
    robots = tuple(
        TrackedRobot(team=team, player=1, x_m=x, y_m=y, yaw_rad=0.0)
        for team, (x, y) in ((5, home), (9, away))
    )
    return TrackerFrame(
        time_s=time_s, ball_xy_m=ball, ball_velocity_m_s=speed, robots=robots
    )


def test_a_kick_is_a_touch_by_the_robot_in_reach():
    """The ball gains 0.2 m/s, 0.2 m from the home robot and 1 m from the other."""
    before, after = frame(1.0), frame(1.03, speed=(0.2, 0.0))
    seen = sight_of(after, before, FIELD)
    assert [robot.touching_ball for robot in seen.robots] == [True, False]
    assert seen.ball_xyz_m == (0.0, 0.0, 0.07)


def test_a_ball_that_rolls_by_or_is_kicked_elsewhere_is_no_touch():
    rolling = frame(1.0, speed=(0.5, 0.0)), frame(1.03, speed=(0.49, 0.0))
    assert not any(r.touching_ball for r in sight_of(*rolling[::-1], FIELD).robots)
    afar = frame(1.0, home=(-1, 0)), frame(1.03, home=(-1, 0), speed=(0.5, 0.0))
    assert not any(r.touching_ball for r in sight_of(*afar[::-1], FIELD).robots)
    assert not any(r.touching_ball for r in sight_of(afar[1], None, FIELD).robots)


def test_torsos_that_meet_are_a_contact():
    near = sight_of(frame(1.0, home=(0.0, 0.0), away=(0.1, 0.1)), None, FIELD)
    assert near.contacts == (((5, 1), (9, 1)),)  # 0.14 m apart
    assert sight_of(frame(1.0), None, FIELD).contacts == ()


def test_without_a_ball_there_is_nothing_to_referee():
    assert sight_of(frame(1.0, ball=None), None, FIELD) is None
