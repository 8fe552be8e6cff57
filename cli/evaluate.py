"""`op3-soccer evaluate BUNDLE`: speeds, errors and falls, beside the scripted walk.

With `--suite paper` the papers' protocols instead: `cli.evaluate_suite`.
"""

import argparse
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from cli import evaluate_suite
from cli.arguments import at_least_one, from_zero
from cli.calibrated import add_calibration_option, calibrated
from cli.match_players import DEFAULT_SKILLS
from robot.contracts.errors import ContractError, raise_if_any
from robot.policy import Policy, load_bundle
from sim.env import EnvConfig
from sim.env_core import EnvError
from sim.randomization import RandomizationConfig, without
from sim.robot_model import ModelError
from training.walk_trial import CommandResult, TrialConfig, run_command

ERRORS = (ContractError, EnvError, ModelError, *evaluate_suite.ERRORS)
SCRIPTED = DEFAULT_SKILLS / "walk"
DEFAULTS: Mapping[str, Any] = {"episodes": 10, "pushes": False}
"""Of the options of `--suite walk`."""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "evaluate",
        help="measure a bundle over randomized episodes, beside the scripted one",
        description="Speeds, tracking errors and falls of a walk bundle and of the "
        "scripted walk under the same randomized episodes and seeds; with --suite "
        "paper, any bundle or player in the trials of arXiv:2304.13653, through the "
        "onboard runtime and the virtual OP3.",
    )
    parser.add_argument("bundle", type=Path, help="a bundle, e.g. policies/walk")
    parser.add_argument(
        "--suite",
        choices=("walk", "paper"),
        default="walk",
        help="which trials (%(default)s)",
    )
    parser.add_argument(
        "--episodes",
        type=at_least_one,
        metavar="N",
        help=f"of --suite walk: per command ({DEFAULTS['episodes']})",
    )
    parser.add_argument(
        "--seed", type=from_zero, default=100, metavar="S", help="(%(default)s)"
    )
    parser.add_argument(
        "--pushes",
        action="store_true",
        default=None,
        help="of --suite walk: also push the robots, as in training",
    )
    add_calibration_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate_suite.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure both under the same seeds."""
    if args.suite == "paper":
        _settle(args, evaluate_suite.DEFAULTS, DEFAULTS)
        return evaluate_suite.run(args)
    _settle(args, DEFAULTS, evaluate_suite.DEFAULTS)
    policies = {"ours": load_bundle(args.bundle), "scripted": load_bundle(SCRIPTED)}
    raise_if_any(str(args.bundle), _role_faults(policies["ours"]))
    trial = TrialConfig(episodes=args.episodes)
    ranges = calibrated(RandomizationConfig(), args.calibration)
    env = EnvConfig(randomization=ranges if args.pushes else without(ranges, "push_n"))
    jobs = [
        (who, name, command, args.seed + index)
        for who in policies
        for index, (name, command) in enumerate(trial.commands)
    ]
    results: dict[str, list[CommandResult]] = {who: [] for who in policies}
    console = Console(stderr=True)
    for who, name, command, seed in track(jobs, "walking", console=console):
        results[who].append(run_command(policies[who], env, trial, name, command, seed))
    if args.json:
        plain: dict[str, Any] = {who: _plain(rows) for who, rows in results.items()}
        plain["episodes_per_command"] = args.episodes
        plain["seed"] = args.seed
        plain["pushes"] = args.pushes
        print(json.dumps(plain, indent=1, allow_nan=False))
    else:
        Console().print(_table(results, args.episodes))
    return 0


def _settle(
    args: argparse.Namespace, own: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    """Fill in the defaults of what was not typed.

    Raises:
        SuiteError: something was typed that belongs to the other suite.
    """
    if strange := [name for name in other if getattr(args, name) is not None]:
        options = ", ".join("--" + name.replace("_", "-") for name in strange)
        raise evaluate_suite.SuiteError(
            f"expected options of --suite {args.suite}, found {options} of the other; "
            f"leave them out, or name the other suite (see --help)"
        )
    for name, value in own.items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def _role_faults(policy: Policy) -> list[str]:
    if policy.spec.role == "walk":
        return []
    return [
        f"expected a bundle of role 'walk', found {policy.spec.role!r}; give e.g. "
        f"policies/walk"
    ]


def _plain(rows: list[CommandResult]) -> dict[str, Any]:
    seconds = sum(row.seconds for row in rows)
    return {
        "commands": {row.name: _plain_row(row) for row in rows},
        "falls_per_min": sum(row.fell for row in rows) * 60 / seconds,
    }


def _plain_row(row: CommandResult) -> dict[str, Any]:
    """One command's figures; null where every episode fell before they were taken."""
    return {
        "command": row.command,
        "distance_m_s": _number(row.distance_m_s),
        "turn_rad_s": _number(row.turn_rad_s),
        "velocity_error_rms": [_number(value) for value in row.velocity_error],
        "episodes": row.episodes,
        "episodes_measured": sum(map(math.isfinite, row.distances)),
        "episodes_with_fall": row.fell,
        "falls_per_min": row.falls_per_min,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _table(results: dict[str, list[CommandResult]], episodes: int) -> Table:
    table = Table(
        title=f"walk: {episodes} randomized episodes of 10 s per command, speeds over "
        "seconds 2 to 7;\nasked and rms error: forward m/s, left m/s, turn rad/s; "
        "/min: falls per minute",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in ("command", "who"):
        table.add_column(column, no_wrap=True)
    for column in ("asked", "m/s", "rad/s", "rms error", "fell", "/min"):
        table.add_column(column, justify="right", no_wrap=True)
    for rows in zip(*results.values(), strict=True):
        for who, row in zip(results, rows, strict=True):
            table.add_row(
                row.name if who == "ours" else "",
                who,
                " ".join(f"{value:.2f}" for value in row.command),
                f"{row.distance_m_s:.2f}",
                f"{row.turn_rad_s:.2f}",
                " ".join(f"{value:.2f}" for value in row.velocity_error),
                f"{row.fell}/{row.episodes}",
                f"{row.falls_per_min:.1f}",
            )
        table.add_section()
    return table
