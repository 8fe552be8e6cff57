"""Time as a collaborator: one interface for simulated and real time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that never run backwards, and waiting for them; any zero point."""

    def now(self) -> float: ...

    def sleep_until(self, time_s: float) -> None:
        """Return at `time_s`, or at once if it has passed."""
        ...


class SimulatedClock:
    """Stands still until it is told to advance, or somebody sleeps."""

    def __init__(self, start_s: float = 0.0):
        self._now_s = start_s

    def now(self) -> float:
        return self._now_s

    def sleep_until(self, time_s: float) -> None:
        """Move forward to `time_s` if it lies ahead."""
        self._now_s = max(self._now_s, time_s)

    def advance(self, duration_s: float) -> None:
        """Move forward by `duration_s` >= 0."""
        if duration_s < 0:
            raise ValueError(f"expected a duration >= 0 s, found {duration_s}")
        self._now_s += duration_s

    def advance_to(self, time_s: float) -> None:
        """Move forward to `time_s`, which must not lie in the past."""
        self.advance(time_s - self._now_s)


class MonotonicClock:
    """The computer's monotonic clock.

    `time.sleep` of Python 3.11 sleeps to an absolute time (clock_nanosleep with
    TIMER_ABSTIME), so what happens between `now` and the sleep costs nothing.
    """

    def now(self) -> float:
        return time.monotonic()

    def sleep_until(self, time_s: float) -> None:
        remaining_s = time_s - time.monotonic()
        if remaining_s > 0:
            time.sleep(remaining_s)


class WallClock(MonotonicClock):
    """Real time since the clock was made."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._start_s

    def sleep_until(self, time_s: float) -> None:
        super().sleep_until(time_s + self._start_s)
