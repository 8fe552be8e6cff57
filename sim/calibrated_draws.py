"""What episodes draw once a robot has been measured: its values as centre and spread.

Without a calibration the ranges of `sim.randomization` cover all OP3s; with one they
shrink to what the measurement leaves open. Parts that are missing change nothing.
"""

import math
from dataclasses import replace

import numpy as np

from robot.contracts.calibration import (
    CalibrationBundle,
    ImuPart,
    LatencyPart,
    ServoPart,
)
from robot.contracts.joints import JOINT_NAMES
from sim.actuator_fields import servo_fields, stack_servos
from sim.actuators import IDENTIFIED_SERVO, IdentifiedServo, Xm430Servo
from sim.randomization import RandomizationConfig, Range
from sim.robot_model import RobotModelConfig

_SIGMAS = 2.0
"""Half width of a range, in standard deviations: 95 % of a normal distribution."""
_LAW_SUPPLY_V = 12.0
"""What the axis `battery` counts from."""
_NOISE_SHARE = 0.25
"""A measured noise is drawn within this share of itself: project's choice."""


def calibrated_servo(bundle: CalibrationBundle, battery_v: float) -> Xm430Servo | None:
    """The servo law to build this robot with; None if no servo was measured."""
    if bundle.servos is None:
        return None
    return Xm430Servo(servos=bundle.servos.servos(), battery_v=battery_v)


def calibrated_model(
    bundle: CalibrationBundle, base: RobotModelConfig, battery_v: float = 11.1
) -> RobotModelConfig:
    """`base` with the servos and the camera of a measured robot.

    Zeros and the sensor board stay exact: the runtime takes them into account.

    Args:
        bundle: of the robot; parts that are missing change nothing.
        base: everything else.
        battery_v: 11.1: the nominal voltage of its three cells.
    """
    law = calibrated_servo(bundle, battery_v)
    return replace(
        base,
        actuator=base.actuator if law is None else law,
        head_camera=bundle.head or base.head_camera,
        lens=bundle.camera.model if bundle.camera else base.lens,
    )


def calibrated_ranges(
    bundle: CalibrationBundle,
    base: RandomizationConfig,
    step_s: float,
    law: IdentifiedServo | None = IDENTIFIED_SERVO,
) -> RandomizationConfig:
    """`base`, with the axes that were measured drawn around their values.

    Joint offsets and the IMU's tilt are drawn around zero: the runtime takes what was
    measured into account, and what is left is its uncertainty.

    Args:
        bundle: of the robot.
        base: ranges of the axes that were not measured.
        step_s: physics step that delays are counted in.
        law: what the model's servos are built with, as tasks build them; None where
            they are built with `calibrated_servo`.
    """
    changes: dict[str, Range | tuple[int, int]] = {}
    if bundle.joints is not None and bundle.joints.zeros:
        worst = max(zero.zero_rad.sigma for zero in bundle.joints.zeros)
        changes["joint_offset_rad"] = _around(0.0, worst)
    if bundle.imu is not None:
        changes |= _imu_ranges(bundle.imu)
    if bundle.servos is not None and bundle.servos.fits:
        changes |= _servo_ranges(bundle.servos, law)
    if bundle.latency is not None:
        changes |= _delay_steps(bundle.latency, step_s)
    return replace(base, **changes)


def _around(centre: float, sigma: float) -> Range:
    return centre - _SIGMAS * sigma, centre + _SIGMAS * sigma


def _servo_ranges(part: ServoPart, law: IdentifiedServo | None) -> dict[str, Range]:
    """Gain and torque limit as factors on the model's, from weakest to strongest joint.

    One factor serves all joints of a robot, so the range holds what differs from joint
    to joint besides what the measurement leaves open.
    """
    measured = [JOINT_NAMES.index(fit.joint) for fit in part.fits]
    fields = servo_fields(stack_servos(part.servos()), np.array([_LAW_SUPPLY_V]))
    gain, limit = np.ones(1), np.ones(1)
    if law is not None:
        gain = fields.gain[measured] / law.gain_nm_rad
        limit = fields.force_limit_nm[measured] / law.torque_limit_nm
    reach = _SIGMAS * max(
        (
            one.estimate.sigma / one.estimate.value
            for fit in part.fits
            for one in fit.parameters
            if one.parameter in ("torque_constant_nm_a", "resistance_ohm")
        ),
        default=0.0,
    )
    noise = [fit.noise_rad for fit in part.fits]
    return {
        "servo_gain": _widened(gain, reach),
        "torque_limit": _widened(limit, reach),
        "joint_noise_rad": (min(noise), max(noise)),
    }


def _widened(factors: np.ndarray, share: float) -> Range:
    low, high = float(factors.min()), float(factors.max())
    return max(0.0, low * (1 - share)), high * (1 + share)


def _imu_ranges(imu: ImuPart) -> dict[str, Range]:
    # One range serves the three axes.
    return {
        "imu_tilt_rad": _around(0.0, max(imu.rotation_sigma_rad)),
        "gyro_noise_rad_s": _share_around(imu.gyro_noise_rad_s),
        "acceleration_noise_m_s2": _share_around(imu.acceleration_noise_m_s2),
    }


def _share_around(noise: float) -> Range:
    return (1 - _NOISE_SHARE) * noise, (1 + _NOISE_SHARE) * noise


def _delay_steps(latency: LatencyPart, step_s: float) -> dict[str, tuple[int, int]]:
    # Only the sum of command delay and reading age can be seen from the bus; it is
    # drawn as the command's.
    low, high = _around(latency.bus_s.value, latency.bus_s.sigma)
    first = max(0, math.floor(low / step_s))
    return {
        "action_delay_steps": (first, max(first, math.ceil(high / step_s))),
        "observation_delay_steps": (0, 0),
    }
