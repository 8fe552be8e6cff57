"""`op3-soccer calibrate servo [JOINTS]`: the simulator's servo law, measured."""

import argparse
import sys
from dataclasses import replace
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from calibration.errors import CalibrationError
from calibration.limbs import selected
from calibration.motion_player import MotionPlayer
from calibration.servo.fit import FitConfig
from calibration.servo.motions import servo_motions
from calibration.servo.report import HEAD, IN_SHORT, rows, write_report
from calibration.servo.session import (
    STEP,
    identify,
    measure,
    missing,
    recorded,
    servo_fits,
)
from cli import calibrate_robot
from cli.calibrate_robot import add_measured_robot_options, open_measured_robot
from cli.calibrate_step import add_step_options, step_place
from cli.robot_stops import add_stop_options, open_stops
from robot.contracts.actuator import NOMINAL_SERVOS, ServoCalibration
from robot.contracts.calibration import CalibrationBundle, ServoFit, ServoPart

ERRORS = (CalibrationError, *calibrate_robot.ERRORS)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "servo",
        help="gain, torque limit, friction, inertia and delay of the servos",
        description="Moves the chosen joints of a robot whose torso is held: sweeps, "
        "steps, lifts and drops, near the body and away from it, within the joints' "
        "ranges. Fits the simulator's servo law to angles and currents, and judges it "
        "on motions it has not seen. Any key stops. Calibrate the zeros before, if you "
        "can.",
    )
    parser.add_argument(
        "joints",
        nargs="*",
        default=["all"],
        metavar="JOINTS",
        help="all, left, right, arms, legs, head, left_arm ..., or names of joints "
        "(all)",
    )
    add_measured_robot_options(parser)
    add_step_options(parser)
    add_stop_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure what is missing, fit, report."""
    console = Console()
    joints = selected(args.joints, STEP)
    group = "+".join(args.joints)
    motions = servo_motions(joints)
    place = step_place(args, STEP)
    known = place.known()
    store = place.store({"zeros_rad": known.zeros_rad}, console)
    if missing(store, group, motions):
        _measure(args, known, console, group, motions, store)
    recordings = recorded(store, group, motions)
    before = _servos(known, joints)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("fitting", total=None)
        results = identify(
            joints,
            motions,
            recordings,
            before,
            lambda limb: progress.update(task, description=f"fitting {limb}"),
            FitConfig(zero_sigma_rad=0.006) if known.joints else None,
        )
    fits = servo_fits(results)
    part = _part(place, args, fits, len(recordings))
    write_report(place.report, results, fits, part.servos(before))
    place.save(CalibrationBundle(servos=part), console)
    console.print(_table(fits, part.servos(before)))
    return 0


def _servos(known: CalibrationBundle, joints: tuple[str, ...]) -> ServoCalibration:
    """What to start from: nominal, but for joints that are known and not fitted now."""
    if known.servos is None:
        return NOMINAL_SERVOS
    kept = tuple(fit for fit in known.servos.fits if fit.joint not in joints)
    return replace(known.servos, fits=kept).servos()


def _measure(
    args: argparse.Namespace,
    known: CalibrationBundle,
    console: Console,
    group: str,
    motions: Any,
    store: Any,
) -> None:
    with open_measured_robot(args, known, console) as robot:
        robot.hand.hang()
        with open_stops(args, sys.stdin) as stops:
            player = MotionPlayer(robot.devices, robot.clock, STEP, stops=stops)
            try:
                with player:
                    measure(
                        store,
                        group,
                        motions,
                        player,
                        lambda name: console.print(f"moving: {name}"),
                    )
            finally:
                for note in player.limp_notes:
                    console.print(f"torque off, not at once: {note}", highlight=False)
    console.print("torque is off")


def _part(
    place: Any, args: argparse.Namespace, fits: tuple[ServoFit, ...], count: int
) -> ServoPart:
    worst = max(fits, key=lambda fit: fit.hold_out_rad)
    told = (
        f"hold-out angle error at most {worst.hold_out_rad:.4f} rad rms ({worst.joint})"
    )
    procedure = "op3-soccer calibrate servo " + " ".join(args.joints)
    return ServoPart(provenance=place.provenance(procedure, told, count), fits=fits)


def _table(fits: tuple[ServoFit, ...], servos: ServoCalibration) -> Table:
    title = f"servos, at {fits[0].supply_v:.1f} V"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in IN_SHORT:
        table.add_column(HEAD[column].replace(", ", "\n"))
    for row in rows(fits, servos):
        table.add_row(*(row[column].lstrip("!") for column in IN_SHORT))
    return table
