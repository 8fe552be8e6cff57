"""`op3-soccer robot replay LOG`: the same policy, asked again; where it differs."""

import argparse
import math
import os
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from robot.contracts.errors import ContractError
from robot.faults import Fault, RuntimeFault
from robot.player import Player, load_player
from robot.record.log_reader import Log, read_log
from robot.record.replay import Replay, replay

ERRORS = (ContractError, RuntimeFault)
EQUAL, DIFFERENT = 0, 1
DEFAULT_SKILLS = Path(__file__).parent.parent / "policies" / "scripted"
_ROWS = 20


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "replay",
        help="feed a log's observations through a policy, show where it differs",
        description="Asks the policies again what the log says they were asked. Exit "
        "code 0: every action is the same; 1: some differ.",
    )
    parser.add_argument("log", type=Path, help="log folder, or one .mcap file of it")
    parser.add_argument(
        "--bundle",
        type=Path,
        default=None,
        help="a walk bundle or a folder of bundles (default: the one the log names)",
    )
    parser.add_argument(
        "--tolerance",
        type=_tolerance,
        default=0.0,
        metavar="X",
        help="largest difference of an action that counts as the same (default 0: "
        "bit for bit; another computer may need 1e-5)",
    )


def run(args: argparse.Namespace) -> int:
    """Replay and report."""
    console = Console()
    log = read_log(args.log)
    player = _player(log, args.bundle)
    policies = {str(role): policy for role, policy in player.policies.items()}
    found = replay(log, policies, args.tolerance)
    if not log.complete:
        console.print("the log was broken off; read up to the break")
    _report(console, found, args.tolerance)
    return DIFFERENT if found.differences else EQUAL


def _player(log: Log, bundle: Path | None) -> Player:
    named = log.facts.get("bundle")
    if bundle is None and not named:
        raise RuntimeFault(
            Fault(
                reason="replay",
                expected="a bundle named in the log",
                found=f"none in {log.files[0]}",
                remedy="give it: --bundle BUNDLE",
            )
        )
    defaults = log.facts.get("defaults", str(DEFAULT_SKILLS)).split(os.pathsep)
    return load_player(bundle or Path(str(named)), tuple(map(Path, defaults)))


def _report(console: Console, found: Replay, tolerance: float) -> None:
    asked = ", ".join(f"{count} {skill}" for skill, count in found.compared.items())
    console.print(f"policy steps asked again: {asked or 'none'}")
    if found.skipped:
        console.print(
            f"{found.skipped} steps not asked: their recurrent state is not in the log"
        )
    if found.identical:
        console.print("every action has the same bits")
    else:
        console.print(f"largest difference of an action: {found.largest:.3g}")
    if not found.differences:
        return
    table = Table(
        box=box.SIMPLE, title=f"actions that differ by more than {tolerance:g}"
    )
    for heading in ("skill", "joint", "largest rad", "steps", "first step", "at s"):
        table.add_column(heading, justify="left" if heading == "joint" else "right")
    for item in found.differences[:_ROWS]:
        table.add_row(
            item.skill,
            item.joint,
            f"{item.largest_rad:.3g}",
            str(item.steps),
            str(item.first),
            f"{item.first_s:.3f}",
        )
    console.print(table)
    first = min(found.differences, key=lambda item: item.first)
    console.print(
        f"first difference: policy step {first.first} at {first.first_s:.3f} s, "
        f"{first.skill}, {first.joint}"
    )


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number >= 0, found {text}")
    return value
