"""`op3-soccer session PLAN`: a tournament that runs by itself and survives crashes."""

import argparse
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli import session_runner
from cli.arguments import at_least_one
from cli.match_config import port_offset
from cli.session_bundles import bundle_hash, require_players
from cli.session_runner import SessionRunner, timestamp
from match.errors import MatchError
from match.session_plan import load_plan
from match.session_report import session_figures, write_session_report
from match.session_store import SessionStore
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec
from sim.robot_model import ModelError

ERRORS = (ContractError, MatchError, ModelError)
STORE, LOCK = "session.sqlite", "session.lock"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "session",
        help="a tournament from a plan: fixtures, results, standings, report",
        description="Plays each match in a process of its own, begins dead ones anew, "
        "keeps each result once, and writes one page with standings and films. The "
        "same command goes on where it was cut off.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN", help=".toml or .json file")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the session (session_out/NAME of the plan's file)",
    )
    parser.add_argument(
        "--processes",
        type=at_least_one,
        default=1,
        metavar="N",
        help="matches at a time (%(default)s); one takes about a core",
    )
    parser.add_argument(
        "--real",
        metavar="ADDRESS",
        help="real robots on the network with this broadcast address play the plan; a "
        "tracker must run (op3-soccer tracker run), each robot's program be started",
    )
    parser.add_argument(
        "--port-offset",
        type=port_offset,
        default=0,
        metavar="N",
        help="with --real: add N to all UDP ports",
    )


def run(args: argparse.Namespace) -> int:
    """Play what is unfinished, then report; reports too if it is cut off by Ctrl-C."""
    console = Console()
    plan = load_plan(args.plan)
    if args.real:
        plan = replace(plan, pitch="real")
    folder: Path = args.out or Path("session_out") / args.plan.stem
    bundles = {t.name: (args.plan.parent / t.bundle).resolve() for t in plan.teams}
    require_players(bundles)
    hashes = {name: bundle_hash(path) for name, path in bundles.items()}
    with (
        _only_session(folder),
        SessionStore(folder / STORE, plan, hashes, timestamp()) as store,
    ):
        runner = SessionRunner(
            plan,
            bundles,
            folder,
            store,
            processes=1 if args.real else args.processes,
            network=args.real or "",
            port_offset=args.port_offset,
            say=lambda line: console.print(line, highlight=False, soft_wrap=True),
        )
        try:
            _play(runner, console)
        finally:
            report = session_figures(plan, store.matches(), len(store.fixtures))
            write_session_report(
                folder,
                plan,
                report,
                begun_at=store.begun_at(),
                bundles=hashes,
                field=FieldSpec(),
            )
            for line in report.table:
                shown = f"{line.wins} won, {line.draws} drawn, {line.losses} lost"
                console.print(f"{line.name:>20}  {shown}", highlight=False)
            console.print(f"  {folder / 'report.html'}", soft_wrap=True)
    return 0


@contextmanager
def _only_session(folder: Path) -> Iterator[None]:
    """Nobody else plays into this folder meanwhile; ends with this process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("w")
    except OSError as error:
        fault = f"expected a folder that can be written, found: {error.strerror}"
        raise MatchError(str(folder), [f"{fault}; choose another --out"]) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fault = "expected no other session in this folder, found one running"
            raise MatchError(str(folder), [f"{fault}; choose another --out"]) from None
        yield


def _play(runner: SessionRunner, console: Console) -> None:
    bar = Progress(
        TextColumn("{task.completed:.0f} of {task.total:.0f} matches"),
        BarColumn(),
        TextColumn("{task.fields[playing]}"),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("", total=1, playing="")

        def on_look(now: session_runner.Progress) -> None:
            playing = ", ".join(
                f"#{number} {home} : {away} at {clock_s:.0f} s"
                for number, (clock_s, home, away) in sorted(now.playing.items())
            )
            bar.update(task, total=now.total, completed=now.done, playing=playing)

        runner.run(on_look)
