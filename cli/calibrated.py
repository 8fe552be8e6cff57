"""`--calibration FILE` where robots are simulated: episodes of one measured robot."""

import argparse
from pathlib import Path

from robot.contracts.calibration_file import read_calibration
from sim.arena import ArenaConfig
from sim.calibrated_draws import calibrated_ranges
from sim.randomization import RandomizationConfig


def add_calibration_option(parser: argparse.ArgumentParser) -> None:
    """Declare it."""
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="draw episodes around this robot, as op3-soccer calibrate measured it",
    )


def calibrated(ranges: RandomizationConfig, file: Path | None) -> RandomizationConfig:
    """`ranges`, drawn around the robot of `file`; as they are without one.

    Raises:
        ContractError: the file cannot be used; lists every fault.
    """
    if file is None:
        return ranges
    step_s = ArenaConfig(robots=()).timestep_s
    return calibrated_ranges(read_calibration(file), ranges, step_s)
