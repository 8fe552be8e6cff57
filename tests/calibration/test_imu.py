"""Bias and mounting of the sensor board from resting positions."""

import math
from dataclasses import replace

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.imu import (
    POSITIONS,
    Rest,
    fit_imu,
    quaternion,
    rest_faults,
)
from cli.hidden_robot import HiddenRobot
from cli.main import main
from robot.body import Body
from robot.calibrated import calibrated_imu
from robot.contracts.calibration_file import read_calibration
from robot.runtime_config import RuntimeConfig
from robot.safety import SafetyConfig
from robot.senses import Senses
from sim.hidden_dynamics import draw_dynamics

G = 9.80665


def rest(acceleration, gyro=(0.0, 0.0, 0.0), count=100):
    return Rest(
        gyro_rad_s=np.tile(gyro, (count, 1)),
        acceleration_m_s2=np.tile(acceleration, (count, 1)),
    )


def test_a_board_turned_by_a_quarter_with_a_bias():
    # The sensor's x is the torso's y, its y the torso's -x: torso (a, b, c) reads
    # (b, -a, c). The bias is added to what is read.
    bias = np.array([0.1, -0.2, 0.3])
    rests = {
        p.name: rest(np.array([p.up[1], -p.up[0], p.up[2]]) * G + bias, (0.01, 0, 0))
        for p in POSITIONS
    }
    fit = fit_imu(rests)
    np.testing.assert_allclose(
        fit.rotation, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12
    )
    np.testing.assert_allclose(fit.acceleration_bias_m_s2, bias, atol=1e-12)
    np.testing.assert_allclose(fit.gyro_bias_rad_s, [0.01, 0, 0], atol=1e-15)
    # A quarter turn about z: cos 45 and sin 45 deg.
    np.testing.assert_allclose(
        quaternion(fit.rotation), [0.7071068, 0, 0, 0.7071068], atol=1e-7
    )


def test_two_positions_are_too_few():
    rests = {p.name: rest(np.array(p.up) * G) for p in POSITIONS[:2]}
    with pytest.raises(CalibrationError) as caught:
        fit_imu(rests)
    assert caught.value.faults == (
        "positions: expected at least 3 of upright, back, front, left side, right "
        "side, found upright, back; start again to measure the others",
    )


def test_a_robot_that_lies_on_another_side_or_moves_is_told_so():
    back = POSITIONS[1]
    assert "found it 90 deg away" in rest_faults(back, rest((0, 0, G)))[0]
    turning = rest((G, 0, 0))
    turning.gyro_rad_s[:, 1] = np.linspace(0, 0.2, 100)
    # Quarters of a ramp to 0.2: their means are 0.15 apart.
    assert "changing by 0.15 rad/s" in rest_faults(back, turning)[0]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """What the command writes of hidden robot 1."""
    folder = tmp_path_factory.mktemp("imu")
    arguments = ["--virtual", "--hidden", "1", "--out", str(folder)]
    assert main(["calibrate", "imu", *arguments]) == 0
    return read_calibration(folder / "calibration.json")


def test_a_hidden_board_within_three_tenths_of_a_degree(file):
    truth, found = draw_dynamics(1), file.imu
    # Half the angle between two orientations has the quaternions' product as cosine.
    off = 2 * np.arccos(min(1.0, abs(np.array(found.quat_wxyz) @ truth.imu_quat_wxyz)))
    assert np.degrees(off) < 0.3
    np.testing.assert_allclose(
        found.gyro_bias_rad_s.value, truth.gyro_bias_rad_s, atol=0.005
    )
    np.testing.assert_allclose(
        found.acceleration_bias_m_s2.value, truth.acceleration_bias_m_s2, atol=0.06
    )
    assert found.gyro_noise_rad_s == pytest.approx(truth.gyro_noise_rad_s, rel=0.05)
    assert found.acceleration_noise_m_s2 == pytest.approx(
        truth.acceleration_noise_m_s2, rel=0.05
    )


def felt_gravity(truth, imu, seconds=8.0):
    """Which way is down, after so long, for a robot held with its chest 30 deg down."""
    robot = HiddenRobot(truth, 1)
    half = np.radians(30) / 2
    robot.world.turn((math.cos(half), 0.0, math.sin(half), 0.0), 0.3)
    senses = Senses(replace(robot.devices, imu=imu), SafetyConfig(), robot)
    body = Body(RuntimeConfig())
    for _ in range(round(seconds / 0.008)):
        robot.sleep_until(robot.now() + 0.008)
        frame, _ = senses.read(robot.now(), 0.008)
        state = body.feel(frame, 0.008, settled=True)
    return state.gravity_array


def test_the_runtime_feels_which_way_is_down_through_a_tilted_board(file):
    # Pitched by 30 deg about +y, world's down is (sin 30, 0, -cos 30) in the torso.
    down = np.array([0.5, 0.0, -math.cos(math.radians(30))])
    # The readings' noise aside, which wanders by 0.3 deg in the runtime's filter.
    truth = replace(
        draw_dynamics(1), gyro_noise_rad_s=0.002, acceleration_noise_m_s2=0.02
    )
    as_read = felt_gravity(truth, None)
    corrected = felt_gravity(truth, calibrated_imu(file))
    assert np.degrees(np.arccos(as_read @ down)) > 1.0
    assert np.degrees(np.arccos(corrected @ down)) < 0.3
