"""Delays from motions that several sensors see."""

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.latency import (
    Lags,
    PictureShifts,
    Shift,
    integral,
    lags,
    nods,
    picture_lag,
    signal_lag,
    steady,
)
from calibration.motion_player import MotionPlayer
from calibration.picture_motion import PictureWatch, PollingClock, scene_motion
from cli.hidden_robot import HiddenRobot, VirtualHand
from robot.contracts.joints import OP3_JOINTS
from sim.hidden_dynamics import draw_dynamics

TIME_S = 0.008 * np.arange(1000)


def angle(time_s):
    return np.sin(2 * np.pi * 0.9 * time_s) + 0.4 * np.sin(2 * np.pi * 1.7 * time_s)


def test_a_shifted_signal_is_found_between_its_samples():
    found = signal_lag(TIME_S, angle(TIME_S)[:, None], -3 * angle(TIME_S - 0.0213), "x")
    assert found.shift_s == pytest.approx(0.0213, abs=2e-4)
    assert found.explained > 0.999


def test_pictures_that_arrive_late_and_unevenly():
    taken = np.arange(0.5, 7.5, 1 / 30)
    arrived = taken + 0.061
    moved = np.concatenate([[np.nan], 150 * np.diff(angle(taken))])
    pictures = PictureShifts(arrived_s=arrived, moved_px=moved)
    found = picture_lag(pictures, TIME_S, angle(TIME_S))
    assert found.shift_s == pytest.approx(0.061, abs=3e-4)


def test_what_the_cable_adds_and_loses_is_taken_off_again():
    rng = np.random.default_rng(1)
    kept = rng.uniform(size=210) > 0.05
    taken = (0.5 + np.arange(210) / 30)[kept]
    arrived = taken + 0.061 + rng.uniform(-0.005, 0.005, len(taken))
    # Evenly within 5 ms: 2.9 ms rms; a line through 200 is off by 2 * 2.9 / sqrt(200)
    # = 0.4 ms rms at its ends.
    assert np.abs(arrived - taken - 0.061).max() > 0.0045
    np.testing.assert_allclose(steady(arrived), taken + 0.061, atol=1e-3)
    moved = np.concatenate([[np.nan], 150 * np.diff(angle(taken))])
    pictures = PictureShifts(arrived_s=arrived, moved_px=moved)
    found = picture_lag(pictures, TIME_S, angle(TIME_S))
    assert found.shift_s == pytest.approx(0.061, abs=6e-4)


def test_pictures_without_an_even_shutter_keep_their_times():
    slower = np.cumsum(np.linspace(0.02, 0.1, 100))
    assert steady(slower) is slower


def test_pictures_of_something_else_are_refused():
    rng = np.random.default_rng(0)
    pictures = PictureShifts(
        arrived_s=np.arange(0.5, 7.5, 1 / 30), moved_px=rng.standard_normal(210)
    )
    with pytest.raises(CalibrationError, match="point the head at something"):
        picture_lag(pictures, TIME_S, angle(TIME_S))


def test_no_pictures_are_explained():
    nothing = PictureShifts(arrived_s=np.zeros(2), moved_px=np.zeros(2))
    with pytest.raises(CalibrationError, match="expected 30 or more"):
        picture_lag(nothing, TIME_S, angle(TIME_S))


def test_the_integral_of_a_constant_rate_is_a_ramp():
    np.testing.assert_allclose(
        integral(np.array([0.0, 0.1, 0.3]), np.array([2.0, 2.0, 2.0])), [0, 0.2, 0.6]
    )


def test_two_ways_to_the_camera_are_weighted_and_their_disagreement_told():
    def shift(value, sigma):
        return Shift(shift_s=value, sigma_s=sigma, explained=1.0)

    # Straight 0.060 +- 0.001; around 0.050 + 0.012 = 0.062 +- 0.001: mean 0.061, and
    # half of what lies between them is 0.001.
    found = Lags(nod=shift(0.060, 1e-3), bow=shift(0.050, 1e-3), gyro=shift(0.012, 0.0))
    assert found.camera.value == pytest.approx(0.061)
    assert found.camera.sigma == pytest.approx(0.001)


def test_a_scene_that_moves_down_by_two_and_a_half_pixels():
    rng = np.random.default_rng(1)
    import cv2

    scene = cv2.GaussianBlur(rng.uniform(0, 255, (140, 160)), (0, 0), 2)
    move = np.array([[1.0, 0, 0], [0, 1, 2.5]])
    after = cv2.warpAffine(scene, move, (160, 140))[10:130]
    before = scene[10:130]
    found = scene_motion(before.astype(np.uint8), after.astype(np.uint8))
    assert found == pytest.approx(2.5, abs=0.1)


def test_nods_stay_within_the_joints_ranges():
    goals = nods()
    low = np.array([joint.min_rad for joint in OP3_JOINTS])
    high = np.array([joint.max_rad for joint in OP3_JOINTS])
    assert ((goals >= low) & (goals <= high)).all()


def test_a_hidden_robot_within_three_milliseconds():
    truth = draw_dynamics(2)
    robot = HiddenRobot(truth, 2)
    hand = VirtualHand(robot)
    hand.stand()
    with robot.camera() as camera:
        watch = PictureWatch(camera)
        player = MotionPlayer(robot.devices, PollingClock(robot, watch.look), "latency")
        goals = nods(11.0)
        with player:
            player.go_to(goals[0])
            hand.let_go()
            player.rest(1.0)
            watch.forget()
            recording = player.play(goals)
    found = lags(recording, watch.shifts())
    camera_s = truth.camera_delay_s - truth.joint_age_s
    assert found.camera.value == pytest.approx(camera_s, abs=0.003)
    gyro_s = truth.imu_age_s - truth.joint_age_s
    assert found.gyro.shift_s == pytest.approx(gyro_s, abs=0.003)
