"""What a servo tells about itself besides its motion, gathered into six bytes.

The registers lie far apart. The servo's indirect area makes them one short block, so
that one servo's turn costs 0.09 ms on the wire and all twenty are seen every 0.16 s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge import units
from firmware_bridge.xm430 import XM430_W350, hardware_error_names

REGISTERS = tuple(
    XM430_W350[name]
    for name in (
        "torque_enable",
        "hardware_error_status",
        "bus_watchdog",
        "present_input_voltage",
        "present_temperature",
    )
)
ADDRESS = XM430_W350["indirect_data_1"].address
"""Where the block is read, once `map_to_block` was done."""
SIZE = sum(register.size for register in REGISTERS)
_SOURCES = tuple(
    address
    for register in REGISTERS
    for address in range(register.address, register.end)
)


@dataclass(frozen=True, kw_only=True)
class ServoStatus:
    """The slow items of one servo.

    Attributes:
        torque_on: the motor is switched on.
        watchdog_units: bus watchdog in 20 ms; 0 off, -1 tripped.
        voltage_v: at the servo.
        temperature_c: inside the servo.
        hardware_error: names of recorded errors.
    """

    torque_on: bool
    watchdog_units: int
    voltage_v: float
    temperature_c: int
    hardware_error: tuple[str, ...] = ()


class RegisterBus(Protocol):
    """The part of a servo bus that the mapping needs."""

    @property
    def servo_ids(self) -> Sequence[int]: ...
    def write_all(self, register_name: str, value: int) -> None: ...
    def read_all(self, register_name: str) -> dict[int, int]: ...


def decode(data: bytes) -> ServoStatus:
    """The status in a block of `SIZE` bytes."""
    values, start = [], 0
    for register in REGISTERS:
        values.append(register.decode(data[start : start + register.size]))
        start += register.size
    torque, error, watchdog, volts, temperature = values
    return ServoStatus(
        torque_on=bool(torque),
        watchdog_units=watchdog,
        voltage_v=volts * units.V_PER_COUNT,
        temperature_c=temperature,
        hardware_error=hardware_error_names(error),
    )


def map_to_block(bus: RegisterBus) -> list[int]:
    """Point the indirect area of all servos at the slow items; torque must be off.

    A servo forgets this when it restarts; its block then reads as zeros, torque off.

    Returns:
        Ids of the servos that did not take it.
    """
    failed: set[int] = set()
    for number, source in enumerate(_SOURCES, start=1):
        name = f"indirect_address_{number}"
        bus.write_all(name, source)
        found = bus.read_all(name)
        failed |= {i for i in bus.servo_ids if found.get(i) != source}
    return sorted(failed)
