"""A slow move to a pose at limited torque: hold it, let the robot down, go limp."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from robot.bring_up import bus_fault, go_limp
from robot.contracts.joints import JOINT_NAMES
from robot.faults import Fault, RuntimeFault
from robot.poses import Pose
from robot.safety import SafetyConfig, vitals_fault
from robot.senses import Devices, Senses
from robot.stop import StopSource

FULL_PWM = 885
"""Goal PWM register value of full torque (e-manual XM430-W350, register 100)."""

Phase = Literal["moving", "holding", "letting down"]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SlowMoveConfig:
    """How slow, how strong, how long; project's choices.

    Attributes:
        speed_rad_s: fastest joint in the middle of the move.
        torque_share: of full torque, by the servos' goal PWM register.
        hold_s: how long the pose is held; infinite until something stops it.
        let_down_s: over which the torque falls to zero at the end.
        period_s: of the bus cycle.
        watchdog_20ms: the servos stop when the computer is silent for so long.
        sample_wait_s: how long the first full set of readings may take.
    """

    speed_rad_s: float = 0.6
    torque_share: float = 0.5
    hold_s: float = 5.0
    let_down_s: float = 1.5
    period_s: float = 0.008
    watchdog_20ms: int = 5
    sample_wait_s: float = 1.0

    def __post_init__(self) -> None:
        if not (self.speed_rad_s > 0 and 0 < self.torque_share <= 1):
            raise ValueError(
                "expected speed_rad_s > 0 and torque_share above 0, at most 1, found "
                f"{self.speed_rad_s} and {self.torque_share}"
            )


@dataclass(frozen=True, kw_only=True)
class SlowMoveResult:
    """What became of a move.

    Attributes:
        error_rad: [20] pose minus angle where the hold ended; canonical order.
        stopped_by: who ended it before its time; empty for nobody.
        limp_notes: what did not work at once when torque went off.
    """

    error_rad: FloatArray
    stopped_by: str
    limp_notes: tuple[str, ...]


class SlowMove:
    """One move; servos must be checked and configured, torque off (`bring_up`)."""

    def __init__(
        self,
        devices: Devices,
        clock: Clock,
        pose: Pose,
        config: SlowMoveConfig,
        *,
        stops: Sequence[StopSource] = (),
        report: Callable[[Phase, float], None] = lambda phase, seconds: None,
    ):
        """Nothing is sent yet.

        Args:
            devices: bus, board and joint map.
            clock: real or simulated.
            pose: where to.
            config: see there.
            stops: asked once a cycle.
            report: told each phase and how long it will take.
        """
        self._devices = devices
        self._clock = clock
        self._pose = pose
        self._config = config
        self._stops = tuple(stops)
        self._report = report
        self._senses = Senses(devices, SafetyConfig(), clock)
        self._due_s = clock.now()
        self._last_s = clock.now() - config.period_s
        self._stopped_by = ""

    def run(self) -> SlowMoveResult:
        """Move, hold, let down, go limp; limp also after any error.

        Raises:
            RuntimeFault: a servo or the board failed; the robot is limp.
        """
        limp_notes: tuple[str, ...] = ()
        try:
            error_rad = self._run()
        except BusError as error:
            raise RuntimeFault(bus_fault(error)) from error
        finally:
            limp_notes = go_limp(self._devices)
        return SlowMoveResult(
            error_rad=error_rad, stopped_by=self._stopped_by, limp_notes=limp_notes
        )

    def _run(self) -> FloatArray:
        first = self._first_reading()
        last = first.copy()
        for name, angle in self._pose.items():
            last[JOINT_NAMES.index(name)] = angle
        self._torque_on(first)
        move_s = duration_s(first, last, self._config.speed_rad_s)
        self._report("moving", move_s)
        began_s = self._clock.now()
        position, share = first, 0.0
        while share < 1 and not self._stopped():
            share = min(1.0, (self._clock.now() - began_s) / move_s)
            position = self._cycle(first + eased(share) * (last - first))
        held = first + eased(share) * (last - first)
        self._report("holding", self._config.hold_s)
        end_s = self._clock.now() + self._config.hold_s
        while self._clock.now() < end_s and not self._stopped():
            position = self._cycle(held)
        self._let_down(held)
        return held - position

    def _first_reading(self) -> FloatArray:
        """Angles of all joints, once every servo has answered."""
        end_s = self._clock.now() + self._config.sample_wait_s
        while True:
            position = self._read()
            if self._senses.complete:
                return position
            if self._clock.now() > end_s:
                raise RuntimeFault(
                    Fault(
                        reason="servo silent",
                        expected="an answer from every servo and the board",
                        found=f"none within {self._config.sample_wait_s:g} s",
                        remedy="run `op3-soccer robot check`",
                    )
                )

    def _torque_on(self, position_rad: FloatArray) -> None:
        """Hold the present pose, weakly; then arm the servos' watchdog."""
        bus = self._devices.bus
        bus.write_goals(self._devices.joint_map.servo_positions(position_rad))
        bus.write_all("goal_pwm", round(FULL_PWM * self._config.torque_share))
        bus.set_torque(True)
        self._senses.torque_expected = True
        bus.write_all("bus_watchdog", self._config.watchdog_20ms)

    def _cycle(self, target_rad: FloatArray) -> FloatArray:
        """Read, look for faults, write; returns the angles read."""
        position = self._read()
        goals = self._devices.joint_map.servo_positions(target_rad)
        self._devices.bus.write_goals(goals)
        return position

    def _read(self) -> FloatArray:
        self._clock.sleep_until(self._due_s)
        now_s = self._clock.now()
        self._due_s = max(self._due_s + self._config.period_s, now_s)
        dt_s = max(now_s - self._last_s, 1e-6)
        self._last_s = now_s
        frame, vitals = self._senses.read(now_s, dt_s)
        fault = vitals_fault(SafetyConfig(), vitals) if self._senses.complete else None
        if fault is not None:
            raise RuntimeFault(fault)
        return frame.position_rad

    def _let_down(self, held_rad: FloatArray) -> None:
        """Torque falls step by step, so that the robot sinks instead of dropping."""
        seconds = self._config.let_down_s
        self._report("letting down", seconds)
        began_s = self._clock.now()
        while (passed_s := self._clock.now() - began_s) < seconds:
            share = self._config.torque_share * (1 - passed_s / seconds)
            self._devices.bus.write_all("goal_pwm", round(FULL_PWM * share))
            self._cycle(held_rad)

    def _stopped(self) -> bool:
        for stop in self._stops:
            reason = stop.requested()
            if reason is not None:
                self._stopped_by = reason
        return bool(self._stopped_by)


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


def largest_errors(error_rad: FloatArray, most: int = 3) -> dict[str, float]:
    """The joints farthest from their targets, worst first."""
    order = np.argsort(-np.abs(error_rad))[:most]
    return {JOINT_NAMES[index]: float(error_rad[index]) for index in order}
