"""`op3-soccer calibrate show`: what a calibration file holds."""

import argparse
import math
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.calibrate_step import CALIBRATION_FILE, DEFAULT_FOLDER
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.calibration_file import read_calibration
from robot.contracts.errors import ContractError

ERRORS = (ContractError,)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "show", help="what a calibration file holds"
    )
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        default=DEFAULT_FOLDER / CALIBRATION_FILE,
        help="(%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Print its parts, and the joint zeros."""
    bundle = read_calibration(args.file)
    console = Console()
    console.print(parts_table(bundle))
    if bundle.joints:
        console.print(zeros_table(bundle))
    return 0


def parts_table(bundle: CalibrationBundle) -> Table:
    """One row per part."""
    table = Table(title=f"calibration, format {bundle.version}")
    for heading in ("part", "made", "robot", "measurements", "residual"):
        table.add_column(heading)
    for name in bundle.parts:
        made = getattr(bundle, name).provenance
        table.add_row(
            name, made.made, made.robot, str(made.measurements), made.residual
        )
    return table


def zeros_table(bundle: CalibrationBundle) -> Table:
    """One row per joint zero, in degrees."""
    table = Table(title="joint zeros")
    for heading in ("joint", "zero, deg", "1 sigma, deg", "from"):
        table.add_column(heading, justify="right" if "deg" in heading else "left")
    for zero in bundle.joints.zeros if bundle.joints else ():
        table.add_row(
            zero.joint,
            f"{math.degrees(zero.zero_rad.value):+.2f}",
            f"{math.degrees(zero.zero_rad.sigma):.2f}",
            zero.source,
        )
    return table
