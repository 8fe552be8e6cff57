"""From the views of the head and zeros steps to report and file."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console

from calibration.geometry.estimate import (
    Known,
    fit_robot,
    head_part,
    joint_part,
    known_before,
    weak_directions,
)
from calibration.geometry.observations import JigReading, JointView
from calibration.geometry.report import write_geometry_report
from cli.calibrate_step import StepPlace
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import JointMap


def known_of(place: StepPlace, joint_map: JointMap) -> Known:
    """What the robot's file says so far.

    Raises:
        CalibrationError: the camera step has not been done.
    """
    signs = joint_map.joint_rates(np.ones(len(JOINT_NAMES)))
    return known_before(place.known(), signs, place.step)


def fit_and_save(
    place: StepPlace,
    views: Sequence[JointView],
    jigs: Sequence[JigReading],
    known: Known,
    joint_map: JointMap,
    joints: Sequence[str],
    console: Console,
) -> None:
    """Fit, write the report, merge head camera and zeros into the robot's file.

    Args:
        place: of the step.
        views: all that count.
        jigs: likewise.
        known: where the fit starts.
        joint_map: for the signs.
        joints: whose zeros may be written.
        console: to tell what is weak, and where the results are.

    Raises:
        CalibrationError: no solution.
        ContractError: the file cannot be written.
    """
    fit = fit_robot(views, jigs, known)
    provenance = place.provenance(
        f"op3-soccer calibrate {place.step}",
        f"{fit.rms_px:.2f} px rms",
        len(views) + len(jigs),
    )
    zeros = joint_part(fit, joints, jigs, joint_map, known.priors, provenance)
    weak = weak_directions(fit)
    title = f"Calibration of {place.robot}: {place.step}"
    write_geometry_report(place.report, title, fit, zeros, weak)
    left_out = [s for s in fit.sightings if not s.used]
    for sighting in left_out:
        told = f"{sighting.view}: {sighting.mount} stood out, left out"
        console.print(told, style="yellow")
    for line in weak:
        console.print(line, style="yellow")
    part = head_part(fit, provenance)
    place.save(CalibrationBundle(head=part, joints=zeros), console)
