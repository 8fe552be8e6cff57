"""`op3-soccer train walk`: PPO with a live table; resumable; ends in a bundle."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.table import Table

from robot.contracts.errors import ContractError
from sim.robot_model import ModelError
from sim.walk_env import WalkEnvConfig
from training.curves import draw_curves
from training.export import export_walk
from training.run_folder import RunError, RunFolder
from training.train_walk import WalkRunConfig, check_warm_start, train_walk

ERRORS = (ContractError, ModelError, RunError)
_ROWS = (
    ("reward per step", "reward/total", "{:.3f}"),
    ("falls per minute", "falls_per_min", "{:.2f}"),
    ("forward reached", "share/forward", "{:.0%}"),
    ("backward reached", "share/backward", "{:.0%}"),
    ("sideways reached", "share/left", "{:.0%}"),
    ("turn reached", "share/turn", "{:.0%}"),
    ("KL", "kl", "{:.4f}"),
    ("learning rate", "learning_rate", "{:.1e}"),
    ("steps/s", "steps_per_s", "{:.0f}"),
)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "train", help="learn a skill and export its bundle"
    )
    parser.add_argument("skill", choices=["walk"], help="what to learn")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/walk"), help="run folder (%(default)s)"
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=WalkRunConfig().total_steps,
        help="control steps in all (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    parser.add_argument(
        "--envs",
        type=_at_least_one,
        default=WalkEnvConfig().num_envs,
        help="environments side by side (%(default)s)",
    )
    parser.add_argument(
        "--from",
        type=Path,
        dest="warm_start",
        metavar="RUN",
        help="start from the networks of the run in this folder",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run there"
    )
    parser.add_argument(
        "--bundle", type=Path, help="export the policy into this folder at the end"
    )


def run(args: argparse.Namespace) -> int:
    """Train, draw the curves, export."""
    config = WalkRunConfig(
        env=WalkEnvConfig(num_envs=args.envs),
        total_steps=args.steps,
        seed=args.seed,
        warm_start="" if args.warm_start is None else str(args.warm_start),
    )
    check_warm_start(config)
    with RunFolder(args.out, config, resume=args.resume) as folder:
        with Live(_table(config, 0, {}), auto_refresh=False) as live:

            def show(step: int, metrics: dict[str, float]) -> None:
                live.update(_table(config, step, metrics), refresh=True)

            progress = train_walk(config, folder, show)
        if rows := folder.history():
            draw_curves(rows, args.out / "curves.png")
    print(f"{int(progress.steps)} steps; run, curves and checkpoint in {args.out}")
    if args.bundle is not None:
        export_walk(args.out, config, args.bundle, "walk", made_by=_command(config))
        print(f"bundle in {shlex.quote(str(args.bundle))}")
    return 0


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 up, found {text}")
    return int(text)


def _command(config: WalkRunConfig) -> str:
    """What to type to learn this policy again."""
    words = ["op3-soccer", "train", "walk", "--seed", str(config.seed)]
    words += ["--steps", str(config.total_steps), "--envs", str(config.env.num_envs)]
    if config.warm_start:
        words += ["--from", config.warm_start]
    return shlex.join(words)


def _table(config: WalkRunConfig, step: int, metrics: dict[str, float]) -> Table:
    title = f"walk: {step / 1e6:.2f} of {config.total_steps / 1e6:.0f} M control steps"
    table = Table(title=title, min_width=44)
    table.add_column("mean since the last report")
    table.add_column("", justify="right")
    for label, name, form in _ROWS:
        text = form.format(metrics[name]) if name in metrics else "-"
        table.add_row(label, text)
    return table
