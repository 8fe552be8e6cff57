"""The robot of a calibration step: real, or virtual with hidden faults; its helper."""

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
from cli import robot_link
from cli.arguments import from_zero
from cli.robot_faults import VirtualConfig
from cli.robot_link import OpenRobot, add_robot_options, open_robot, robot_options
from cli.robot_stops import add_stop_options, open_stops
from cli.robot_virtual import ROBOT, lock_step
from firmware_bridge.emulator import MemoryPort
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.servo_bus import ServoBus
from robot.bring_up import BringUpConfig, bring_up
from robot.camera.source import CameraSource
from robot.camera.v4l2 import C920, open_camera
from robot.contracts.policy import ServoGains
from robot.senses import Devices
from robot.stop import StopSource
from sim.hidden_op3 import HiddenWorld
from sim.robot_model import ModelError

ERRORS = (*robot_link.ERRORS, ModelError)


@dataclass(frozen=True, kw_only=True)
class CalibrationRobot:
    """An open robot with a camera on its head and somebody beside it.

    Attributes:
        robot: servos up, torque off.
        camera: on the head.
        ask: has the person do something, and waits; limp limbs are then as in
            `base_pose`.
        hold: has the person hold a joint at an angle, rad; they are by name.
        stops: what may stop it.
    """

    robot: OpenRobot
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
            waits=not self.robot.virtual,
        )


def add_calibration_robot_options(parser: argparse.ArgumentParser) -> None:
    """Which robot and camera; what stops it."""
    add_robot_options(parser)
    parser.add_argument(
        "--seed",
        type=from_zero,
        default=1,
        metavar="N",
        help="with --virtual: hidden zeros, camera and lens are drawn from it "
        "(%(default)s); calibration runs in simulated time",
    )
    parser.add_argument(
        "--camera",
        type=Path,
        default=Path(C920.device),
        metavar="DEVICE",
        help="camera on the robot's head (%(default)s)",
    )
    add_stop_options(parser)


@contextmanager
def open_calibration_robot(
    args: argparse.Namespace, boards: Sequence[str], console: Console
) -> Iterator[CalibrationRobot]:
    """The robot, checked and configured, torque off.

    Args:
        args: of `add_calibration_robot_options`.
        boards: mounts that carry their board, on the virtual robot.
        console: to ask the person on.

    Raises:
        BusError, ContractError, RuntimeFault: no robot or camera as it should be.
    """
    options = robot_options(args, let_go_after_s=None)
    with ExitStack() as stack:
        stops = stack.enter_context(open_stops(args, sys.stdin))
        if options.virtual is not None:
            found = _virtual(options, replace(options.virtual, hidden_seed=args.seed))
            robot, stage = found
            camera: Any = StageCamera(stage(boards), robot.clock)
            opened = CalibrationRobot(
                robot=robot,
                camera=camera,
                ask=lambda text: camera.stage.put(base_pose()),
                hold=camera.stage.hold_in_jig,
                stops=stops,
            )
        else:
            robot = stack.enter_context(open_robot(options))
            camera = open_camera(replace(C920, device=str(args.camera)), robot.clock)
            stack.callback(camera.close)
            ask = _asker(console)

            def hold(joint: str, angle_rad: float) -> None:
                ask(f"Hold {joint} at {angle_rad:+.4f} rad with the jig.")

            opened = CalibrationRobot(
                robot=robot, camera=camera, ask=ask, hold=hold, stops=stops
            )
        bring_up(robot.devices, ServoGains(), BringUpConfig(), robot.pause)
        yield opened


def _asker(console: Console) -> Callable[[str], None]:
    def ask(text: str) -> None:
        console.input(f"[bold]{text}[/bold] Then press Enter. ")

    return ask


def _virtual(
    options: robot_link.RobotOptions, config: VirtualConfig
) -> tuple[OpenRobot, Callable[[Sequence[str]], Stage]]:
    body, clock = lock_step(config)
    world = body.world
    assert isinstance(world, HiddenWorld)
    port = MemoryPort(body.chain)
    robot = OpenRobot(
        name="virtual robot",
        port=port,
        devices=Devices(
            bus=ServoBus(port, options.joint_map.servo_ids),
            board=OpenCrBoard(port),
            joint_map=options.joint_map,
        ),
        clock=clock,
        virtual=True,
    )
    return robot, lambda boards: Stage(world, ROBOT, boards)
