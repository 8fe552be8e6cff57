"""The servos' EEPROM: what it must hold, what differs, writing it, dump and restore.

EEPROM takes writes only while torque is off, and every write is read back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firmware_bridge.errors import BusError
from firmware_bridge.servo_bus import ServoBus
from firmware_bridge.xm430 import XM430_W350
from robot.bring_up import EXPECTED_REGISTERS
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError

Fit = Literal["equal", "at most", "all bits of"]

EEPROM_NAMES = tuple(r.name for r in XM430_W350.registers if r.eeprom)
CONNECTION = ("id", "baud_rate", "secondary_id", "protocol_type")
"""Registers nobody writes here: with another value the servo could not be reached."""


@dataclass(frozen=True, kw_only=True)
class EepromRule:
    """What one register must hold.

    Attributes:
        register: name in the control table.
        value: what is written where the rule is broken.
        fit: how a found value is compared with it.
        why: for whoever is asked to let it be written.
    """

    register: str
    value: int
    fit: Fit = "equal"
    why: str

    @property
    def expected(self) -> str:
        return f"{self.value}" if self.fit == "equal" else f"{self.fit} {self.value}"

    def holds(self, found: int) -> bool:
        """Whether a value found is good."""
        if self.fit == "at most":
            return found <= self.value
        if self.fit == "all bits of":
            return found & self.value == self.value
        return found == self.value


_WHY = {
    "operating_mode": "position control",
    "return_delay_time": "in 2 us; the factory's 250 breaks the 8 ms cycle",
    "drive_mode": "signs are the joint map's; goals never switch torque on",
    "homing_offset": "zeros are the joint map's",
    "min_position_limit": "limits are the runtime's",
    "max_position_limit": "limits are the runtime's",
}

RULES: tuple[EepromRule, ...] = (
    *(
        EepromRule(
            register=name,
            value=value,
            fit="at most" if name == "return_delay_time" else "equal",
            why=_WHY[name],
        )
        for name, value in EXPECTED_REGISTERS.items()
    ),
    EepromRule(
        register="temperature_limit",
        value=80,
        fit="at most",
        why="in degC; factory value",
    ),
    EepromRule(register="max_voltage_limit", value=160, why="in 0.1 V; factory value"),
    EepromRule(register="min_voltage_limit", value=95, why="in 0.1 V; factory value"),
    EepromRule(
        register="pwm_limit", value=885, why="full torque within the goal's limit"
    ),
    EepromRule(
        register="shutdown",
        value=52,
        fit="all bits of",
        why="torque off at overheating, electrical shock, overload (factory value; "
        "the vendor's start-up file leaves overheating out on the arms)",
    ),
)
"""The runtime's own requirements first; then the XM430's factory values (e-manual)."""


@dataclass(frozen=True, kw_only=True)
class ServoEeprom:
    """One servo's EEPROM by register name."""

    servo_id: int
    registers: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class EepromDump:
    """All servos' EEPROM at one time.

    Attributes:
        made: when and where, for people.
        servos: in the order of the bus.
    """

    made: str
    servos: tuple[ServoEeprom, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One register of one servo that is to be written."""

    servo_id: int
    register: str
    found: int
    wanted: int
    why: str


def read_eeprom(bus: ServoBus, made: str) -> EepromDump:
    """The whole EEPROM of all servos.

    Raises:
        BusError: lists every servo that did not answer all reads.
    """
    columns = {name: bus.read_all(name) for name in EEPROM_NAMES}
    silent = [
        servo_id
        for servo_id in bus.servo_ids
        if any(servo_id not in column for column in columns.values())
    ]
    if silent:
        raise BusError(
            "reading the EEPROM",
            [f"servo {i}: expected an answer to every read; try again" for i in silent],
        )
    return EepromDump(
        made=made,
        servos=tuple(
            ServoEeprom(
                servo_id=servo_id,
                registers={name: column[servo_id] for name, column in columns.items()},
            )
            for servo_id in bus.servo_ids
        ),
    )


def changes_to_rules(found: EepromDump) -> tuple[Change, ...]:
    """What must be written so that `RULES` hold."""
    return tuple(
        Change(
            servo_id=servo.servo_id,
            register=rule.register,
            found=servo.registers[rule.register],
            wanted=rule.value
            if rule.fit != "all bits of"
            else servo.registers[rule.register] | rule.value,
            why=rule.why,
        )
        for servo in found.servos
        for rule in RULES
        if not rule.holds(servo.registers[rule.register])
    )


def changes_to_dump(found: EepromDump, wanted: EepromDump) -> tuple[Change, ...]:
    """What must be written to get back to `wanted`, but for `CONNECTION` registers.

    Raises:
        ContractError: the dump holds other servos than the bus.
    """
    ours = [servo.servo_id for servo in found.servos]
    theirs = [servo.servo_id for servo in wanted.servos]
    if sorted(ours) != sorted(theirs):
        raise ContractError(
            "EEPROM dump", [f"expected servos {ours} as on the bus, found {theirs}"]
        )
    by_id = {servo.servo_id: servo.registers for servo in wanted.servos}
    return tuple(
        Change(
            servo_id=servo.servo_id,
            register=name,
            found=servo.registers[name],
            wanted=by_id[servo.servo_id][name],
            why=f"dump of {wanted.made}",
        )
        for servo in found.servos
        for name in _writable()
        if servo.registers[name] != by_id[servo.servo_id][name]
    )


def write_changes(bus: ServoBus, changes: tuple[Change, ...]) -> None:
    """Write, then read everything back.

    Raises:
        BusError: torque is on at some servo (nothing is written), or lists every
            register that does not hold what was written.
    """
    refuse_torque(bus)
    faults: list[str] = []
    for change in changes:
        try:
            bus.write(change.servo_id, change.register, change.wanted)
        except BusError as error:
            faults += error.faults
    found = {name: bus.read_all(name) for name in {c.register for c in changes}}
    for change in changes:
        value = found[change.register].get(change.servo_id)
        if value != change.wanted:
            faults.append(
                f"servo {change.servo_id}: expected {change.register} "
                f"{change.wanted}, found {'silence' if value is None else value}; "
                "run setup again"
            )
    if faults:
        raise BusError("writing the EEPROM", faults)


def refuse_torque(bus: ServoBus) -> None:
    """Raise unless every servo answers that its torque is off.

    Raises:
        BusError: lists the others.
    """
    torque: Mapping[int, int] = bus.read_all("torque_enable")
    wrong = [servo_id for servo_id in bus.servo_ids if torque.get(servo_id) != 0]
    if wrong:
        listed = ", ".join(map(str, wrong))
        raise BusError(
            "torque",
            [
                f"expected torque off at every servo, found servos {listed} "
                "on or silent; hold the robot, then `op3-soccer robot stop --bus`"
            ],
        )


def read_dump(path: Path) -> EepromDump:
    """Read a dump.

    Raises:
        ContractError: missing, not JSON, not a dump, or registers missing.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        fault = f"expected an EEPROM dump, found {error.strerror}"
        raise ContractError(str(path), [fault]) from None
    except ValueError as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    dump = from_plain(EepromDump, plain, subject=str(path))
    faults = [
        f"servo {servo.servo_id}: expected register {name}, found none"
        for servo in dump.servos
        for name in _writable()
        if name not in servo.registers
    ]
    if faults:
        raise ContractError(str(path), faults)
    return dump


def write_dump(path: Path, dump: EepromDump) -> None:
    """Write a dump as JSON; never over an older one.

    Raises:
        ContractError: there is such a file, or it cannot be written.
    """
    text = json.dumps(to_plain(dump), indent=1) + "\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fault = f"expected to create this file, found: {error.strerror}; name another"
        raise ContractError(str(path), [fault]) from None


def _writable() -> tuple[str, ...]:
    return tuple(
        name
        for name in EEPROM_NAMES
        if XM430_W350[name].access == "RW" and name not in CONNECTION
    )
