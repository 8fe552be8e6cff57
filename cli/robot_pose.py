"""`op3-soccer robot pose NAME|FILE`: move slowly to a pose, hold it, go limp."""

import argparse
import math
import sys
from contextlib import ExitStack
from typing import Any

from rich.console import Console

from cli import robot_link
from cli.arguments import positive_number, positive_seconds
from cli.robot_link import add_robot_options, open_robot, robot_options
from cli.robot_stops import add_stop_options, open_stops
from robot.bring_up import BringUpConfig, bring_up
from robot.contracts.policy import ServoGains
from robot.poses import NAMED, named_or_read
from robot.slow_move import SlowMove, SlowMoveConfig, largest_errors

ERRORS = robot_link.ERRORS
_DEFAULTS = SlowMoveConfig()


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "pose",
        help="move slowly to a pose, hold it, go limp",
        description="Checks the servos, switches torque on at limited strength, moves "
        "slowly, holds, lets the robot down and switches torque off. Any key stops it. "
        "Hold or hang the robot: nothing here keeps its balance.",
    )
    parser.add_argument(
        "pose",
        metavar="NAME|FILE",
        help=f"{', '.join(NAMED)}, or a JSON file of joint names and rad",
    )
    add_robot_options(parser)
    parser.add_argument(
        "--hold",
        type=_hold,
        default=_DEFAULTS.hold_s,
        metavar="N",
        help="seconds, or `forever` (%(default)g)",
    )
    parser.add_argument(
        "--speed",
        type=positive_number,
        default=_DEFAULTS.speed_rad_s,
        metavar="N",
        help="of the fastest joint, rad/s (%(default)g)",
    )
    parser.add_argument(
        "--torque",
        type=_percent,
        default=_DEFAULTS.torque_share,
        metavar="PERCENT",
        help=f"of full torque ({100 * _DEFAULTS.torque_share:g})",
    )
    add_stop_options(parser)


def run(args: argparse.Namespace) -> int:
    """Move there and back to limp."""
    pose = named_or_read(args.pose)
    config = SlowMoveConfig(
        speed_rad_s=args.speed, torque_share=args.torque, hold_s=args.hold
    )
    # The hand never lets go of a virtual robot: a pose is no balance.
    options = robot_options(args, let_go_after_s=None)
    console = Console()

    def report(phase: str, seconds: float) -> None:
        told = "until a key is pressed" if math.isinf(seconds) else f"{seconds:.1f} s"
        console.print(f"{phase}: {told}", highlight=False)

    with ExitStack() as stack:
        robot = stack.enter_context(open_robot(options))
        stops = stack.enter_context(open_stops(args, sys.stdin))
        bring_up(robot.devices, ServoGains(), BringUpConfig(), robot.pause)
        move = SlowMove(
            robot.devices, robot.clock, pose, config, stops=stops, report=report
        )
        result = move.run()
    if result.stopped_by:
        console.print(f"stopped: {result.stopped_by}", highlight=False)
    told = ", ".join(
        f"{name} {error:+.3f}"
        for name, error in largest_errors(result.error_rad).items()
    )
    console.print(f"farthest from the pose, rad: {told}", highlight=False)
    for note in result.limp_notes:
        console.print(f"torque off, not at once: {note}", highlight=False)
    console.print("torque is off")
    return 0


def _hold(text: str) -> float:
    return math.inf if text == "forever" else positive_seconds(text)


def _percent(text: str) -> float:
    value = positive_number(text) / 100
    if value > 1:
        raise argparse.ArgumentTypeError(f"expected at most 100 %, found {text}")
    return value
