"""`op3-soccer robot run BUNDLE`: the onboard runtime on a robot, real or virtual."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from cli import robot_link
from cli.arguments import positive_seconds
from cli.robot_camera import add_camera_options, open_eyes
from cli.robot_link import (
    OpenRobot,
    RobotOptions,
    add_robot_options,
    open_robot,
    robot_options,
)
from cli.robot_recording import add_log_options, open_recorder, packet_tap
from cli.robot_report import Lights, Reporter, timing_lines
from cli.robot_stops import add_stop_options, open_stops
from robot.brain import Identity
from robot.calibrated import matched_gains
from robot.faults import RuntimeFault
from robot.network import Links, open_links
from robot.player import Player, load_player
from robot.priority import ask_for_priority
from robot.real_time import LoopTiming
from robot.real_time import run as run_in_time
from robot.runtime import Runtime
from robot.runtime_config import RuntimeConfig
from robot.skills import SkillRequest
from robot.stop import FlagStop

ERRORS = robot_link.ERRORS
STOPPED_BY_FAULT = 1
DEFAULT_SKILLS = Path(__file__).parent.parent / "policies" / "scripted"


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "run",
        help="run a policy on the robot",
        description="Powers the servos, checks them, moves slowly to the stand and "
        "lets the bundle decide. Any key, Ctrl-C, `op3-soccer robot stop` or a button "
        "stops it: the robot sinks, then torque is off. Exit code 0: stopped as asked; "
        "1: stopped by a fault; 2: it could not start.",
    )
    parser.add_argument(
        "bundle",
        type=Path,
        help="one bundle, or a folder with walk, getup, kick, score, e.g. policies",
    )
    add_robot_options(parser)
    add_camera_options(parser)
    parser.add_argument(
        "--defaults",
        type=Path,
        default=DEFAULT_SKILLS,
        metavar="DIR",
        help="skills that the bundle lacks (policies/scripted)",
    )
    task = parser.add_mutually_exclusive_group()
    task.add_argument(
        "--referee",
        metavar="HOST",
        help="play by the GameController's and the tracker's messages; report to HOST",
    )
    task.add_argument(
        "--walk",
        nargs=3,
        type=float,
        metavar=("FORWARD", "LEFT", "TURN"),
        help="walk so: m/s, m/s, rad/s (default: stand)",
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=None,
        metavar="N",
        help="stop by itself N seconds after the start (default: run until stopped)",
    )
    add_log_options(parser)
    parser.add_argument(
        "--start-button",
        action="store_true",
        help="wait limp until the board's start button is pressed",
    )
    add_stop_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run until something stops it; the robot is limp afterwards."""
    options = robot_options(args)
    player = load_player(args.bundle, args.defaults)
    console = Console()
    with ExitStack() as stack:
        stops = stack.enter_context(open_stops(args, sys.stdin))
        links = stack.enter_context(_links(args))
        tap = packet_tap(args)
        robot = stack.enter_context(open_robot(options, tap))
        eyes = stack.enter_context(
            open_eyes(
                args.camera,
                args.camera_model,
                player.camera,
                robot.clock,
                options.calibration,
            )
        )
        record = open_recorder(args, stack, robot, tap)
        over = FlagStop()
        runtime = Runtime(
            devices=robot.devices,
            player=player,
            identity=Identity(team=args.team, player=args.player),
            links=links,
            config=_config(args, options, player),
            clock=robot.clock,
            stops=(*stops, over),
            camera=eyes,
            record=record,
        )
        runtime.order = _order(args)
        try:
            timing = _run(args, robot, runtime, over, console)
        except RuntimeFault as fault:
            console.print(
                f"stopped by a fault: {fault}", highlight=False, soft_wrap=True
            )
            return STOPPED_BY_FAULT
        finally:
            for note in runtime.limp_notes:
                console.print(f"torque off, not at once: {note}", highlight=False)
    _tell_end(console, runtime, timing)
    return 0


def _config(
    args: argparse.Namespace, options: RobotOptions, player: Player
) -> RuntimeConfig:
    """Settings; weak servos that were measured get more gain."""
    gains = player.walk.spec.gains
    known = options.calibration
    return RuntimeConfig(
        wait_for_start_button=args.start_button,
        servo_p=matched_gains(known, gains.position_p) if known else {},
    )


def _run(
    args: argparse.Namespace,
    robot: OpenRobot,
    runtime: Runtime,
    over: FlagStop,
    console: Console,
) -> LoopTiming:
    if not robot.virtual:
        for notice in ask_for_priority():
            console.print(f"note: {notice}", highlight=False)
    reporter = Reporter(runtime, robot.clock, lambda text: print(text, flush=True))
    lights = Lights(robot.devices.board)
    end_s = float("inf") if args.seconds is None else robot.clock.now() + args.seconds

    def finished() -> bool:
        reporter.look()
        lights.show(runtime.mode)
        if robot.clock.now() >= end_s:
            over.set(f"{args.seconds:g} s are over")
        return False

    try:
        return run_in_time(runtime, robot.clock, finished)
    finally:
        lights.show(runtime.mode)


def _links(args: argparse.Namespace) -> Links:
    return Links() if args.referee is None else open_links(status_host=args.referee)


def _order(args: argparse.Namespace) -> SkillRequest | None:
    """Without a referee the robot does as told here: stand, or walk."""
    if args.referee is not None:
        return None
    if args.walk is None:
        return SkillRequest(kind="stand")
    forward, left, turn = args.walk
    return SkillRequest(
        kind="walk", forward_m_s=forward, left_m_s=left, turn_rad_s=turn
    )


def _tell_end(console: Console, runtime: Runtime, timing: LoopTiming) -> None:
    console.print(f"stopped: {runtime.stopped_by or 'finished'}", highlight=False)
    for line in timing_lines(timing):
        console.print(line, highlight=False)
    console.print("torque is off")
