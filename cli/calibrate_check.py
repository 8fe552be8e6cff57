"""`op3-soccer calibrate check`: the robot of today against its calibration file."""

import argparse
import sys
from dataclasses import replace
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from calibration.drift import (
    STEP,
    Row,
    imu_rows,
    need_parts,
    servo_rows,
    to_redo,
)
from calibration.errors import CalibrationError
from calibration.imu import POSITIONS, record_rest
from calibration.motion_player import MotionPlayer
from calibration.page import Page
from calibration.servo.motions import check_motions
from cli import calibrate_robot
from cli.calibrate_robot import add_measured_robot_options, open_measured_robot
from cli.calibrate_step import StepPlace, add_step_options, step_place
from cli.robot_stops import add_stop_options, open_stops
from robot.contracts.calibration import CalibrationBundle

ERRORS = (CalibrationError, *calibrate_robot.ERRORS)
CHANGED = 1
_UPRIGHT = POSITIONS[0]


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check",
        help="has the robot changed since its file was made?",
        description="Two minutes with the torso in its stand: the sensor board at rest "
        "and eight seconds of motion of all joints, compared with what the file says. "
        "Camera and head need a board in view: their own steps measure them. Exit code "
        "0: as the file says; 1: something is to be done again.",
    )
    add_measured_robot_options(parser)
    add_step_options(parser)
    add_stop_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, compare, say what to do again."""
    console = Console()
    place = step_place(args, STEP)
    known = place.known()
    need_parts(known)
    rows = _measured(args, known, console)
    _write(place, rows)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("what", "file", "today", ""):
        table.add_column(heading)
    for row in rows:
        verdict = "[bold red]changed[/]" if row.changed else "as before"
        table.add_row(row.what, row.before, row.today, verdict)
    console.print(table)
    redo = to_redo(rows)
    for command in redo:
        console.print(f"do again: {command}", style="bold")
    console.print(f"report: {place.report}", highlight=False)
    return CHANGED if redo else 0


def _measured(
    args: argparse.Namespace, known: CalibrationBundle, console: Console
) -> list[Row]:
    rows: list[Row] = []
    with open_measured_robot(args, known, console) as robot:
        robot.hand.hang()
        robot.clock.sleep_until(robot.clock.now() + 0.5)
        if known.imu is not None:
            rest = record_rest(robot.devices.board, robot.clock)
            rows += imu_rows(known.imu, _UPRIGHT, rest)
        if known.servos is None:
            return rows
        with open_stops(args, sys.stdin) as stops:
            recordings = []
            player = MotionPlayer(robot.devices, robot.clock, STEP, stops=stops)
            with player:
                for motion in check_motions():
                    console.print(f"moving: {motion.name}")
                    player.go_to(motion.goals_rad[0])
                    recordings.append(player.play(motion.goals_rad))
    console.print("torque is off; comparing")
    return rows + servo_rows(known.servos, recordings)


def _write(place: StepPlace, rows: list[Row]) -> None:
    page = Page("Then and now")
    told = [
        (
            row.what,
            row.before,
            row.today,
            "!" + row.redo if row.changed else "as before",
        )
        for row in rows
    ]
    page.table(("what", "file", "today", "do again"), told)
    page.write(replace(place, step=STEP).report)
