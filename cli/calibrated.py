"""`--calibration FILE` where robots are simulated: as one of them was measured."""

import argparse
from pathlib import Path

from robot.contracts.calibration import CalibrationBundle
from robot.contracts.calibration_file import read_calibration
from sim.arena import ArenaConfig
from sim.calibrated_draws import calibrated_ranges
from sim.randomization import RandomizationConfig

EPISODES = "draw episodes around this robot, as op3-soccer calibrate measured it"
BODIES = "robots with this one's servos and camera, as op3-soccer calibrate measured it"


def add_calibration_option(
    parser: argparse.ArgumentParser, told: str = EPISODES
) -> None:
    """Declare it."""
    parser.add_argument("--calibration", type=Path, metavar="FILE", help=told)


def known_robot(file: Path | None) -> CalibrationBundle | None:
    """What `file` holds; None without one.

    Raises:
        ContractError: the file cannot be used; lists every fault.
    """
    return None if file is None else read_calibration(file)


def calibrated(ranges: RandomizationConfig, file: Path | None) -> RandomizationConfig:
    """`ranges`, drawn around the robot of `file`; as they are without one.

    Raises:
        ContractError: the file cannot be used; lists every fault.
    """
    if file is None:
        return ranges
    step_s = ArenaConfig(robots=()).timestep_s
    return calibrated_ranges(read_calibration(file), ranges, step_s)
