"""What the steps that look at boards share: their options, and taking the views."""

import argparse
from collections.abc import Sequence

from rich.console import Console

from calibration.geometry.clearance import Clearance
from calibration.geometry.take import Round, Taker, take
from calibration.store import Store
from cli.calibrate_jig import add_jig_options
from cli.calibrate_seeing import SeeingRobot, add_seeing_robot_options
from cli.calibrate_step import add_step_options


def add_view_options(parser: argparse.ArgumentParser, jigs: Sequence[str]) -> None:
    """Where it is kept, what is held in a jig, which robot.

    Args:
        parser: of the step.
        jigs: joints held at known angles unless the user says otherwise.
    """
    add_step_options(parser)
    add_jig_options(parser, jigs)
    add_seeing_robot_options(parser)


def take_views(
    rounds: Sequence[Round],
    opened: SeeingRobot,
    clearance: Clearance,
    store: Store,
    step: str,
    console: Console,
) -> None:
    """Move, look, keep; every view is on the disk before the next motion.

    Raises:
        CalibrationError: no board where one should be, a blocked way, or a stop.
        RuntimeFault: a servo, the board or the camera failed.
    """

    def report(number: int, count: int, seen: str) -> None:
        console.print(f"view {number} of {count}: {seen}", highlight=False)

    with opened.held(step) as robot:
        taker = Taker(
            robot=robot,
            camera=opened.camera,
            clock=opened.robot.clock,
            joint_map=opened.robot.devices.joint_map,
            clearance=clearance,
            store=store,
            step=step,
            report=report,
        )
        for wanted in rounds:
            take(taker, wanted)
