"""A slow move to a pose at limited torque: hold it, let the robot down, go limp."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from robot.bring_up import go_limp
from robot.contracts.joints import JOINT_NAMES
from robot.held_body import HeldBody, HoldConfig, duration_s, eased
from robot.poses import Pose
from robot.senses import Devices
from robot.stop import StopSource

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
        hold = HoldConfig(
            period_s=config.period_s,
            torque_share=config.torque_share,
            watchdog_20ms=config.watchdog_20ms,
            sample_wait_s=config.sample_wait_s,
            let_down_s=config.let_down_s,
        )
        self._body = HeldBody(devices, clock, hold)
        self._stopped_by = ""

    def run(self) -> SlowMoveResult:
        """Move, hold, let down, go limp; limp also after any error.

        Raises:
            RuntimeFault: a servo or the board failed; the robot is limp.
        """
        limp_notes: tuple[str, ...] = ()
        try:
            error_rad = self._run()
        finally:
            limp_notes = go_limp(self._devices)
        return SlowMoveResult(
            error_rad=error_rad, stopped_by=self._stopped_by, limp_notes=limp_notes
        )

    def _run(self) -> FloatArray:
        body, config = self._body, self._config
        body.take_hold()
        first = body.goal_rad
        last = first.copy()
        for name, angle in self._pose.items():
            last[JOINT_NAMES.index(name)] = angle
        move_s = duration_s(first, last, config.speed_rad_s)
        self._report("moving", move_s)
        began_s = self._clock.now()
        position, share = first, 0.0
        while share < 1 and not self._stopped():
            share = min(1.0, (self._clock.now() - began_s) / move_s)
            position = self._cycle(first + eased(share) * (last - first))
        held = first + eased(share) * (last - first)
        self._report("holding", config.hold_s)
        end_s = self._clock.now() + config.hold_s
        while self._clock.now() < end_s and not self._stopped():
            position = self._cycle(held)
        self._report("letting down", config.let_down_s)
        body.let_down()
        return held - position

    def _cycle(self, target_rad: FloatArray) -> FloatArray:
        """Read, write; returns the angles read."""
        frame = self._body.read()
        self._body.write(target_rad)
        return frame.position_rad

    def _stopped(self) -> bool:
        for stop in self._stops:
            reason = stop.requested()
            if reason is not None:
                self._stopped_by = reason
        return bool(self._stopped_by)


def largest_errors(error_rad: FloatArray, most: int = 3) -> dict[str, float]:
    """The joints farthest from their targets, worst first."""
    order = np.argsort(-np.abs(error_rad))[:most]
    return {JOINT_NAMES[index]: float(error_rad[index]) for index in order}
