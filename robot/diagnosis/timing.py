"""Findings about the bus' speed: what one control cycle really takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.bus_types import BusStatistics
from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from robot.diagnosis.finding import Finding, Verdict, judged
from robot.senses import Devices

CYCLE_S = 0.008
"""Of the runtime (125 Hz, as ROBOTIS' own framework)."""
SHARE = 0.75
"""Of the cycle the bus may take; the rest is the policy's. Project's choice."""


@dataclass(frozen=True, kw_only=True)
class CycleTimes:
    """What `time_cycles` measured.

    Attributes:
        total_s: [T] joints read, goals written, board read.
        board_silent: cycles without an answer from the board.
        statistics: of the joint reads.
    """

    total_s: NDArray[np.float64]
    board_silent: int
    statistics: BusStatistics


def time_cycles(devices: Devices, clock: Clock, cycles: int) -> CycleTimes:
    """Run the bus part of `cycles` control cycles; torque must be off.

    The goals written are the angles just read, so nothing would move anyway.
    """
    total = np.zeros(cycles)
    board_silent = 0
    due_s = clock.now()
    for number in range(cycles):
        clock.sleep_until(due_s)
        began_s = clock.now()
        due_s = max(due_s + CYCLE_S, began_s)
        readings = devices.bus.read_joints()
        if readings.answered.all():
            devices.bus.write_goals(readings.position_rad)
        try:
            devices.board.read()
        except BusError:
            board_silent += 1
        total[number] = clock.now() - began_s
    return CycleTimes(
        total_s=total, board_silent=board_silent, statistics=devices.bus.statistics
    )


def findings(times: CycleTimes, *, on_time: bool, strict: bool) -> Iterator[Finding]:
    """What the times say.

    Args:
        on_time: the clock is real; False where no time passes on the bus.
        strict: a slow cycle is a fault; False on a desktop with other work to do.
    """
    yield _speed(times, on_time, "fault" if strict else "warning")
    counts = times.statistics
    servos = counts.servos.values()
    asked = counts.reads * len(counts.servos)
    lost = sum(servo.silent for servo in servos)
    damaged = sum(servo.corrupted for servo in servos)
    yield judged(
        "timing",
        "lost joint readings",
        wrong=lost > 0.001 * asked,
        expected="at most 0.1 %",
        found=f"{lost} of {asked} silent, {damaged} damaged",
        remedy="check cables and plugs, the servos' firmware and return delay",
        verdict="fault" if lost > 0.01 * asked else "warning",
    )
    yield judged(
        "timing",
        "fast sync read",
        wrong=not counts.fast_active,
        expected="works",
        found="works" if counts.fast_active else "refused, plain reads are used",
        remedy="update the servos' firmware; plain reads take 0.7 ms more per cycle",
        verdict="warning",
    )


def latency_timer_ms(
    port: str, devices: Path = Path("/sys/bus/usb-serial/devices")
) -> int | None:
    """What the kernel says of the adapter behind `port`; None if it has no timer."""
    try:
        text = (devices / Path(port).resolve().name / "latency_timer").read_text()
        return int(text)
    except (OSError, ValueError):
        return None


def latency(latency_ms: int | None) -> Finding:
    """The USB adapter's latency timer; None where the port has none."""
    if latency_ms is None:
        return Finding(
            topic="timing",
            item="USB latency timer",
            verdict="skipped",
            expected="1 ms",
            found="not a USB serial adapter",
        )
    return judged(
        "timing",
        "USB latency timer",
        wrong=latency_ms > 1,
        expected="1 ms",
        found=f"{latency_ms} ms",
        remedy="install deploy/60-op3-usb.rules (docs/install-robot.md)",
    )


def _speed(times: CycleTimes, on_time: bool, verdict: Verdict) -> Finding:
    limit_ms = 1000 * SHARE * CYCLE_S
    if not on_time:
        return Finding(
            topic="timing",
            item="bus cycle",
            verdict="skipped",
            expected=f"99 % within {limit_ms:g} ms",
            found="no time passes on this bus",
        )
    middle, late, last = 1000 * np.quantile(times.total_s, (0.5, 0.99, 1.0))
    return judged(
        "timing",
        "bus cycle",
        wrong=bool(late > limit_ms),
        expected=f"99 % within {limit_ms:g} ms",
        found=f"median {middle:.1f}, 99 % {late:.1f}, longest {last:.1f} ms",
        remedy="check latency timer, return delay and what else this computer does",
        verdict=verdict,
    )
