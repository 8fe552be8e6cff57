"""`op3-soccer virtual`: a virtual OP3 on a device path, in real time."""

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from cli.arguments import positive_seconds
from firmware_bridge.emulator import (
    ChainConfig,
    MemoryPort,
    PtyServer,
    ServoChain,
    WallClock,
)
from firmware_bridge.errors import BusError
from firmware_bridge.port import DEFAULT_BAUD
from firmware_bridge.servo_bus import ServoBus
from robot.contracts.actuator import read_servos
from robot.contracts.calibration_file import read_calibration
from robot.contracts.errors import ContractError
from sim.actuators import Xm430Servo
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.calibrated_draws import calibrated_model
from sim.robot_model import ModelError, RobotModelConfig
from sim.virtual_op3 import SERVO_IDS, STAND_RAD, MatchWorld, robot_chain

ERRORS = (BusError, ContractError, ModelError)
ROBOT = "robot"
_CHECK_EVERY_S = 0.1


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "virtual",
        help="a virtual OP3 on a device path, for any Dynamixel client",
        description=(
            "Runs one OP3 on a pitch in MuJoCo and serves its bus (20 XM430 servos, "
            "ids 1 to 20, and the OpenCR board, id 200; protocol 2.0) on a "
            "pseudo-terminal in real time. The robot stands with torque on, as after "
            "the start-up of a real one. Ctrl-C ends it."
        ),
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=None,
        metavar="N",
        help="end by itself after N seconds (default: run until Ctrl-C)",
    )
    body = parser.add_mutually_exclusive_group()
    body.add_argument(
        "--servos",
        type=Path,
        default=None,
        metavar="FILE",
        help="servo calibration the body is built with (default: the papers' servo)",
    )
    body.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="the body has this robot's servos, as op3-soccer calibrate measured them; "
        "its zeros and its sensor board are exact",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until the time is over or Ctrl-C; returns the exit code."""
    console = Console()
    clock = WallClock()
    arena = build_arena(ArenaConfig(robots=(_place(args),)))
    world = MatchWorld(arena)
    chain = robot_chain(world, ROBOT, clock, ChainConfig(servo_power=True))
    _stand(chain)
    with PtyServer(chain, lambda: _follow(world, clock)) as server:
        console.print(f"virtual OP3 on [bold]{server.path}[/bold]")
        console.print(
            f"protocol 2.0, {DEFAULT_BAUD} bit/s; servos 1 to 20, sensor board 200; "
            "Ctrl-C ends it"
        )
        try:
            _wait(server, clock, args.seconds)
        except KeyboardInterrupt:
            console.print("interrupted")
        console.print(
            f"ended after {clock.now():.1f} s, {world.time_s:.1f} s of simulated time"
        )
    return 0


def _place(args: argparse.Namespace) -> RobotPlace:
    """The robot, with the servos of a calibration file if there is one."""
    build = RobotModelConfig()
    if args.servos is not None:
        build = RobotModelConfig(actuator=Xm430Servo(servos=read_servos(args.servos)))
    if args.calibration is not None:
        build = calibrated_model(read_calibration(args.calibration), build)
    return RobotPlace(name=ROBOT, config=build)


def _stand(chain: ServoChain) -> None:
    """Hold the stand pose, so that the robot does not drop at the first step."""
    bus = ServoBus(MemoryPort(chain), SERVO_IDS)
    bus.write_goals(np.asarray(STAND_RAD))
    bus.set_torque(True)


def _follow(world: MatchWorld, clock: WallClock) -> None:
    world.advance_to(clock.now())


def _wait(server: PtyServer, clock: WallClock, seconds: float | None) -> None:
    end_s = float("inf") if seconds is None else clock.now() + seconds
    while clock.now() < end_s:
        server.check()
        time.sleep(min(_CHECK_EVERY_S, max(end_s - clock.now(), 0)))
