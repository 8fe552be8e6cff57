"""The sensor board as mounted: readings into the torso's frame, less their bias."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.opencr import BoardReading
from robot import rotations
from robot.contracts.calibration import ImuPart

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ImuCorrection:
    """torso vector = rotation (reading - bias).

    Attributes:
        rotation: [3, 3] sensor frame into the torso's.
        gyro_bias_rad_s, acceleration_bias_m_s2: [3] in the sensor's frame.
    """

    rotation: FloatArray
    gyro_bias_rad_s: FloatArray
    acceleration_bias_m_s2: FloatArray

    def corrected(self, reading: BoardReading) -> BoardReading:
        """The same reading as a board without faults would give it."""
        gyro = reading.gyro_rad_s - self.gyro_bias_rad_s
        force = reading.acceleration_m_s2 - self.acceleration_bias_m_s2
        return replace(
            reading,
            gyro_rad_s=self.rotation @ gyro,
            acceleration_m_s2=self.rotation @ force,
        )


def correction_of(part: ImuPart) -> ImuCorrection:
    """What `op3-soccer calibrate imu` found."""
    return ImuCorrection(
        rotation=rotations.matrix(np.array(part.quat_wxyz)),
        gyro_bias_rad_s=np.array(part.gyro_bias_rad_s.value),
        acceleration_bias_m_s2=np.array(part.acceleration_bias_m_s2.value),
    )
