"""Safety: what is clamped is told, what is wrong stops the robot."""

from dataclasses import replace

import numpy as np
import pytest

from robot import safety
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.safety import SafetyConfig, Vitals

CONFIG = SafetyConfig(velocity_limit_rad_s=10.0)
STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])
WELL = Vitals(
    silent_cycles=np.zeros(20, dtype=np.int64),
    alert_cycles=np.zeros(20, dtype=np.int64),
    voltage_v=11.8,
)
L_KNEE = JOINT_NAMES.index("l_knee")


def check(targets):
    return safety.check(CONFIG, STAND, targets, 0.008)


def fault_of(**signs):
    return safety.vitals_fault(CONFIG, replace(WELL, **signs))


def with_value(index, value):
    targets = STAND.copy()
    targets[index] = value
    return targets


def test_good_targets_are_sent_as_they_are():
    verdict = check(STAND + 0.01)
    assert verdict.fault is None
    assert verdict.targets_rad == pytest.approx(STAND + 0.01)
    assert not verdict.position_clamped.any()
    assert not verdict.velocity_clamped.any()


def test_a_jump_is_slowed_down_and_reported():
    # The knee stands at 1.2 rad; 10 rad/s for 8 ms allow 0.08 rad.
    verdict = check(with_value(L_KNEE, 0.0))
    assert verdict.targets_rad[L_KNEE] == pytest.approx(1.12)
    assert np.nonzero(verdict.velocity_clamped)[0].tolist() == [L_KNEE]


def test_a_target_beyond_the_joint_range_is_cut_and_reported():
    pan = JOINT_NAMES.index("head_pan")
    previous = with_value(pan, 0.78)
    verdict = safety.check(CONFIG, previous, with_value(pan, 0.85), 0.008)
    assert verdict.targets_rad[pan] == pytest.approx(0.79)
    assert np.nonzero(verdict.position_clamped)[0].tolist() == [pan]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_target_that_is_no_number_is_a_fault_and_nothing_new_is_sent(value):
    verdict = check(with_value(L_KNEE, value))
    assert verdict.fault is not None
    assert verdict.fault.reason == "policy output not finite"
    assert verdict.fault.found == f"{value} for l_knee"
    assert verdict.targets_rad is STAND


def test_a_servo_may_be_silent_for_a_while_but_not_longer():
    silent = np.zeros(20, dtype=np.int64)
    silent[L_KNEE] = 30
    assert fault_of(silent_cycles=silent) is None
    silent = silent.copy()
    silent[L_KNEE] = 31
    fault = fault_of(silent_cycles=silent)
    assert str(fault) == (
        "servo silent: expected an answer from every servo within 30 cycles, found "
        "none from l_knee for 31 cycles; check the cable, the power and the id of "
        "that servo"
    )


def one(index):
    flags = np.zeros(20, dtype=np.bool_)
    flags[index] = True
    return flags


@pytest.mark.parametrize(
    ("signs", "reason", "found"),
    [
        (
            {"alert_cycles": np.where(one(L_KNEE), 31, 0)},
            "servo hardware error",
            "an alert from l_knee for 31 cycles",
        ),
        (
            {"shut_down": one(L_KNEE)},
            "servo hardware error",
            "an alert from l_knee for 0 cycles",
        ),
        ({"restarted": one(L_KNEE)}, "servo restarted", "torque off in l_knee"),
        (
            {"tripped": one(L_KNEE)},
            "servo watchdog tripped",
            "a tripped bus watchdog in l_knee",
        ),
        (
            {"temperature_c": np.where(one(L_KNEE), 75.0, np.nan)},
            "servo hot",
            "l_knee 75 degC",
        ),
        ({"board_silent_cycles": 31}, "sensor board silent", "none for 31 cycles"),
        (
            {"silent_cycles": np.full(20, 9)},
            "brown-out",
            "none, while the sensor board answers",
        ),
        (
            {"silent_cycles": np.full(20, 9), "board_silent_cycles": 9},
            "bus silent",
            "none, the sensor board included",
        ),
        (
            {"frozen_s": 0.21, "frozen_motion_rad": 0.06},
            "IMU frozen",
            "equal numbers for 0.21 s",
        ),
        (
            {"voltage_v": 9.1, "low_voltage_s": 1.1},
            "battery low",
            "9.1 V for 1.1 s",
        ),
    ],
)
def test_each_bad_sign_has_its_fault(signs, reason, found):
    fault = fault_of(**signs)
    assert fault is not None
    assert (fault.reason, fault.found) == (reason, found)


@pytest.mark.parametrize(
    "signs",
    [
        {"alert_cycles": np.where(one(L_KNEE), 30, 0)},
        {"silent_cycles": np.full(20, 8)},
        {"board_silent_cycles": 30},
        {"temperature_c": np.full(20, 74.0)},
        # A robot that stands still proves nothing about its gyro.
        {"frozen_s": 5.0, "frozen_motion_rad": 0.04},
        {"voltage_v": 9.1, "low_voltage_s": 0.9},
    ],
)
def test_a_sign_that_is_not_bad_enough_is_none(signs):
    assert fault_of(**signs) is None


def test_servos_that_disobey_come_before_a_tired_battery():
    fault = fault_of(low_voltage_s=2.0, restarted=one(L_KNEE))
    assert fault is not None
    assert fault.reason == "servo restarted"
