"""Why a robot stopped: one value and the exception that carries it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A named reason to switch torque off.

    Attributes:
        reason: short name, e.g. "servo silent".
        expected: what should have been the case.
        found: what was the case.
        remedy: what a person should do.
    """

    reason: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return (
            f"{self.reason}: expected {self.expected}, found {self.found}; "
            f"{self.remedy}"
        )


class RuntimeFault(RuntimeError):
    """The robot cannot start or go on; `faults` says why, all at once."""

    def __init__(self, *faults: Fault):
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))
