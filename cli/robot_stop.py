"""`op3-soccer robot stop`: stop a running robot, or switch torque off over the bus."""

import argparse
from typing import Any

from rich.console import Console

from cli import robot_link
from cli.arguments import from_zero
from cli.robot_link import add_robot_options, open_robot, robot_options
from robot.bring_up import go_limp
from robot.faults import Fault, RuntimeFault
from robot.stop import EVERYBODY, STOP_PORT, send_stop

ERRORS = robot_link.ERRORS
NOT_LIMP = 1
MOST_NOTES = 3
LOCALHOST = "127.0.0.1"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "stop",
        help="stop a running robot, or switch torque off over the bus",
        description="Without --bus: sends a stop message to the programs that run "
        "robots (`robot run`, `robot pose`); they let the robot sink, then switch "
        "torque off. The message has no answer: look at the robot. With --bus: no "
        "program runs; opens the port and switches torque off at once. Hold the robot.",
    )
    parser.add_argument(
        "--host",
        default=LOCALHOST,
        help="robot's name or address, or a broadcast address (%(default)s)",
    )
    for name, what in (("team", "whose robots"), ("player", "which of them")):
        parser.add_argument(
            f"--{name}",
            type=from_zero,
            default=EVERYBODY,
            metavar="N",
            help=f"{what}; 0 for all (%(default)s)",
        )
    parser.add_argument(
        "--stop-port",
        type=from_zero,
        default=STOP_PORT,
        metavar="N",
        help="UDP port (%(default)s)",
    )
    parser.add_argument("--bus", action="store_true", help="over the servo bus instead")
    add_robot_options(parser)


def run(args: argparse.Namespace) -> int:
    """Stop."""
    return _over_the_bus(args) if args.bus else _over_the_network(args)


def _over_the_network(args: argparse.Namespace) -> int:
    try:
        send_stop(args.host, args.stop_port, team=args.team, player=args.player)
    except (OSError, OverflowError) as error:
        raise RuntimeFault(
            Fault(
                reason="stop message not sent",
                expected=f"to reach {args.host}, UDP port {args.stop_port}",
                found=str(error),
                remedy="check the address; or use the robot's button or --bus",
            )
        ) from error
    Console().print(f"stop message sent to {args.host}; look at the robot")
    return 0


def _over_the_bus(args: argparse.Namespace) -> int:
    console = Console()
    with open_robot(robot_options(args)) as robot:
        notes = go_limp(robot.devices)
    # The last note says what became of it; before it stands each servo by itself.
    for note in notes[:MOST_NOTES] + notes[MOST_NOTES:][-1:]:
        console.print(note, highlight=False)
    unsure = any(note.endswith("did not confirm") for note in notes)
    console.print("torque off is not confirmed" if unsure else "torque is off")
    return NOT_LIMP if unsure else 0
