"""What the onboard log costs, and what a killed runtime loses of it.

`python benchmarks/robot_log.py [--seconds 20] [--kills 100]` prints one JSON object:
the time one cycle's hand-over takes from the loop, what the writing thread adds, bytes
per minute, and over random kills (SIGKILL) the longest end that was missing.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from robot.policy import load_bundle  # noqa: E402
from robot.record.log_reader import read_log  # noqa: E402
from robot.record.recorder import Recorder, RecorderConfig  # noqa: E402
from robot.record.schemas import CYCLE_TOPIC  # noqa: E402
from robot.record.segments import SegmentConfig  # noqa: E402
from tests.fakes.records import PERIOD_S, cycles  # noqa: E402

_LOGGING_CHILD = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from robot.record.recorder import Recorder, RecorderConfig
from robot.record.segments import SegmentConfig
from tests.fakes.records import cycles
recorder = Recorder(RecorderConfig(files=SegmentConfig(folder=Path(sys.argv[1]))))
print("started", flush=True)
for record in cycles(3600, start_s=time.monotonic()):
    time.sleep(max(0.0, record.time_s - time.monotonic()))
    recorder.cycle(record)
"""


def cost(seconds: float) -> dict[str, Any]:
    """Hand-over, writing and size, for a robot that walks with the shipped policy."""
    records = list(cycles(seconds, load_bundle(ROOT / "policies" / "walk")))
    with tempfile.TemporaryDirectory() as folder:
        files = SegmentConfig(folder=Path(folder))
        # Nobody writes before the end: the two costs are told apart.
        settings = RecorderConfig(files=files, queue_items=len(records), poll_s=3600.0)
        recorder = Recorder(settings)
        spent = []
        for record in records:
            before_s = time.perf_counter()
            recorder.cycle(record)
            spent.append(time.perf_counter() - before_s)
        before_s = time.process_time()
        recorder.close()
        written_s = time.process_time() - before_s
    hand_over_us = 1e6 * np.array(spent)
    return {
        "hand_over_us_median": round(float(np.median(hand_over_us)), 2),
        "hand_over_us_p99": round(float(np.percentile(hand_over_us, 99)), 2),
        "writing_cpu_us_per_cycle": round(1e6 * written_s / len(records), 1),
        "megabytes_per_minute": round(
            recorder.statistics.bytes * 60 / seconds / 1e6, 2
        ),
        "dropped": recorder.statistics.dropped,
    }


def kills(count: int, seed: int) -> dict[str, Any]:
    """Kill a process that logs in real time; how much of its end is missing."""
    chance = random.Random(seed)
    missing_s = []
    for _ in range(count):
        with tempfile.TemporaryDirectory() as folder:
            child = subprocess.Popen(
                [sys.executable, "-c", _LOGGING_CHILD, folder], stdout=subprocess.PIPE
            )
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(1.2, 4.0))
            killed_s = time.monotonic()
            child.send_signal(signal.SIGKILL)
            child.wait()
            times = read_log(Path(folder)).column(CYCLE_TOPIC, "time_s")
            missing_s.append(killed_s - float(times[-1]))
    return {
        "kills": count,
        "opened": len(missing_s),
        "missing_s_median": round(float(np.median(missing_s)), 3),
        "missing_s_max": round(max(missing_s), 3),
        "period_s": PERIOD_S,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = {"cost": cost(args.seconds)}
    if args.kills:
        found["kills"] = kills(args.kills, args.seed)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
