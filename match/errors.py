"""The error of the match package."""

from collections.abc import Sequence


class MatchError(ValueError):
    """Something the referee, its network or its record was given is not usable.

    Every fault says what was expected, what was found and what to do about it.
    """

    def __init__(self, subject: str, faults: Sequence[str]):
        self.subject = subject
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"{subject}:\n{lines}")
