"""A robot that is moved slowly from pose to pose, held still and read; limp at the end.

Whoever builds it has brought the servos up (`robot.bring_up`). Torque goes on when the
block is entered, at limited strength, and off when it is left, whatever happens.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from calibration.errors import CalibrationError
from calibration.geometry.rigid import FloatArray
from firmware_bridge.clock import Clock
from robot.bring_up import go_limp
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.faults import RuntimeFault
from robot.held_body import HeldBody, HoldConfig
from robot.senses import Devices
from robot.stop import StopSource

_T = TypeVar("_T")
LOWEST_RAD: FloatArray = np.array([min(j.min_rad, 0.0) for j in OP3_JOINTS])
HIGHEST_RAD: FloatArray = np.array([max(j.max_rad, 0.0) for j in OP3_JOINTS])
"""[20] what motions stay within: the policies' range, widened to zero."""


@dataclass(frozen=True, kw_only=True)
class HeldConfig:
    """How slow and how strong; project's choices.

    Attributes:
        speed_rad_s: fastest joint in the middle of a move.
        torque_share: of full torque, by the servos' goal PWM register.
        period_s: of the bus cycle: slow moves need no faster one.
        watchdog_20ms: the servos stop when the computer is silent for so long.
        settle_s: from the end of a move to the first reading.
        read_s: over which readings are averaged.
        let_down_s: over which the torque falls to zero at the end.
        stalled_rad: a joint so far from its target has met something.
        stalled_s: for so long.
        restless_rad: a joint that is read at rest moves less than this.
        sample_wait_s: how long the first full set of readings may take.
    """

    speed_rad_s: float = 0.8
    torque_share: float = 0.6
    period_s: float = 0.025
    watchdog_20ms: int = 10
    settle_s: float = 0.4
    read_s: float = 0.2
    let_down_s: float = 1.0
    stalled_rad: float = 0.3
    stalled_s: float = 0.5
    restless_rad: float = 0.02
    sample_wait_s: float = 2.0


class HeldRobot:
    """Moves and reads; angles are joint angles in rad by the present joint map."""

    def __init__(
        self,
        devices: Devices,
        clock: Clock,
        config: HeldConfig,
        step: str,
        *,
        stops: Sequence[StopSource] = (),
        waits: bool = True,
    ):
        """Nothing is sent yet.

        Args:
            devices: bus, board and joint map.
            clock: real or simulated.
            config: see there.
            step: of the calibration, for errors.
            stops: asked once a cycle.
            waits: the bus goes on while something is computed (`meanwhile`); False
                where time stands still meanwhile.
        """
        self._devices = devices
        self._clock = clock
        self._config = config
        self._step = step
        self._stops = tuple(stops)
        self._waits = waits
        hold = HoldConfig(
            period_s=config.period_s,
            torque_share=config.torque_share,
            watchdog_20ms=config.watchdog_20ms,
            sample_wait_s=config.sample_wait_s,
            let_down_s=config.let_down_s,
        )
        self._body = HeldBody(devices, clock, hold)
        self._stalled_s = np.zeros(len(JOINT_NAMES))

    def __enter__(self) -> "HeldRobot":
        """Torque on where the robot is.

        Raises:
            RuntimeFault: a servo or the board failed; the robot is limp.
        """
        try:
            self._body.take_hold()
        except BaseException:
            go_limp(self._devices)
            raise
        return self

    def __exit__(self, kind: type | None, error: object, trace: object) -> None:
        """Let down if nothing is wrong, then limp in any case."""
        try:
            if kind is None or issubclass(kind, CalibrationError):
                self._body.let_down()
        except RuntimeFault:
            if kind is None:
                raise
        finally:
            go_limp(self._devices)

    @property
    def target_rad(self) -> FloatArray:
        """[20] where the robot is held."""
        return self._body.goal_rad.copy()

    def move(self, target_rad: FloatArray) -> None:
        """Go there in a straight line of joint angles, at rest at both ends.

        Raises:
            CalibrationError: outside the limits, met something, or was stopped.
            RuntimeFault: a servo or the board failed.
        """
        self._refuse_outside(target_rad)
        self._body.glide(target_rad, self._config.speed_rad_s, self._cycle)
        self.hold(self._config.settle_s)

    def hold(self, seconds: float) -> None:
        """Stay."""
        end_s = self._clock.now() + seconds
        while self._clock.now() < end_s:
            self._cycle(self._body.goal_rad)

    def read(self) -> FloatArray:
        """[20] joint angles of a robot at rest, averaged.

        Raises:
            CalibrationError: a joint does not rest.
        """
        found = []
        end_s = self._clock.now() + self._config.read_s
        while self._clock.now() < end_s or len(found) < 3:
            found.append(self._cycle(self._body.goal_rad))
        readings = np.stack(found)
        spread = np.ptp(readings, axis=0)
        restless = [
            f"{JOINT_NAMES[i]}: expected rest, found it moving by "
            f"{np.degrees(spread[i]):.1f} degrees; hold the robot's torso still"
            for i in np.flatnonzero(spread > self._config.restless_rad)
        ]
        if restless:
            raise CalibrationError(self._step, restless)
        return readings.mean(axis=0)

    def meanwhile(self, work: Callable[[], _T]) -> _T:
        """What `work` returns; the bus goes on, so that no watchdog trips."""
        if not self._waits:
            return work()
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            while not future.done():
                self._cycle(self._body.goal_rad)
            return future.result()

    def _refuse_outside(self, target_rad: FloatArray) -> None:
        outside = (target_rad < LOWEST_RAD - 1e-9) | (target_rad > HIGHEST_RAD + 1e-9)
        if outside.any():
            raise CalibrationError(
                self._step,
                [
                    f"{JOINT_NAMES[i]}: expected {LOWEST_RAD[i]:g} to "
                    f"{HIGHEST_RAD[i]:g} rad, found a motion to {target_rad[i]:.3f}; "
                    "nothing was moved"
                    for i in np.flatnonzero(outside)
                ],
            )

    def _cycle(self, target_rad: FloatArray) -> FloatArray:
        """Read, look for faults, write; returns the angles read.

        Raises:
            CalibrationError: stopped, or a joint met something.
            RuntimeFault: a servo, the board or the port failed.
        """
        before_s = self._clock.now()
        position = self._body.read().position_rad.copy()
        self._body.write(target_rad)
        self._watch_stall(position, self._clock.now() - before_s)
        for stop in self._stops:
            reason = stop.requested()
            if reason is not None:
                raise CalibrationError(
                    self._step,
                    [f"stopped by {reason}; the same command goes on from here"],
                )
        return position

    def _watch_stall(self, position_rad: FloatArray, dt_s: float) -> None:
        error = np.abs(self._body.goal_rad - position_rad)
        far = error > self._config.stalled_rad
        self._stalled_s = np.where(far, self._stalled_s + dt_s, 0.0)
        stalled = np.flatnonzero(self._stalled_s > self._config.stalled_s)
        if len(stalled):
            raise CalibrationError(
                self._step,
                [
                    f"{JOINT_NAMES[i]}: expected it within "
                    f"{np.degrees(self._config.stalled_rad):.0f} degrees of its "
                    f"target, found {np.degrees(error[i]):.0f} for "
                    f"{self._config.stalled_s:g} s; free it, then start again"
                    for i in stalled
                ],
            )
