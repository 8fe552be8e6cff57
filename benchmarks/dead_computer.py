"""kill -9 at random moments: `python -m benchmarks.dead_computer [--times N]`.

Each time a runtime in a process of its own plays on a virtual robot served here, and is
killed. Measures how long until the servos' own watchdogs have stopped all of them.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from firmware_bridge.emulator import (
    ChainConfig,
    KinematicPlant,
    PtyServer,
    ServoChain,
    WallClock,
)

LIMIT_S = 0.2
LONGEST_S = 30.0
_POLL_S = 0.001
_CHILD = """
import sys, time
from benchmarks.runtime_timing import Meter, _play
_play(sys.argv[1], 600.0, Meter())
"""


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


def kill_once(after_torque_s: float, command: Sequence[str]) -> float:
    """Play, kill, and wait for the servos.

    Args:
        after_torque_s: from torque on to the kill.
        command: of the runtime; the device path is appended.

    Returns:
        Seconds from the kill until all servos have stopped.
    """
    bench = Bench()
    with PtyServer(bench.chain) as server:
        child = subprocess.Popen([*command, server.path])
        try:
            _wait(bench.torque_is_on, LONGEST_S, child)
            time.sleep(after_torque_s)
            if child.poll() is not None:
                raise SystemExit("expected a runtime that plays, found one that ended")
        finally:
            killed_s = time.monotonic()
            child.send_signal(signal.SIGKILL)
            child.wait()
        _wait(bench.stopped, LONGEST_S, None)
        return time.monotonic() - killed_s


def _wait(condition, longest_s: float, child: subprocess.Popen | None) -> None:
    end_s = time.monotonic() + longest_s
    while not condition():
        ended = child is not None and child.poll() is not None
        if ended or time.monotonic() > end_s:
            raise SystemExit(f"waited {longest_s:g} s in vain, or the runtime ended")
        time.sleep(_POLL_S)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    command = (sys.executable, "-c", _CHILD)
    os.environ.setdefault("PYTHONPATH", ".")
    took = [kill_once(draw.uniform(0, 5), command) for _ in range(args.times)]
    late = sum(t > LIMIT_S for t in took)
    Console().print(
        f"{len(took)} kills: servos stopped after {1000 * min(took):.0f} to "
        f"{1000 * max(took):.0f} ms, {late} later than {1000 * LIMIT_S:.0f} ms"
    )
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
