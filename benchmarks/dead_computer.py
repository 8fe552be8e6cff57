"""kill -9 at random moments: `python -m benchmarks.dead_computer [--times N]`.

Each time a runtime in a process of its own plays on a virtual robot served here,
records, and is killed. Measures how long until the servos' own watchdogs have stopped
all of them, and how much of the log's end is missing. On a busy machine run it under
`chrt -f 50`: real servos do not wait for this computer's scheduler.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from firmware_bridge.bus_types import BusConfig
from firmware_bridge.clock import MonotonicClock
from firmware_bridge.emulator import (
    ChainConfig,
    KinematicPlant,
    PtyServer,
    ServoChain,
    WallClock,
)
from firmware_bridge.link import DESKTOP
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.port import open_port
from firmware_bridge.servo_bus import ServoBus
from robot.brain import Identity
from robot.joint_map import default_joint_map
from robot.network import Links
from robot.player import load_player
from robot.real_time import run
from robot.record.log_reader import read_log
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.schemas import CYCLE_TOPIC
from robot.record.segments import SegmentConfig
from robot.runtime import Runtime
from robot.senses import Devices

ROOT = Path(__file__).parents[1]
POLICIES = ROOT / "policies"
STOP_LIMIT_S = 0.2
LOG_LIMIT_S = 1.0
LONGEST_S = 60.0
_POLL_S = 0.001


@dataclass(frozen=True, kw_only=True)
class Death:
    """What a killed runtime left behind.

    Attributes:
        stopped_s: from the kill until every servo had stopped.
        missing_s: from the log's last cycle to the kill; all the time with torque if
            it has none yet.
    """

    stopped_s: float
    missing_s: float


class Bench:
    """A served bus, watched from outside."""

    def __init__(self) -> None:
        clock = WallClock()
        self.chain = ServoChain(KinematicPlant(clock), clock, config=ChainConfig())

    def torque_is_on(self) -> bool:
        return bool(self.chain.register("torque_enable").all())

    def stopped(self) -> bool:
        """Every servo is either without torque or stopped by its watchdog."""
        limp = self.chain.register("torque_enable") == 0
        return bool((limp | (self.chain.register("bus_watchdog") == -1)).all())


def kill_once(after_torque_s: float) -> Death | None:
    """Play, kill, wait for the servos, read the log.

    Args:
        after_torque_s: from torque on to the kill.

    Returns:
        None if the runtime ended before the kill: on a busy machine it comes too late
        for the watchdogs by itself.
    """
    bench = Bench()
    with (
        PtyServer(bench.chain) as server,
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.dead_computer"),
                *("--play", server.path, folder),
            ],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        ) as child,
    ):
        try:
            _wait(bench.torque_is_on, child)
            torque_s = time.monotonic()
            time.sleep(after_torque_s)
            if child.poll() is not None:
                return None
        finally:
            killed_s = time.monotonic()
            child.send_signal(signal.SIGKILL)
        _wait(bench.stopped, None)
        stopped_s = time.monotonic() - killed_s
        child.wait()
        times = read_log(Path(folder)).column(CYCLE_TOPIC, "time_s")
        last_s = float(times[-1]) if len(times) else torque_s
        return Death(stopped_s=stopped_s, missing_s=killed_s - last_s)


def play(path: str, log: Path) -> None:
    """Play on the bus at `path` and record in `log` until killed."""
    joint_map = default_joint_map()
    port: Any = open_port(path, packet_margin_s=DESKTOP.first_byte_s)
    config = BusConfig(patience=DESKTOP)
    devices = Devices(
        bus=ServoBus(port, joint_map.servo_ids, config),
        board=OpenCrBoard(port, patience=DESKTOP),
        joint_map=joint_map,
    )
    clock = MonotonicClock()
    with Recorder(RecorderConfig(files=SegmentConfig(folder=log))) as recorder:
        runtime = Runtime(
            devices=devices,
            player=load_player(POLICIES, POLICIES / "scripted"),
            identity=Identity(team=1),
            links=Links(),
            clock=clock,
            record=recorder.cycle,
        )
        run(runtime, clock, lambda: False)


def _wait(
    condition: Callable[[], bool], child: "subprocess.Popen[bytes] | None"
) -> None:
    end_s = time.monotonic() + LONGEST_S
    while not condition():
        ended = child is not None and child.poll() is not None
        if ended or time.monotonic() > end_s:
            raise SystemExit(f"waited {LONGEST_S:g} s in vain, or the runtime ended")
        time.sleep(_POLL_S)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--play", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.play:
        play(args.play[0], Path(args.play[1]))
        return 0
    draw = random.Random(args.seed)
    console = Console(stderr=True)
    deaths: list[Death] = []
    ended = 0
    for _ in track(range(args.times), "killing", console=console):
        while (death := kill_once(draw.uniform(0, 5))) is None:
            ended += 1
        deaths.append(death)
    stopped_s = np.array([death.stopped_s for death in deaths])
    missing_s = np.array([death.missing_s for death in deaths])
    late = int((stopped_s > STOP_LIMIT_S).sum())
    lost = int((missing_s > LOG_LIMIT_S).sum())
    print(
        json.dumps(
            {
                "kills": len(deaths),
                "ended_before_the_kill": ended,
                "stopped_ms": _spread_ms(stopped_s),
                f"later_than_{1000 * STOP_LIMIT_S:.0f}_ms": late,
                "log_missing_ms": _spread_ms(missing_s),
                f"more_missing_than_{1000 * LOG_LIMIT_S:.0f}_ms": lost,
            },
            indent=1,
        )
    )
    return int(late > 0 or lost > 0)


def _spread_ms(seconds: np.ndarray) -> dict[str, float]:
    return {
        "median": round(1000 * float(np.median(seconds)), 1),
        "largest": round(1000 * float(seconds.max()), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
