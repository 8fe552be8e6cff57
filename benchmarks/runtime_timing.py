"""Ten minutes in real time: `python -m benchmarks.runtime_timing [--seconds N]`.

The onboard loop plays in this process, the virtual robot answers from another one
over a pseudo-terminal, held until it stands. Both run with real-time priority where the
system allows: a real robot's servos do not wait for the computer's scheduler either.
Prints jitter, missed deadlines, the time of a tick (cycles with a policy step: picture,
estimate, policy, safety, goals out), share of the processor and memory of the loop and
draws the histogram, on an idle machine. With `--seeing` the walk is an untrained
network that looks through a camera.
"""

import argparse
import contextlib
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from rich.console import Console
from rich.table import Table

from cli.robot_faults import VirtualConfig
from cli.robot_link import OpenRobot, RobotOptions, open_robot
from robot.brain import Identity
from robot.camera.eyes import Eyes
from robot.camera.undistort import Undistorter
from robot.camera.v4l2 import C920_NOMINAL
from robot.camera.virtual import VirtualCamera
from robot.contracts.camera import CameraModel
from robot.jitter import BIN_S, Histogram
from robot.network import Links
from robot.player import Player, load_player
from robot.priority import PRIORITY, ask_for_priority
from robot.real_time import LoopTiming, run
from robot.runtime import CycleRecord, Runtime

POLICIES = Path("policies")
SCRIPTED = POLICIES / "scripted"
BLIND_TICK_MS = 1.0
SEEING_TICK_MS = 3.0
PICTURE = Path("docs/runtime_jitter.png")
ROBOT_PRIORITY = PRIORITY - 10
WARM_UP_CYCLES = 1250
MEMORY_EVERY_CYCLES = 125


class Meter:
    """What the record of each cycle tells, in bounded memory."""

    def __init__(self) -> None:
        self.work = Histogram()
        self.policy = Histogram()
        self.tick = Histogram()
        self.resident_kib: list[int] = []
        self._cycles = 0

    def cycle(self, record: CycleRecord) -> None:
        """Count one cycle."""
        self._cycles += 1
        if record.timing is not None:
            self.work.add(record.timing.total_s)
            if record.policy_step:
                self.tick.add(record.timing.decide_s + record.timing.write_s)
        if record.policy is not None:
            self.policy.add(record.policy.took_s)
        late_enough = self._cycles >= WARM_UP_CYCLES
        if late_enough and self._cycles % MEMORY_EVERY_CYCLES == 0:
            self.resident_kib.append(_resident_kib())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--player", type=Path, default=POLICIES)
    parser.add_argument("--seeing", action="store_true")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    args = parser.parse_args()
    console = Console()
    meter = Meter()
    player = _seeing_player() if args.seeing else load_player(args.player, SCRIPTED)
    with open_robot(RobotOptions(virtual=VirtualConfig())) as robot:
        for notice in ask_for_priority():
            console.print(notice)
        _hurry_the_robot()
        began_s, cpu_s = time.monotonic(), time.process_time()
        timing = _play(robot, player, args.seconds, meter)
        share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    tick_ms = SEEING_TICK_MS if args.seeing else BLIND_TICK_MS
    return _report(console, timing, meter, share, tick_ms, args.picture)


def _hurry_the_robot() -> None:
    """Real-time priority, below the loop's own, for the virtual robot's threads."""
    for child in multiprocessing.active_children():
        for thread in Path(f"/proc/{child.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                parameters = os.sched_param(ROBOT_PRIORITY)
                os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, parameters)


def _seeing_player() -> Player:
    from benchmarks.seeing_policy import write_seeing_walk

    with tempfile.TemporaryDirectory() as folder:
        bundle = write_seeing_walk(Path(folder), SCRIPTED / "walk")
        return load_player(bundle, SCRIPTED)


def _play(robot: OpenRobot, player: Player, seconds: float, meter: Meter) -> LoopTiming:
    runtime = Runtime(
        devices=robot.devices,
        player=player,
        camera=None if player.camera is None else _eyes(robot, player.camera),
        identity=Identity(team=1),
        links=Links(),
        clock=robot.clock,
        record=meter.cycle,
    )
    end_s = robot.clock.now() + seconds
    return run(runtime, robot.clock, lambda: robot.clock.now() > end_s)


def _eyes(robot: OpenRobot, wanted: CameraModel) -> Eyes:
    """A camera of 640 x 480 whose pictures cost nothing to take, at 30 Hz."""
    random = np.random.default_rng(0)
    pictures = cycle(random.integers(0, 256, (8, 480, 640, 3), dtype=np.uint8))
    source = VirtualCamera(lambda: next(pictures), robot.clock)
    return Eyes(source, Undistorter(C920_NOMINAL, wanted))


def _report(
    console: Console,
    timing: LoopTiming,
    meter: Meter,
    cpu_share: float,
    tick_limit_ms: float,
    picture: Path,
) -> int:
    missed = timing.missed / max(timing.cycles, 1)
    p99_ms = 1000 * timing.lateness.percentile(0.99)
    tick_ms = 1000 * meter.tick.percentile(0.99)
    growth = _growth_kib(meter.resident_kib)
    rows = (
        ("cycles", f"{timing.cycles}", "", True),
        ("start late, p99", f"{p99_ms:.2f} ms", "<= 2 ms", p99_ms <= 2),
        ("start late", f"{timing.lateness}", "", True),
        ("work", f"{timing.work}", "", True),
        ("policy", f"{meter.policy}", "", True),
        ("tick", f"{meter.tick}", "", True),
        (
            "tick, p99",
            f"{tick_ms:.2f} ms",
            f"<= {tick_limit_ms:g} ms",
            tick_ms <= tick_limit_ms,
        ),
        ("missed deadlines", f"{missed:.3%}", "<= 0.1 %", missed <= 0.001),
        ("processor, of one core", f"{cpu_share:.0%}", "<= 60 %", cpu_share <= 0.6),
        ("memory growth", f"{growth:.0f} KiB/min", "<= 100", growth <= 100),
    )
    table = Table("figure", "measured", "wanted", "")
    for name, value, wanted, good in rows:
        table.add_row(name, value, wanted, "" if good else "[red]missed")
    console.print(table)
    _draw(timing, picture)
    console.print(f"histogram: {picture}")
    return int(not all(good for *_, good in rows))


def _growth_kib(resident_kib: list[int]) -> float:
    """Slope of resident memory per minute; one value a second."""
    if len(resident_kib) < 3:
        return 0.0
    seconds = np.arange(len(resident_kib))
    return float(np.polyfit(seconds, np.array(resident_kib, float), 1)[0] * 60)


def _resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def _draw(timing: LoopTiming, picture: Path) -> None:
    figure, axes = plt.subplots(2, 1, figsize=(7, 5), sharex=True)
    for axis, (title, times) in zip(
        axes,
        {"start after its deadline": timing.lateness, "work": timing.work}.items(),
        strict=True,
    ):
        edges_ms = 1000 * BIN_S * np.arange(len(times.counts))
        grouped = times.counts.reshape(-1, 10).sum(axis=1)
        axis.bar(edges_ms[::10], grouped, width=0.1, align="edge")
        axis.set_yscale("log")
        axis.set_ylabel("cycles")
        axis.set_title(f"{title}: {times}", fontsize=9)
        axis.axvline(8, color="black", linewidth=0.8, linestyle=":")
    axes[-1].set_xlim(0, 12)
    axes[-1].set_xlabel("ms")
    figure.tight_layout()
    figure.savefig(picture, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
