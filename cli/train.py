"""`op3-soccer train walk`: PPO with a live table; resumable; ends in a bundle."""

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.table import Table

from cli.arguments import at_least_one, from_zero
from robot.contracts.errors import ContractError
from sim.robot_model import ModelError
from training.curves import draw_curves, joined
from training.export import export_walk
from training.recipes import Stage, staged, walk_recipe
from training.run_folder import RunError, RunFolder
from training.train_walk import WalkRunConfig, check_warm_start, train_walk

ERRORS = (ContractError, ModelError, RunError)
INTERRUPTED = 130
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
        "train",
        help="learn a skill and export its bundle",
        description="Without --steps, --envs or --from, runs the stages that made the "
        "shipped policy, each in its folder of --out. Ctrl-C saves, --resume goes on.",
    )
    parser.add_argument("skill", choices=["walk"], help="what to learn")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/walk"), help="run folder (%(default)s)"
    )
    parser.add_argument(
        "--steps", type=from_zero, help="a single run of that many control steps"
    )
    parser.add_argument("--seed", type=from_zero, default=0, help="(%(default)s)")
    parser.add_argument(
        "--envs", type=at_least_one, help="a single run with so many environments"
    )
    parser.add_argument(
        "--from",
        type=Path,
        dest="warm_start",
        metavar="RUN",
        help="a single run that starts from the networks of the run in this folder",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run there"
    )
    parser.add_argument(
        "--bundle", type=Path, help="export the policy into this folder at the end"
    )


def run(args: argparse.Namespace) -> int:
    """Train, draw the curves, export."""
    asked = (args.steps, args.envs, args.warm_start)
    single = any(value is not None for value in asked)
    if single:
        stages = (Stage(name="", run=_single(args)),)
    else:
        stages = staged(walk_recipe(args.seed), args.out)
    histories = []
    for stage in stages:
        folder = args.out / stage.name
        steps, history = _train(stage.run, folder, resume=args.resume)
        histories.append(history)
        if steps < stage.run.total_steps:
            print(f"stopped; go on with --resume; run in {folder}")
            return INTERRUPTED
        print(f"{steps} steps; checkpoint in {folder}")
    if rows := joined(histories):
        draw_curves(rows, args.out / "curves.png")
    if args.bundle is not None:
        last, command = stages[-1], _command(args, single=single)
        run_folder = args.out / last.name
        export_walk(run_folder, last.run, args.bundle, "walk", made_by=command)
        print(f"bundle in {shlex.quote(str(args.bundle))}")
    return 0


def _single(args: argparse.Namespace) -> WalkRunConfig:
    plain = WalkRunConfig(seed=args.seed)
    return replace(
        plain,
        env=replace(plain.env, num_envs=args.envs or plain.env.num_envs),
        total_steps=plain.total_steps if args.steps is None else args.steps,
        warm_start="" if args.warm_start is None else str(args.warm_start),
    )


def _train(
    config: WalkRunConfig, path: Path, *, resume: bool
) -> tuple[int, list[dict[str, float]]]:
    """Run one stage to its end or to Ctrl-C: steps done, and all its reports."""
    check_warm_start(config)
    with RunFolder(path, config, resume=resume) as folder:
        with Live(_table(config, 0, {}), auto_refresh=False) as live:

            def show(step: int, metrics: dict[str, float]) -> None:
                live.update(_table(config, step, metrics), refresh=True)

            progress = train_walk(config, folder, show)
        return int(progress.steps), folder.history()


def _command(args: argparse.Namespace, *, single: bool) -> str:
    """What to type to learn this policy again."""
    words = ["op3-soccer", "train", "walk", "--seed", str(args.seed)]
    if single:
        config = _single(args)
        words += ["--steps", str(config.total_steps)]
        words += ["--envs", str(config.env.num_envs)]
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
