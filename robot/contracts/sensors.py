"""What one bus cycle brings in and what it sends out, in physical units."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SensorFrame:
    """One bus cycle's measurements. Joint arrays are in `JOINT_NAMES` order.

    Attributes:
        time_s: clock time of the read.
        position_rad: [20] joint angles, calibration applied.
        velocity_rad_s: [20] joint speeds.
        current_a: [20] motor currents.
        fresh: [20] bool, False where the servo did not answer and the value is old.
        gyro_rad_s: [3] angular velocity, torso frame (x forward, y left, z up).
        acceleration_m_s2: [3] specific force, torso frame; +9.81 on z at rest.
        voltage_v: battery, from the sensor board.
        buttons: bit 0 mode, 1 start, 2 user, 3 S4.
    """

    time_s: float
    position_rad: FloatArray
    velocity_rad_s: FloatArray
    current_a: FloatArray
    fresh: NDArray[np.bool_]
    gyro_rad_s: FloatArray
    acceleration_m_s2: FloatArray
    voltage_v: float
    buttons: int = 0
