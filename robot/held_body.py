"""The bus cycle of a robot that is held by its own servos: pace, read, write, let down.

Who moves a robot slowly, or along given goals, decides where to; this is how.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from robot.bring_up import bus_fault
from robot.contracts.sensors import SensorFrame
from robot.derating import FULL_PWM
from robot.faults import Fault, RuntimeFault
from robot.safety import SafetyConfig, vitals_fault
from robot.senses import Devices, Senses

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class HoldConfig:
    """How it is held; project's choices.

    Attributes:
        period_s: of the bus cycle.
        torque_share: of full torque, by the servos' goal PWM register.
        watchdog_20ms: the servos stop when the computer is silent for so long.
        sample_wait_s: how long the first full set of readings may take.
        let_down_s: over which the torque falls to zero at the end.
    """

    period_s: float = 0.008
    torque_share: float = 1.0
    watchdog_20ms: int = 5
    sample_wait_s: float = 1.0
    let_down_s: float = 1.0


class HeldBody:
    """Servos must be checked and configured (`robot.bring_up`); the caller goes limp.

    Attributes:
        goal_rad: [20] last goals, as wanted.
    """

    def __init__(self, devices: Devices, clock: Clock, config: HoldConfig):
        """Nothing is sent yet."""
        self.goal_rad: FloatArray = np.zeros(len(devices.joint_map.servo_ids))
        self._devices = devices
        self._clock = clock
        self._config = config
        self._senses = Senses(devices, SafetyConfig(), clock)
        self._due_s = clock.now()
        self._last_s = clock.now() - config.period_s

    def take_hold(self) -> None:
        """Torque on where the robot is, then the servos' watchdog.

        Raises:
            RuntimeFault: a servo or the board failed, or did not answer in time.
        """
        config, bus = self._config, self._devices.bus
        end_s = self._clock.now() + config.sample_wait_s
        frame = self.read()
        while not self._senses.complete:
            if self._clock.now() > end_s:
                raise RuntimeFault(
                    Fault(
                        reason="servo silent",
                        expected="an answer from every servo and the board",
                        found=f"none within {config.sample_wait_s:g} s",
                        remedy="run `op3-soccer robot check`",
                    )
                )
            frame = self.read()
        self.write(frame.position_rad.copy())
        try:
            bus.write_all("goal_pwm", round(FULL_PWM * config.torque_share))
            bus.set_torque(True)
            self._senses.torque_expected = True
            bus.write_all("bus_watchdog", config.watchdog_20ms)
        except BusError as error:
            raise RuntimeFault(bus_fault(error)) from error

    def read(self) -> SensorFrame:
        """Wait for the next cycle, then read all joints and the board.

        Raises:
            RuntimeFault: a servo, the board or the port failed.
        """
        self._clock.sleep_until(self._due_s)
        now_s = self._clock.now()
        self._due_s = max(self._due_s + self._config.period_s, now_s)
        dt_s = max(now_s - self._last_s, 1e-6)
        self._last_s = now_s
        try:
            frame, vitals = self._senses.read(now_s, dt_s)
        except BusError as error:
            raise RuntimeFault(bus_fault(error)) from error
        fault = vitals_fault(SafetyConfig(), vitals) if self._senses.complete else None
        if fault is not None:
            raise RuntimeFault(fault)
        return frame

    def write(self, goal_rad: FloatArray) -> FloatArray:
        """Send [20] goals; what the servos really got, in whole ticks.

        Raises:
            RuntimeFault: the port failed.
        """
        joint_map = self._devices.joint_map
        try:
            sent = self._devices.bus.write_goals(joint_map.servo_positions(goal_rad))
        except BusError as error:
            raise RuntimeFault(bus_fault(error)) from error
        self.goal_rad = goal_rad
        return joint_map.joint_positions(sent)

    def glide(
        self,
        target_rad: FloatArray,
        speed_rad_s: float,
        step: Callable[[FloatArray], object],
    ) -> None:
        """Move in a straight line of joint angles, at rest at both ends.

        Args:
            target_rad: [20] where to.
            speed_rad_s: of the fastest joint, in the middle.
            step: one bus cycle towards [20] goals; it reads and writes.
        """
        start_rad = self.goal_rad
        move_s = duration_s(start_rad, target_rad, speed_rad_s)
        began_s, share = self._clock.now(), 0.0
        while share < 1:
            share = min(1.0, (self._clock.now() - began_s) / move_s)
            step(start_rad + eased(share) * (target_rad - start_rad))

    def let_down(self) -> None:
        """Torque falls step by step, so that the robot sinks instead of dropping.

        Raises:
            RuntimeFault: a servo, the board or the port failed.
        """
        began_s, seconds = self._clock.now(), self._config.let_down_s
        while (passed_s := self._clock.now() - began_s) < seconds:
            share = self._config.torque_share * (1 - passed_s / seconds)
            try:
                self._devices.bus.write_all("goal_pwm", round(FULL_PWM * share))
            except BusError as error:
                raise RuntimeFault(bus_fault(error)) from error
            self.read()
            self.write(self.goal_rad)


def duration_s(
    first_rad: FloatArray, last_rad: FloatArray, speed_rad_s: float
) -> float:
    """Time of a move whose fastest joint reaches `speed_rad_s` halfway; at least 1 s.

    `eased` is fastest in the middle: 1.5 times its mean speed.
    """
    farthest = float(np.abs(last_rad - first_rad).max())
    return max(1.0, 1.5 * farthest / speed_rad_s)


def eased(share: float) -> float:
    """From 0 to 1, at rest at both ends."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
