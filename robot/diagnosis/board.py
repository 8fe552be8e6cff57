"""Findings about the sensor board: battery, and an IMU that should feel nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from firmware_bridge.opencr import OpenCrBoard
from robot.attitude import STANDARD_GRAVITY_M_S2, AttitudeConfig
from robot.diagnosis.finding import Finding, judged

LOW_BATTERY_V = 11.0
"""The vendor's manager warns below this (OP3, open_cr_module.cpp)."""
LARGEST_LEAN_RAD = np.deg2rad(2.0)
"""Error of the gravity direction that policies are trained with (sim's IMU tilt)."""
STILL_RAD_S = 0.1
"""Standard deviation above which somebody is moving the robot. Project's choice."""
GRAVITY_BAND_M_S2 = 0.5
"""Project's choice: 5 % of one g."""
_SAMPLE_S = 0.008


@dataclass(frozen=True, kw_only=True)
class ImuSamples:
    """Readings of a robot at rest: gyro [T, 3], acceleration [T, 3], battery [T]."""

    gyro_rad_s: NDArray[np.float64]
    acceleration_m_s2: NDArray[np.float64]
    voltage_v: NDArray[np.float64]
    asked: int


def sample_imu(board: OpenCrBoard, clock: Clock, seconds: float) -> ImuSamples:
    """Read the board every 8 ms for `seconds`; unanswered reads are left out."""
    rows = []
    asked = max(2, round(seconds / _SAMPLE_S))
    due_s = clock.now()
    for _ in range(asked):
        clock.sleep_until(due_s)
        due_s = max(due_s + _SAMPLE_S, clock.now())
        try:
            rows.append(board.read())
        except BusError:
            continue
    return ImuSamples(
        gyro_rad_s=np.array([row.gyro_rad_s for row in rows]).reshape(-1, 3),
        acceleration_m_s2=np.array([r.acceleration_m_s2 for r in rows]).reshape(-1, 3),
        voltage_v=np.array([row.voltage_v for row in rows]),
        asked=asked,
    )


def findings(
    samples: ImuSamples, *, lowest_v: float, noise_expected: bool
) -> Iterator[Finding]:
    """What the samples say.

    Args:
        lowest_v: below which the runtime stops.
        noise_expected: a real sensor's values never repeat for long; a simulated
            robot at rest may.
    """
    answered = len(samples.voltage_v)
    yield judged(
        "board",
        "answers",
        wrong=answered < 0.99 * samples.asked,
        expected="99 % of reads",
        found=f"{answered} of {samples.asked}",
        remedy="check the OpenCR's power, cable, id 200 and baud rate",
        verdict="fault" if answered < 0.9 * samples.asked else "warning",
    )
    if answered < 2:
        return
    yield _battery(float(samples.voltage_v[-1]), lowest_v)
    yield _gyro(samples)
    yield _acceleration(samples)
    yield _frozen(samples, noise_expected)


def _battery(volts: float, lowest_v: float) -> Finding:
    return judged(
        "board",
        "battery",
        wrong=volts < LOW_BATTERY_V,
        expected=f"at least {LOW_BATTERY_V:g} V",
        found=f"{volts:.1f} V",
        remedy="charge the battery",
        verdict="fault" if volts < lowest_v else "warning",
    )


def _gyro(samples: ImuSamples) -> Finding:
    bias, spread = samples.gyro_rad_s.mean(axis=0), samples.gyro_rad_s.std(axis=0)
    # A constant bias b turns the complementary filter's estimate by b times its time
    # constant before the accelerometer holds it.
    largest = LARGEST_LEAN_RAD / AttitudeConfig().time_constant_s
    moving = bool((spread > STILL_RAD_S).any())
    return judged(
        "IMU",
        "gyro bias at rest",
        wrong=moving or bool((np.abs(bias) > largest).any()),
        expected=f"at most {largest:.3f} rad/s per axis",
        found=_triple(bias, "rad/s") + ("; the robot moved" if moving else ""),
        remedy="put the robot down and check again"
        if moving
        else "keep it still, calibrate the gyro (OpenCR imu_control, register 50)",
    )


def _acceleration(samples: ImuSamples) -> Finding:
    mean = samples.acceleration_m_s2.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return judged(
        "IMU",
        "gravity",
        wrong=abs(length - STANDARD_GRAVITY_M_S2) > GRAVITY_BAND_M_S2,
        expected=f"{STANDARD_GRAVITY_M_S2:.2f} +- {GRAVITY_BAND_M_S2:g} m/s2",
        found=f"{length:.2f} m/s2 ({_triple(mean, 'm/s2')})",
        remedy="put the robot down; calibrate the accelerometer if it stays",
    )


def _frozen(samples: ImuSamples, noise_expected: bool) -> Finding:
    values = np.hstack([samples.gyro_rad_s, samples.acceleration_m_s2])
    changes = int(np.any(np.diff(values, axis=0) != 0, axis=1).sum())
    return judged(
        "IMU",
        "fresh values",
        wrong=changes == 0,
        expected="values that change" + ("" if noise_expected else " or a still body"),
        found=f"{changes} changes in {len(values)} reads",
        remedy="restart the OpenCR board",
        verdict="fault" if noise_expected else "warning",
    )


def _triple(values: NDArray[np.float64], unit: str) -> str:
    x, y, z = values.tolist()
    return f"{x:+.3f} {y:+.3f} {z:+.3f} {unit}"
