"""Every term of Table S3 by hand, on both sides of each threshold."""

import math

import numpy as np
import pytest

from robot.contracts.field import FieldSpec
from sim.tasks.soccer_rewards import (
    SoccerRules,
    SoccerWeights,
    in_penalty_area,
    out_of_bounds,
    penalised,
    scored,
    soccer_terms,
    without_gains,
)
from sim.tasks.view import JOINT_COLUMN
from tests.sim.tasks.worlds import world

FAR = {"x": -2.0, "y": 1.5}


def terms(home, away=FAR, ball=(0.0, 0.0, 0.07), weights=None):
    """Terms of one home and one away robot, as [2] each."""
    view = world(home, away, ball=ball)
    found = soccer_terms(
        weights or SoccerWeights(),
        SoccerRules(),
        FieldSpec(),
        view.robots,
        view.ball,
        (1, -1),
    )
    return {name: value[0] for name, value in found.items()}


@pytest.mark.parametrize(
    ("tilt", "expected"),
    # 0.02 x (0.4 - tilt) / (0.4 - 0.2), between 0 and 0.02.
    [(0.0, 0.02), (0.19, 0.02), (0.25, 0.015), (0.3, 0.01), (0.39, 0.001), (0.41, 0)],
)
def test_upright_is_full_below_a_tilt_of_0_2_and_none_above_0_4(tilt, expected):
    for toward in (0.0, 2.0):
        found = terms({"tilt": tilt, "toward": toward})["upright"][0]
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("velocity", "expected"),
    # The ball lies at (3, 4) x 0.4, direction (0.6, 0.8); 0.05 per m/s toward it.
    [((1, 0), 0.03), ((0.6, 0.8), 0.05), ((-1, 0), -0.03), ((0.8, -0.6), 0.0)],
)
def test_velocity_to_the_ball_is_the_component_toward_it(velocity, expected):
    found = terms({"velocity": velocity}, ball=(1.2, 1.6, 0.07))
    assert found["velocity_to_ball"][0] == pytest.approx(expected, abs=1e-9)


def test_forward_velocity_follows_the_heading():
    # Facing +y: 0.5 m/s of (0.2, 0.5) are forward, 0.1 x 0.5 = 0.05.
    found = terms({"heading": math.pi / 2, "velocity": (0.2, 0.5)})
    assert found["forward_velocity"][0] == pytest.approx(0.05)
    # Facing -x: 0.2 m/s backward.
    found = terms({"heading": math.pi, "velocity": (0.2, 0.5)})
    assert found["forward_velocity"][0] == pytest.approx(-0.02)


@pytest.mark.parametrize(
    ("velocity", "distance", "expected"),
    [
        # cos = 0.3 / 0.5.
        ((0.3, 0.4), 0.8, -0.6),
        ((0.3, 0.4), 0.999, -0.6),
        ((0.3, 0.4), 1.001, 0.0),
        # Leaving is free.
        ((-0.3, 0.4), 0.8, 0.0),
        # Below 0.1 m/s the cosine fades: 0.05 / 0.1.
        ((0.05, 0.0), 0.8, -0.5),
        ((0.11, 0.0), 0.8, -1.0),
        ((0.0, 0.0), 0.8, 0.0),
    ],
)
def test_interference_is_the_cosine_to_an_opponent_within_a_metre(
    velocity, distance, expected
):
    found = terms({"velocity": velocity}, {"x": distance})["interference"]
    assert found[0] == pytest.approx(expected, abs=1e-9)
    assert found[1] == 0


def test_interference_looks_at_the_nearest_opponent_only():
    view = world(
        {"velocity": (0.5, 0.0)}, FAR, {"y": 0.5}, {"x": 0.7}, ball=(1, 1, 0.07)
    )
    args = (SoccerWeights(), SoccerRules(), FieldSpec(), view.robots, view.ball)
    found = soccer_terms(*args, (1, 1, -1, -1))["interference"]
    # The one at 0.5 m lies across: cosine 0; the one straight ahead is farther.
    assert found[0, 0] == pytest.approx(0.0, abs=1e-9)


def test_both_knees_count_with_their_magnitude_and_no_other_joint():
    torque = {
        JOINT_COLUMN["l_knee"]: 2.0,
        JOINT_COLUMN["r_knee"]: -1.5,
        JOINT_COLUMN["l_hip_pitch"]: 4.0,
    }
    # 0.01 x (2.0 + 1.5).
    assert terms({"torque": torque})["knee_torque"][0] == pytest.approx(-0.035)


@pytest.mark.parametrize(
    ("robot", "expected"),
    [
        ({"tilt": 0.99}, False),
        ({"tilt": 1.01}, True),
        ({"z": 0.151}, False),
        ({"z": 0.149}, True),
        ({"x": 2.49, "y": 1.5}, False),
        ({"x": 2.51, "y": 1.5}, True),
        ({"x": -2.51, "y": 0.0}, True),
        ({"y": 1.99}, False),
        ({"y": -2.01}, True),
        # The areas: 0.6 m deep from 2.5 - 0.6 = 1.9 m, 1.6 m wide.
        ({"x": 1.89}, False),
        ({"x": 1.91}, True),
        ({"x": -1.91}, True),
        ({"x": 1.91, "y": 0.79}, True),
        ({"x": 1.91, "y": -0.81}, False),
    ],
)
def test_a_robot_is_penalised_while_fallen_out_or_in_a_penalty_area(robot, expected):
    view = world(robot, FAR, ball=(0, 0, 0.07))
    assert penalised(SoccerRules(), FieldSpec(), view.robots)[0, 0] == expected
    assert terms(robot)["termination"][0] == (-0.5 if expected else 0)


def test_behind_the_goal_line_is_out_but_no_penalty_area():
    view = world({"x": 2.4}, {"x": 2.6}, ball=(0, 0, 0.07))
    assert in_penalty_area(FieldSpec(), view.robots).tolist() == [[True, False]]
    assert out_of_bounds(FieldSpec(), view.robots).tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("ball", "expected"),
    [
        # Whole ball over the line: 2.5 + 0.07.
        ((2.56, 0, 0.07), (False, False)),
        ((2.58, 0, 0.07), (True, False)),
        ((-2.58, 0, 0.07), (False, True)),
        ((2.58, 0.39, 0.07), (True, False)),
        ((2.58, -0.41, 0.07), (False, False)),
        ((2.58, 0, 0.59), (True, False)),
        ((2.58, 0, 0.61), (False, False)),
    ],
)
def test_a_goal_is_a_whole_ball_over_the_line_between_the_posts(ball, expected):
    view = world({}, FAR, ball=ball)
    home, away = scored(FieldSpec(), view.ball)
    assert (home[0], away[0]) == expected


def test_a_goal_is_worth_a_thousand_to_one_side_and_costs_it_the_other():
    found = terms({}, ball=(2.6, 0, 0.07))
    assert found["scoring"].tolist() == [1000, 0]
    assert found["conceding"].tolist() == [0, -1000]
    found = terms({}, ball=(-2.6, 0, 0.07))
    assert found["scoring"].tolist() == [0, 1000]
    assert found["conceding"].tolist() == [-1000, 0]


def test_weights_of_zero_switch_conceding_and_fouls_off():
    weights = SoccerWeights(conceding=0.0, termination=0.0)
    found = terms({"tilt": 1.5}, ball=(-2.6, 0, 0.07), weights=weights)
    assert found["conceding"].tolist() == [0, 0]
    assert found["termination"].tolist() == [0, 0]


def test_gains_are_cut_and_costs_stay_only_where_asked():
    found = without_gains(
        {"gain": np.array([[2.0, 2.0]]), "cost": np.array([[-3.0, -3.0]])},
        np.array([[True, False]]),
    )
    assert found["gain"].tolist() == [[0, 2]]
    assert found["cost"].tolist() == [[-3, -3]]
