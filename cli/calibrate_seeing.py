"""A robot that a step moves and looks through: camera, helping hand, torque off."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from calibration.geometry.plan import base_pose
from calibration.geometry.stage import Stage, StageCamera
from calibration.held_robot import HeldConfig, HeldRobot
from cli import calibrate_robot
from cli.calibrate_robot import (
    MeasuredRobot,
    add_measured_robot_options,
    open_measured_robot,
)
from cli.robot_stops import add_stop_options, open_stops
from robot.bring_up import BringUpConfig, bring_up
from robot.camera.source import CameraSource
from robot.camera.v4l2 import C920, open_camera
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.policy import ServoGains
from robot.stop import StopSource
from sim.hidden_op3 import draw_hidden
from sim.robot_model import ModelError

ERRORS = (*calibrate_robot.ERRORS, ModelError)


@dataclass(frozen=True, kw_only=True)
class SeeingRobot:
    """An open robot with a camera on its head and somebody beside it.

    Attributes:
        robot: servos up, torque off.
        camera: on the head.
        ask: has the person do something, and waits; limp limbs are then as in
            `base_pose`.
        hold: has the person hold a joint at an angle, rad; joints are by name.
        stops: what may stop it.
    """

    robot: MeasuredRobot
    camera: CameraSource
    ask: Callable[[str], None]
    hold: Callable[[str, float], None]
    stops: Sequence[StopSource]

    def held(self, step: str) -> HeldRobot:
        """The robot with torque on, as long as the block lasts."""
        return HeldRobot(
            self.robot.devices,
            self.robot.clock,
            HeldConfig(),
            step,
            stops=self.stops,
            waits=self.robot.truth is None,
        )


def add_seeing_robot_options(parser: argparse.ArgumentParser) -> None:
    """Which robot and camera; what stops it."""
    add_measured_robot_options(parser)
    parser.add_argument(
        "--camera",
        type=Path,
        default=Path(C920.device),
        metavar="DEVICE",
        help="camera on the robot's head (%(default)s)",
    )
    add_stop_options(parser)


@contextmanager
def open_seeing_robot(
    args: argparse.Namespace,
    known: CalibrationBundle,
    boards: Sequence[str],
    console: Console,
) -> Iterator[SeeingRobot]:
    """The robot, hanging, checked and configured, torque off.

    Args:
        args: of `add_seeing_robot_options`.
        known: of this robot; its zeros are counted with.
        boards: mounts that carry their board, on the virtual robot.
        console: to ask the person on.

    Raises:
        BusError, ContractError, RuntimeFault: no robot or camera as it should be.
    """
    with ExitStack() as stack:
        stops = stack.enter_context(open_stops(args, sys.stdin))
        robot = stack.enter_context(open_measured_robot(args, known, console))
        robot.hand.hang()
        if robot.truth is not None:
            opened = _virtual(robot, args.hidden, boards, stops)
        else:
            camera = open_camera(replace(C920, device=str(args.camera)), robot.clock)
            stack.callback(camera.close)
            opened = _real(robot, camera, console, stops)
        clock = robot.clock
        bring_up(
            robot.devices,
            ServoGains(),
            BringUpConfig(),
            lambda seconds: clock.sleep_until(clock.now() + seconds),
        )
        yield opened


def _virtual(
    robot: MeasuredRobot, seed: int, boards: Sequence[str], stops: Any
) -> SeeingRobot:
    stage = Stage(robot.truth.world, draw_hidden(seed), boards)
    return SeeingRobot(
        robot=robot,
        camera=StageCamera(stage, robot.clock),
        ask=lambda text: stage.put(base_pose()),
        hold=stage.hold_in_jig,
        stops=stops,
    )


def _real(
    robot: MeasuredRobot, camera: CameraSource, console: Console, stops: Any
) -> SeeingRobot:
    def ask(text: str) -> None:
        console.input(f"[bold]{text}[/bold] Then press Enter. ")

    def hold(joint: str, angle_rad: float) -> None:
        ask(f"Hold {joint} at {angle_rad:+.4f} rad with the jig or gauge.")

    return SeeingRobot(robot=robot, camera=camera, ask=ask, hold=hold, stops=stops)
