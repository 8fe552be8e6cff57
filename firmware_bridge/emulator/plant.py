"""What moves behind the emulated bus."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.emulator.clock import Clock

FloatArray = NDArray[np.float64]


class Plant(Protocol):
    """The body: n joints in the chain's servo order, an IMU and a battery."""

    def joints(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Position [n] rad, velocity [n] rad/s and motor current [n] A, now."""
        ...

    def imu(self) -> tuple[FloatArray, FloatArray]:
        """Angular velocity [3] rad/s and specific force [3] m/s2, torso frame."""
        ...

    def supply_v(self) -> float:
        """Battery voltage."""
        ...

    def drive(
        self,
        goal_rad: FloatArray,
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        """Take over new goals [n], torque switches [n] and P gain registers [n].

        Called when any of them changed.
        """
        ...


class KinematicPlant:
    """Joints that follow their goals at a limited speed on a robot that stands still.

    Good for trying a bus client where no simulator is installed. Limp joints stay where
    they are; gains and currents play no part. The gyro flickers by two counts: a real
    one never repeats itself for long.
    """

    def __init__(
        self,
        clock: Clock,
        count: int = 20,
        *,
        speed_rad_s: float = 4.5,
        supply_v: float = 11.1,
    ):
        """Joints at zero.

        Args:
            clock: when to evaluate the motion.
            count: number of joints.
            speed_rad_s: no-load speed of an XM430-W350 at 11.1 V (43 rpm, e-manual).
            supply_v: battery voltage, constant (3-cell LiPo of the OP3).
        """
        self._clock = clock
        self._speed_rad_s = speed_rad_s
        self._supply_v = supply_v
        self._looks = 0
        self._time_s = clock.now()
        self._position_rad = np.zeros(count)
        self._velocity_rad_s = np.zeros(count)
        self._goal_rad = np.zeros(count)
        self._torque_on = np.zeros(count, bool)

    def joints(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        self._move()
        still = np.zeros(len(self._position_rad))
        return self._position_rad, self._velocity_rad_s, still

    def imu(self) -> tuple[FloatArray, FloatArray]:
        self._looks += 1
        return np.array([0.0, 0.0, 0.002 * (self._looks % 2)]), np.array(
            [0.0, 0.0, 9.81]
        )

    def supply_v(self) -> float:
        return self._supply_v

    def drive(
        self,
        goal_rad: FloatArray,
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        self._move()
        self._goal_rad = goal_rad.copy()
        self._torque_on = torque_on.copy()

    def _move(self) -> None:
        now_s = self._clock.now()
        elapsed_s = now_s - self._time_s
        if elapsed_s <= 0:
            return
        reach = self._speed_rad_s * elapsed_s
        step = np.clip(self._goal_rad - self._position_rad, -reach, reach)
        step = np.where(self._torque_on, step, 0.0)
        self._position_rad = self._position_rad + step
        self._velocity_rad_s = step / elapsed_s
        self._time_s = now_s
