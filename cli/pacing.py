"""Keeping simulated time from running ahead of the wall clock."""

from robot.real_time import Clock


class RealTimePace:
    """Starts with the first wait; later waits return no earlier than real time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s: float | None = None

    def wait_for(self, simulated_s: float) -> None:
        """Sleep until the wall clock has moved as far as simulated time."""
        if self._offset_s is None:
            self._offset_s = self._clock.now() - simulated_s
        self._clock.sleep_until(simulated_s + self._offset_s)
