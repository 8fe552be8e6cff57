"""The true values of a virtual robot that calibration has to find, drawn from a seed.

Spreads are the project's choice unless a source is named: nobody has published how much
XM430 servos differ from each other.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from robot.contracts.actuator import (
    NOMINAL_SERVOS,
    XM430,
    JointOverride,
    ServoCalibration,
)
from robot.contracts.joints import JOINT_NAMES
from sim.hidden_op3 import draw_hidden

FloatArray = NDArray[np.float64]
COUNT = len(JOINT_NAMES)

_SPREAD = {
    "gain_divisor": 0.12,
    "torque_constant_nm_a": 0.08,
    "resistance_ohm": 0.12,
    "coulomb_nm": 0.3,
    "stribeck_nm": 0.3,
    "viscous_nm_s": 0.3,
    "armature_kg_m2": 0.08,
}
"""Half width of a parameter's range, as a share of the nominal servo's."""
_WORN_RAD = math.radians(3.0)
"""arXiv:2304.13653: joint offsets up to 2.9 deg."""
_WORN_STRENGTH = 0.6
_DELAY_S = (0.004, 0.012)
_IMU_RAD = math.radians(2.0)
"""arXiv:2304.13653: IMU up to 2 deg."""


@dataclass(frozen=True, kw_only=True)
class HiddenDynamics:
    """One robot as it really is. Joints in canonical order.

    Attributes:
        servos: laws of all servos; their `command_delay_s` is whole milliseconds.
        zero_rad: [20] servo angle at joint angle zero.
        angle_noise_rad: sigma of one angle reading, before rounding to ticks.
        current_gain: [20] reading over true winding current.
        current_noise_a: sigma of one current reading.
        joint_age_s: of what a servo answers.
        imu_age_s: of what the sensor board answers.
        gyro_bias_rad_s, acceleration_bias_m_s2: [3] in the sensor's frame.
        imu_quat_wxyz: [4] turns vectors of the sensor into the torso's frame.
        gyro_noise_rad_s, acceleration_noise_m_s2: sigma of one reading.
        battery_v: open-circuit voltage at the start.
        discharge_v_s: by which it falls each second.
        camera_delay_s: from the shutter to the program.
        camera_jitter_s: the delay varies by up to this much.
    """

    servos: ServoCalibration = NOMINAL_SERVOS
    zero_rad: FloatArray = field(default_factory=lambda: np.zeros(COUNT))
    angle_noise_rad: float = 0.0015
    current_gain: FloatArray = field(default_factory=lambda: np.ones(COUNT))
    current_noise_a: float = 0.01
    joint_age_s: float = 0.0
    imu_age_s: float = 0.0
    gyro_bias_rad_s: FloatArray = field(default_factory=lambda: np.zeros(3))
    acceleration_bias_m_s2: FloatArray = field(default_factory=lambda: np.zeros(3))
    imu_quat_wxyz: FloatArray = field(
        default_factory=lambda: np.array([1.0, 0.0, 0.0, 0.0])
    )
    gyro_noise_rad_s: float = 0.03
    acceleration_noise_m_s2: float = 0.1
    battery_v: float = 11.6
    discharge_v_s: float = 0.001
    camera_delay_s: float = 0.04
    camera_jitter_s: float = 0.005


def draw_dynamics(seed: int) -> HiddenDynamics:
    """Robot number `seed`; its zeros are those of `sim.hidden_op3`."""
    rng = np.random.default_rng([seed, 7])
    overrides = []
    for joint in JOINT_NAMES:
        for name, share in _SPREAD.items():
            value = getattr(XM430, name) * (1 + share * rng.uniform(-1, 1))
            overrides.append(JointOverride(joint=joint, parameter=name, value=value))
        delay_s = round(1000 * rng.uniform(*_DELAY_S)) / 1000
        overrides.append(
            JointOverride(joint=joint, parameter="command_delay_s", value=delay_s)
        )
    return HiddenDynamics(
        servos=ServoCalibration(source=f"hidden, seed {seed}", overrides=(*overrides,)),
        zero_rad=draw_hidden(seed).zeros_rad,
        angle_noise_rad=rng.uniform(0.001, 0.002),
        current_gain=rng.uniform(0.97, 1.03, COUNT),
        joint_age_s=rng.integers(0, 5) / 1000,
        imu_age_s=rng.integers(0, 11) / 1000,
        gyro_bias_rad_s=rng.uniform(-0.03, 0.03, 3),
        acceleration_bias_m_s2=rng.uniform(-0.2, 0.2, 3),
        imu_quat_wxyz=_quaternion(rng.uniform(-_IMU_RAD, _IMU_RAD, 3)),
        gyro_noise_rad_s=rng.uniform(0.02, 0.06),
        acceleration_noise_m_s2=rng.uniform(0.05, 0.2),
        battery_v=rng.uniform(10.8, 12.4),
        discharge_v_s=rng.uniform(0.0, 0.002),
        camera_delay_s=rng.uniform(0.03, 0.09),
        camera_jitter_s=0.005,
    )


def _quaternion(rotation_rad: FloatArray) -> FloatArray:
    """[4] wxyz of a rotation vector [3]."""
    angle = float(np.linalg.norm(rotation_rad))
    half = np.sinc(angle / (2 * math.pi)) / 2
    return np.array([math.cos(angle / 2), *(half * rotation_rad)])


def worn(seed: int) -> HiddenDynamics:
    """Robot `seed` after a season: every zero 3 deg off, either way, servos weak."""
    off = _WORN_RAD * np.random.default_rng([seed, 17]).choice([-1.0, 1.0], COUNT)
    return weakened(replace(draw_dynamics(seed), zero_rad=off), _WORN_STRENGTH)


def weakened(truth: HiddenDynamics, strength: float) -> HiddenDynamics:
    """`truth` with servos of `strength` times their gain and torque: a worn robot."""
    kept = tuple(
        replace(one, value=one.value / strength)
        if one.parameter == "resistance_ohm"
        else one
        for one in truth.servos.overrides
    )
    named = {one.joint for one in kept if one.parameter == "resistance_ohm"}
    added = tuple(
        JointOverride(
            joint=joint,
            parameter="resistance_ohm",
            value=truth.servos.default.resistance_ohm / strength,
        )
        for joint in JOINT_NAMES
        if joint not in named
    )
    return replace(truth, servos=replace(truth.servos, overrides=kept + added))
