"""Shots at the goal: when they begin and where they go, by hand."""

import math

import pytest

from robot import shot, tactics
from robot.contracts.field import FieldSpec
from robot.shot import ShotConfig
from robot.tactics import TacticsConfig
from robot.world import Pose, WorldView

CONFIG = ShotConfig()
PITCH = FieldSpec()


def at(x, y, yaw=0.0, ball=(0.0, 0.0)):
    return WorldView(pose=Pose(x_m=x, y_m=y, yaw_rad=yaw), ball=ball)


@pytest.mark.parametrize(
    ("view", "may"),
    [
        # The goal's middle at (2.5, 0).
        (at(1.0, 0.0, ball=(1.25, 0.0)), True),
        (at(1.0, 0.0, ball=(1.25, 0.09)), True),
        (at(1.0, 0.0, ball=(1.25, -0.11)), False),
        (at(1.0, 0.0, ball=(1.45, 0.0)), False),
        (at(1.0, 0.0, ball=(1.1, 0.0)), False),
        # 1.7 m from the goal.
        (at(0.55, 0.0, ball=(0.8, 0.0)), False),
        # Facing 0.5 rad past it, and away from it.
        (at(1.0, 0.0, yaw=0.5, ball=(1.22, 0.12)), False),
        (at(1.5, 0.0, yaw=math.pi, ball=(1.25, 0.0)), False),
        (at(0.0, 0.0, ball=None), False),
    ],
)
def test_a_shot_needs_the_ball_ahead_and_the_goal_behind_it(view, may):
    assert shot.may_begin(CONFIG, PITCH, view) is may


@pytest.mark.parametrize(
    ("yaw", "aside"),
    [
        # From 2 m before it, the goal's inner part, 0.15 m to either side of the
        # middle, spans +-atan(0.15 / 2) = +-0.0749 rad.
        (0.0, 0.0),
        (0.05, 0.0),
        (0.2, -0.2 + 0.0749),
        (-0.3, 0.3 - 0.0749),
    ],
)
def test_a_shot_goes_as_little_aside_as_the_goal_allows(yaw, aside):
    view = at(0.3, 0.0, yaw=yaw, ball=(0.5, 0.0))
    found = shot.direction(CONFIG, PITCH, view)
    assert found == pytest.approx(aside, abs=1e-4)


def test_a_kick_that_is_stood_for_goes_where_it_is_stood_for():
    config = TacticsConfig()
    # From (0.5, 0.3) to (2.5, 0): atan(-0.3 / 2) = -0.1489 rad, less the heading.
    view = at(0.3, 0.3, yaw=0.05, ball=(0.5, 0.3))
    found = tactics.direction(config, PITCH, view)
    assert found == pytest.approx(-0.1989, abs=1e-4)
    # At the wall there is no room to stand for the goal: along it, less the heading.
    wall = at(0.3, 1.4, yaw=0.2, ball=(0.5, PITCH.half_width_m - 0.02))
    assert tactics.direction(config, PITCH, wall) == pytest.approx(-0.2)


def test_a_blind_robot_shoots_straight_ahead():
    blind = WorldView(pose=None, ball=(0.0, 0.0))
    assert shot.direction(CONFIG, PITCH, blind) == 0.0
    assert tactics.direction(TacticsConfig(), PITCH, blind) == 0.0
