"""`op3-soccer calibrate zeros`: all joint zeros, from plates on feet and hands."""

import argparse
from typing import Any

from rich.console import Console

from calibration.errors import CalibrationError
from calibration.geometry.clearance import Clearance, op3_clearance
from calibration.geometry.estimate import Known, jig_part
from calibration.geometry.mounts import FEET, HANDS, PLATED
from calibration.geometry.observations import JigReading, JointView, view_of_row
from calibration.geometry.plan import PlanConfig, base_pose, plan_limb_views
from calibration.geometry.take import VIEWS, Round, stored_views
from calibration.store import Store, read_measurements
from cli import calibrate_seeing, calibrate_step
from cli.arguments import at_least_one
from cli.calibrate_fit import fit_and_save, known_of
from cli.calibrate_jig import JIG, jigs_of_rows, take_jigs, wanted_jigs
from cli.calibrate_seeing import SeeingRobot, open_seeing_robot
from cli.calibrate_step import StepPlace, step_place
from cli.calibrate_views import add_view_options, take_views
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import JointMap

ERRORS = (*calibrate_step.ERRORS, *calibrate_seeing.ERRORS)
FEWEST_VIEWS = 8
"""Per plate; six joints of a leg take three at least."""
_GUIDE = (
    "The four plates (op3-soccer calibrate board) are mounted: under each sole, flush "
    "with the toes, and on each hand's wedge. The torso is fixed so that legs and arms "
    "hang free. Put legs about as in a stand, arms aside."
)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "zeros",
        help="all joint zeros, from plates on feet and hands, or from a jig",
        description="Moves feet and hands before the camera, slowly and within limits, "
        "and solves for all zeros together with the camera's pose; views of the head "
        "step count too. Writes software offsets; nothing is written into a servo. Any "
        "key stops; the same command goes on.",
    )
    parser.add_argument(
        "--views",
        type=at_least_one,
        default=PlanConfig().views,
        metavar="N",
        help="for the feet, and for the hands (%(default)s)",
    )
    parser.add_argument(
        "--jig-only",
        action="store_true",
        help="no camera: only the joints named with --jig",
    )
    add_view_options(parser, ())


def run(args: argparse.Namespace) -> int:
    """Measure, fit, report."""
    console = Console()
    place = step_place(args, "zeros")
    with open_seeing_robot(args, place.known(), PLATED, console) as opened:
        joint_map = opened.robot.devices.joint_map
        store = place.store({"robot": place.robot}, console)
        take_jigs(wanted_jigs(args), args.jig_sigma, opened, store, place.step)
        if args.jig_only:
            return _save_jigs(jigs_of_rows(store.rows(JIG)), joint_map, place, console)
        known = known_of(place, joint_map)
        _measure(args, opened, known, store, place, console)
    views = stored_views(store)
    _refuse_few(views, place)
    head = place.root / "head"
    views += [view_of_row(row) for row in read_measurements(head, VIEWS)]
    jigs = jigs_of_rows(store.rows(JIG) + read_measurements(head, JIG))
    fit_and_save(place, views, jigs, known, joint_map, JOINT_NAMES, console)
    return 0


def _save_jigs(
    jigs: list[JigReading], joint_map: JointMap, place: StepPlace, console: Console
) -> int:
    if not jigs:
        raise CalibrationError(
            place.step, ["expected --jig JOINT=DEGREES with --jig-only, found none"]
        )
    procedure = "op3-soccer calibrate zeros --jig-only"
    provenance = place.provenance(procedure, "none", len(jigs))
    joints = jig_part(jigs, joint_map, provenance)
    place.save(CalibrationBundle(joints=joints), console)
    return 0


def _measure(
    args: argparse.Namespace,
    opened: SeeingRobot,
    known: Known,
    store: Store,
    place: StepPlace,
    console: Console,
) -> None:
    clearance = op3_clearance(plates=True)
    console.print("planning the views", style="dim")
    rounds = [
        _round(group, known, clearance, PlanConfig(views=args.views))
        for group in (FEET, HANDS)
    ]
    opened.ask(_GUIDE)
    take_views(rounds, opened, clearance, store, place.step, console)


def _round(
    group: tuple[str, ...], known: Known, clearance: Clearance, config: PlanConfig
) -> Round:
    poses = plan_limb_views(
        group, known.camera, known.lens, known.priors, clearance, config
    )
    return Round(
        name=group[0].split("_")[1],
        poses=poses,
        base=base_pose(),
        mounts=group,
        first_must_show=False,
        most_missed=2,
        asked="check that the plates are mounted as the guide shows, lit evenly",
    )


def _refuse_few(views: list[JointView], place: StepPlace) -> None:
    counts = {mount: sum(mount in view.sightings for view in views) for mount in PLATED}
    few = [
        f"{mount}: expected it in at least {FEWEST_VIEWS} views, found {count}; start "
        "again to take those that are missing"
        for mount, count in counts.items()
        if count < FEWEST_VIEWS
    ]
    if few:
        raise CalibrationError(place.step, few)
