"""Control table vocabulary: a device's memory as named, typed registers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from firmware_bridge.errors import BusError

Access = Literal["R", "RW"]


@dataclass(frozen=True, kw_only=True)
class Register:
    """One entry of a control table; values are little-endian.

    Attributes:
        name: snake_case name, unique in its table.
        address: first byte.
        size: number of bytes, 1, 2 or 4.
        signed: two's complement if true.
        access: "R" or "RW".
        eeprom: kept without power; writable only with torque off.
        initial: factory value; 0 for measured values.
        unit: what one count means.
    """

    name: str
    address: int
    size: int
    signed: bool = False
    access: Access = "RW"
    eeprom: bool = False
    initial: int = 0
    unit: str = ""

    @property
    def end(self) -> int:
        """First address behind the register."""
        return self.address + self.size

    @property
    def lowest(self) -> int:
        """Smallest value the bytes can hold."""
        return -(1 << (8 * self.size - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """Largest value the bytes can hold."""
        return (1 << (8 * self.size - self.signed)) - 1

    def encode(self, value: int) -> bytes:
        """Bytes of `value`.

        Raises:
            BusError: the value does not fit the register.
        """
        if not self.lowest <= value <= self.highest:
            raise BusError(
                f"register {self.name}",
                [f"expected {self.lowest} to {self.highest}, found {value}"],
            )
        return value.to_bytes(self.size, "little", signed=self.signed)

    def decode(self, data: bytes) -> int:
        """Value of `size` bytes."""
        return int.from_bytes(data, "little", signed=self.signed)


@dataclass(frozen=True, kw_only=True)
class ControlTable:
    """All registers of one device model.

    Attributes:
        model: name for messages.
        model_number: what the device answers to a ping.
        registers: in address order, not overlapping.
    """

    model: str
    model_number: int
    registers: tuple[Register, ...]
    _by_name: dict[str, Register] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {register.name: register for register in self.registers}
        if len(by_name) != len(self.registers):
            raise ValueError(f"{self.model}: a register name occurs twice")
        for before, after in zip(self.registers, self.registers[1:], strict=False):
            if before.end > after.address:
                raise ValueError(f"{self.model}: {after.name} overlaps {before.name}")
        object.__setattr__(self, "_by_name", by_name)

    def __getitem__(self, name: str) -> Register:
        """Register by name.

        Raises:
            BusError: no such register; lists the choices.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise BusError(
                f"{self.model} control table",
                [
                    f"expected a register name, found {name!r}; choices: "
                    + ", ".join(self._by_name)
                ],
            ) from None

    @property
    def size(self) -> int:
        """Bytes from address 0 to the end of the last register."""
        return self.registers[-1].end

    def writable(self, name: str) -> Register:
        """Register by name, refused if it is read-only.

        Raises:
            BusError: unknown or read-only.
        """
        register = self[name]
        if register.access != "RW":
            choices = ", ".join(r.name for r in self.registers if r.access == "RW")
            raise BusError(
                f"{self.model} control table",
                [f"register {name} is read-only; writable are: {choices}"],
            )
        return register


def in_address_order(registers: Iterable[Register]) -> tuple[Register, ...]:
    """`registers` sorted by address."""
    return tuple(sorted(registers, key=lambda register: register.address))
