"""`op3-soccer bench sim|render`: environment steps, and pictures, per second."""

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mujoco
from rich.console import Console

from cli.bench_report import BenchError, Row, plot, table, write_csv
from nerf_render.scene_file import SceneError
from sim.tasks.match import MatchTask
from sim.tasks.task import Task
from sim.tasks.walk_task import WalkTask
from sim.throughput import Throughput, ThroughputError, memory, processor, throughput

SIZES = (1, 4, 16, 64, 256, 1024)
LARGEST = 4096
TEAMS = (1, 2, 3)
TEAM_ENVS = 64
ERRORS = (BenchError, SceneError, ThroughputError)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "bench",
        help="how fast this machine steps the simulated world and draws pictures",
        description="render: robots' pictures of 40 x 30 pixels per second of one "
        "core. sim: environment steps per second (observation, reward, resets, "
        "randomization and pushes included) beside mujoco.rollout of the same models, "
        "states and controls, in turns; and memory per environment.",
    )
    parser.add_argument("what", choices=("sim", "render"))
    parser.add_argument(
        "--scene",
        type=Path,
        metavar="NPZ",
        help="for render: a scene file (default: the first in scenes/)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="also measure over numbers of environments and robots; write "
        "throughput.csv, throughput.png and bench.json there",
    )
    parser.add_argument("--quick", action="store_true", help="--seconds 3, fewer sizes")
    parser.add_argument("--seconds", type=float, default=20.0, help="(%(default)s)")
    parser.add_argument(
        "--envs", type=int, default=256, help="batch for the ratios (%(default)s)"
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        help=f"batches for --out ({SIZES[0]} to {LARGEST}; {SIZES[-1]} with --quick)",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, print, write."""
    if args.what == "render":
        # Its imports start JAX, which not every measurement wants.
        from cli.bench_render import run as render

        return render(args)
    sizes = args.sizes or (SIZES if args.quick else (*SIZES, LARGEST))
    if min(args.envs, *sizes) < 1:
        least = min(args.envs, *sizes)
        raise BenchError(
            f"--envs, --sizes: expected 1 or more environments, found {least}"
        )
    console = Console(stderr=True)
    seconds = 3.0 if args.quick else args.seconds
    if args.out is not None:
        try:
            args.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BenchError(f"--out: expected a folder, {error}") from None
    with console.status("starting") as status:
        result = _headline(args.envs, seconds, args.quick, status.update)
        rows = []
        if args.out is not None:
            teams_of = min(args.envs, TEAM_ENVS)
            rows = _sweeps(sizes, teams_of, seconds / 4, status.update)
    text = json.dumps(result, indent=1)
    if args.out is not None:
        write_csv(args.out / "throughput.csv", rows)
        plot(
            args.out / "throughput.png", rows, f"{processor()}, {os.cpu_count()} cores"
        )
        (args.out / "bench.json").write_text(text + "\n")
    if args.json:
        print(text)
    else:
        Console().print(table(result, rows))
    return 0


def _headline(
    num_envs: int, seconds: float, quick: bool, say: Any
) -> dict[str, float | int | str | bool | list[float] | dict[str, str]]:
    """The JSON object."""
    result: dict[str, Any] = {}
    load = os.getloadavg()[0]
    for name, task in (("walk", WalkTask()), ("match", MatchTask())):
        say(f"{name}, {num_envs} environments")
        result |= _named(name, throughput(task, num_envs, seconds=seconds))
    say("memory of match")
    memory_of = memory(MatchTask())
    return result | {
        "match.bytes_per_env": memory_of.bytes_per_env,
        "match.model_bytes": memory_of.model_bytes,
        "num_envs": num_envs,
        "quick": quick,
        "device": processor(),
        "cores": os.cpu_count() or 1,
        "load_before": round(load, 2),
        "versions": {
            "op3-soccer": version("op3-soccer"),
            "mujoco": mujoco.__version__,
            "numpy": version("numpy"),
            "python": platform.python_version(),
        },
    }


def _named(name: str, found: Throughput) -> dict[str, Any]:
    return {
        f"{name}.ratio": round(found.ratio.median, 4),
        f"{name}.ratio_iqr": [round(found.ratio.low, 4), round(found.ratio.high, 4)],
        f"{name}.steps_per_s": round(found.env_steps_per_s, 1),
        f"{name}.raw_steps_per_s": round(found.raw_steps_per_s, 1),
        f"{name}.pairs": found.pairs,
    }


def _sweeps(
    sizes: tuple[int, ...], teams_of: int, seconds: float, say: Any
) -> list[Row]:
    """Over numbers of environments, then of robots."""
    walks: list[tuple[Task, int]] = [(WalkTask(), size) for size in sizes]
    matches: list[tuple[Task, int]] = [(MatchTask(), size) for size in sizes]
    teams: list[tuple[Task, int]] = [
        (MatchTask(team_size=each), teams_of) for each in TEAMS
    ]
    rows = []
    for axis, cases in (("environments", walks + matches), ("robots", teams)):
        for task, size in cases:
            robots = len(task.agents)
            say(f"{task.name}, {size} environments, {robots} robots")
            found = throughput(task, size, seconds=seconds)
            rows.append(Row(axis=axis, task=task.name, robots=robots, found=found))
    return rows
