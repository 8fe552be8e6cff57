"""The attitude filter, against rotations known in closed form."""

import math

import numpy as np
import pytest

from robot import attitude
from robot.attitude import AttitudeConfig
from robot.fall import FallConfig, posture_after

CONFIG = AttitudeConfig()
GYRO_ONLY = AttitudeConfig(time_constant_s=1e12)
DT_S = 0.008
G = attitude.STANDARD_GRAVITY_M_S2
STILL = np.zeros(3)


def tilted(pitch_rad):
    """Gravity in the frame of a torso pitched nose-down: R_y(pitch)^T (0, 0, -1)."""
    return np.array([math.sin(pitch_rad), 0.0, -math.cos(pitch_rad)])


def test_at_rest_gravity_points_against_the_specific_force():
    state = attitude.start(np.array([0.0, 0.0, G]))
    assert state.gravity == pytest.approx((0.0, 0.0, -1.0))


def test_the_gyro_alone_follows_a_rotation():
    # Nose-down at 1 rad/s about +y for 125 steps of 8 ms: 1 rad.
    state = attitude.start(np.array([0.0, 0.0, G]))
    gyro = np.array([0.0, 1.0, 0.0])
    for _ in range(125):
        state = attitude.update(GYRO_ONLY, state, gyro, np.array([0, 0, G]), DT_S)
    assert state.gravity == pytest.approx(tilted(1.0), abs=1e-9)
    assert state.tilt_rad == pytest.approx(1.0)


def test_a_rotation_about_any_axis_matches_the_matrix_exponential():
    # Independent oracle: the rotation matrix by its power series.
    rate = np.array([0.7, -1.1, 0.4])
    skew = np.array(
        [[0, -rate[2], rate[1]], [rate[2], 0, -rate[0]], [-rate[1], rate[0], 0]]
    )
    matrix, power = np.eye(3), np.eye(3)
    for order in range(1, 20):
        power = power @ (-skew * 0.8) / order
        matrix = matrix + power
    state = attitude.start(np.array([0.0, 0.0, G]))
    for _ in range(100):
        state = attitude.update(GYRO_ONLY, state, rate, np.array([0, 0, G]), DT_S)
    assert state.gravity == pytest.approx(matrix @ [0, 0, -1], abs=1e-9)


def test_the_accelerometer_corrects_a_wrong_start():
    state = attitude.start(np.array([G, 0.0, 0.0]))
    for _ in range(int(24 / DT_S)):
        state = attitude.update(CONFIG, state, STILL, np.array([0, 0, G]), DT_S)
    assert state.tilt_rad < 0.01


def test_gyro_drift_stays_bounded():
    # 0.005 rad/s of drift against a 3 s filter: an error of about 0.015 rad.
    state = attitude.start(np.array([0.0, 0.0, G]))
    drift = np.array([0.005, 0.0, 0.0])
    for _ in range(int(40 / DT_S)):
        state = attitude.update(CONFIG, state, drift, np.array([0, 0, G]), DT_S)
    assert state.tilt_rad == pytest.approx(0.015, abs=0.001)


def test_a_hard_push_hardly_tilts_the_estimate():
    # 1 g sideways pulls as 1 - exp(-0.2 s / 3 s) = 0.0645, against 1 g down.
    state = attitude.start(np.array([0.0, 0.0, G]))
    for _ in range(25):
        state = attitude.update(CONFIG, state, STILL, np.array([0, G, G]), DT_S)
    assert state.tilt_rad == pytest.approx(0.0645, abs=0.001)


def test_shaking_to_and_fro_leaves_no_error_behind():
    # 1.5 g to the left and 0.5 g to the right, three times as long: zero on average.
    # Directions alone would lean: (3 atan(0.5) - atan(1.5)) / 4 = 0.10 rad.
    state = attitude.start(np.array([0.0, 0.0, G]))
    tilts = []
    for step in range(int(24 / DT_S)):
        push = 1.5 * G if step % 4 == 0 else -0.5 * G
        state = attitude.update(CONFIG, state, STILL, np.array([0, push, G]), DT_S)
        tilts.append(state.gravity[1])
    assert abs(np.mean(tilts[-1000:])) < 0.003


def test_an_impact_counts_as_no_more_than_three_g():
    # 30 g for one cycle, cut to 3 g: 3 x 0.008 s / 3.008 s = 0.0080 rad.
    state = attitude.start(np.array([0.0, 0.0, G]))
    state = attitude.update(CONFIG, state, STILL, np.array([0, 30 * G, 0]), DT_S)
    assert state.tilt_rad == pytest.approx(0.0080, abs=1e-4)


def test_free_fall_keeps_the_estimate():
    state = attitude.start(np.array([0.0, 0.0, G]))
    state = attitude.update(CONFIG, state, STILL, STILL, DT_S)
    assert state.gravity == (0.0, 0.0, -1.0)


@pytest.mark.parametrize(
    ("gravity", "posture"),
    [
        ((1.0, 0.0, 0.0), "front"),
        ((-1.0, 0.0, 0.0), "back"),
        ((0.0, 1.0, 0.0), "left"),
        ((0.0, -1.0, 0.0), "right"),
        ((0.0, 0.0, -1.0), "upright"),
    ],
)
def test_the_side_a_robot_lies_on_is_where_gravity_points(gravity, posture):
    assert posture_after(FallConfig(), "upright", gravity) == posture


def test_between_the_thresholds_the_posture_stays_what_it_was():
    between = tuple(tilted(0.7).tolist())  # 0.4 rad < 0.7 rad < 1.0 rad
    assert posture_after(FallConfig(), "upright", between) == "upright"
    assert posture_after(FallConfig(), "front", between) == "front"
    assert posture_after(FallConfig(), "upright", tuple(tilted(1.1))) == "front"
    assert posture_after(FallConfig(), "front", tuple(tilted(0.3))) == "upright"
