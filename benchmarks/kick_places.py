"""How far and where a kick sends the ball, by where the ball lay.

    python -m benchmarks.kick_places policies/kick

Robots drawn with all faults of an episode, in moments in which the learned walk stands;
no pushes. Prints a table in Markdown: m/s of the rolling ball 0.6 s after the touch,
median and 20 % quantile, and degrees outward of the robot's heading.
"""

import argparse
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from cli.tune_search import stops_of
from robot.contracts.policy import read_spec
from robot.scripted.bundle import load
from sim.kick_trials import KickTrialConfig, kick_trials
from sim.motion_world import MotionWorldConfig

AHEAD_M = (0.12, 0.135, 0.15, 0.165, 0.18, 0.195, 0.21)
ASIDE_M = (0.005, 0.02, 0.04, 0.06, 0.08, 0.095, 0.11)
_NOISE_M = 0.007
"""Of a tracker, on top of the place."""


def main() -> None:
    """Parse arguments, kick, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, help="of a scripted kick")
    parser.add_argument("--kicks", type=int, default=96, help="a field (%(default)s)")
    args = parser.parse_args()
    policy = load(args.bundle, read_spec(args.bundle / "spec.json"))
    moments, robots = stops_of("walk") or ((), None)
    world = replace(MotionWorldConfig(count=args.kicks, seed=7), robots=robots)
    columns = [f"{100 * low:g} to {100 * high:g}" for low, high in pairwise(ASIDE_M)]
    print("| cm ahead, aside |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for ahead_m in pairwise(AHEAD_M):
        fields = []
        for beside_m in pairwise(ASIDE_M):
            places = KickTrialConfig(
                watch_s=0.5, ahead_m=ahead_m, beside_m=beside_m, error_m=_NOISE_M
            )
            found = kick_trials((policy,), world, places, starts=moments)
            low, middle = np.quantile(found.roll_m_s, [0.2, 0.5])
            outward = np.degrees(np.median(found.angle_rad * found.side))
            fields.append(f"{middle:.2f}, {low:.2f}, {outward:+.0f}")
        row = f"{100 * ahead_m[0]:g} to {100 * ahead_m[1]:g}"
        print(f"| {row} |", " | ".join(fields), "|", flush=True)


if __name__ == "__main__":
    main()
