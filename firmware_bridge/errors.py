"""The one error of this package."""

from collections.abc import Sequence


class BusError(RuntimeError):
    """The bus, a servo or the sensor board did not do what was asked.

    All faults are gathered before raising, so one run shows everything to repair.

    Attributes:
        subject: what was attempted.
        faults: one sentence each: expected, found, remedy.
    """

    def __init__(self, subject: str, faults: Sequence[str]):
        self.subject = subject
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"{subject}:\n{lines}")


def raise_if_any(subject: str, faults: Sequence[str]) -> None:
    """Raise one `BusError` that lists all `faults`; do nothing without any."""
    if faults:
        raise BusError(subject, faults)
