"""From what the loop knows to the bytes of the log's messages."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES
from robot.faults import Fault
from robot.record import schemas
from robot.record.cycle import CycleRecord, PolicyStep
from robot.record.png import encode_png

Message = tuple[str, float, bytes]
"""Topic, time in seconds, serialized message."""

_NO_TIMING: dict[str, float] = {}


class Encoder:
    """Turns records into messages; remembers what the last cycle said.

    Attributes:
        words: the vocabulary it writes.
    """

    def __init__(self, *, state_every_steps: int = 40):
        """
        Args:
            state_every_steps: policy steps between two records of the recurrent
                state; a replay of a log whose beginning is gone can start there.
        """
        self.words = schemas.vocabulary()
        self._state_every_steps = state_every_steps
        self._mode: str | None = None
        self._missed = 0
        self._fault: Fault | None = None
        classes = self.words.classes
        self._cycle = classes["op3.Cycle"]
        self._policy = classes["op3.PolicyStep"]
        self._servo = classes["op3.Servo"]
        self._joints = classes["foxglove.JointStates"]
        self._log = classes["foxglove.Log"]
        self._image = classes["foxglove.CompressedImage"]
        self._packet = classes["op3.Packet"]

    def cycle(self, record: CycleRecord) -> Iterator[Message]:
        """All messages of one bus cycle."""
        time_s = record.time_s
        yield schemas.CYCLE_TOPIC, time_s, self._cycle_bytes(record)
        if record.policy is not None:
            yield schemas.POLICY_TOPIC, time_s, self._policy_bytes(time_s, record)
        if record.policy_step:
            yield schemas.JOINTS_TOPIC, time_s, self._joint_bytes(record)
        if record.health is not None:
            joint, health = record.health
            message = self._servo(
                time_s=time_s,
                joint=joint,
                voltage_v=health.voltage_v,
                temperature_c=health.temperature_c,
                hardware_error=health.hardware_error,
            )
            yield schemas.SERVO_TOPIC, time_s, message.SerializeToString()
        for level, text in self._events(record):
            yield self.note(time_s, text, level)

    def note(self, time_s: float, text: str, level: int = schemas.INFO) -> Message:
        """One line of text."""
        message = self._log(level=level, message=text, name="robot")
        _stamp(message, time_s)
        return schemas.LOG_TOPIC, time_s, message.SerializeToString()

    def picture(self, time_s: float, image: NDArray[np.uint8]) -> Message:
        """A camera picture, uint8 RGB [H, W, 3], taken at `time_s`."""
        message = self._image(data=encode_png(image), format="png", frame_id="camera")
        _stamp(message, time_s)
        return schemas.CAMERA_TOPIC, time_s, message.SerializeToString()

    def packet(self, time_s: float, direction: str, data: bytes) -> Message:
        """Raw bytes of the bus."""
        message = self._packet(time_s=time_s, direction=direction, data=data)
        return schemas.PACKET_TOPIC, time_s, message.SerializeToString()

    def _cycle_bytes(self, record: CycleRecord) -> bytes:
        sensors, verdict = record.sensors, record.verdict
        sent: dict[str, Any] = {}
        if verdict is not None:
            sent = {
                "target_rad": verdict.targets_rad.tolist(),
                "position_clamped": _where(verdict.position_clamped),
                "velocity_clamped": _where(verdict.velocity_clamped),
            }
        timing = _NO_TIMING if record.timing is None else vars(record.timing)
        message = self._cycle(
            time_s=record.time_s,
            mode=record.mode,
            posture=record.posture,
            skill=record.skill or "",
            request="" if record.request is None else record.request.kind,
            position_rad=sensors.position_rad.tolist(),
            velocity_rad_s=sensors.velocity_rad_s.tolist(),
            current_a=sensors.current_a.tolist(),
            silent=_where(~sensors.fresh),
            gyro_rad_s=sensors.gyro_rad_s.tolist(),
            acceleration_m_s2=sensors.acceleration_m_s2.tolist(),
            gravity=record.gravity,
            voltage_v=sensors.voltage_v,
            buttons=sensors.buttons,
            policy_step=record.policy_step,
            fault="" if record.fault is None else record.fault.reason,
            **sent,
            **timing,
        )
        return message.SerializeToString()

    def _policy_bytes(self, time_s: float, record: CycleRecord) -> bytes:
        step = record.policy
        assert step is not None
        keep_state = bool(step.state) and step.step % self._state_every_steps == 0
        message = self._policy(
            time_s=time_s,
            skill=step.skill,
            step=step.step,
            observation=step.observation.tolist(),
            action=step.action.tolist(),
            state=_flat(step) if keep_state else (),
            has_state=keep_state,
            command=step.command,
            took_s=step.took_s,
            image=b"" if step.image is None else step.image.tobytes(),
        )
        return message.SerializeToString()

    def _joint_bytes(self, record: CycleRecord) -> bytes:
        message = self._joints()
        _stamp(message, record.time_s)
        add = message.joints.add
        positions = record.sensors.position_rad.tolist()
        velocities = record.sensors.velocity_rad_s.tolist()
        for name, position, velocity in zip(
            JOINT_NAMES, positions, velocities, strict=True
        ):
            add(name=name, position=position, velocity=velocity)
        return message.SerializeToString()

    def _events(self, record: CycleRecord) -> Iterator[tuple[int, str]]:
        if record.mode != self._mode:
            was = "" if self._mode is None else f" (was {self._mode})"
            self._mode = record.mode
            yield schemas.INFO, f"mode {record.mode}{was}"
        if record.timing is not None and record.timing.missed > self._missed:
            count = record.timing.missed - self._missed
            self._missed = record.timing.missed
            yield schemas.WARNING, f"missed {count} deadlines"
        for text in record.notes:
            yield schemas.INFO, text
        if record.fault is not None and record.fault != self._fault:
            yield schemas.ERROR, str(record.fault)
        self._fault = record.fault


def _flat(step: PolicyStep) -> list[float]:
    return np.concatenate([part.ravel() for part in step.state]).tolist()


def _where(flags: NDArray[np.bool_]) -> list[int]:
    return np.flatnonzero(flags).tolist() if flags.any() else []


def _stamp(message: Any, time_s: float) -> None:
    seconds, nanos = divmod(round(time_s * 1e9), 1_000_000_000)
    message.timestamp.seconds = seconds
    message.timestamp.nanos = nanos
