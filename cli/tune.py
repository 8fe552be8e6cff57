"""`op3-soccer tune SKILL`: measure a scripted skill, search its numbers, ship it."""

import argparse
import shlex
import subprocess
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.arguments import at_least_one, from_zero, positive_number
from cli.tune_report import measure, table_of
from cli.tune_search import SHIPPED, Before, search, shipped_walk, stops_of
from robot.contracts.errors import ContractError
from robot.contracts.policy import KickSpec, read_spec, write_spec
from robot.policy import write_golden
from robot.scripted import correction
from robot.scripted.bundle import (
    Provenance,
    Script,
    load,
    make_policy,
    script_text,
    scripted_spec,
)
from robot.scripted.kick import KickPolicy
from robot.scripted.rehearsal import rehearsal
from sim.robot_model import ModelError, model_hash
from training.run_folder import RunError

ERRORS = (ContractError, ModelError, RunError)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "tune",
        help="search the scripted controller's parameters",
        description="Searches the numbers of a scripted skill by the cross-entropy "
        "method in MuJoCo, then prints how well the skill found does.",
    )
    parser.add_argument(
        "skill",
        choices=["walk", "getup", "kick"],
        metavar="SKILL",
        help="walk, getup or kick",
    )
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="DIR",
        help="folder to start from (policies/scripted/SKILL)",
    )
    counts = (
        ("--generations", from_zero, 20, "rounds of the search; 0 only measures"),
        ("--candidates", at_least_one, 24, "scripts tried per generation"),
        ("--trials", at_least_one, 12, "trials per candidate"),
        ("--measure", at_least_one, 100, "trials of the printed table"),
    )
    for name, kind, default, text in counts:
        parser.add_argument(
            name, type=kind, default=default, metavar="N", help=f"{text} (%(default)s)"
        )
    parser.add_argument(
        "--spread",
        type=positive_number,
        default=0.4,
        metavar="X",
        help="factor on the first spread (%(default)s)",
    )
    parser.add_argument(
        "--walk",
        metavar="BUNDLE",
        help="kick: begin where this learned walk stands, e.g. walk (a stand, or after "
        "the scripted walk)",
    )
    parser.add_argument(
        "--seed", type=from_zero, default=0, metavar="S", help="(%(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write the bundle found here"
    )


def run(args: argparse.Namespace) -> int:
    """Search if asked, print the measured table, write if asked."""
    folder = args.bundle or SHIPPED / args.skill
    spec = read_spec(folder / "spec.json")
    if spec.role != args.skill or spec.engine != "scripted":
        raise ContractError(
            str(folder),
            [
                f"expected a scripted {args.skill}, found {spec.engine} {spec.role}; "
                f"give the folder of one with --bundle"
            ],
        )
    if args.walk and args.skill != "kick":
        raise ContractError(
            "--walk", [f"expected with kick alone, found it with {args.skill}"]
        )
    policy = load(folder, spec)
    console = Console()
    before = Before(walk=shipped_walk(), stops=stops_of(args.walk), stance=spec.kick)
    corrected = isinstance(policy, KickPolicy) and policy.correction is not None
    if corrected and (args.generations or args.out):
        console.print(
            "the motion is taken without the network that corrects it; with its "
            "script.json in policies/kick, op3-soccer train kick learns another"
        )
        policy = load(folder, spec, corrected=False)
    if args.generations:
        script = search(policy.script, before, args, console)
        policy = make_policy(policy.spec, script)
    title, columns, rows = measure(policy, before, args.measure, args.seed + 1_000_000)
    console.print(table_of(title, columns, rows))
    if args.out:
        write_bundle(args.out, policy.script, kick=spec.kick, made_by=_command(args))
        console.print(f"bundle in {args.out}; its CARD.md is yours to write")
        if args.generations and spec.kick is not None:
            console.print(
                "where it wants the ball (kick in spec.json) is that of the kick it "
                "began as: measure it"
            )
    return 0


def write_bundle(
    folder: Path, script: Script, *, kick: KickSpec | None, made_by: str
) -> None:
    """spec.json, script.json and golden.npz of `script`."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = scripted_spec(
        script,
        Provenance(robot_model_sha256=model_hash(), made_by=made_by, commit=_commit()),
        kick,
    )
    write_spec(folder / "spec.json", spec)
    (folder / "script.json").write_text(script_text(script), encoding="utf-8")
    policy = make_policy(spec, script)
    write_golden(folder / "golden.npz", policy, rehearsal(spec))
    (folder / correction.FILE).unlink(missing_ok=True)


def _command(args: argparse.Namespace) -> str:
    parts = ["op3-soccer", "tune", args.skill]
    for name in ("generations", "candidates", "trials", "spread", "seed"):
        parts += [f"--{name}", str(getattr(args, name))]
    for name in ("bundle", "walk"):
        if getattr(args, name):
            parts += [f"--{name}", str(getattr(args, name))]
    return shlex.join(parts)


def _commit() -> str:
    """Hash of HEAD; "unknown" outside git."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
