"""One robot, from power-on to torque-off.

`Runtime.cycle` is one 8 ms bus cycle: read, estimate, decide when a policy step is due,
check, write. It never waits, so a lock-step match calls it with simulated times and
`robot.real_time.run` calls it in real time. Torque goes off on every way out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.bus_types import ServoHealth
from firmware_bridge.errors import BusError
from robot import attitude, brain, control_loop, safety
from robot.attitude import AttitudeConfig, AttitudeState
from robot.brain import BrainConfig, BrainState, Identity
from robot.bring_up import BringUpConfig, bring_up, bus_fault, go_limp
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.sensors import SensorFrame
from robot.fall import FallConfig, Posture, posture_after
from robot.faults import Fault, RuntimeFault
from robot.network import Links
from robot.player import Player
from robot.safety import Event, Mode, SafetyConfig, SafetyVerdict, Vitals
from robot.senses import Devices, Senses
from robot.skills import Running, SkillRequest

STAND_RAD = np.array([joint.stand_rad for joint in OP3_JOINTS])


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig:
    """Settings of the onboard loop; project's choices unless a source is named.

    Attributes:
        bus_period_s: of one cycle (125 Hz, as ROBOTIS' own framework).
        stand_move_s: duration of the slow move to the stand.
        arming_velocity_rad_s: fastest change of a target during it.
        watchdog_20ms: the servos stop by themselves when the computer is silent this
            long (register 98, units of 20 ms).
        health_every_cycles: cycles between two looks at one servo's slow registers.
        status_period_s: between two reports to the referee (0.5 to 2 Hz are allowed).
    """

    bus_period_s: float = 0.008
    stand_move_s: float = 3.0
    arming_velocity_rad_s: float = 1.5
    watchdog_20ms: int = 5
    health_every_cycles: int = 25
    status_period_s: float = 1.0
    bring_up: BringUpConfig = field(default_factory=BringUpConfig)
    attitude: AttitudeConfig = field(default_factory=AttitudeConfig)
    fall: FallConfig = field(default_factory=FallConfig)
    safety: SafetyConfig = field(default_factory=SafetyConfig)
    brain: BrainConfig = field(default_factory=BrainConfig)


@dataclass(frozen=True, kw_only=True)
class CycleRecord:
    """Everything one cycle knew and did.

    Attributes:
        time_s: clock time.
        mode: after the cycle.
        sensors: what came in.
        gravity: unit vector, torso frame.
        posture: of the robot.
        skill: in charge; None before playing.
        request: the tactics' wish; None before playing.
        verdict: what was wanted, clamped and sent; None while torque is off.
        policy_step: a policy decided in this cycle.
    """

    time_s: float
    mode: Mode
    sensors: SensorFrame
    gravity: tuple[float, float, float]
    posture: Posture
    skill: Running | None
    request: SkillRequest | None
    verdict: SafetyVerdict | None
    policy_step: bool


def record_nothing(record: CycleRecord) -> None:
    """The default recorder."""


class Runtime:
    """A robot that plays. Use it as a context manager: leaving it switches torque off.

    Attributes:
        mode: see `robot.safety.Mode`.
        fault: why it stopped; None while all is well.
        brain: what it knows and wants; None before it plays.
        posture: upright or lying on a side.
        health: slow registers by joint name, as last read.
        limp_notes: what did not work at once when torque went off.
    """

    def __init__(
        self,
        *,
        devices: Devices,
        player: Player,
        identity: Identity,
        links: Links,
        config: RuntimeConfig | None = None,
        pause: Callable[[float], None],
        record: Callable[[CycleRecord], None] = record_nothing,
    ):
        """Nothing is sent yet.

        Args:
            devices: bus, board and joint map.
            player: its skills.
            identity: team and number.
            links: referee and tracker; the caller closes them.
            pause: waits that many seconds; used only by `start`, for servos to boot.
            record: called once per cycle.
        """
        self.mode: Mode = "off"
        self.fault: Fault | None = None
        self.brain: BrainState | None = None
        self.posture: Posture = "upright"
        self.health: dict[str, ServoHealth] = {}
        self.limp_notes: tuple[str, ...] = ()
        self.config = config or RuntimeConfig()
        self._devices = devices
        self._player = player
        self._identity = identity
        self._links = links
        self._pause = pause
        self._record = record
        self._senses = Senses(devices, self.config.safety)
        self._arming = replace(
            self.config.safety, velocity_limit_rad_s=self.config.arming_velocity_rad_s
        )
        self._attitude: AttitudeState | None = None
        self._wanted_rad: NDArray[np.float64] = STAND_RAD
        self._sent_rad: NDArray[np.float64] = STAND_RAD
        self._armed_rad: NDArray[np.float64] = STAND_RAD
        self._armed_s = 0.0
        self._last_s: float | None = None
        self._policy_due_s = 0.0
        self._status_due_s = 0.0
        self._cycles = 0

    def start(self) -> None:
        """Power on, check and configure the servos; torque is still off.

        The first cycles then switch torque on and move slowly to the stand.

        Raises:
            RuntimeFault: lists everything that is not as expected; torque is off.
        """
        gains = self._player.walk.spec.gains
        try:
            bring_up(self._devices, gains, self.config.bring_up, self._pause)
            self._go("checked")
        except BaseException as error:
            self._leave(error)
            raise

    def cycle(self, now_s: float) -> None:
        """One bus cycle.

        Args:
            now_s: clock time, later than at the last call.

        Raises:
            RuntimeFault: the robot had to stop; torque is off.
            ValueError: `start` was not called, or the robot has stopped.
        """
        if self.mode not in ("ready", "armed", "playing"):
            raise ValueError(f"cycle: expected a started robot, found mode {self.mode}")
        try:
            self._cycle(now_s)
        except BusError as error:
            fault = RuntimeFault(bus_fault(error))
            self._leave(fault)
            raise fault from error
        except BaseException as error:
            self._leave(error)
            raise

    def stop(self) -> tuple[str, ...]:
        """Torque off; harmless if repeated. Returns what did not work at once."""
        self._leave(None)
        return self.limp_notes

    def __enter__(self) -> "Runtime":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _cycle(self, now_s: float) -> None:
        period_s = self.config.bus_period_s
        dt_s = period_s if self._last_s is None else now_s - self._last_s
        if dt_s <= 0:
            raise ValueError(
                f"cycle: expected a time after {self._last_s}, got {now_s}"
            )
        self._last_s = now_s
        self._cycles += 1
        sensors, vitals = self._senses.read(now_s, dt_s)
        body = self._feel(sensors, dt_s)
        policy_step, verdict = False, None
        if self.mode == "ready":
            self._raise(safety.vitals_fault(self.config.safety, vitals), vitals)
            if self._senses.complete:
                self._torque_on(sensors, now_s)
        else:
            policy_step = self._decide(sensors, body, now_s)
            verdict = self._send(vitals, dt_s)
            self._look_after_one_servo()
        self._record(
            CycleRecord(
                time_s=now_s,
                mode="fault" if verdict is not None and verdict.fault else self.mode,
                sensors=sensors,
                gravity=body.gravity,
                posture=self.posture,
                skill=self.brain.loop.skill if self.brain else None,
                request=self.brain.request if self.brain else None,
                verdict=verdict,
                policy_step=policy_step,
            )
        )
        if verdict is not None:
            self._raise(verdict.fault, vitals)

    def _feel(self, sensors: SensorFrame, dt_s: float) -> AttitudeState:
        if self._attitude is None or not self._senses.complete:
            self._attitude = attitude.start(sensors.acceleration_m_s2)
        else:
            self._attitude = attitude.update(
                self.config.attitude,
                self._attitude,
                sensors.gyro_rad_s,
                sensors.acceleration_m_s2,
                dt_s,
            )
        self.posture = posture_after(
            self.config.fall, self.posture, self._attitude.gravity
        )
        return self._attitude

    def _torque_on(self, sensors: SensorFrame, now_s: float) -> None:
        """Hold the present pose, then arm the watchdog."""
        bus = self._devices.bus
        bus.write_goals(self._devices.joint_map.servo_positions(sensors.position_rad))
        self._go("torque on")
        bus.set_torque(True)
        bus.write_all("bus_watchdog", self.config.watchdog_20ms)
        self._sent_rad = self._armed_rad = sensors.position_rad
        self._armed_s = now_s

    def _decide(self, sensors: SensorFrame, body: AttitudeState, now_s: float) -> bool:
        """Update the wanted targets; True if a policy was asked."""
        if self.mode == "armed":
            share = (now_s - self._armed_s) / self.config.stand_move_s
            self._wanted_rad = _between(self._armed_rad, STAND_RAD, share)
            # The safety check may have held the targets back.
            if share < 1 or not np.array_equal(self._sent_rad, STAND_RAD):
                return False
            self._go("standing")
            self.brain = brain.start(self._player, STAND_RAD)
            self._policy_due_s = self._status_due_s = now_s
        if self.brain is None or now_s < self._policy_due_s - 1e-9:
            return False
        self._think(self.brain, sensors, body, now_s)
        return True

    def _think(
        self, state: BrainState, sensors: SensorFrame, body: AttitudeState, now_s: float
    ) -> None:
        config, links = self.config.brain, self._links
        heard = brain.hear(
            config,
            self._identity,
            state,
            links.game.newest() if links.game else None,
            links.tracker.newest() if links.tracker else None,
            now_s,
        )
        self.brain, self._wanted_rad = brain.think(
            config, self._identity, self._player, heard, sensors, body, self.posture
        )
        period_s = control_loop.period_s(self._player, self.brain.loop)
        self._policy_due_s += period_s
        if self._policy_due_s <= now_s:
            # Late by more than a step: go on from here instead of catching up.
            self._policy_due_s = now_s + period_s
        if links.status and now_s >= self._status_due_s:
            self._status_due_s = now_s + self.config.status_period_s
            links.status.send(
                brain.status_of(self._identity, self.brain, self.posture, now_s)
            )

    def _send(self, vitals: Vitals, dt_s: float) -> SafetyVerdict:
        limits = self._arming if self.mode == "armed" else self.config.safety
        verdict = safety.check(limits, self._sent_rad, self._wanted_rad, vitals, dt_s)
        if verdict.fault is None:
            self._sent_rad = verdict.targets_rad
            goals = self._devices.joint_map.servo_positions(verdict.targets_rad)
            self._devices.bus.write_goals(goals)
        return verdict

    def _look_after_one_servo(self) -> None:
        turn, due = divmod(self._cycles, self.config.health_every_cycles)
        if due:
            return
        index = turn % len(JOINT_NAMES)
        servo_id = self._devices.joint_map.servo_ids[index]
        try:
            self.health[JOINT_NAMES[index]] = self._devices.bus.read_health(servo_id)
        except BusError:
            # Silence is counted where all joints are read; this look can wait.
            return

    def _raise(self, fault: Fault | None, vitals: Vitals) -> None:
        if fault is None:
            return
        if fault.reason == safety.HARDWARE_ERROR:
            fault = replace(fault, found=f"{fault.found}: {self._errors(vitals)}")
        raise RuntimeFault(fault)

    def _errors(self, vitals: Vitals) -> str:
        """Names of the recorded errors of all servos that report some."""
        texts = []
        for index in np.nonzero(vitals.alert_cycles)[0].tolist():
            servo_id = self._devices.joint_map.servo_ids[index]
            try:
                names = self._devices.bus.read_health(servo_id).hardware_error
            except BusError:
                names = ("not readable",)
            texts.append(f"{JOINT_NAMES[index]} {', '.join(names)}")
        return "; ".join(texts)

    def _go(self, event: Event) -> None:
        self.mode = safety.mode_after(self.mode, event)

    def _leave(self, error: BaseException | None) -> None:
        """Torque off, once; remember why."""
        if isinstance(error, RuntimeFault) and self.fault is None:
            self.fault = error.faults[0]
        if self.mode in ("fault", "off") and error is None:
            return
        self.limp_notes = go_limp(self._devices)
        self._go("stopped" if error is None else "failed")


def _between(
    first: NDArray[np.float64], last: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """From `first` (share 0) to exactly `last` (share >= 1), at rest at both ends."""
    if share >= 1:
        return last
    return first + share * share * (3 - 2 * share) * (last - first)
