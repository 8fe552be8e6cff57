"""`op3-soccer referee lead`: referee a match of real robots on a real pitch."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.arguments import positive_seconds
from cli.lab_config import RULES, lab_config, team_argument
from cli.lab_match import LabMatch
from cli.match_config import add_network_options
from cli.match_files import RECORD, say_file
from cli.page import add_page_option, open_page
from match.errors import MatchError
from match.game_controller import LOOPBACK_BROADCAST
from match.report import write_report
from robot.faults import RuntimeFault
from robot.network import TRACKER_PORT
from robot.real_time import MonotonicClock

ERRORS = (MatchError, RuntimeFault)
LOOK_S = 0.025


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "lead",
        help="referee a match of real robots, by the wall clock",
        description="Hears positions from trackers (the datagram of "
        f"robot/contracts/tracker.py, UDP {TRACKER_PORT}) and from the robots' "
        "reports, decides, and tells robots and monitors as the RoboCup "
        "GameController does. Play waits for Start on the page where there is one. "
        "Whoever stands at the pitch puts ball and robots where the lines say.",
    )
    parser.add_argument("--rules", choices=RULES, default="lab-1v1")
    for side, number, colour in (("home", 1, "blue"), ("away", 2, "red")):
        parser.add_argument(
            f"--{side}",
            type=team_argument,
            default=team_argument(f"{number}:{side}:{colour}"),
            metavar="NUMBER:NAME:COLOUR",
            help=f"{side} team ({number}:{side}:{colour})",
        )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        metavar="N",
        help="length of a period (the rule book's)",
    )
    parser.add_argument(
        "--address",
        default=LOOPBACK_BROADCAST,
        metavar="IP",
        help="broadcast address of the robots' network (%(default)s: this computer)",
    )
    add_page_option(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("lead_out"),
        metavar="DIR",
        help="folder for match.mcap, match.json, report.html (%(default)s)",
    )
    add_network_options(parser)


def run(args: argparse.Namespace) -> int:
    """Referee until the match is over or Ctrl-C; what happened is kept either way."""
    console = Console()
    config = lab_config(args)
    clock = MonotonicClock()
    begun_s = clock.now()

    def say(line: str) -> None:
        time_s = clock.now() - begun_s
        console.print(
            f"{time_s:7.1f} s  {escape(line)}", highlight=False, soft_wrap=True
        )

    match = LabMatch(config, args.out / RECORD, say)
    try:
        with match, open_page(args.page, console) as page:
            while not match.finished:
                now_s = clock.now() - begun_s
                match.look(now_s, page.commands())
                page.show(match.view)
                clock.sleep_until(begun_s + now_s + LOOK_S)
    finally:
        if match.begun:
            keep(match, args.out, console)
    return 0


def keep(match: LabMatch, folder: Path, console: Console) -> None:
    """Write figures and report."""
    config = match.config
    write_report(
        folder,
        summary=match.log.summary(),
        paths=match.log.paths(),
        decisions=match.log.decisions,
        field=config.field,
        teams=config.teams,
        facts={"rule book": config.rules.name, "seconds": config.rules.duration_s},
        video=None,
    )
    for name in (RECORD, "match.json", "report.html"):
        say_file(folder / name, console)
