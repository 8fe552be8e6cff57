"""What the runtime takes from a calibration."""

import math

import numpy as np
import pytest

from firmware_bridge.emulator import ChainConfig, MemoryPort, ServoChain, SimulatedClock
from firmware_bridge.emulator.plant import KinematicPlant
from firmware_bridge.opencr import BoardReading, OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.bring_up import BringUpConfig, bring_up
from robot.calibrated import calibrated_imu, calibrated_joint_map, matched_gains
from robot.contracts.actuator import NOMINAL_SERVOS
from robot.contracts.calibration import (
    CalibrationBundle,
    Estimate,
    ImuPart,
    JointPart,
    JointZero,
    ParameterEstimate,
    Provenance,
    ServoFit,
    ServoPart,
    VectorEstimate,
)
from robot.contracts.policy import ServoGains
from robot.joint_map import default_joint_map
from robot.senses import Devices

MADE = Provenance(made="", robot="", procedure="", residual="", measurements=1)
OHM = NOMINAL_SERVOS.default.resistance_ohm


def measured(joint, **parameters):
    found = tuple(
        ParameterEstimate(parameter=name, estimate=Estimate(value=value, sigma=0.01))
        for name, value in parameters.items()
    )
    fit = ServoFit(
        joint=joint,
        parameters=found,
        supply_v=11.1,
        hold_out_rad=0.002,
        noise_rad=0.002,
    )
    return CalibrationBundle(servos=ServoPart(provenance=MADE, fits=(fit,)))


def test_a_servo_of_four_fifths_of_the_gain_gets_five_quarters_of_it():
    # Same motor, gain by the firmware's divisor alone: 128 / 0.8 = 160, 800 / 0.8.
    bundle = measured("l_knee", gain_divisor=160.0)
    assert matched_gains(bundle, 800) == {"l_knee": 1000}


def test_a_worn_winding_takes_gain_and_damping_alike_and_changes_little():
    # R / 0.6: gain and back-EMF damping are 0.6 of kt^2 / R = 0.842 Nm s; viscous
    # friction, 0.025, stays: (0.6 * 0.842 + 0.025) / (0.842 + 0.025) / 0.6 = 1.019.
    (gain,) = matched_gains(measured("l_knee", resistance_ohm=OHM / 0.6), 800).values()
    assert gain == pytest.approx(800 * 1.019, abs=1)


def test_a_broken_servo_gets_no_more_than_the_most():
    bundle = measured("l_knee", gain_divisor=640.0)
    assert matched_gains(bundle, 800) == {"l_knee": 1280}  # 1.6 * 800


def test_nothing_measured_changes_no_gain():
    assert matched_gains(CalibrationBundle(), 800) == {}


def test_zeros_reach_the_joint_map():
    zero = JointZero(
        joint="l_knee", zero_rad=Estimate(value=0.05, sigma=0.002), source="jig"
    )
    bundle = CalibrationBundle(joints=JointPart(provenance=MADE, zeros=(zero,)))
    joint_map = calibrated_joint_map(default_joint_map(), bundle)
    assert joint_map.joint_positions(np.zeros(20))[13] == pytest.approx(-0.05)


def test_a_board_turned_by_a_quarter_reads_as_if_it_were_not():
    # The sensor's x is the torso's y, its y the torso's -x: a quarter turn about z.
    half = math.sqrt(0.5)
    none = VectorEstimate(value=(0.0, 0.0, 0.0), sigma=(0.01, 0.01, 0.01))
    part = ImuPart(
        provenance=MADE,
        gyro_bias_rad_s=VectorEstimate(value=(0.1, 0.0, 0.0), sigma=none.sigma),
        acceleration_bias_m_s2=VectorEstimate(value=(0.0, 0.2, 0.0), sigma=none.sigma),
        quat_wxyz=(half, 0.0, 0.0, half),
        rotation_sigma_rad=(0.001, 0.001, 0.001),
        gyro_noise_rad_s=0.04,
        acceleration_noise_m_s2=0.1,
    )
    correction = calibrated_imu(CalibrationBundle(imu=part))
    read = BoardReading(
        gyro_rad_s=np.array([1.1, 2.0, 3.0]),
        acceleration_m_s2=np.array([1.0, 2.2, 9.8]),
        buttons=1,
        voltage_v=11.1,
    )
    true = correction.corrected(read)
    # Less the bias (1, 2, 3) and (1, 2, 9.8); along torso axes (-y, x, z).
    assert true.gyro_rad_s == pytest.approx([-2.0, 1.0, 3.0])
    assert true.acceleration_m_s2 == pytest.approx([-2.0, 1.0, 9.8])
    assert (true.buttons, true.voltage_v) == (1, 11.1)
    assert calibrated_imu(CalibrationBundle()) is None


def test_bring_up_writes_each_servos_own_gain():
    clock = SimulatedClock()
    chain = ServoChain(KinematicPlant(clock), clock, config=ChainConfig())
    port = MemoryPort(chain)
    joint_map = default_joint_map()
    devices = Devices(
        bus=ServoBus(port, joint_map.servo_ids),
        board=OpenCrBoard(port),
        joint_map=joint_map,
    )
    bring_up(
        devices,
        ServoGains(),
        BringUpConfig(),
        clock.advance,
        servo_p={"l_knee": 1000},
    )
    # l_knee is servo 14, row 13; the others keep 800.
    expected = [800] * 13 + [1000] + [800] * 6
    assert chain.register("position_p_gain").tolist() == expected
