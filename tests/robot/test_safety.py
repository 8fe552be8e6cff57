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


def check(targets, vitals=WELL):
    return safety.check(CONFIG, STAND, targets, vitals, 0.008)


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
    verdict = safety.check(CONFIG, previous, with_value(pan, 0.85), WELL, 0.008)
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
    assert check(STAND, replace(WELL, silent_cycles=silent)).fault is None
    silent = silent.copy()
    silent[L_KNEE] = 31
    fault = check(STAND, replace(WELL, silent_cycles=silent)).fault
    assert str(fault) == (
        "servo silent: expected an answer from every servo within 30 cycles, found "
        "none from l_knee for 31 cycles; check the cable, the power and the id of "
        "that servo"
    )


def test_a_lasting_hardware_alert_a_silent_board_and_a_low_battery_are_faults():
    alert = np.zeros(20, dtype=np.int64)
    alert[L_KNEE] = 31
    found = [
        check(STAND, vitals).fault
        for vitals in (
            replace(WELL, alert_cycles=alert),
            replace(WELL, board_silent_cycles=31),
            replace(WELL, voltage_v=9.1, low_voltage_s=1.1),
            replace(WELL, voltage_v=9.1, low_voltage_s=0.9),
        )
    ]
    assert [fault and fault.reason for fault in found] == [
        "servo hardware error",
        "sensor board silent",
        "battery low",
        None,
    ]


def test_torque_comes_only_after_the_checks_and_a_fault_is_final():
    mode = "off"
    for event in ("checked", "torque on", "standing"):
        mode = safety.mode_after(mode, event)
    assert mode == "playing"
    assert safety.mode_after(mode, "failed") == "fault"
    assert safety.mode_after("fault", "stopped") == "fault"
    with pytest.raises(
        ValueError, match="mode off: expected one of checked, stopped, failed"
    ):
        safety.mode_after("off", "torque on")
