"""`op3-soccer calibrate head`: the camera's pose on the head, pan and tilt zeros."""

import argparse
from typing import Any

from rich.console import Console

from calibration.errors import CalibrationError
from calibration.geometry.clearance import op3_clearance
from calibration.geometry.estimate import HEAD_JOINTS
from calibration.geometry.mounts import MOUNTS, STAND
from calibration.geometry.plan import base_pose, head_poses
from calibration.geometry.take import Round, stored_views
from calibration.store import Store
from cli import calibrate_seeing, calibrate_step
from cli.arguments import at_least_one
from cli.calibrate_fit import fit_and_save, known_of
from cli.calibrate_jig import JIG, jigs_of_rows, take_jigs, wanted_jigs
from cli.calibrate_seeing import SeeingRobot, open_seeing_robot
from cli.calibrate_step import StepPlace, step_place
from cli.calibrate_views import add_view_options, take_views

ERRORS = (*calibrate_step.ERRORS, *calibrate_seeing.ERRORS)
FEWEST_VIEWS = 10
_GUIDE = (
    f"The stand board ({MOUNTS[STAND].board.told()}; op3-soccer calibrate board) is "
    "fixed about 45 cm before the head, at the height of the waist, leaning back. The "
    "torso is fixed so that legs and arms hang free; neither moves until the end. Put "
    "legs about as in a stand, arms aside."
)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "head",
        help="the camera's pose on the head, pan and tilt zeros",
        description="Moves the head to many poses and looks at a fixed board. Pictures "
        "cannot tell head_tilt's zero from the camera's pitch on the head: hold the "
        "head level with a digital angle gauge (and straight with a square) when "
        "asked. Any key stops; the same command goes on.",
    )
    parser.add_argument(
        "--side",
        type=at_least_one,
        default=5,
        metavar="N",
        help="N times N head poses, and one straight ahead (%(default)s)",
    )
    add_view_options(parser, ("head_tilt=0", "head_pan=0"))


def run(args: argparse.Namespace) -> int:
    """Measure, fit, report."""
    console = Console()
    place = step_place(args, "head")
    with open_seeing_robot(args, place.known(), (STAND,), console) as opened:
        joint_map = opened.robot.devices.joint_map
        known = known_of(place, joint_map)
        setup = {"robot": place.robot, "board": MOUNTS[STAND].board.told()}
        store = place.store(setup, console)
        _measure(args, opened, store, place, console)
    views = stored_views(store)
    if len(views) < FEWEST_VIEWS:
        raise CalibrationError(
            place.step,
            [
                f"expected the board in at least {FEWEST_VIEWS} views, found "
                f"{len(views)}; move it to the middle of the camera's picture and "
                "start again with --fresh"
            ],
        )
    jigs = jigs_of_rows(store.rows(JIG))
    fit_and_save(place, views, jigs, known, joint_map, HEAD_JOINTS, console)
    return 0


def _measure(
    args: argparse.Namespace,
    opened: SeeingRobot,
    store: Store,
    place: StepPlace,
    console: Console,
) -> None:
    poses = head_poses(args.side)
    take_jigs(wanted_jigs(args), args.jig_sigma, opened, store, place.step)
    opened.ask(_GUIDE)
    wanted = Round(
        name="head",
        poses=poses,
        base=base_pose(),
        mounts=(STAND,),
        first_must_show=True,
        most_missed=len(poses),
        asked="put the stand board before the head, lit evenly",
    )
    clearance = op3_clearance(plates=False)
    take_views([wanted], opened, clearance, store, place.step, console)
