"""The onboard loop in real time: absolute deadlines on an injected clock."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from robot.runtime import Runtime


class Clock(Protocol):
    """Seconds that never run backwards, and waiting for them."""

    def now(self) -> float: ...

    def sleep_until(self, time_s: float) -> None:
        """Return at `time_s`, or at once if it has passed."""
        ...


class MonotonicClock:
    """The computer's monotonic clock."""

    def now(self) -> float:
        return time.monotonic()

    def sleep_until(self, time_s: float) -> None:
        remaining_s = time_s - time.monotonic()
        if remaining_s > 0:
            time.sleep(remaining_s)


@dataclass(frozen=True, kw_only=True)
class LoopTiming:
    """How well real time was kept.

    Attributes:
        cycles: done.
        missed: deadlines that passed before the cycle in front of them ended.
        latest_s: greatest delay of a cycle's start.
    """

    cycles: int
    missed: int
    latest_s: float


def run(runtime: Runtime, clock: Clock, finished: Callable[[], bool]) -> LoopTiming:
    """Start the robot and cycle in real time, on absolute deadlines, until `finished`.

    A missed deadline is counted and skipped, never caught up with.

    Raises:
        RuntimeFault: the robot had to stop; torque is off, as after any other exit.
    """
    period_s = runtime.config.bus_period_s
    cycles, missed, latest_s = 0, 0, 0.0
    with runtime:
        runtime.start()
        due_s = clock.now()
        while not finished():
            clock.sleep_until(due_s)
            now_s = clock.now()
            latest_s = max(latest_s, now_s - due_s)
            runtime.cycle(now_s)
            cycles += 1
            due_s += period_s
            behind_s = clock.now() - due_s
            if behind_s > 0:
                skipped = math.ceil(behind_s / period_s)
                missed += skipped
                due_s += skipped * period_s
    return LoopTiming(cycles=cycles, missed=missed, latest_s=latest_s)
