"""`op3-soccer robot plot LOG`: pictures of what a robot did."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from cli.robot_figures import cycles_of, tracking_error_rad, write_figures
from robot.faults import Fault, RuntimeFault
from robot.record.log_reader import Log, read_log
from robot.record.schemas import CYCLE_TOPIC

ERRORS = (RuntimeFault,)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "plot",
        help="draw a log: joint tracking, temperatures, voltage, timing",
        description="Writes tracking.png, temperatures.png, voltage.png, timing.png.",
    )
    parser.add_argument("log", type=Path, help="log folder, or one .mcap file of it")
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder for the pictures (default: plots, beside the log's files)",
    )


def run(args: argparse.Namespace) -> int:
    """Draw and name the pictures."""
    console = Console()
    log = read_log(args.log)
    if not log.topic(CYCLE_TOPIC):
        raise RuntimeFault(
            Fault(
                reason="plot",
                expected="bus cycles in the log",
                found="none",
                remedy="give the log of a robot that ran",
            )
        )
    folder = args.out or log.files[0].parent / "plots"
    try:
        paths = write_figures(log, folder)
    except OSError as error:
        raise RuntimeFault(
            Fault(
                reason="plot",
                expected=f"to write in {folder}",
                found=error.strerror or str(error),
                remedy="choose another folder with --out",
            )
        ) from error
    console.print(f"{len(log.topic(CYCLE_TOPIC))} cycles; {_worst_joint(log)}")
    for path in paths:
        console.print(str(path), soft_wrap=True, highlight=False)
    return 0


def _worst_joint(log: Log) -> str:
    errors = tracking_error_rad(cycles_of(log))
    if not np.isfinite(errors).all():
        return "torque was never on"
    worst = int(errors.argmax())
    return f"worst tracking: {log.joints[worst]}, rms {errors[worst]:.4f} rad"
