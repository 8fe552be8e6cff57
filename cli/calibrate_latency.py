"""`op3-soccer calibrate latency`: how old what the robot sees and feels is."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from calibration.errors import CalibrationError
from calibration.latency import STEP, Lags, PictureShifts, lags, latency_part, nods
from calibration.latency_report import write_report
from calibration.motion_player import MotionPlayer
from calibration.picture_motion import PictureWatch, PollingClock
from calibration.servo.fit import fit_limb
from calibration.servo.limb_model import LimbModel
from calibration.servo.motions import Motion, servo_motions
from calibration.servo.parameters import estimates
from calibration.servo.session import keep, kept
from calibration.store import Store
from cli import calibrate_robot
from cli.calibrate_robot import (
    MeasuredRobot,
    add_measured_robot_options,
    open_measured_robot,
)
from cli.calibrate_step import StepPlace, add_step_options, step_place
from cli.robot_stops import add_stop_options, open_stops
from robot.contracts.actuator import NOMINAL_SERVOS
from robot.contracts.calibration import CalibrationBundle, Estimate

ERRORS = (CalibrationError, *calibrate_robot.ERRORS)
_HEAD = ("head_pan", "head_tilt")
_LET_GO_S = 3.0


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "latency",
        help="delays of bus, camera and gyro",
        description="The robot stands, nods with its head and bows from its hips. What "
        "lags behind what tells the age of pictures, of the gyro and of the bus. Point "
        "it at something with contrast. Any key stops.",
    )
    add_measured_robot_options(parser)
    parser.add_argument(
        "--camera",
        type=Path,
        default=Path("/dev/video0"),
        metavar="DEVICE",
        help="of a real robot (%(default)s)",
    )
    add_step_options(parser)
    add_stop_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure what is missing, compare, report."""
    console = Console()
    place = step_place(args, STEP)
    store = place.store({}, console)
    motions = _bus_motions()
    if not all(store.has(key) for key in ("nods", *(m.name for m in motions))):
        _measure(args, place, store, motions, console)
    recording = kept(store, "nods")
    pictures = PictureShifts(**store.arrays("pictures.npz"))
    found = lags(recording, pictures)
    bus = _bus_delays(store, motions)
    part = latency_part(
        found,
        bus,
        np.asarray(recording.goal_s) - recording.read_s,
        place.provenance(
            "op3-soccer calibrate latency", _told(found), len(pictures.arrived_s)
        ),
    )
    write_report(place.report, part, found, recording, pictures)
    place.save(CalibrationBundle(latency=part), console)
    for name in ("bus_s", "camera_s", "gyro_s", "read_s", "camera_to_action_s"):
        one: Estimate = getattr(part, name)
        told = f"{name[:-2]:18s} {1e3 * one.value:6.1f} ± {1e3 * one.sigma:.1f} ms"
        console.print(told, highlight=False)
    return 0


def _bus_motions() -> tuple[Motion, ...]:
    return tuple(
        motion
        for motion in servo_motions(_HEAD, seconds=4.0)
        if motion.name in ("steps bent", "sweep bent")
    )


def _measure(
    args: argparse.Namespace,
    place: StepPlace,
    store: Store,
    motions: tuple[Motion, ...],
    console: Console,
) -> None:
    with (
        open_measured_robot(args, place.known(), console) as robot,
        _camera(args, robot) as camera,
    ):
        robot.hand.stand()
        watch = PictureWatch(camera)
        clock = PollingClock(robot.clock, watch.look)
        with open_stops(args, sys.stdin) as stops:
            player = MotionPlayer(robot.devices, clock, STEP, stops=stops)
            with player:
                goals = nods()
                player.go_to(goals[0])
                robot.hand.let_go()
                player.rest(_LET_GO_S)
                for motion in motions:
                    if not store.has(motion.name):
                        console.print(f"moving: head, {motion.name}")
                        player.go_to(motion.goals_rad[0])
                        keep(store, motion.name, player.play(motion.goals_rad))
                console.print("moving: nods and bows")
                player.go_to(goals[0])
                watch.forget()
                recording = player.play(goals)
    shifts = watch.shifts()
    store.keep_arrays("pictures", arrived_s=shifts.arrived_s, moved_px=shifts.moved_px)
    keep(store, "nods", recording)
    console.print("torque is off")


@contextmanager
def _camera(args: argparse.Namespace, robot: MeasuredRobot) -> Iterator[Any]:
    if robot.truth is not None:
        with robot.truth.camera() as camera:
            yield camera
        return
    from robot.camera.v4l2 import C920, open_camera

    camera = open_camera(replace(C920, device=str(args.camera)), robot.clock)
    try:
        yield camera
    finally:
        camera.close()


def _bus_delays(store: Store, motions: tuple[Motion, ...]) -> list[Estimate]:
    """Of the head's two servos, with their whole law fitted beside."""
    recordings = [kept(store, motion.name) for motion in motions]
    with LimbModel("head") as model:
        fit = fit_limb(model, recordings, NOMINAL_SERVOS, _HEAD)
    return [
        one.estimate
        for row, covariance in zip(fit.table, fit.covariance, strict=True)
        for one in estimates(row, covariance)
        if one.parameter == "command_delay_s"
    ]


def _told(found: Lags) -> str:
    return (
        f"explained: {100 * found.nod.explained:.0f} % of the pictures' motion by the "
        f"head's, {100 * found.gyro.explained:.0f} % of the gyro's by the legs'"
    )
