"""What goes out to the servos: torque, goals, limits; the counterpart of the senses."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from robot import derating, runtime_faults, safety
from robot.faults import RuntimeFault
from robot.runtime_config import RuntimeConfig
from robot.safety import SafetyVerdict
from robot.senses import Devices

_ATTEMPTS = 3
_MOST_PERIODS = 2
"""A late cycle may move a goal as far as two periods allow, not as far as it was late:
the joints did not move on meanwhile."""

FloatArray = NDArray[np.float64]


class Limbs:
    """Sends goals within all limits, and remembers what was sent.

    Attributes:
        wanted_rad: [20] targets of the next `send`, canonical joint order.
        sent_rad: [20] targets really sent last.
        ready_rad: [20] pose of a robot that is ready to play.
        torque_share: [20] share of full torque each servo may give.
    """

    def __init__(self, devices: Devices, config: RuntimeConfig):
        self.ready_rad: FloatArray = np.array(config.ready_rad)
        self.wanted_rad = self.sent_rad = self.ready_rad
        self.torque_share = np.full(len(self.ready_rad), config.derating.torque_share)
        self._devices = devices
        self._config = config
        self._slow_limits = replace(
            config.safety, velocity_limit_rad_s=config.arming_velocity_rad_s
        )
        self._armed_rad = self.ready_rad
        self._armed_s = 0.0
        self._average_v = float("nan")
        self._derate_in = 0

    @property
    def full_pwm(self) -> int:
        """Goal PWM register of a cool servo on a full battery."""
        share = np.array([self._config.derating.torque_share])
        return int(derating.pwm_of(share)[0])

    def arm(self, position_rad: FloatArray, now_s: float) -> None:
        """Arm the watchdogs and set goals to hold the present pose; torque stays off.

        Raises:
            RuntimeFault: a servo did not take the watchdog.
            BusError: the port failed.
        """
        bus, wanted = self._devices.bus, self._config.watchdog_20ms
        found: dict[int, int] = {}
        for _ in range(_ATTEMPTS):
            bus.write_all("bus_watchdog", wanted)
            found = bus.read_all("bus_watchdog")
            if len(found) == len(bus.servo_ids) and set(found.values()) == {wanted}:
                break
        else:
            raise RuntimeFault(runtime_faults.watchdog_not_armed(wanted, found))
        bus.write_goals(self._devices.joint_map.servo_positions(position_rad))
        self.sent_rad = self._armed_rad = position_rad
        self._armed_s = now_s

    def switch_on(self) -> None:
        """Torque on, verified.

        Raises:
            BusError: a servo refused.
        """
        self._devices.bus.set_torque(True)

    def approach_ready(self, now_s: float) -> bool:
        """Want the next pose of the slow move; True once the last one was sent."""
        share = (now_s - self._armed_s) / self._config.stand_move_s
        self.wanted_rad = _between(self._armed_rad, self.ready_rad, share)
        # The safety check may have held the targets back.
        return share >= 1 and np.array_equal(self.sent_rad, self.ready_rad)

    def send(self, dt_s: float, *, slowly: bool) -> SafetyVerdict:
        """Send `wanted_rad` as far as the limits allow; nothing if it is no number."""
        config = self._slow_limits if slowly else self._config.safety
        step_s = min(dt_s, _MOST_PERIODS * self._config.bus_period_s)
        verdict = safety.check(config, self.sent_rad, self.wanted_rad, step_s)
        if verdict.fault is None:
            self._write(verdict.targets_rad)
        return verdict

    def soften(self) -> None:
        """Less stiffness, for a robot that is to sink."""
        self._devices.bus.write_all("position_p_gain", self._config.damped_position_p)

    def follow(self, position_rad: FloatArray) -> SafetyVerdict:
        """Goals where the joints are: nothing pulls, but what moves is braked."""
        self._write(position_rad)
        return safety.unlimited(position_rad)

    def derate(
        self, temperature_c: FloatArray, voltage_v: float, notes: list[str]
    ) -> None:
        """Now and then, fit the torque to heat and voltage; says so in `notes`."""
        self._derate_in -= 1
        if self._derate_in > 0:
            return
        every = self._derate_in = self._config.derate_every_cycles
        config = self._config.derating
        elapsed_s = every * self._config.bus_period_s
        self._average_v = derating.averaged(
            config, self._average_v, voltage_v, elapsed_s
        )
        share = derating.shares(config, temperature_c, self._average_v)
        if np.array_equal(share, self.torque_share):
            return
        self.torque_share = share
        self._devices.bus.write_each("goal_pwm", derating.pwm_of(share).tolist())
        notes.append(f"torque at {share.min():.0%} to {share.max():.0%}")

    def _write(self, targets_rad: FloatArray) -> None:
        self.sent_rad = targets_rad
        goals = self._devices.joint_map.servo_positions(targets_rad)
        self._devices.bus.write_goals(goals)


def _between(first: FloatArray, last: FloatArray, share: float) -> FloatArray:
    """From `first` (share 0) to exactly `last` (share >= 1), at rest at both ends."""
    if share >= 1:
        return last
    return first + share * share * (3 - 2 * share) * (last - first)
