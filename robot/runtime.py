"""One robot, from power-on to torque-off.

`Runtime.cycle` is one 8 ms bus cycle: read, estimate, decide when a policy step is due,
check, write. It never waits, so a lock-step match calls it with simulated times and
`robot.real_time.run` calls it in real time. What it does about a trouble stands in
`robot.reactions`; torque goes off on every way out.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from firmware_bridge.slow_items import ServoStatus
from robot import reactions, runtime_faults, safety
from robot.attitude import AttitudeState
from robot.body import Body
from robot.brain import BrainState, Identity
from robot.bring_up import bring_up, bus_fault, go_limp
from robot.contracts.camera import Image
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.sensors import SensorFrame
from robot.fall import Posture
from robot.faults import Fault, RuntimeFault
from robot.limbs import Limbs
from robot.mind import Mind
from robot.modes import RUNNING, TORQUE_ON, Event, Mode, mode_after
from robot.network import Links
from robot.player import Player
from robot.record.cycle import CycleRecord, CycleTiming
from robot.runtime_config import STAND_RAD, RuntimeConfig
from robot.safety import SafetyVerdict, Vitals
from robot.senses import Devices, Senses
from robot.skills import SkillRequest
from robot.stop import StopSource
from robot.stop_watch import StopWatch

__all__ = ["STAND_RAD", "CycleRecord", "Runtime", "RuntimeConfig", "record_nothing"]


class Camera(Protocol):
    """What the robot sees with, e.g. `robot.camera.eyes.Eyes`."""

    def newest_s(self) -> float | None:
        """Capture time of the newest frame, on the runtime's clock; None if none."""
        ...

    def look(self) -> Image | None:
        """[H, W, 3] as the player's camera takes it; None if there is no new one."""
        ...


def record_nothing(record: CycleRecord) -> None:
    """The default recorder."""


def _see_nothing() -> None:
    """The eyes of a player that needs none."""


class Runtime:
    """A robot that plays. Use it as a context manager: leaving it switches torque off.

    Attributes:
        mode: see `robot.modes.Mode`.
        fault: why it stopped or is about to; None while all is well.
        stopped_by: who asked for a stop; None while nobody did.
        order: set from outside, it overrules what the tactics wish (trials, an
            operator); None lets them decide. Falls and safety stay the robot's own.
        health: slow items by joint name, as last read.
        limp_notes: what did not work at once when torque went off.
    """

    def __init__(
        self,
        *,
        devices: Devices,
        player: Player,
        identity: Identity,
        links: Links,
        clock: Clock,
        config: RuntimeConfig | None = None,
        stops: Sequence[StopSource] = (),
        camera: Camera | None = None,
        record: Callable[[CycleRecord], None] = record_nothing,
    ):
        """Nothing is sent yet.

        Args:
            devices: bus, board and joint map.
            player: its skills.
            identity: team and number.
            links: referee and tracker; the caller closes them.
            clock: of the cycles; `start` waits on it for servos to boot, and it times
                the policy.
            config: settings.
            stops: may stop the robot, besides the buttons; the caller closes them.
            camera: without fresh frames the robot stands; None if it needs none.
            record: called once per cycle.
        """
        self.mode: Mode = "off"
        self.fault: Fault | None = None
        self.stopped_by: str | None = None
        self.order: SkillRequest | None = None
        self.health: dict[str, ServoStatus] = {}
        self.limp_notes: tuple[str, ...] = ()
        self.config = config or RuntimeConfig()
        self._devices = devices
        self._player = player
        self._clock = clock
        self._stop_watch = StopWatch(
            stops, wait_for_start=self.config.wait_for_start_button
        )
        self._camera = camera
        self._record = record
        self._senses = Senses(devices, self.config.safety, clock)
        self._limbs = Limbs(devices, self.config)
        look = camera.look if camera and player.camera else _see_nothing
        self._mind = Mind(player, identity, links, self.config, clock, look)
        self._body = Body(self.config)
        self._upright_at_start = True
        self._damped_s = 0.0
        self._last_s: float | None = None
        self._bus_used_s = 0.0
        self._notes: list[str] = []

    @property
    def running(self) -> bool:
        """Whether `cycle` may be called."""
        return self.mode in RUNNING

    @property
    def brain(self) -> BrainState | None:
        """What it knows and wants; None before it plays."""
        return self._mind.state

    @property
    def posture(self) -> Posture:
        """Upright or lying on a side."""
        return self._body.posture

    @property
    def lifted(self) -> bool:
        """Somebody holds it in the air."""
        return self._body.lifted

    @property
    def torque_share(self) -> NDArray[np.float64]:
        """[20] share of full torque each servo may give."""
        return self._limbs.torque_share

    def start(self) -> None:
        """Power on, check and configure the servos; torque is still off.

        The first cycles then switch torque on and move slowly to the stand.

        Raises:
            RuntimeFault: lists everything that is not as expected; torque is off.
        """
        try:
            if self._player.camera is not None and self._camera is None:
                raise RuntimeFault(runtime_faults.no_camera(self._player.camera))
            bring_up(
                self._devices,
                self._player.walk.spec.gains,
                self.config.bring_up,
                lambda wait_s: self._clock.sleep_until(self._clock.now() + wait_s),
                goal_pwm=self._limbs.full_pwm,
                servo_p=self.config.servo_p,
            )
            self._go("checked")
        except BaseException as error:
            self._leave(error)
            raise

    def cycle(self, now_s: float, *, late_s: float = 0.0, missed: int = 0) -> None:
        """One bus cycle.

        Args:
            now_s: clock time, later than at the last call.
            late_s: start after the deadline, for the record.
            missed: deadlines missed so far, for the record.

        Raises:
            RuntimeFault: the robot had to stop; torque is off.
            ValueError: `start` was not called, or the robot has stopped.
        """
        if not self.running:
            raise ValueError(f"cycle: expected a started robot, found mode {self.mode}")
        try:
            self._cycle(now_s, late_s, missed)
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

    # One cycle

    def _cycle(self, now_s: float, late_s: float, missed: int) -> None:
        dt_s = self._step_of_time(now_s)
        began_s = self._clock.now()
        sensors, vitals = self._senses.read(now_s, dt_s)
        read_s = self._clock.now()
        body = self._body.feel(sensors, dt_s, settled=self._senses.complete)
        if self._senses.turn is not None:
            index, status = self._senses.turn
            self.health[JOINT_NAMES[index]] = status
        self._heed_stops(sensors, now_s)
        fatal = self._heed_faults(vitals, now_s)
        policy_step, verdict = False, None
        if fatal is None and self.mode == "ready":
            self._arm_when_ready(sensors, now_s)
        elif fatal is None and self.mode in ("armed", "playing"):
            policy_step = self._decide(sensors, body, dt_s, now_s)
        decided_s = self._clock.now()
        if fatal is None and self.mode in ("armed", "playing"):
            verdict = self._send(vitals, dt_s, now_s)
        resting = False
        if fatal is None and self.mode == "damped":
            verdict = self._limbs.follow(sensors.position_rad)
            resting = now_s - self._damped_s >= self.config.damped_s
            fatal = self.fault if resting else None
        ended_s = self._bus_used_s = self._clock.now()
        timing = CycleTiming(
            late_s=late_s,
            read_s=read_s - began_s,
            decide_s=decided_s - read_s,
            write_s=ended_s - decided_s,
            total_s=ended_s - began_s,
            missed=missed,
        )
        self._tell(sensors, body, verdict, fatal, policy_step, timing)
        if fatal is not None:
            raise RuntimeFault(fatal)
        if resting:
            self.limp_notes = go_limp(self._devices)
            self._go("rested")

    def _step_of_time(self, now_s: float) -> float:
        before_s = self._last_s
        if before_s is not None and now_s <= before_s:
            raise ValueError(f"cycle: expected a time after {before_s}, got {now_s}")
        self._last_s = now_s
        if before_s is None:
            return self.config.bus_period_s
        silent_s, limit_s = now_s - self._bus_used_s, self.config.watchdog_s
        if self.mode in TORQUE_ON and silent_s > limit_s:
            raise RuntimeFault(runtime_faults.stalled(silent_s, limit_s))
        return now_s - before_s

    def _heed_stops(self, sensors: SensorFrame, now_s: float) -> None:
        reason = self._stop_watch.look(sensors.buttons, ready=self.mode == "ready")
        if reason is None or self.mode == "damped":
            return
        self.stopped_by = reason
        self._notes.append(f"{reactions.STOP}: {reason}")
        if self.mode == "ready":
            self._leave(None)
        else:
            self._damp(now_s)

    def _heed_faults(self, vitals: Vitals, now_s: float) -> Fault | None:
        """The fault that switches torque off now; others damp, or wait their turn."""
        if self.mode == "off":
            return None
        fault = safety.vitals_fault(self.config.safety, vitals)
        if fault is None and self.mode == "armed" and self._fell():
            fault = runtime_faults.fell_while_arming(self.posture)
        return self._react(fault, vitals, now_s)

    def _react(self, fault: Fault | None, vitals: Vitals, now_s: float) -> Fault | None:
        if fault is None:
            return None
        if self.mode == "ready" or not reactions.may_sink(fault.reason):
            return runtime_faults.explained(fault, vitals, self._senses, self._devices)
        if self.mode != "damped":
            self.fault = fault
            self._notes.append(f"damped: {fault}")
            self._damp(now_s)
        return None

    def _arm_when_ready(self, sensors: SensorFrame, now_s: float) -> None:
        if not (self._senses.complete and self._stop_watch.may_start):
            return
        self._limbs.arm(sensors.position_rad, now_s)
        self._go("torque on")
        self._limbs.switch_on()
        self._senses.torque_expected = True
        self._upright_at_start = self.posture == "upright"

    def _decide(
        self, sensors: SensorFrame, body: AttitudeState, dt_s: float, now_s: float
    ) -> bool:
        """Update the wanted targets; True if a policy was asked."""
        self._limbs.derate(self._senses.temperature_c, sensors.voltage_v, self._notes)
        if self.mode == "armed":
            if not self._limbs.approach_ready(now_s):
                return False
            self._go("standing")
            self._mind.wake(self._limbs.sent_rad, now_s)
        self._note_lift(sensors, dt_s, now_s)
        if not self._mind.due(now_s):
            return False
        if self.lifted:
            self._mind.listen(self.posture, now_s)
            return False
        order = SkillRequest() if self._blind(now_s) else self.order
        targets, fault = self._mind.think(sensors, body, self.posture, order, now_s)
        self._limbs.wanted_rad = targets
        if fault is not None:
            self.fault = fault
            self._notes.append(f"damped: {fault}")
            self._damp(now_s)
        return True

    def _note_lift(self, sensors: SensorFrame, dt_s: float, now_s: float) -> None:
        before = self.lifted
        self._body.weigh(sensors, self._mind.activity, dt_s)
        if self.lifted and not before:
            self._limbs.wanted_rad = self._limbs.ready_rad
            self._notes.append(reactions.LIFTED)
        elif before and not self.lifted:
            self._mind.start_over(self._limbs.sent_rad, now_s)
            self._notes.append("put down")

    def _blind(self, now_s: float) -> bool:
        """The camera is stale, and the robot is not busy getting up."""
        if self._camera is None or self.posture != "upright":
            return False
        newest_s = self._camera.newest_s()
        return newest_s is None or now_s - newest_s > self.config.camera_stale_s

    def _send(self, vitals: Vitals, dt_s: float, now_s: float) -> SafetyVerdict:
        slowly = self.mode == "armed" or self.lifted
        verdict = self._limbs.send(dt_s, slowly=slowly)
        if verdict.fault is not None:
            self._react(verdict.fault, vitals, now_s)
        return verdict

    def _tell(
        self,
        sensors: SensorFrame,
        body: AttitudeState,
        verdict: SafetyVerdict | None,
        fatal: Fault | None,
        policy_step: bool,
        timing: CycleTiming,
    ) -> None:
        state = self._mind.state
        turn = self._senses.turn
        notes, self._notes = tuple(self._notes), []
        self._record(
            CycleRecord(
                time_s=sensors.time_s,
                mode="fault" if fatal is not None else self.mode,
                sensors=sensors,
                gravity=body.gravity,
                posture=self.posture,
                skill=state.loop.skill if state else None,
                request=state.request if state else None,
                verdict=verdict,
                policy_step=policy_step,
                policy=self._mind.decision if policy_step else None,
                timing=timing,
                fault=fatal or self.fault,
                health=None if turn is None else (JOINT_NAMES[turn[0]], turn[1]),
                notes=notes,
            )
        )

    # Ways out

    def _fell(self) -> bool:
        return self._upright_at_start and self.posture != "upright"

    def _damp(self, now_s: float) -> None:
        self._go("damp")
        self._damped_s = now_s
        self._limbs.soften()

    def _go(self, event: Event) -> None:
        self.mode = mode_after(self.mode, event)

    def _leave(self, error: BaseException | None) -> None:
        """Torque off, once; remember why."""
        if isinstance(error, RuntimeFault) and self.fault is None:
            self.fault = error.faults[0]
        if self.mode in ("fault", "off") and error is None:
            return
        self.limp_notes = go_limp(self._devices)
        self._go("stopped" if error is None else "failed")
