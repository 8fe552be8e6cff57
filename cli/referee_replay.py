"""`op3-soccer referee replay`: a recorded match is refereed again."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.match_files import RECORD
from match.errors import MatchError
from match.replay import Recording, Replay, read_recording, replay

ERRORS = (MatchError,)
DIFFERENT = 1


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "replay",
        help="referee a recorded match again: are the decisions the same?",
        description="Feeds a record's observations and orders to the referee again and "
        "compares every decision: kind, time, team, player, reason, evidence and "
        "placements. Exit code 1 if any differs.",
    )
    parser.add_argument(
        "matches",
        type=Path,
        nargs="+",
        metavar="MATCH",
        help="a match.mcap, or the folder of a match",
    )
    parser.add_argument(
        "--decisions", action="store_true", help="print all decisions as well"
    )


def run(args: argparse.Namespace) -> int:
    """Replay every match; 1 if the decisions of any differ."""
    console = Console()
    same = True
    for match in args.matches:
        path = match / RECORD if match.is_dir() else match
        recording = read_recording(path)
        again = replay(recording)
        same = same and again.difference is None
        if args.decisions:
            console.print(_table(again))
        console.print(escape(_line(path, recording, again)), soft_wrap=True)
    return 0 if same else DIFFERENT


def _line(path: Path, recording: Recording, again: Replay) -> str:
    home, away = recording.teams
    score = again.state.score
    verdict = again.difference or "all as recorded"
    broken = "" if recording.whole else ", broken off"
    return (
        f"{path}: {home.name} {score[0]} : {score[1]} {away.name}, "
        f"{len(recording.looks)} looks, {len(again.decisions)} decisions{broken}: "
        f"{verdict}"
    )


def _table(again: Replay) -> Table:
    table = Table("no", "s", "decision", "team", "player", "rule", "reason")
    for decision in again.decisions:
        cells = (
            decision["number"],
            f"{decision['time_s']:.2f}",
            decision["kind"],
            decision["team"] or "",
            decision["player"] or "",
            decision["rule"],
            decision["reason"],
        )
        table.add_row(*(escape(str(cell)) for cell in cells))
    return table
