"""Moves a robot along given goals and records what the bus tells; limp afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from firmware_bridge.clock import Clock
from robot.bring_up import BringUpConfig, bring_up, go_limp
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import ServoGains
from robot.contracts.sensors import SensorFrame
from robot.held_body import HeldBody, HoldConfig
from robot.senses import Devices
from robot.stop import StopSource

FloatArray = NDArray[np.float64]
PERIOD_S = 0.008


@dataclass(frozen=True, kw_only=True)
class PlayerConfig:
    """Limits and patience; project's choices.

    Attributes:
        speed_rad_s: of slow moves between motions.
        settle_s: rest before a motion.
        outside_rad: an angle so far outside a joint's range stops the motion.
        stall_rad: a servo so far from its goal ...
        stall_rad_s: ... and slower than this ...
        stall_s: ... for so long is taken for stalled.
        let_down_s: over which torque falls at the end.
        watchdog_20ms: the servos stop when the computer is silent for so long.
    """

    speed_rad_s: float = 0.8
    settle_s: float = 0.6
    outside_rad: float = 0.15
    stall_rad: float = 0.2
    stall_rad_s: float = 0.15
    stall_s: float = 0.3
    let_down_s: float = 1.0
    watchdog_20ms: int = 5


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What happened, one row per bus cycle; joints in canonical order.

    Attributes:
        read_s: [T] clock time of the readings of a row.
        goal_s: [T] clock time its goals were written, after the reading.
        goal_rad: [T, 20] as really sent, in ticks.
        angle_rad, speed_rad_s, current_a: [T, 20] readings.
        gyro_rad_s, acceleration_m_s2: [T, 3] in the torso's frame, as the board counts.
        supply_v: [T] of the board.
    """

    read_s: FloatArray
    goal_s: FloatArray
    goal_rad: FloatArray
    angle_rad: FloatArray
    speed_rad_s: FloatArray
    current_a: FloatArray
    gyro_rad_s: FloatArray
    acceleration_m_s2: FloatArray
    supply_v: FloatArray


class StallWatch:
    """Tells a servo that does not follow from one that is on its way."""

    def __init__(self, config: PlayerConfig):
        self._config = config
        self._since_s = np.zeros(len(JOINT_NAMES))

    def fault(self, goal_rad: FloatArray, frame: SensorFrame, dt_s: float) -> list[str]:
        """What is wrong after one more cycle, in words."""
        config = self._config
        behind = np.abs(goal_rad - frame.position_rad) > config.stall_rad
        stuck = behind & (np.abs(frame.velocity_rad_s) < config.stall_rad_s)
        self._since_s = np.where(stuck, self._since_s + dt_s, 0.0)
        found = [
            f"{name}: expected to reach {goal_rad[row]:.2f} rad, found it stalled at "
            f"{frame.position_rad[row]:.2f} rad with {frame.current_a[row]:.2f} A; "
            "look for what blocks it, let it cool, start again"
            for row, name in enumerate(JOINT_NAMES)
            if self._since_s[row] >= config.stall_s
        ]
        return found + self._outside(frame.position_rad)

    def _outside(self, angle_rad: FloatArray) -> list[str]:
        room = self._config.outside_rad
        return [
            f"{joint.name}: expected {joint.min_rad:g} to {joint.max_rad:g} rad, found "
            f"{angle:.2f} rad; bring it back by hand, check its zero and its horn"
            for joint, angle in zip(OP3_JOINTS, angle_rad.tolist(), strict=True)
            if not joint.min_rad - room <= angle <= joint.max_rad + room
        ]


class MotionPlayer:
    """Use as a context manager: inside torque is on, leaving it the robot is limp.

    Attributes:
        limp_notes: what did not work at once when torque went off.
    """

    def __init__(
        self,
        devices: Devices,
        clock: Clock,
        step: str,
        config: PlayerConfig | None = None,
        *,
        stops: Sequence[StopSource] = (),
        watch: Callable[[float], None] = lambda time_s: None,
    ):
        """Nothing is sent yet.

        Args:
            devices: bus, board and joint map.
            clock: real or simulated.
            step: of the calibration, for errors.
            config: see there.
            stops: asked once a cycle.
            watch: called once a cycle, e.g. to fetch pictures.
        """
        self.limp_notes: tuple[str, ...] = ()
        self._devices = devices
        self._clock = clock
        self._step = step
        self._config = config or PlayerConfig()
        self._stops = tuple(stops)
        self._watch = watch
        hold = HoldConfig(
            period_s=PERIOD_S,
            watchdog_20ms=self._config.watchdog_20ms,
            let_down_s=self._config.let_down_s,
        )
        self._body = HeldBody(devices, clock, hold)
        self._stalls = StallWatch(self._config)

    def __enter__(self) -> "MotionPlayer":
        """Check and configure the servos, then hold the pose they have.

        Raises:
            RuntimeFault: a servo or the board is not as it should be; it is limp.
        """
        clock = self._clock

        def pause(seconds: float) -> None:
            clock.sleep_until(clock.now() + seconds)

        bring_up(self._devices, ServoGains(), BringUpConfig(), pause)
        try:
            self._body.take_hold()
        except BaseException:
            self.limp_notes = go_limp(self._devices)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._body.let_down()
        finally:
            self.limp_notes = go_limp(self._devices)

    def go_to(self, pose_rad: FloatArray) -> None:
        """Move slowly to [20] and rest there.

        Raises:
            CalibrationError: a servo stalls, or somebody asked for a stop.
            RuntimeFault: a servo or the board failed.
        """
        self._body.glide(pose_rad, self._config.speed_rad_s, self._cycle)
        self.rest(self._config.settle_s)

    def rest(self, seconds: float) -> None:
        """Hold the last goal; raises as `go_to`."""
        end_s = self._clock.now() + seconds
        while self._clock.now() < end_s:
            self._cycle(self._body.goal_rad)

    def play(self, goals_rad: FloatArray) -> Recording:
        """Send [T, 20] goals, one row per cycle; raises as `go_to`."""
        rows: list[tuple[float, float, FloatArray, SensorFrame]] = []
        for goal in goals_rad:
            frame, sent = self._cycle(goal)
            rows.append((frame.time_s, self._clock.now(), sent, frame))
        frames = [row[3] for row in rows]

        def stacked(name: str) -> FloatArray:
            return np.array([getattr(frame, name) for frame in frames])

        return Recording(
            read_s=np.array([row[0] for row in rows]),
            goal_s=np.array([row[1] for row in rows]),
            goal_rad=np.array([row[2] for row in rows]),
            angle_rad=stacked("position_rad"),
            speed_rad_s=stacked("velocity_rad_s"),
            current_a=stacked("current_a"),
            gyro_rad_s=stacked("gyro_rad_s"),
            acceleration_m_s2=stacked("acceleration_m_s2"),
            supply_v=stacked("voltage_v"),
        )

    def _cycle(self, goal_rad: FloatArray) -> tuple[SensorFrame, FloatArray]:
        frame = self._body.read()
        self._watch(frame.time_s)
        faults = self._stalls.fault(self._body.goal_rad, frame, PERIOD_S)
        faults += [
            f"stopped: {reason}"
            for stop in self._stops
            if (reason := stop.requested()) is not None
        ]
        if faults:
            raise CalibrationError(self._step, faults)
        return frame, self._body.write(goal_rad)
