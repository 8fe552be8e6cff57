"""`op3-soccer robot check`: everything that must be right before torque goes on."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from cli import robot_link
from cli.arguments import at_least_one, positive_seconds
from cli.commands import MissingPackage
from cli.robot_link import (
    OpenRobot,
    RobotOptions,
    add_robot_options,
    open_robot,
    robot_options,
)
from firmware_bridge.clock import MonotonicClock
from robot.diagnosis import timing
from robot.diagnosis.finding import Finding, is_fit
from robot.diagnosis.inspection import InspectionConfig, inspect

ERRORS = robot_link.ERRORS
NOT_FIT = 1
_COLOURS = {"ok": "green", "warning": "yellow", "fault": "bold red", "skipped": "dim"}
_DEFAULTS = InspectionConfig()


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check",
        help="everything that must be right before torque goes on: a table",
        description="Looks at servos, EEPROM, sensor board, camera and bus timing. "
        "Servo power goes on, torque stays off. Lay the robot down: it must be still. "
        "Exit code 0: fit to run; 1: at least one fault; 2: the robot could not be "
        "reached.",
    )
    add_robot_options(parser)
    parser.add_argument(
        "--imu-seconds",
        type=positive_seconds,
        default=_DEFAULTS.imu_s,
        metavar="N",
        help="how long the IMU is watched at rest (%(default)g)",
    )
    parser.add_argument(
        "--cycles",
        type=at_least_one,
        default=_DEFAULTS.cycles,
        metavar="N",
        help="bus cycles that are timed (%(default)s)",
    )
    parser.add_argument(
        "--camera",
        metavar="DEVICE",
        help="also look at this camera, e.g. /dev/video0 (default: none)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Check and report."""
    options = robot_options(args)
    console = Console(stderr=True)
    findings: list[Finding] = []
    with open_robot(options) as robot:
        config = _config(args, options, robot)
        camera_hz = _camera_hz(args.camera)
        with console.status("checking") as status:
            for finding in inspect(robot.devices, robot.clock, config, camera_hz):
                findings.append(finding)
                status.update(f"{finding.topic}: {finding.item}")
    fit = is_fit(findings)
    if args.json:
        rows = [asdict(finding) for finding in findings]
        plain = {"robot": robot.name, "fit": fit, "findings": rows}
        print(json.dumps(plain, indent=1))
    else:
        Console().print(_table(robot.name, findings))
        Console().print(_summary(findings), highlight=False)
    return 0 if fit else NOT_FIT


def _camera_hz(device: str | None) -> Callable[[], float] | None:
    if device is None:
        return None

    def rate_hz() -> float:
        from robot.camera.source import measure_rate
        from robot.camera.v4l2 import C920, open_camera

        clock = MonotonicClock()
        try:
            camera = open_camera(replace(C920, device=device), clock)
        except ModuleNotFoundError as error:
            raise MissingPackage(error.name or "cv2", "robot") from None
        try:
            return measure_rate(camera, clock)
        finally:
            camera.close()

    return rate_hz


def _config(
    args: argparse.Namespace, options: RobotOptions, robot: OpenRobot
) -> InspectionConfig:
    return InspectionConfig(
        imu_s=args.imu_seconds,
        cycles=args.cycles,
        joint_map_name=str(args.joint_map) if args.joint_map else None,
        latency_ms=None if robot.virtual else timing.latency_timer_ms(robot.name),
        on_time=not options.lock_step,
        real=not robot.virtual,
    )


def _table(name: str, findings: list[Finding]) -> Table:
    table = Table(title=f"check of {name}", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("what", no_wrap=True)
    for column in ("expected", "found", "what to do"):
        table.add_column(column, overflow="fold")
    topic = ""
    for finding in findings:
        if topic and finding.topic != topic:
            table.add_section()
        topic = finding.topic
        colour = _COLOURS[finding.verdict]
        table.add_row(
            f"[{colour}]{finding.verdict}[/]",
            f"{finding.topic}: {finding.item}",
            finding.expected,
            finding.found,
            finding.remedy or "-",
        )
    return table


def _summary(findings: list[Finding]) -> str:
    counts = {
        verdict: sum(finding.verdict == verdict for finding in findings)
        for verdict in _COLOURS
    }
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    return f"{told}: " + ("fit to run" if is_fit(findings) else "not fit to run")
