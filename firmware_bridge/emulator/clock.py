"""Time as a collaborator: simulated for lock-step, wall time for a real-time bus."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that never run backwards; the zero point is arbitrary."""

    def now(self) -> float: ...


class SimulatedClock:
    """Stands still until it is told to advance."""

    def __init__(self, start_s: float = 0.0):
        self._now_s = start_s

    def now(self) -> float:
        return self._now_s

    def advance(self, duration_s: float) -> None:
        """Move forward by `duration_s` >= 0."""
        if duration_s < 0:
            raise ValueError(f"expected a duration >= 0 s, found {duration_s}")
        self._now_s += duration_s

    def advance_to(self, time_s: float) -> None:
        """Move forward to `time_s`, which must not lie in the past."""
        self.advance(time_s - self._now_s)


class WallClock:
    """Real time since the clock was made."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._start_s
