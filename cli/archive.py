"""`op3-soccer archive list|show|check`: what runs have recorded with --archive."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.archive_plot import plot_returns
from training.archive import ArchiveError, ArchiveReader
from training.archive_check import check_archive
from training.archive_summary import find_archives, histogram, summary

ERRORS = (ArchiveError,)
DAMAGED = 1


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "archive",
        help="list, show and check archives of earlier runs' data",
        description="Archives hold all data of a run (train --archive PATH) for later "
        "runs to reuse (train --reuse PATH). They can be read while a run writes.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    every = actions.add_parser("list", help="all archives below a folder")
    every.add_argument("folder", type=Path, nargs="?", default=Path(), help="(here)")
    one = actions.add_parser("show", help="what one archive holds")
    one.add_argument("archive", help="folder or URL")
    one.add_argument(
        "--plot", type=Path, metavar="PNG", help="draw the returns over steps"
    )
    check = actions.add_parser(
        "check", help="decode every chunk; exit code 1 if anything is wrong"
    )
    check.add_argument("archive", nargs="+", help="folders or URLs")
    for action in (every, one, check):
        action.add_argument("--json", action="store_true", help="print one JSON value")


def run(args: argparse.Namespace) -> int:
    """List, show or check."""
    return {"list": _list, "show": _show, "check": _check}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    if not args.folder.is_dir():
        raise ArchiveError(f"{args.folder}: expected a folder to look in, found none")
    found = [summary(ArchiveReader(path)) for path in find_archives(args.folder)]
    if args.json:
        print(json.dumps(found, indent=1))
        return 0
    table = Table(title=f"archives below {args.folder}")
    for heading in ("archive", "task", "learner"):
        table.add_column(heading, overflow="fold")
    for heading in ("steps", "episodes", "last return", "MB"):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(
            escape(one["archive"]),
            one["task"],
            one["learner"],
            f"{one['steps']:,}",
            f"{one['episodes']:,}",
            _number(one["last_return"]),
            f"{one['stored_bytes'] / 1e6:.1f}",
        )
    Console().print(table if found else f"no archives below {args.folder}")
    return 0


def _show(args: argparse.Namespace) -> int:
    reader = ArchiveReader(args.archive)
    facts, episodes = summary(reader), reader.episodes()
    if args.plot is not None:
        plot_returns(episodes, args.plot, f"{facts['task']}: {args.archive}")
    if args.json:
        bins = [[low, high, count] for low, high, count in histogram(episodes.total)]
        print(json.dumps(facts | {"histogram": bins}, indent=1))
        return 0
    console = Console()
    table = Table(title=str(args.archive), show_header=False)
    for name, value in facts.items():
        plain = value if isinstance(value, str) else json.dumps(value)
        table.add_row(name.replace("_", " "), escape(plain))
    console.print(table)
    _print_histogram(console, episodes.total)
    if args.plot is not None:
        console.print(f"plot in {args.plot}")
    return 0


def _check(args: argparse.Namespace) -> int:
    results, faulty = [], False
    for location in args.archive:
        findings = check_archive(ArchiveReader(location))
        faulty = faulty or bool(findings.faults)
        results.append({"archive": location} | vars(findings))
        if args.json:
            continue
        print(
            f"{location}: {findings.chunks} chunks, {findings.rows} rows, "
            f"{findings.steps} steps, {findings.episodes} episodes: "
            + ("damaged" if findings.faults else "whole")
        )
        for fault in findings.faults:
            print(f"  {fault}")
    if args.json:
        print(json.dumps(results, indent=1))
    return DAMAGED if faulty else 0


def _print_histogram(console: Console, totals: Any, width: int = 40) -> None:
    bins = histogram(totals)
    if not bins:
        console.print("no episode has ended yet")
        return
    most = max(count for *_, count in bins)
    console.print(f"returns of {len(totals)} episodes")
    for low, high, count in bins:
        bar = "#" * round(width * count / most)
        console.print(f"  {low:10.2f} to {high:10.2f}  {count:6d}  {bar}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
