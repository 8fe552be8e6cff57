"""`op3-soccer robot setup`: write the servos' EEPROM, with dump and restore."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.prompt import Confirm
from rich.table import Table

from cli import robot_link
from cli.robot_link import OpenRobot, add_robot_options, open_robot, robot_options
from robot.contracts.errors import ContractError
from robot.diagnosis.eeprom import (
    Change,
    EepromDump,
    changes_to_dump,
    changes_to_rules,
    read_dump,
    read_eeprom,
    refuse_torque,
    write_changes,
    write_dump,
)
from robot.diagnosis.finding import servo_names
from robot.diagnosis.servos import answering

ERRORS = robot_link.ERRORS
NOT_WANTED = 1


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "setup",
        help="write the servos' EEPROM settings, with dump and restore",
        description="Shows which EEPROM registers differ from what the runtime needs, "
        "saves all servos' EEPROM to a file, asks, writes, and reads back. Torque must "
        "be off; ids and baud rates are never written. Exit code 0: as wanted; 1: not "
        "written, because the answer was no; 2: it did not work.",
    )
    add_robot_options(parser)
    parser.add_argument(
        "--yes", action="store_true", help="write without asking (for scripts)"
    )
    parser.add_argument(
        "--dump",
        type=Path,
        default=None,
        metavar="FILE",
        help="where the EEPROM is saved before (op3-eeprom-DATE.json)",
    )
    parser.add_argument(
        "--restore",
        type=Path,
        default=None,
        metavar="FILE",
        help="write back what this dump holds, instead of the defaults",
    )


def run(args: argparse.Namespace) -> int:
    """Show, save, ask, write, verify."""
    wanted = None if args.restore is None else read_dump(args.restore)
    options = robot_options(args)
    console = Console()
    with open_robot(options) as robot:
        now = datetime.now().astimezone()
        found = _read(robot, f"{now.isoformat(timespec='seconds')} {robot.name}")
        if wanted is None:
            changes = changes_to_rules(found)
        else:
            changes = changes_to_dump(found, wanted)
        if not changes:
            console.print("nothing to write: the EEPROM is as wanted")
            return 0
        console.print(_table(robot, changes))
        if not (args.yes or _confirmed(console, len(changes))):
            console.print("nothing written")
            return NOT_WANTED
        dump = args.dump or Path(f"op3-eeprom-{now:%Y%m%d-%H%M%S}.json")
        write_dump(dump, found)
        console.print(f"saved what the servos hold now: {dump}", highlight=False)
        write_changes(robot.devices.bus, changes)
        console.print(
            f"written and read back: {len(changes)} registers; back to before with "
            f"--restore {dump}",
            highlight=False,
        )
    return 0


def _read(robot: OpenRobot, made: str) -> EepromDump:
    robot.devices.board.set_servo_power(True)
    answering(robot.devices.bus, robot.devices.joint_map, robot.pause)
    refuse_torque(robot.devices.bus)
    return read_eeprom(robot.devices.bus, made)


def _confirmed(console: Console, count: int) -> bool:
    """Ask a person.

    Raises:
        ContractError: nobody is there to be asked.
    """
    if not sys.stdin.isatty():
        raise ContractError(
            "setup",
            ["expected a terminal to ask on, found none; look at the table, add --yes"],
        )
    return Confirm.ask(f"write {count} registers?", console=console, default=False)


def _table(robot: OpenRobot, changes: tuple[Change, ...]) -> Table:
    names = servo_names(robot.devices.joint_map)
    table = Table(title=f"EEPROM of {robot.name}", box=box.SIMPLE_HEAD)
    for column in ("servo", "register"):
        table.add_column(column, no_wrap=True)
    for column in ("holds", "will hold"):
        table.add_column(column, justify="right")
    table.add_column("why", overflow="fold")
    for change in changes:
        table.add_row(
            names[change.servo_id],
            change.register,
            str(change.found),
            str(change.wanted),
            change.why,
        )
    return table
