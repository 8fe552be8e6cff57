"""The calibration file: what it takes, keeps, merges and refuses."""

import json
import math

import numpy as np
import pytest

from robot.contracts.actuator import NOMINAL_SERVOS, XM430
from robot.contracts.calibration import (
    CalibrationBundle,
    CameraPart,
    Estimate,
    HeadCameraPart,
    ImuPart,
    JointPart,
    JointZero,
    LatencyPart,
    ParameterEstimate,
    Provenance,
    ServoFit,
    ServoPart,
    VectorEstimate,
    merged,
)
from robot.contracts.calibration_file import (
    read_calibration,
    update_calibration,
    write_calibration,
)
from robot.contracts.camera import CameraModel
from robot.contracts.errors import ContractError
from robot.joint_map import default_joint_map, with_zeros
from sim.calibrated_draws import calibrated_ranges, calibrated_servo
from sim.randomization import RandomizationConfig

MADE = Provenance(
    made="2026-11-24T12:00:00+00:00",
    robot="one",
    procedure="calibrate zeros",
    residual="0.2 px",
    measurements=40,
)


def zeros(**angles):
    return JointPart(
        provenance=MADE,
        zeros=tuple(
            JointZero(
                joint=name, zero_rad=Estimate(value=angle, sigma=0.002), source="jig"
            )
            for name, angle in angles.items()
        ),
    )


def fit(joint, **values):
    return ServoFit(
        joint=joint,
        parameters=tuple(
            ParameterEstimate(
                parameter=name, estimate=Estimate(value=value, sigma=0.01 * value)
            )
            for name, value in values.items()
        ),
        supply_v=11.4,
        hold_out_rad=0.002,
        noise_rad=0.001,
    )


def imu(quat=(1.0, 0.0, 0.0, 0.0)):
    vector = VectorEstimate(value=(0.01, 0.0, 0.0), sigma=(0.001, 0.001, 0.001))
    return ImuPart(
        provenance=MADE,
        gyro_bias_rad_s=vector,
        acceleration_bias_m_s2=vector,
        quat_wxyz=quat,
        rotation_sigma_rad=(0.001, 0.001, 0.002),
        gyro_noise_rad_s=0.04,
        acceleration_noise_m_s2=0.1,
    )


def everything():
    second = Estimate(value=0.012, sigma=0.001)
    return CalibrationBundle(
        camera=CameraPart(
            provenance=MADE,
            model=CameraModel(
                width_px=640,
                height_px=480,
                fx_px=600.0,
                fy_px=601.0,
                cx_px=320.0,
                cy_px=240.0,
            ),
            focal_sigma_px=(0.5, 0.5),
            centre_sigma_px=(0.4, 0.4),
            coefficient_sigma=(),
            rms_px=0.2,
        ),
        head=HeadCameraPart(
            provenance=MADE,
            position_m=VectorEstimate(value=(0.01, 0.0, 0.05), sigma=(1e-3,) * 3),
            quat_wxyz=(0.5, -0.5, 0.5, -0.5),
            rotation_sigma_rad=(1e-3,) * 3,
        ),
        joints=zeros(l_knee=0.05, head_pan=-0.02),
        servos=ServoPart(provenance=MADE, fits=(fit("l_knee", viscous_nm_s=0.03),)),
        imu=imu(),
        latency=LatencyPart(
            provenance=MADE, bus_s=second, camera_s=second, gyro_s=second, read_s=second
        ),
    )


def test_everything_survives_the_file(tmp_path):
    path = tmp_path / "calibration.json"
    write_calibration(path, everything())
    assert read_calibration(path) == everything()
    assert [file.name for file in tmp_path.iterdir()] == ["calibration.json"]


def test_a_step_replaces_its_part_and_leaves_the_others(tmp_path):
    path = tmp_path / "calibration.json"
    write_calibration(path, everything())
    held = update_calibration(path, CalibrationBundle(joints=zeros(l_knee=0.07)))
    assert held.zeros_rad == {"head_pan": -0.02, "l_knee": 0.07}
    assert read_calibration(path).camera == everything().camera


def test_one_servo_measured_again_leaves_the_other():
    old = ServoPart(
        provenance=MADE,
        fits=(fit("l_knee", coulomb_nm=0.1), fit("r_knee", coulomb_nm=0.2)),
    )
    new = ServoPart(provenance=MADE, fits=(fit("l_knee", coulomb_nm=0.3),))
    held = merged(CalibrationBundle(servos=old), CalibrationBundle(servos=new)).servos
    servos = held.servos()
    assert servos.servo("l_knee").coulomb_nm == 0.3
    assert servos.servo("r_knee").coulomb_nm == 0.2
    assert servos.servo("l_el") == XM430


def test_zeros_reach_the_joint_map():
    joint_map = with_zeros(default_joint_map(), {"l_knee": 0.05})
    angles = np.zeros(20)
    angles[13] = 1.0  # servo id 14
    assert joint_map.joint_positions(angles)[13] == pytest.approx(0.95)
    with pytest.raises(ContractError, match="joint knee: expected one of r_sho_pitch"):
        with_zeros(default_joint_map(), {"knee": 0.05})


def test_the_simulator_draws_around_what_was_measured():
    drawn = calibrated_ranges(everything(), RandomizationConfig(), 0.005)
    # Two sigmas of 0.002 rad.
    assert drawn.joint_offset_rad == pytest.approx((-0.004, 0.004))
    # 0.75 and 1.25 times 0.04 rad/s.
    assert drawn.gyro_noise_rad_s == pytest.approx((0.03, 0.05))
    # 12 ms +- 2 ms in steps of 5 ms: floor(10 / 5) to ceil(14 / 5).
    assert drawn.action_delay_steps == (2, 3)
    assert drawn.push_n == RandomizationConfig().push_n
    servo = calibrated_servo(everything(), 12.0)
    assert servo.servos.servo("l_knee").viscous_nm_s == 0.03
    assert servo.battery_v == 12.0


def test_a_weak_servo_shifts_gain_and_torque_limit():
    """Half the torque per volt: half the nominal servo's gain and limit."""
    nominal = NOMINAL_SERVOS.default
    weak = fit("l_knee", resistance_ohm=2 * nominal.resistance_ohm + 0.1)
    bundle = CalibrationBundle(servos=ServoPart(provenance=MADE, fits=(weak,)))
    drawn = calibrated_ranges(bundle, RandomizationConfig(), 0.005)
    # kt 12 V / (R + 0.1 ohm of wiring), and R is twice itself plus 0.1: the quotient is
    # half. Gain: times 4.604 duty per rad. Papers' servo: 21.1 Nm/rad and 4.1 Nm.
    stall = nominal.torque_constant_nm_a * 12 / (nominal.resistance_ohm + 0.1) / 2
    gain = stall * 2048 / np.pi * 800 / 128 / 885 / 21.1
    assert np.mean(drawn.servo_gain) == pytest.approx(gain)
    assert np.mean(drawn.torque_limit) == pytest.approx(stall / 4.1)
    built = calibrated_ranges(bundle, RandomizationConfig(), 0.005, law=None)
    assert np.mean(built.servo_gain) == pytest.approx(1.0)


def test_what_is_left_of_a_tilted_imu_is_drawn():
    half = 0.05 / 2
    tilted = CalibrationBundle(imu=imu((math.cos(half), 0.0, math.sin(half), 0.0)))
    drawn = calibrated_ranges(tilted, RandomizationConfig(), 0.005)
    # The runtime turns the 0.05 rad back; two sigmas of 0.002 rad are left.
    assert drawn.imu_tilt_rad == pytest.approx((-0.004, 0.004))


def test_nothing_measured_changes_nothing():
    base = RandomizationConfig()
    assert calibrated_ranges(CalibrationBundle(), base, 0.005) == base
    assert calibrated_servo(CalibrationBundle(), 12.0) is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"version": 7}, "version: expected 1, found 7; calibrate again"),
        ({"kamera": {}}, "kamera: unknown field"),
        (
            {"joints": {"provenance": None, "zeros": []}},
            "joints.provenance: expected an object, found None",
        ),
    ],
)
def test_a_broken_file_is_refused(tmp_path, change, fault):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(change))
    with pytest.raises(ContractError, match=fault):
        read_calibration(path)


def test_no_file_says_what_to_do(tmp_path):
    with pytest.raises(ContractError, match="found no such file; make it with op3-soc"):
        read_calibration(tmp_path / "none.json")


def test_a_broken_file_is_never_overwritten(tmp_path):
    path = tmp_path / "calibration.json"
    path.write_text("{half")
    with pytest.raises(ContractError, match="expected JSON"):
        update_calibration(path, CalibrationBundle())
    assert path.read_text() == "{half"


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        (lambda: Estimate(value=1.0, sigma=-1.0), "sigma: expected 0 or more"),
        (lambda: zeros(knee=0.0), "joint 'knee': expected one of"),
        (lambda: imu((1.0, 1.0, 0.0, 0.0)), "quat_wxyz: expected length 1"),
    ],
)
def test_impossible_values_are_refused(build, fault):
    with pytest.raises(ValueError, match=fault):
        build()
