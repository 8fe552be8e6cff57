"""The robot of today against its file."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.drift import imu_rows, need_parts, servo_rows, to_redo
from calibration.errors import CalibrationError
from calibration.imu import POSITIONS, Rest
from calibration.motion_player import MotionPlayer
from calibration.servo.motions import check_motions
from cli.hidden_robot import HiddenRobot
from robot.contracts.actuator import NOMINAL_SERVOS, JointOverride
from robot.contracts.calibration import (
    CalibrationBundle,
    Estimate,
    ImuPart,
    ParameterEstimate,
    Provenance,
    ServoFit,
    ServoPart,
    VectorEstimate,
)
from robot.contracts.joints import JOINT_NAMES
from sim.hidden_dynamics import HiddenDynamics

MADE = Provenance(
    made="2026-11-28T10:00:00+00:00",
    robot="op3",
    procedure="test",
    residual="none",
    measurements=1,
)
NOTHING = VectorEstimate(value=(0.0, 0.0, 0.0), sigma=(0.001, 0.001, 0.001))
G = 9.80665


def board(gyro=(0.0, 0.0, 0.0), force=(0.0, 0.0, G)):
    return Rest(
        gyro_rad_s=np.tile(gyro, (100, 1)), acceleration_m_s2=np.tile(force, (100, 1))
    )


def imu_part():
    return ImuPart(
        provenance=MADE,
        gyro_bias_rad_s=NOTHING,
        acceleration_bias_m_s2=NOTHING,
        quat_wxyz=(1.0, 0.0, 0.0, 0.0),
        rotation_sigma_rad=(0.001, 0.001, 0.001),
        gyro_noise_rad_s=0.03,
        acceleration_noise_m_s2=0.1,
    )


def test_a_board_as_before_needs_nothing():
    assert to_redo(imu_rows(imu_part(), POSITIONS[0], board())) == ()


def test_a_board_that_was_knocked_is_found():
    # Gravity seen 1 deg from where it was: g sin 1 deg = 0.171, g cos 1 deg = 9.805.
    rows = imu_rows(imu_part(), POSITIONS[0], board(force=(0.171, 0.0, 9.805)))
    assert [row.changed for row in rows] == [False, True]
    assert rows[1].today.startswith("1.0 deg off")
    assert to_redo(rows) == ("op3-soccer calibrate imu --fresh",)


def test_a_gyro_that_drifted_is_found():
    rows = imu_rows(imu_part(), POSITIONS[0], board(gyro=(0.0, 0.03, 0.0)))
    assert [row.changed for row in rows] == [True, False]


def test_a_file_without_anything_to_compare_is_explained():
    with pytest.raises(CalibrationError, match="found nothing"):
        need_parts(CalibrationBundle())


def test_a_servo_that_lost_a_fifth_of_its_gain_is_named():
    """The file knows two nominal servos; the robot's head_tilt has become weaker."""
    nominal = NOMINAL_SERVOS.default
    fits = tuple(
        ServoFit(
            joint=joint,
            parameters=tuple(
                ParameterEstimate(
                    parameter=name, estimate=Estimate(value=value, sigma=0.001)
                )
                for name, value in (
                    ("gain_divisor", nominal.gain_divisor),
                    ("command_delay_s", 0.006),
                )
            ),
            supply_v=11.6,
            hold_out_rad=0.0016,
            noise_rad=0.0016,
        )
        for joint in ("head_pan", "head_tilt")
    )
    robot = HiddenRobot(
        weaker("head_tilt", nominal.gain_divisor / 0.8, delay_s=0.006), 5
    )
    robot.world.hang()
    with MotionPlayer(robot.devices, robot, "check") as player:
        recordings = []
        for motion in check_motions():
            player.go_to(motion.goals_rad[0])
            recordings.append(player.play(motion.goals_rad))
    rows = servo_rows(ServoPart(provenance=MADE, fits=fits), recordings)
    changed = {row.what: row.today for row in rows if row.changed}
    assert set(changed) == {"head_tilt law", "head_tilt gain"}
    assert changed["head_tilt gain"] in ("79 %", "80 %", "81 %")
    assert to_redo(rows) == ("op3-soccer calibrate servo head_tilt --fresh",)


def weaker(joint, divisor, delay_s):
    delays = tuple(
        JointOverride(joint=name, parameter="command_delay_s", value=delay_s)
        for name in JOINT_NAMES
    )
    gain = JointOverride(joint=joint, parameter="gain_divisor", value=divisor)
    servos = replace(NOMINAL_SERVOS, overrides=(*delays, gain))
    return HiddenDynamics(servos=servos, discharge_v_s=0.0)
