"""Joints held at known angles: the option, the reading, the rows in the store."""

import argparse
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calibration.errors import CalibrationError
from calibration.geometry.observations import JigReading
from calibration.geometry.take import raw_rad
from calibration.store import Store
from cli.arguments import positive_number
from cli.calibrate_seeing import SeeingRobot
from robot.contracts.joints import JOINT_NAMES

JIG = "jig "
"""Prefix of the measurements' keys."""
_READINGS = 10
_PAUSE_S = 0.02


def add_jig_options(parser: argparse.ArgumentParser, default: Sequence[str]) -> None:
    """`--jig`, `--no-jig` and `--jig-sigma`."""
    group = parser.add_argument_group("jig")
    group.add_argument(
        "--jig",
        type=_one_jig,
        action="append",
        metavar="JOINT=DEGREES",
        help="a joint that you hold at a known angle while it is limp, repeatable "
        f"({', '.join(default) or 'none'})",
    )
    group.add_argument(
        "--no-jig", action="store_true", help="nothing is held at a known angle"
    )
    group.add_argument(
        "--jig-sigma",
        type=positive_number,
        default=0.15,
        metavar="DEGREES",
        help="uncertainty of the jig or gauge (%(default)g)",
    )
    parser.set_defaults(default_jigs=[_one_jig(text) for text in default])


def wanted_jigs(args: argparse.Namespace) -> dict[str, float]:
    """Joint to angle, rad."""
    if args.no_jig:
        return {}
    return dict(args.jig or args.default_jigs)


def take_jigs(
    wanted: Mapping[str, float],
    sigma_deg: float,
    opened: SeeingRobot,
    store: Store,
    step: str,
) -> None:
    """Have each joint held and read it, unless the store has it.

    Raises:
        CalibrationError: a servo does not answer.
    """
    devices, clock = opened.robot.devices, opened.robot.clock
    for joint, angle_rad in wanted.items():
        if store.has(JIG + joint):
            continue
        opened.hold(joint, angle_rad)
        number, found = JOINT_NAMES.index(joint), []
        for _ in range(_READINGS):
            readings = devices.bus.read_joints()
            if readings.answered[number]:
                angles = devices.joint_map.joint_positions(readings.position_rad)
                found.append(raw_rad(angles, devices.joint_map)[number])
        if not found:
            raise CalibrationError(
                step,
                [
                    f"{joint}: expected its servo to answer, found silence; run "
                    "op3-soccer robot check"
                ],
            )
        store.add(
            JIG + joint,
            {
                "joint": number,
                "servo_rad": float(np.mean(found)),
                "joint_rad": angle_rad,
                "sigma_rad": math.radians(sigma_deg),
            },
        )
        clock.sleep_until(clock.now() + _PAUSE_S)


def jigs_of_rows(rows: Sequence[Mapping[str, Any]]) -> list[JigReading]:
    """What `take_jigs` wrote."""
    return [
        JigReading(
            joint=row["joint"],
            servo_rad=row["servo_rad"],
            joint_rad=row["joint_rad"],
            sigma_rad=row["sigma_rad"],
        )
        for row in rows
    ]


def _one_jig(text: str) -> tuple[str, float]:
    joint, _, angle = text.partition("=")
    try:
        if joint in JOINT_NAMES:
            return joint, math.radians(float(angle or "0"))
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(
        f"expected JOINT=DEGREES with one of {', '.join(JOINT_NAMES)}, found {text}"
    )
