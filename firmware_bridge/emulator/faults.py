"""Faults as data: what goes wrong on the emulated bus, and when."""

from dataclasses import dataclass
from enum import Enum


class FaultKind(Enum):
    """What happens; servo faults name a servo id, the others ignore it."""

    SILENCE = "a device stops answering"
    ANSWER = "a silenced device answers again"
    CORRUPT_NEXT = "one bit of the device's next answer is flipped"
    HARDWARE_ERROR = "bits are set in the servo's hardware error status"
    FREEZE_IMU = "the board repeats its last IMU values"
    THAW_IMU = "the board measures again"
    BROWN_OUT = "supply sags so far that all servos restart, torque off"
    REBOOT = "one servo restarts: torque off, RAM registers as delivered"
    TEMPERATURE = "a servo's temperature register reads another value"
    REFUSE_BULK = "devices ignore bulk reads"
    ALLOW_BULK = "devices answer bulk reads again"
    REFUSE_FAST = "servos ignore fast reads, as firmware without them does"
    ALLOW_FAST = "servos answer fast reads again"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: what happens.
        at_s: clock time of it, within a `FaultPlan`.
        device_id: the servo or board concerned, where one is.
        bits: for HARDWARE_ERROR, e.g. 1 << 5 for overload.
        temperature_c: for TEMPERATURE.
    """

    kind: FaultKind
    at_s: float = 0.0
    device_id: int = 0
    bits: int = 0
    temperature_c: int = 0


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """Faults that occur by themselves when their time has come."""

    faults: tuple[Fault, ...] = ()

    def due(self, after_s: float, until_s: float) -> tuple[Fault, ...]:
        """Faults in `after_s` < at_s <= `until_s`, by time."""
        due = [fault for fault in self.faults if after_s < fault.at_s <= until_s]
        return tuple(sorted(due, key=lambda fault: fault.at_s))
