"""`op3-soccer tune SKILL`: measure a scripted skill, search its numbers, ship it."""

import argparse
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from cli.tune_report import Measured, getup_rows, kick_rows, table_of, walk_rows
from robot.contracts.errors import ContractError
from robot.contracts.policy import PolicySpec, read_spec, write_spec
from robot.policy import write_golden
from robot.scripted.bundle import (
    Provenance,
    Script,
    ScriptedPolicy,
    load,
    make_policy,
    script_text,
    scripted_spec,
)
from robot.scripted.getup import GetupPolicy
from robot.scripted.kick import KickPolicy
from robot.scripted.parameters import numbers, spreads, with_numbers
from robot.scripted.rehearsal import rehearsal
from sim.motion_tuning import (
    FallConfig,
    KickTrialConfig,
    SearchConfig,
    WalkTrialConfig,
    cross_entropy,
    getup_trials,
    kick_trials,
    walk_trials,
)
from sim.motion_world import MotionWorldConfig
from sim.robot_model import ModelError, model_hash

ERRORS = (ContractError, ModelError)
SHIPPED = Path("policies/scripted")
Array = NDArray[np.float64]
Policies = tuple[ScriptedPolicy, ...]

SEARCH_COMMANDS = (
    (0.25, 0.0, 0.0),
    (0.12, 0.0, 0.4),
    (-0.12, 0.0, 0.0),
    (0.0, 0.09, 0.0),
    (0.0, 0.0, 0.8),
    (0.0, -0.08, 0.0),
    (0.0, 0.0, -0.8),
    (0.1, 0.05, 0.0),
)
_WORST_SHARE = 0.3
"""Of the worst trial in a candidate's score: one bad fall must not hide in a mean."""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "tune", help="search the scripted controller's parameters"
    )
    parser.add_argument("skill", choices=["walk", "getup", "kick"])
    parser.add_argument(
        "--bundle", type=Path, help="folder to start from (policies/scripted/SKILL)"
    )
    parser.add_argument(
        "--generations", type=int, default=20, help="0 only measures (%(default)s)"
    )
    parser.add_argument("--candidates", type=int, default=24, help="per generation")
    parser.add_argument("--trials", type=int, default=12, help="per candidate")
    parser.add_argument(
        "--spread", type=float, default=0.4, help="factor on the first spread"
    )
    parser.add_argument("--measure", type=int, default=100, help="trials of the table")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the bundle found here")


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
    policy = load(folder, spec)
    console = Console()
    if args.generations:
        script = _search(policy.script, spec, args, console)
        policy = make_policy(spec, script)
    title, columns, rows = measure(policy, args.measure, args.seed + 1_000_000)
    console.print(table_of(title, columns, rows))
    if args.out:
        write_bundle(args.out, policy.script, made_by=_command(args))
        console.print(f"bundle in {args.out}; its CARD.md is yours to write")
    return 0


def write_bundle(folder: Path, script: Script, *, made_by: str) -> None:
    """spec.json, script.json and golden.npz of `script`."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = scripted_spec(
        script,
        Provenance(robot_model_sha256=model_hash(), made_by=made_by, commit=""),
    )
    write_spec(folder / "spec.json", spec)
    (folder / "script.json").write_text(script_text(script), encoding="utf-8")
    policy = make_policy(spec, script)
    write_golden(folder / "golden.npz", policy, rehearsal(spec))


def measure(policy: ScriptedPolicy, trials: int, seed: int) -> Measured:
    """The table of a skill: title, column names, rows."""
    if isinstance(policy, KickPolicy):
        return kick_rows(policy, _shipped_walk(), trials, seed)
    if isinstance(policy, GetupPolicy):
        return getup_rows(policy, trials, seed)
    return walk_rows(policy, trials, seed)


def _search(
    script: Script, spec: PolicySpec, args: argparse.Namespace, console: Console
) -> Script:
    """The mean script of the last generation."""
    judge = _JUDGES[spec.role]
    walk = _shipped_walk()

    def score(candidates: Sequence[Array], generation: int) -> Array:
        scripts = [with_numbers(script, vector) for vector in candidates]
        world = MotionWorldConfig(
            count=len(candidates) * args.trials,
            distinct=args.trials,
            seed=args.seed + generation,
        )
        policies = tuple(make_policy(_spec_for(item), item) for item in scripts)
        rows = judge(policies, world, walk).reshape(len(candidates), args.trials)
        return rows.mean(axis=1) + _WORST_SHARE * rows.min(axis=1)

    def report(generation: int, mean: float, elite: float) -> None:
        console.print(f"generation {generation}: mean {mean:.3f}, elite {elite:.3f}")

    config = SearchConfig(
        generations=args.generations, candidates=args.candidates, seed=args.seed
    )
    spread = args.spread * spreads(script)
    found = cross_entropy(score, numbers(script), spread, config, report)
    return with_numbers(script, found)


def _spec_for(script: Script) -> PolicySpec:
    return scripted_spec(
        script, Provenance(robot_model_sha256="", made_by="tune", commit="")
    )


def _judge_getup(
    policies: Policies, world: MotionWorldConfig, walk: ScriptedPolicy
) -> Array:
    del walk
    return getup_trials(policies, world, FallConfig(limit_s=5.5)).score


def _judge_kick(
    policies: Policies, world: MotionWorldConfig, walk: ScriptedPolicy
) -> Array:
    approach = None if world.seed % 2 else walk
    return kick_trials(policies, world, KickTrialConfig(watch_s=0.6), approach).score


def _judge_walk(
    policies: Policies, world: MotionWorldConfig, walk: ScriptedPolicy
) -> Array:
    del walk
    trial = WalkTrialConfig(commands=SEARCH_COMMANDS, walk_s=5.0, stop_s=1.0)
    return walk_trials(policies, world, trial).score


def _shipped_walk() -> ScriptedPolicy:
    """The walk that leads to the ball before a kick."""
    folder = SHIPPED / "walk"
    return load(folder, read_spec(folder / "spec.json"))


_JUDGES: dict[str, Callable[[Policies, MotionWorldConfig, ScriptedPolicy], Array]] = {
    "getup": _judge_getup,
    "kick": _judge_kick,
    "walk": _judge_walk,
}


def _command(args: argparse.Namespace) -> str:
    parts = ["op3-soccer", "tune", args.skill]
    for name in ("generations", "candidates", "trials", "spread", "seed"):
        parts += [f"--{name}", str(getattr(args, name))]
    return shlex.join(parts)
