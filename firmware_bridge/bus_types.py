"""Values the servo bus takes and gives."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.link import Patience

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class BusConfig:
    """How the bus deals with servos that do not answer.

    Attributes:
        fast_read: try fast sync reads at all.
        fast_failures: fast reads in a row that failed although the servo they broke
            off at answers a plain one, before plain reads take over.
        fast_retry_reads: plain reads before fast ones are tried again (125 = 1 s).
        silent_reads: reads in a row that others answered and a servo did not, before
            it is left out, so that the others keep their cycle.
        probe_reads: cycles between two tries of servos left out (25 = 0.2 s).
        attempts: tries of a single ping, read, write or reboot.
        patience: with each exchange of the cycle.
    """

    fast_read: bool = True
    fast_failures: int = 3
    fast_retry_reads: int = 125
    silent_reads: int = 5
    probe_reads: int = 25
    attempts: int = 3
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        faults = [
            f"{name}: expected at least 1, found {getattr(self, name)}"
            for name in (
                "fast_failures",
                "fast_retry_reads",
                "silent_reads",
                "probe_reads",
                "attempts",
            )
            if getattr(self, name) < 1
        ]
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True, kw_only=True)
class ServoIdentity:
    """What a servo says it is."""

    servo_id: int
    model_number: int
    firmware_version: int


@dataclass(frozen=True, kw_only=True)
class JointReadings:
    """One read of all joints, in the order of the bus' servo ids.

    Where `answered` is False the numbers are NaN: nothing old is passed on as new.

    Attributes:
        position_rad: [n] joint angle.
        velocity_rad_s: [n] joint speed.
        current_a: [n] motor current.
        answered: [n] whether the servo answered this read.
        alert: [n] whether it reported a recorded hardware error; see `read_health`.
    """

    position_rad: FloatArray
    velocity_rad_s: FloatArray
    current_a: FloatArray
    answered: BoolArray
    alert: BoolArray


@dataclass(frozen=True, kw_only=True)
class ServoHealth:
    """The slow values of one servo."""

    voltage_v: float
    temperature_c: int
    hardware_error: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ServoStatistics:
    """One servo's joint reads so far.

    Attributes:
        answered: reads with a usable answer.
        silent: reads without an answer.
        corrupted: answers with a wrong CRC; the same read may have got it by asking
            again.
        refused: answers with an error code instead of data.
        fallbacks: answers that came only by a plain read after a fast one.
    """

    answered: int
    silent: int
    corrupted: int
    refused: int
    fallbacks: int


@dataclass(frozen=True, kw_only=True)
class BusStatistics:
    """Joint reads so far.

    Attributes:
        servos: by servo id.
        reads: calls of `read_joints`.
        fast_failures: fast reads that were incomplete.
        fast_active: whether the next read will be a fast one.
        left_out: servos asked only now and then because they were silent.
    """

    servos: dict[int, ServoStatistics]
    reads: int
    fast_failures: int
    fast_active: bool
    left_out: tuple[int, ...]
