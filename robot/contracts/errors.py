"""The error every broken contract raises."""

from collections.abc import Sequence


class ContractError(ValueError):
    """A file or message does not hold what its contract promises.

    All faults are gathered before raising, so one run shows everything to repair.
    """

    def __init__(self, subject: str, faults: Sequence[str]):
        self.subject = subject
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"{subject}:\n{lines}")


def raise_if_any(subject: str, faults: Sequence[str]) -> None:
    """Raise one `ContractError` that lists all `faults`; do nothing without any."""
    if faults:
        raise ContractError(subject, faults)
