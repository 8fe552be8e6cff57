"""`op3-soccer train TASK`: a live table; resumable; ends in a bundle."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from cli.arguments import at_least_one, from_zero, share
from cli.calibrated import add_calibration_option
from cli.train_plan import plan_of
from cli.train_stage import train_stage
from robot.contracts.errors import ContractError
from sim.env_core import EnvError
from sim.robot_model import ModelError
from sim.tasks.registry import TASKS
from training.archive import ArchiveError
from training.curves import draw_curves, joined
from training.export import export_policy, export_shot, role_of
from training.recipes import SHOT
from training.run_folder import RunError
from training.train_task import TaskRunConfig

ERRORS = (ContractError, EnvError, ModelError, RunError, ArchiveError)
INTERRUPTED = 130


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "train",
        help="learn a skill and export its bundle",
        description="Without --steps, --envs, --from, --teachers or --learner, runs "
        "the task's recipe, each stage in its folder of --out. Ctrl-C saves, --resume "
        "goes on.",
    )
    add = parser.add_argument
    add(
        "task",
        choices=[*TASKS, SHOT],
        help="what to learn; shot: walk and kick together, out of whole shots",
    )
    add("--out", type=Path, help="run folder (runs/TASK)")
    add("--recipe", action="store_true", help="the recipe; refuses what contradicts it")
    add("--learner", choices=["ppo", "dmpo"], default="ppo", help="(%(default)s)")
    add("--steps", type=from_zero, help="a single run of that many actions")
    add("--seed", type=from_zero, default=0, help="(%(default)s)")
    add("--envs", type=at_least_one, help="a single run with so many environments")
    add(
        "--from",
        type=Path,
        dest="warm_start",
        metavar="RUN",
        help="a single run that starts from the networks of the run in this folder, or "
        "(PPO) from the policy of the bundle in it, e.g. policies/getup",
    )
    add(
        "--teachers",
        nargs=2,
        type=Path,
        metavar=("SCORE", "GETUP"),
        help="match: a single run of one side, held to the policies of these runs or "
        "bundles, against its own earlier snapshots",
    )
    add("--resume", action="store_true", help="go on with the run there")
    add(
        "--bundle",
        type=Path,
        help="export the policy into this folder at the end; shot: walk and kick, each "
        "into its own folder there",
    )
    add("--archive", metavar="PATH", help="write all of the run's data there (Zarr)")
    add("--reuse", nargs="+", default=[], metavar="PATH", help="archives to mix in")
    add("--reuse-share", type=share, default=0.5, help="of a batch (%(default)s)")
    add(
        "--film-every",
        type=from_zero,
        metavar="STEPS",
        help="steps between two film strips in OUT/film; 0: none (2 M, DMPO 0.2 M)",
    )
    add(
        "--video",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="an mp4 of an episode beside each film strip (%(default)s)",
    )
    add_calibration_option(parser)


def run(args: argparse.Namespace) -> int:
    """Train, draw the curves, export."""
    args.out = args.out or Path("runs") / args.task
    plan = plan_of(args)
    last, config = plan.result
    if args.bundle is not None:
        role_of(config.task)
    histories = []
    for folder, stage in plan.runs:
        steps, history = train_stage(folder, stage, plan, args)
        histories.append(history)
        if steps < stage.total_steps:
            print(f"stopped; go on with --resume; run in {folder}")
            return INTERRUPTED
        print(f"{steps} steps; checkpoint in {folder}")
    if rows := joined(histories):
        draw_curves(rows, args.out / "curves.png")
    if args.bundle is not None:
        if args.task == SHOT:
            assert isinstance(config, TaskRunConfig)
            export_shot(last, config, args.bundle, made_by=plan.command)
            print(f"bundles walk and kick in {shlex.quote(str(args.bundle))}")
            return 0
        name = args.bundle.resolve().name
        export_policy(last, config, args.bundle, name, made_by=plan.command)
        print(f"bundle in {shlex.quote(str(args.bundle))}")
    return 0
