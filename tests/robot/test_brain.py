"""What a robot remembers of what it heard, and what it reports."""

import math

import numpy as np
import pytest

from robot import brain
from robot.brain import BrainConfig, Identity
from robot.contracts.game_control import (
    GameControl,
    GameState,
    TeamColour,
    TeamInfo,
)
from robot.contracts.joints import OP3_JOINTS
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.player import load_player
from robot.world import BLIND
from tests.fakes.bundles import write_player

STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])
CONFIG = BrainConfig(tracker_stale_s=0.5)
ME = Identity(team=1, player=2)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("player")
    write_player(folder)
    return brain.start(load_player(folder, folder), STAND)


def frame(ball=(1.0, 1.0)):
    robot = TrackedRobot(team=1, player=2, x_m=1.0, y_m=0.0, yaw_rad=math.pi / 2)
    return TrackerFrame(time_s=77.0, ball_xy_m=ball, robots=(robot,))


def control(numbers, state=GameState.PLAYING):
    teams = tuple(
        TeamInfo(
            team_number=number,
            field_player_colour=TeamColour.RED,
            goalkeeper_colour=TeamColour.RED,
        )
        for number in numbers
    )
    return GameControl(
        packet_number=0,
        players_per_team=2,
        state=state,
        kicking_team=None,
        secs_remaining=1,
        teams=teams,
    )


def hear(state, *, control=None, frame=None, now_s=0.0):
    return brain.hear(CONFIG, ME, state, control, frame, now_s)


def test_an_old_view_is_forgotten(fresh):
    state = hear(fresh, frame=frame(), now_s=1.0)
    assert hear(state, now_s=1.5).view.ball == (1.0, 1.0)
    assert hear(state, now_s=1.6).view == BLIND


def test_the_side_in_the_control_packet_turns_the_view(fresh):
    state = hear(fresh, control=control((9, 1)), frame=frame())
    assert state.view.ball == (-1.0, -1.0)
    state = hear(fresh, control=control((1, 9)), frame=frame())
    assert state.view.ball == (1.0, 1.0)


def test_a_packet_about_other_teams_changes_nothing(fresh):
    state = hear(fresh, control=control((1, 9)))
    assert state.game.phase == "playing"
    other = hear(state, control=control((7, 8), GameState.FINISHED))
    assert other.game == state.game


def test_the_report_is_in_millimetres_and_the_robots_own_frame(fresh):
    state = hear(fresh, frame=frame(), now_s=3.0)
    state = hear(state, frame=frame(ball=None), now_s=3.4)
    status = brain.status_of(ME, state, "left", 5.0)
    assert (status.team, status.player, status.fallen) == (1, 2, True)
    assert status.pose_mm_rad == pytest.approx((1000.0, 0.0, math.pi / 2))
    # Last seen at 3 s, now it is 5 s; the place of an unseen ball is not reported.
    assert status.ball_age_s == pytest.approx(2.0)
    assert status.ball_mm == (0.0, 0.0)
    seen = brain.status_of(ME, hear(state, frame=frame(), now_s=5.0), "upright", 5.0)
    # It faces +y from (1, 0); the ball at (1, 1) is one metre ahead.
    assert seen.ball_mm == pytest.approx((1000.0, 0.0), abs=1e-9)
    assert seen.ball_age_s == 0.0


def test_a_robot_that_heard_nothing_reports_a_ball_never_seen(fresh):
    status = brain.status_of(ME, fresh, "upright", 5.0)
    assert status.ball_age_s == -1.0
    assert status.pose_mm_rad == (0.0, 0.0, 0.0)
