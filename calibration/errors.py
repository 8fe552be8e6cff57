"""The error every calibration step raises."""

from collections.abc import Sequence


class CalibrationError(Exception):
    """A measurement cannot be made or used; `faults` says why, all at once.

    Each fault says what was expected, what was found and what to do.
    """

    def __init__(self, step: str, faults: Sequence[str]):
        self.step = step
        self.faults = tuple(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"{step}:\n{lines}")
