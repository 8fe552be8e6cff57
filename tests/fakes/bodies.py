"""A trivial body behind the emulated bus."""

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.emulator import Clock

FloatArray = NDArray[np.float64]


class FirstOrderPlant:
    """Twenty joints that approach their goals with a time constant; limp ones hold.

    Attributes:
        position_rad: [20] joint angles.
        torque_on: [20] bool, as the servos were last told.
        gravity: unit vector in the torso frame; tests tilt the robot with it.
        voltage_v: of the battery.
        current_a: [20] motor currents.
        gyro_rad_s: [3] angular velocity.
    """

    def __init__(self, clock: Clock, time_constant_s: float = 0.03):
        self.position_rad = np.zeros(20)
        self.torque_on = np.zeros(20, dtype=bool)
        self.gravity = np.array([0.0, 0.0, -1.0])
        self.voltage_v = 11.8
        self.current_a = np.zeros(20)
        self.gyro_rad_s = np.zeros(3)
        self._looks = 0
        self._goal_rad = np.zeros(20)
        self._clock = clock
        self._time_s = clock.now()
        self._time_constant_s = time_constant_s

    def joints(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        self._move()
        return self.position_rad, np.zeros(20), self.current_a

    def imu(self) -> tuple[FloatArray, FloatArray]:
        # One or two counts of noise: a real sensor never repeats itself for long.
        self._looks += 1
        noise = np.array([0.0, 0.0, 0.002 * (self._looks % 2)])
        return self.gyro_rad_s + noise, -9.81 * self.gravity

    def supply_v(self) -> float:
        return self.voltage_v

    def drive(
        self,
        goal_rad: FloatArray,
        torque_on: NDArray[np.bool_],
        position_p: NDArray[np.int64],
    ) -> None:
        self._move()
        self._goal_rad, self.torque_on = goal_rad.copy(), torque_on.copy()

    def _move(self) -> None:
        elapsed_s = self._clock.now() - self._time_s
        self._time_s += elapsed_s
        share = 1 - np.exp(-elapsed_s / self._time_constant_s)
        step = share * (self._goal_rad - self.position_rad)
        self.position_rad = self.position_rad + np.where(self.torque_on, step, 0.0)
