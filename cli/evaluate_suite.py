"""`op3-soccer evaluate BUNDLE --suite paper`: the papers' protocols, whole stack."""

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeft

from cli.arguments import at_least_one, from_zero, positive_seconds
from cli.calibrated import known_robot
from cli.suite_duel import DuelJob, DuelMatch, duel_results, play_duel
from cli.suite_jobs import (
    PROTOCOLS,
    Job,
    SuiteConfig,
    SuiteError,
    TrialFile,
    in_processes,
    jobs_of,
    run_job,
    suite_player,
)
from cli.suite_report import table, write_files
from match.errors import MatchError
from robot.contracts.errors import raise_if_any
from robot.player import own_skills
from sim.robot_model import model_hash
from training.paper_results import Outcome, results

ERRORS = (MatchError, SuiteError)
INTERRUPTED = 130


DEFAULTS: Mapping[str, Any] = {
    "trials": 50,
    "only": PROTOCOLS,
    "nominal": False,
    "no_pushes": False,
    "duel": 0,
    "duel_seconds": 120.0,
    "jobs": min(2, os.cpu_count() or 1),
    "out": None,
}
"""Of the suite's options; argparse has None for each, to tell what was typed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the suite; the others belong to the walk's episodes."""
    group = parser.add_argument_group("with --suite paper")
    group.add_argument(
        "--trials",
        type=at_least_one,
        metavar="N",
        help=f"per protocol and player, for get-ups per posture ({DEFAULTS['trials']})",
    )
    group.add_argument(
        "--only",
        nargs="*",
        choices=PROTOCOLS,
        metavar="PROTOCOL",
        help=f"some of {', '.join(PROTOCOLS)}; none for a duel alone",
    )
    for name, what in (("nominal", "randomization"), ("no-pushes", "pushes")):
        group.add_argument(
            f"--{name}", action="store_true", default=None, help=f"without {what}"
        )
    group.add_argument(
        "--duel",
        type=from_zero,
        metavar="N",
        help="also play N matches against the scripted player, sides swapped",
    )
    group.add_argument(
        "--duel-seconds",
        type=positive_seconds,
        metavar="S",
        help=f"length of each ({DEFAULTS['duel_seconds']:g})",
    )
    group.add_argument(
        "--jobs",
        type=at_least_one,
        metavar="N",
        help=f"processes ({DEFAULTS['jobs']})",
    )
    group.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write paper.json, paper.html and pictures there; keep every finished "
        "trial in trials.jsonl and go on from it",
    )


@dataclass(kw_only=True)
class _Haul:
    """What the run has brought so far; Ctrl-C leaves it as it is."""

    matches: list[DuelMatch] = field(default_factory=list)
    wall_s: float = 0.0
    stopped: bool = False


def run(args: argparse.Namespace) -> int:
    """Run what is missing, print, write. Returns 130 after Ctrl-C, with what there is.

    Raises:
        ContractError: a bundle is missing, broken or of another robot model.
        SuiteError: the folder cannot be used.
    """
    config = SuiteConfig(
        bundle=args.bundle,
        trials=args.trials,
        protocols=tuple(name for name in PROTOCOLS if name in args.only),
        seed=args.seed,
        nominal=args.nominal,
        pushes=not args.no_pushes,
        calibration=args.calibration,
    )
    _check(config.bundle)
    known_robot(args.calibration)
    file = TrialFile(args.out, config)
    jobs = jobs_of(config)
    duels = [
        DuelJob(
            bundle=config.bundle,
            seconds=args.duel_seconds,
            seed=config.seed,
            number=number,
        )
        for number in range(args.duel)
    ]
    haul = _run_all(file, jobs, duels, args.jobs)
    outcomes = file.of(jobs)
    found = _found(config, outcomes, haul, duels)
    console = Console(stderr=True)
    if args.out is not None:
        films = {k: file.films[k] for k in config.protocols if k in file.films}
        notice = write_files(args.out, found, outcomes, films)
        for line in (notice, f"{args.out / 'paper.html'}"):
            if line:
                console.print(line, soft_wrap=True)
    if args.json:
        print(json.dumps(found, indent=1, allow_nan=False))
    else:
        Console().print(table(found))
    return INTERRUPTED if haul.stopped else 0


def _check(bundle: Path) -> None:
    """Refuse before the first trial what no trial can use."""
    expected = model_hash()
    faults = [
        f"{spec.role}: expected robot model {expected[:12]}, found "
        f"{spec.robot_model_sha256[:12]}; make the bundle again for this model"
        for spec in suite_player(bundle).specs
        if spec.robot_model_sha256 != expected
    ]
    raise_if_any(str(bundle), faults)


def _run_all(
    file: TrialFile, jobs: Sequence[Job], duels: Sequence[DuelJob], processes: int
) -> _Haul:
    """Trials, then matches; Ctrl-C keeps what is finished."""
    haul = _Haul()
    missing = file.missing(jobs)
    started = time.perf_counter()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeLeft(),
        console=Console(stderr=True),
    )
    with bar:
        done = len(jobs) - len(missing)
        trial_bar = bar.add_task("trials", total=len(jobs), completed=done)
        duel_bar = bar.add_task("matches", total=len(duels), visible=bool(duels))
        try:
            for outcome, frames in in_processes(run_job, missing, processes):
                file.add(outcome)
                if len(frames):
                    file.add_film(outcome.protocol, frames)
                bar.advance(trial_bar)
            for match in in_processes(play_duel, duels, processes):
                haul.matches.append(match)
                bar.advance(duel_bar)
        except KeyboardInterrupt:
            haul.stopped = True
    haul.wall_s = time.perf_counter() - started
    return haul


def _found(
    config: SuiteConfig,
    outcomes: Sequence[Outcome],
    haul: _Haul,
    duels: Sequence[DuelJob],
) -> dict[str, Any]:
    """The JSON object."""
    roles = sorted(own_skills(config.bundle))
    found: dict[str, Any] = {
        "suite": "paper",
        "bundle": str(config.bundle),
        "name": config.bundle.resolve().name,
        "roles": roles,
        "seed": config.seed,
        "trials": config.trials,
        "randomization": not config.nominal,
        "pushes": config.pushes,
        "complete": not haul.stopped,
        "wall_s": round(haul.wall_s, 1),
    }
    found |= results(outcomes, frozenset(roles))
    found["falls"] = {
        who: sum(o.falls for o in outcomes if o.who == who)
        for who in sorted({o.who for o in outcomes})
    }
    if haul.matches:
        found["duel"] = duel_results(haul.matches, duels[0])
    return found
