"""What the GameController's datagrams have in common: checks and refusals."""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import TypeVar

from robot.contracts.errors import ContractError

_E = TypeVar("_E", bound=IntEnum)


def refusal(subject: str, expected: str, found: str) -> ContractError:
    """The error of a datagram that is refused as a whole."""
    return ContractError(subject, [f"expected {expected}, found {found}"])


def beginning(data: bytes) -> str:
    """What a foreign datagram looks like, in words."""
    return f"{len(data)} bytes that start {data[:5]!r}"


def range_faults(name: str, values: Sequence[int], low: int, high: int) -> list[str]:
    """A fault unless all `values` are from `low` to `high`."""
    if all(low <= value <= high for value in values):
        return []
    found = ", ".join(map(str, values))
    return [f"{name}: expected {low} to {high}, found {found}"]


def finite_faults(numbers: Sequence[float]) -> list[str]:
    """A fault unless all `numbers` are finite."""
    if all(map(math.isfinite, numbers)):
        return []
    return [f"pose and ball: expected finite numbers, found {tuple(numbers)}"]


def member(kind: type[_E], value: int, faults: list[str]) -> _E:
    """The member of `kind`; a value it does not have adds to `faults`."""
    try:
        return kind(value)
    except ValueError:
        choices = f"0 to {len(kind) - 1}"
        faults.append(f"{kind.__name__}: expected {choices}, found {value}")
        return kind(0)


def flag(name: str, value: int, faults: list[str]) -> bool:
    """The flag; a byte other than 0 and 1 adds to `faults`."""
    if value > 1:
        faults.append(f"{name}: expected 0 or 1, found {value}")
    return bool(value)
