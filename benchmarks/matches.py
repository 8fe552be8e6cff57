"""Ten matches, default player against scripted: goals, reach, falls, speed.

python benchmarks/matches.py [--seeds 10] [--seconds 120] [--out FOLDER]
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from cli.main import main as op3_soccer


def play(seed: int, seconds: float, folder: Path) -> dict[str, Any]:
    """One match through the public command: its summary, and wall seconds."""
    started = time.perf_counter()
    arguments = ["--seed", str(seed), "--seconds", str(seconds), "--no-video"]
    code = op3_soccer(["play", *arguments, "--out", str(folder)])
    if code != 0:
        raise SystemExit(f"expected match {seed} to end with code 0, found {code}")
    wall_s = time.perf_counter() - started
    figures = json.loads((folder / "match.json").read_text(encoding="utf-8"))
    simulated_s = figures["events"][-1]["time_s"]
    return figures["summary"] | {"wall_s": wall_s, "simulated_s": simulated_s}


def line(seed: int, match: dict[str, Any]) -> str:
    """One match in a row."""
    reach = [
        robot["first_reach_s"]
        for team in match["teams"]
        for robot in team["robots"].values()
    ]
    up = [fall["up_after_s"] for fall in match["falls"]]
    return (
        f"seed {seed:2d}  score {match['score']}  first at ball {reach} s  falls "
        f"{len(up)} (up within 10 s {_quick(up)})  "
        f"{match['simulated_s'] / match['wall_s']:.1f} x real time"
    )


def _quick(up_after_s: list[float | None]) -> int:
    return sum(value is not None and value <= 10 for value in up_after_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--out", type=Path, default=Path("runs/matches"))
    args = parser.parse_args()
    matches = []
    for seed in range(1, args.seeds + 1):
        matches.append(play(seed, args.seconds, args.out / str(seed)))
        print(line(seed, matches[-1]), flush=True)
    up = [fall["up_after_s"] for match in matches for fall in match["falls"]]
    scored = sum(sum(match["score"]) > 0 for match in matches)
    speed = sum(m["simulated_s"] for m in matches) / sum(m["wall_s"] for m in matches)
    print(
        f"{scored} of {len(matches)} matches with a goal; {_quick(up)} of {len(up)} "
        f"falls up within 10 s; {speed:.1f} x real time"
    )


if __name__ == "__main__":
    main()
