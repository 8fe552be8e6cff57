"""What a virtual robot is and what is wrong with it: what a user types, as data.

No simulator is imported here.
"""

import argparse
from dataclasses import dataclass, field

from firmware_bridge.emulator import Fault, FaultKind
from firmware_bridge.errors import BusError
from firmware_bridge.xm430 import HARDWARE_ERROR_BITS, XM430_W350
from robot.contracts.actuator import ServoCalibration

LET_GO_AFTER_S = 3.5
"""The move to the stand takes 3 s (`robot.runtime.RuntimeConfig`), then a breath."""
_AT_ONCE_S = 0.0
_BOOTED_S = 0.45
"""Power-on clears what a servo has recorded, so an error without a time comes later."""
_KINDS = {
    "silent": FaultKind.SILENCE,
    "answers": FaultKind.ANSWER,
    "corrupt": FaultKind.CORRUPT_NEXT,
    "error": FaultKind.HARDWARE_ERROR,
    "frozen-imu": FaultKind.FREEZE_IMU,
    "brown-out": FaultKind.BROWN_OUT,
    "reboot": FaultKind.REBOOT,
    "no-fast-read": FaultKind.REFUSE_FAST,
    "hot": FaultKind.TEMPERATURE,
}
_BITS = {name.replace(" ", "-"): bit for bit, name in HARDWARE_ERROR_BITS.items()}

FORMS = (
    "silent:ID[@S]",
    "answers:ID@S",
    "corrupt:ID[@S]",
    f"error:ID:{'|'.join(_BITS)}[@S]",
    "frozen-imu[@S]",
    "brown-out[@S]",
    "no-fast-read[@S]",
    "reboot:ID@S",
    "hot:ID:DEGREES[@S]",
    "eeprom:ID:REGISTER=VALUE",
    "supply:VOLTS",
    "temperature:DEGREES",
    "gyro-bias:RAD_S",
)
"""ID: 1 to 20, or 200 for the board where it may fall silent. S: seconds after the
virtual robot was started."""


@dataclass(frozen=True, kw_only=True)
class EepromFault:
    """A register that somebody has set otherwise."""

    servo_id: int
    register: str
    value: int


@dataclass(frozen=True, kw_only=True)
class VirtualFaults:
    """All that is wrong with one virtual robot.

    Attributes:
        events: what happens on its bus, and when.
        eeprom: registers changed before it is switched on.
        supply_v: battery voltage, None for the usual one.
        temperature_c: of all servos, None for the usual one.
        gyro_bias_rad_s: added to all three axes.
    """

    events: tuple[Fault, ...] = ()
    eeprom: tuple[EepromFault, ...] = ()
    supply_v: float | None = None
    temperature_c: int | None = None
    gyro_bias_rad_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class VirtualConfig:
    """One virtual robot.

    Attributes:
        faults: what is wrong with it.
        servos: of a calibration file; None for the papers' identified servo.
        let_go_after_s: the hand that holds the torso lets go when all servos have had
            torque for so long; None for never.
    """

    faults: VirtualFaults = field(default_factory=VirtualFaults)
    servos: ServoCalibration | None = None
    let_go_after_s: float | None = LET_GO_AFTER_S


def one_fault(text: str) -> VirtualFaults:
    """One `--fault`. Raises ArgumentTypeError with the forms known."""
    body, _, at = text.partition("@")
    kind, *details = body.split(":")
    try:
        soonest_s = _BOOTED_S if kind in ("error", "hot") else _AT_ONCE_S
        at_s = float(at) if at else soonest_s
        return _parsed(kind, details, at_s)
    except (KeyError, ValueError, IndexError, BusError):
        raise argparse.ArgumentTypeError(
            f"expected one of {', '.join(FORMS)}; found {text}"
        ) from None


def all_faults(faults: list[VirtualFaults] | None) -> VirtualFaults:
    """Many as one; of two battery voltages the last one counts."""
    found = VirtualFaults()
    for fault in faults or ():
        found = VirtualFaults(
            events=found.events + fault.events,
            eeprom=found.eeprom + fault.eeprom,
            supply_v=found.supply_v if fault.supply_v is None else fault.supply_v,
            temperature_c=(
                found.temperature_c
                if fault.temperature_c is None
                else fault.temperature_c
            ),
            gyro_bias_rad_s=found.gyro_bias_rad_s + fault.gyro_bias_rad_s,
        )
    return found


def _parsed(kind: str, details: list[str], at_s: float) -> VirtualFaults:
    if kind == "eeprom":
        servo_id, setting = details
        return VirtualFaults(eeprom=(_eeprom(int(servo_id), setting),))
    if kind in ("supply", "temperature", "gyro-bias"):
        (value,) = details
        return _constant(kind, float(value))
    device_id, bits, temperature_c = 0, 0, 0
    if kind in ("silent", "answers", "corrupt", "error", "reboot", "hot"):
        device_id = int(details.pop(0))
    if kind == "error":
        bits = 1 << _BITS[details.pop(0)]
    if kind == "hot":
        temperature_c = int(details.pop(0))
    if details:
        raise ValueError
    event = Fault(
        kind=_KINDS[kind],
        at_s=at_s,
        device_id=device_id,
        bits=bits,
        temperature_c=temperature_c,
    )
    return VirtualFaults(events=(event,))


def _constant(kind: str, value: float) -> VirtualFaults:
    if kind == "supply":
        return VirtualFaults(supply_v=value)
    if kind == "temperature":
        return VirtualFaults(temperature_c=round(value))
    return VirtualFaults(gyro_bias_rad_s=value)


def _eeprom(servo_id: int, setting: str) -> EepromFault:
    name, _, value = setting.partition("=")
    if not XM430_W350.writable(name).eeprom:
        raise ValueError
    return EepromFault(servo_id=servo_id, register=name, value=int(value))
