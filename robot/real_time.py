"""The onboard loop in real time: absolute deadlines on an injected clock."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.clock import Clock, MonotonicClock
from robot.jitter import Histogram
from robot.priority import collect_young, collector_at_rest
from robot.runtime import Runtime

__all__ = ["Clock", "LoopTiming", "MonotonicClock", "run"]

COLLECT_EVERY_CYCLES = 125
"""Once a second, and only with `COLLECT_SPARE_S` left before the next deadline."""
COLLECT_SPARE_S = 0.002


@dataclass(frozen=True, kw_only=True)
class LoopTiming:
    """How well real time was kept.

    Attributes:
        cycles: done.
        missed: deadlines that passed before the cycle in front of them ended.
        latest_s: greatest delay of a cycle's start.
        lateness: delays of all starts.
        work: durations of all cycles.
    """

    cycles: int
    missed: int
    latest_s: float
    lateness: Histogram
    work: Histogram


def run(runtime: Runtime, clock: Clock, finished: Callable[[], bool]) -> LoopTiming:
    """Start the robot and cycle in real time, on absolute deadlines.

    Ends when `finished` says so or the robot was stopped and has come to rest. A missed
    deadline is counted and skipped, never caught up with. Garbage is collected only
    between cycles. For priority, call `robot.priority.ask_for_priority` before.

    Raises:
        RuntimeFault: the robot had to stop; torque is off, as after any other exit.
    """
    period_s = runtime.config.bus_period_s
    lateness, work = Histogram(), Histogram()
    cycles, missed = 0, 0
    with runtime, collector_at_rest():
        runtime.start()
        due_s = clock.now()
        while runtime.running and not finished():
            clock.sleep_until(due_s)
            now_s = clock.now()
            lateness.add(now_s - due_s)
            runtime.cycle(now_s, late_s=now_s - due_s, missed=missed)
            cycles += 1
            due_s += period_s
            ended_s = clock.now()
            work.add(ended_s - now_s)
            if ended_s > due_s:
                skipped = math.ceil((ended_s - due_s) / period_s)
                missed += skipped
                due_s += skipped * period_s
            elif cycles % COLLECT_EVERY_CYCLES == 0 and (
                due_s - ended_s > COLLECT_SPARE_S
            ):
                collect_young()
    return LoopTiming(
        cycles=cycles,
        missed=missed,
        latest_s=lateness.longest_s,
        lateness=lateness,
        work=work,
    )
