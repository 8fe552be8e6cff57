"""Raw register counts to SI units and back; pure functions on numbers or arrays.

Sources: XM430-W350 e-manual (velocity 0.229 rpm, current 2.69 mA per count), OP3's
XM430-W350.device (angle), OP3's open_cr_module.cpp (gyro, accelerometer, axis signs).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

TICKS_CENTER = 2048
"""Position count at zero angle."""
TICKS_MIN, TICKS_MAX = 0, 4095
"""Position counts of one turn, the range of position control."""
RAD_PER_TICK = math.pi / 2048
RAD_S_PER_COUNT = 0.229 * 2 * math.pi / 60
"""One velocity count is 0.229 rpm."""
A_PER_COUNT = 2.69e-3
V_PER_COUNT = 0.1
GYRO_RAD_S_PER_COUNT = math.radians(2000 / 32800)
STANDARD_GRAVITY_M_S2 = 9.80665
"""ISO 80000-3: what the accelerometer's "g" stands for."""
ACCELERATION_M_S2_PER_COUNT = 2 / 32768 * STANDARD_GRAVITY_M_S2
BOARD_AXIS_SIGNS = np.array([-1.0, -1.0, 1.0])
"""Board frame to torso frame (x forward, y left, z up): x and y are negated."""

FloatArray = NDArray[np.float64]


def ticks_to_rad(ticks: ArrayLike) -> FloatArray:
    """Joint angle of position counts."""
    return (np.asarray(ticks, np.float64) - TICKS_CENTER) * RAD_PER_TICK


def rad_to_ticks(angle_rad: ArrayLike) -> NDArray[np.int64]:
    """Nearest position counts, not limited; expects finite angles."""
    scaled = np.rint(np.asarray(angle_rad, np.float64) / RAD_PER_TICK)
    return scaled.astype(np.int64) + TICKS_CENTER


def limit_ticks(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts limited to one turn."""
    return np.minimum(np.maximum(ticks, TICKS_MIN), TICKS_MAX)


def counts_to_rad_s(counts: ArrayLike) -> FloatArray:
    """Servo speed."""
    return np.asarray(counts, np.float64) * RAD_S_PER_COUNT


def counts_to_a(counts: ArrayLike) -> FloatArray:
    """Servo current."""
    return np.asarray(counts, np.float64) * A_PER_COUNT


def gyro_to_torso_rad_s(counts: ArrayLike) -> FloatArray:
    """[3] board gyro counts to angular velocity in the torso frame."""
    return np.asarray(counts, np.float64) * (GYRO_RAD_S_PER_COUNT * BOARD_AXIS_SIGNS)


def acceleration_to_torso_m_s2(counts: ArrayLike) -> FloatArray:
    """[3] board accelerometer counts to specific force in the torso frame."""
    return np.asarray(counts, np.float64) * (
        ACCELERATION_M_S2_PER_COUNT * BOARD_AXIS_SIGNS
    )


def torso_rad_s_to_gyro(rate_rad_s: ArrayLike) -> NDArray[np.int16]:
    """[3] inverse of `gyro_to_torso_rad_s`; saturates as a sensor does."""
    return _to_int16(np.asarray(rate_rad_s) / GYRO_RAD_S_PER_COUNT)


def torso_m_s2_to_acceleration(acceleration_m_s2: ArrayLike) -> NDArray[np.int16]:
    """[3] inverse of `acceleration_to_torso_m_s2`; saturates as a sensor does."""
    return _to_int16(np.asarray(acceleration_m_s2) / ACCELERATION_M_S2_PER_COUNT)


def _to_int16(torso_counts: FloatArray) -> NDArray[np.int16]:
    rounded = np.rint(torso_counts * BOARD_AXIS_SIGNS)
    return np.minimum(np.maximum(rounded, -32768), 32767).astype(np.int16)
