"""The robot that a calibration step moves: real, or virtual with hidden true values."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from cli import robot_link
from cli.arguments import at_least_one, from_zero
from cli.robot_link import DEFAULT_PORT, RobotOptions, open_robot
from firmware_bridge.clock import Clock
from firmware_bridge.port import DEFAULT_BAUD
from robot.contracts.calibration import CalibrationBundle
from robot.joint_map import default_joint_map, read_joint_map, with_zeros
from robot.senses import Devices

ERRORS = robot_link.ERRORS


class Hand(Protocol):
    """Whoever puts the robot where a step needs it."""

    def hang(self) -> None:
        """Held by the torso, upright, legs and arms free."""
        ...

    def stand(self) -> None:
        """Held, its feet on the floor, until it stands by itself."""
        ...

    def let_go(self) -> None:
        """It stands."""
        ...

    def turn(self, told: str, quat_wxyz: tuple[float, ...]) -> None:
        """Limp, its torso turned like this, still."""
        ...


@dataclass(frozen=True, kw_only=True)
class MeasuredRobot:
    """What a step works with.

    Attributes:
        devices: with the zeros that are known in the joint map.
        clock: real or simulated.
        hand: a person, or the virtual robot's.
        truth: the virtual robot, whose camera steps may look through; None otherwise.
    """

    devices: Devices
    clock: Clock
    hand: Hand
    truth: Any = None


def add_measured_robot_options(parser: argparse.ArgumentParser) -> None:
    """The options that name the robot."""
    group = parser.add_argument_group("which robot")
    group.add_argument(
        "--port", default=DEFAULT_PORT, metavar="DEVICE", help="(%(default)s)"
    )
    group.add_argument(
        "--baud",
        type=at_least_one,
        default=DEFAULT_BAUD,
        metavar="N",
        help="(%(default)s)",
    )
    group.add_argument(
        "--joint-map",
        type=Path,
        metavar="FILE",
        help="ids and signs of this robot's servos (the vendor's)",
    )
    group.add_argument(
        "--virtual",
        action="store_true",
        help="a simulated OP3 with hidden true values, in simulated time",
    )
    group.add_argument(
        "--hidden",
        type=from_zero,
        default=1,
        metavar="N",
        help="with --virtual: which one (%(default)s)",
    )
    group.add_argument(
        "--worn",
        action="store_true",
        help="with --virtual: every zero is 3 degrees off and servos have 60 %% of "
        "their strength",
    )
    group.add_argument(
        "--block",
        metavar="JOINT",
        help="with --virtual: a joint that is jammed",
    )


@contextmanager
def open_measured_robot(
    args: argparse.Namespace, known: CalibrationBundle, console: Console
) -> Iterator[MeasuredRobot]:
    """The robot of the options, until the block is left.

    Raises:
        BusError: the port cannot be opened.
        ContractError: a broken joint map, or zeros of unknown joints.
    """
    plain = read_joint_map(args.joint_map) if args.joint_map else default_joint_map()
    joint_map = with_zeros(plain, known.zeros_rad)
    if args.virtual:
        # The simulator is imported for virtual robots only.
        from cli.hidden_robot import HiddenRobot, VirtualHand
        from sim.hidden_dynamics import draw_dynamics, worn

        truth = worn(args.hidden) if args.worn else draw_dynamics(args.hidden)
        robot = HiddenRobot(truth, args.hidden, joint_map)
        if args.block:
            robot.world.block(args.block)
        yield MeasuredRobot(
            devices=robot.devices, clock=robot, hand=VirtualHand(robot), truth=robot
        )
        return
    options = RobotOptions(port=args.port, baud=args.baud, joint_map=joint_map)
    with open_robot(options) as opened:
        yield MeasuredRobot(
            devices=opened.devices, clock=opened.clock, hand=Person(console)
        )


class Person:
    """Asks whoever sits in front of the screen."""

    def __init__(self, console: Console):
        self._console = console

    def hang(self) -> None:
        self._ask(
            "Clamp the robot's torso in its stand, upright within a degree, nothing in "
            "reach of arms and legs"
        )

    def stand(self) -> None:
        self._ask(
            "Hold the robot by its torso, feet on a level floor; it will move to its "
            "stand, then let go slowly and keep your hands near"
        )

    def let_go(self) -> None:
        self._console.print("Let go.", style="bold")

    def turn(self, told: str, quat_wxyz: tuple[float, ...]) -> None:
        self._ask(told)

    def _ask(self, what: str) -> None:
        self._console.print(f"{what}, then press Enter.", style="bold")
        input()
