"""A session of 40 matches between four bundles, killed in the middle and begun again.

python -m benchmarks.session [--matches 40] [--seconds 10] [--kill-after 15]
    [--clips 1] [--processes 1] [--out runs/session]

Prints JSON: matches kept, how many of them before the kill, lost and doubled ones, the
standings. `--out` must not hold a session yet; it keeps report.html.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TEAMS = {
    "learned": "policies",
    "scripted": "policies/scripted",
    "learned walk": "policies/walk",
    "learned get-up": "policies/getup",
}


def plan_of(matches: int, seconds: float, clips: int) -> dict[str, Any]:
    """Short restarts, so that most of the time is play."""
    return {
        "name": "four bundles",
        "match_s": seconds,
        "repeats": -(-matches // 12),  # 6 pairings on both sides
        "limit": matches,
        "seed": 8,
        "clips_per_match": clips,
        "rules": {
            "initial_duration_s": 0.5,
            "ready_duration_s": 2.0,
            "set_duration_s": 0.5,
        },
        "teams": [
            {"name": name, "bundle": str(ROOT / bundle)}
            for name, bundle in TEAMS.items()
        ],
    }


def start(plan: Path, out: Path, processes: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cli.main", "session", str(plan)]
    command += ["--out", str(out), "--processes", str(processes)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def results(out: Path) -> list[tuple[Any, ...]]:
    """All rows so far; none while there is no file."""
    file = out / "session.sqlite"
    if not file.exists():
        return []
    store = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
    try:
        return store.execute("SELECT * FROM result ORDER BY number").fetchall()
    except sqlite3.OperationalError:  # the tables are being made
        return []
    finally:
        store.close()


def kill_after(session: subprocess.Popen[bytes], out: Path, matches: int) -> None:
    """kill -9, one second into a match."""
    while len(results(out)) < matches:
        if session.poll() is not None:
            raise SystemExit(f"the session ended early, code {session.returncode}")
        time.sleep(0.2)
    time.sleep(1.0)
    os.kill(session.pid, signal.SIGKILL)
    session.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--matches", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--kill-after", type=int, default=15)
    parser.add_argument("--clips", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/session"))
    args = parser.parse_args()
    out = args.out.resolve()
    if results(out):
        raise SystemExit(f"expected no session in {out}, found one")
    out.mkdir(parents=True, exist_ok=True)
    plan = out / "plan.json"
    planned = plan_of(args.matches, args.seconds, args.clips)
    plan.write_text(json.dumps(planned), encoding="utf-8")
    started = time.perf_counter()
    kill_after(start(plan, out, args.processes), out, args.kill_after)
    before = results(out)
    code = start(plan, out, args.processes).wait()
    rows = results(out)
    numbers = [row[0] for row in rows]
    figures = json.loads((out / "session.json").read_text(encoding="utf-8"))
    report = {
        "matches": args.matches,
        "kept": len(rows),
        "kept_before_kill": len(before),
        "lost": sorted(set(range(1, args.matches + 1)) - set(numbers)),
        "doubled": len(numbers) - len(set(numbers)),
        "changed_by_restart": sum(row not in rows for row in before),
        "failed": sum(row[1] == "failed" for row in rows),
        "exit_code": code,
        "wall_s": round(time.perf_counter() - started, 1),
        "played_s": round(sum(row[4] for row in rows), 1),
        "standings": {
            line["name"]: [line["wins"], line["draws"], line["losses"]]
            for line in figures["standings"]
        },
        "elo": {line["name"]: round(line["elo"]) for line in figures["elo"]},
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
