"""What `op3-soccer train` will run: stages, and the command that repeats them."""

import argparse
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from cli.calibrated import calibrated
from cli.match_players import DEFAULT_SKILLS
from robot.contracts.policy import NETWORK_FILE
from robot.policy import load_bundle
from robot.scripted import correction
from sim.motion_world import BatchPolicy
from sim.tasks.registry import make_task
from training.clone import CloneConfig
from training.duel import DuelConfig
from training.export import RunConfig
from training.mixing import MixConfig
from training.off_policy import OffPolicyConfig
from training.recipes import (
    HELD_PPO,
    SHOT,
    duel_task,
    kick_recipe,
    plain_run,
    recipe,
)
from training.run_folder import RunError, has_checkpoint
from training.stages import staged
from training.train_dmpo import DmpoRunConfig
from training.train_task import TaskRunConfig, fits_teacher

_Run = TypeVar("_Run", bound=TaskRunConfig | DmpoRunConfig | CloneConfig)
DMPO_ENVS = 64
"""Environments of a DMPO run: fewer than PPO's, for more updates per step."""
_CRITIC_FIRST = 25
"""Updates of the critic alone for a policy that is learned on from its bundle."""
_SURE_STD = 0.15
"""Of its actions: the bundle tells none."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        runs: folder and configuration of each stage.
        command: what to type to learn the policy again.
    """

    runs: tuple[tuple[Path, RunConfig | CloneConfig], ...]
    command: str

    @property
    def result(self) -> tuple[Path, RunConfig]:
        """Folder of the last stage, and the configuration of its networks."""
        folder, last = self.runs[-1]
        return folder, last.run if isinstance(last, CloneConfig) else last


def load_script(name: str) -> BatchPolicy:
    """A shipped scripted skill.

    Raises:
        ContractError: its bundle is missing or broken.
    """
    return load_bundle(DEFAULT_SKILLS / name)


def plan_of(args: argparse.Namespace) -> Plan:
    """The plan that the arguments ask for.

    Raises:
        RunError: they contradict each other.
    """
    single = {
        "--steps": args.steps,
        "--envs": args.envs,
        "--from": args.warm_start,
        "--teachers": args.teachers,
    }
    given = [name for name, value in single.items() if value is not None]
    if args.task == SHOT:
        _check_shot(args, given)
    if args.recipe and (given or args.learner != "ppo"):
        others = given if args.learner == "ppo" else [*given, "--learner"]
        raise RunError(
            f"expected --recipe or {', '.join(others)}, found both; a recipe has its "
            f"own learner, number of steps, environments and start"
        )
    if args.reuse and args.learner != "dmpo":
        raise RunError(
            f"expected --learner dmpo with --reuse, found {args.learner}, which learns "
            f"from its own newest data only"
        )
    if args.teachers and args.task != "match":
        raise RunError(
            f"expected the task match with --teachers, found {args.task}; only there "
            f"is somebody to play against"
        )
    words = ["op3-soccer", "train", args.task, "--seed", str(args.seed)]
    if not given and args.learner == "ppo":
        stages = staged(recipe(args.task, args.seed, load_script), args.out)
        if args.calibration is not None:
            words += ["--calibration", str(args.calibration)]
        runs = tuple(
            (args.out / stage.name, _around(stage.run, args.calibration))
            for stage in stages
        )
        return Plan(runs=runs, command=shlex.join(words))
    run = _ppo_run(args) if args.learner == "ppo" else _dmpo_run(args)
    if args.calibration is not None:
        words += ["--calibration", str(args.calibration)]
        run = _around(run, args.calibration)
    words += ["--steps", str(run.total_steps), "--envs", str(run.env.num_envs)]
    if args.warm_start is not None:
        words += ["--from", str(args.warm_start)]
    if args.teachers:
        words += ["--teachers", *map(str, args.teachers)]
    if args.learner != "ppo":
        words += ["--learner", args.learner]
    if args.reuse:
        words += ["--reuse", *args.reuse, "--reuse-share", f"{args.reuse_share:g}"]
    return Plan(runs=((args.out, run),), command=shlex.join(words))


def _check_shot(args: argparse.Namespace, given: list[str]) -> None:
    """Only its recipe is known, and no archive holds both skills' data.

    Raises:
        RunError: something else is asked for.
    """
    others = {"--learner": args.learner != "ppo", "--reuse": bool(args.reuse)}
    others["--archive"] = args.archive is not None
    others["--calibration"] = args.calibration is not None
    found = [*given, *(name for name, asked in others.items() if asked)]
    if found:
        raise RunError(
            f"expected {SHOT} by its recipe alone, found {', '.join(found)}: it has "
            f"its own learner, steps, environments, robots and start, and writes no "
            f"archive"
        )
    if args.bundle is not None and (args.bundle / "spec.json").exists():
        raise RunError(
            f"--bundle: expected the folder of a player, in which {SHOT} writes walk "
            f"and kick, found a single bundle in {args.bundle}"
        )


def _ppo_run(args: argparse.Namespace) -> TaskRunConfig:
    plain = _plain_run(args)
    run = replace(
        plain,
        env=replace(plain.env, num_envs=args.envs or plain.env.num_envs),
        total_steps=plain.total_steps if args.steps is None else args.steps,
        ppo=HELD_PPO if args.teachers else plain.ppo,
        **_start(args.warm_start),
        **_duel(args),
    )
    if run.begins_as:
        # A critic that knows nothing yet would ruin what the actor can do.
        careful = replace(run.ppo, critic_first=_CRITIC_FIRST, init_std=_SURE_STD)
        run = replace(run, ppo=careful)
    # A pupil starts as its score teacher, unless told or shaped otherwise.
    if run.duel is None or args.warm_start is not None or not fits_teacher(run):
        return run
    return replace(run, duel=replace(run.duel, from_score_teacher=True))


def _plain_run(args: argparse.Namespace) -> TaskRunConfig:
    """As the task has it; a kick that a policy corrects goes on as its recipe ends, but
    oftener out of motion, as in games."""
    folder = args.warm_start
    if args.task != "kick" or folder is None or not _is_corrected(folder):
        return plain_run(args.task, args.seed)
    last = kick_recipe(args.seed)[-1].run
    assert isinstance(last, TaskRunConfig)
    assert last.kick is not None
    kick = replace(last.kick, bundle=str(folder.resolve()), moving_share=0.5)
    return replace(last, kick=kick, warm_std=0.0)


def _is_corrected(bundle: Path) -> bool:
    """It is of a scripted kick that a network corrects."""
    return (bundle / correction.FILE).is_file()


def _dmpo_run(args: argparse.Namespace) -> DmpoRunConfig:
    plain = DmpoRunConfig(task=make_task(args.task))
    learner = OffPolicyConfig(
        seed=args.seed,
        mix=MixConfig(share=args.reuse_share),
        total_steps=plain.total_steps if args.steps is None else args.steps,
        warm_start=_path(args.warm_start),
    )
    env = replace(plain.env, num_envs=args.envs or DMPO_ENVS)
    return replace(plain, env=env, learner=learner, **_duel(args))


def _start(folder: Path | None) -> dict[str, str]:
    """What a run starts from: nothing, the run in a folder, or the bundle there."""
    if folder is None or has_checkpoint(folder):
        return {"warm_start": _path(folder)}
    if (folder / NETWORK_FILE).is_file() or _is_corrected(folder):
        return {"begins_as": str(folder.resolve())}
    if (folder / "script.json").is_file():
        raise RunError(
            f"--from: expected a run or the bundle of a learned policy, found the "
            f"scripted one in {folder}"
        )
    return {"warm_start": _path(folder)}


def _duel(args: argparse.Namespace) -> dict[str, Any]:
    """What a run with teachers has otherwise than one without."""
    if not args.teachers:
        return {}
    score, getup = map(str, args.teachers)
    duel = DuelConfig(
        score_teacher=score, getup_teacher=getup, from_score_teacher=False
    )
    return {"task": duel_task(), "duel": duel}


def _around(run: _Run, calibration: Path | None) -> _Run:
    """`run` with episodes drawn around the robot of a calibration file."""
    if calibration is None:
        return run
    if isinstance(run, CloneConfig):
        return replace(run, run=_around(run.run, calibration))
    ranges = calibrated(run.env.randomization, calibration)
    return replace(run, env=replace(run.env, randomization=ranges))


def _path(path: Path | None) -> str:
    return "" if path is None else str(path)
