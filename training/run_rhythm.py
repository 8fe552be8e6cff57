"""When a run reports, saves and evaluates, and averages of what it reports."""

import numpy as np


class Rhythm:
    """Whether something is due that happens every so many steps."""

    def __init__(self, steps: int, **every: int):
        """`every` names things and the steps between two of them; `steps` are done."""
        self._every = every
        self._last = {name: steps // each for name, each in self._every.items()}

    def now(self, name: str, steps: int) -> bool:
        """Whether a multiple has been passed since the last question."""
        count = steps // self._every[name]
        is_due, self._last[name] = count > self._last[name], count
        return is_due


class Averages:
    """Means of whatever is added, until taken."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, values: dict[str, float]) -> None:
        """One more value of each name."""
        for name, value in values.items():
            self._values.setdefault(name, []).append(value)

    def take(self) -> dict[str, float]:
        """Means since the last call."""
        means = {name: float(np.mean(kept)) for name, kept in self._values.items()}
        self._values = {}
        return means
