"""The servo step's report: numbers, their doubts, and motions that were held out."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from calibration.page import Page
from calibration.servo import parameters
from calibration.servo.session import LimbResult
from robot.contracts.actuator import ServoCalibration
from robot.contracts.calibration import ServoFit
from robot.contracts.joints import JOINT_NAMES

GOOD_RAD = math.radians(0.5)
"""A law that predicts a joint better than this is good enough (the issue's bound)."""
HEAD = (
    "joint",
    "gain, Nm/rad",
    "torque limit, Nm",
    "damping, Nm s/rad",
    "friction, Nm",
    "armature, kg m2",
    "delay, ms",
    "hold-out, deg",
    "noise, deg",
    "verdict",
)


IN_SHORT = (0, 1, 2, 3, 6, 7, 9)
"""Columns that fit a terminal."""


def rows(fits: Sequence[ServoFit], servos: ServoCalibration) -> list[list[str]]:
    """One row per servo, as in `HEAD`; figures at the voltage it was measured at."""
    found = []
    for fit in fits:
        servo = servos.servo(fit.joint)
        seen = parameters.figures(servo, fit.supply_v)
        by_name = {one.parameter: one.estimate for one in fit.parameters}
        delay = by_name["command_delay_s"]
        good = fit.hold_out_rad <= GOOD_RAD
        found.append(
            [
                fit.joint,
                f"{seen.gain_nm_rad:.2f}",
                f"{seen.torque_limit_nm:.2f}",
                f"{seen.damping_nm_s:.3f}",
                f"{seen.friction_nm:.3f}",
                f"{servo.armature_kg_m2:.4f}",
                f"{1e3 * delay.value:.1f} ± {1e3 * delay.sigma:.1f}",
                f"{math.degrees(fit.hold_out_rad):.2f}",
                f"{math.degrees(fit.noise_rad):.2f}",
                "good" if good else "!law does not explain it: look for play",
            ]
        )
    return found


def write_report(
    path: Path,
    results: dict[str, LimbResult],
    fits: Sequence[ServoFit],
    servos: ServoCalibration,
) -> None:
    """Tables and plots of all limbs in `results`."""
    page = Page("Servos")
    page.text(
        "Law of the simulator, fitted to angles and currents over the bus. Damping is "
        "back-EMF and viscous friction together, which motion cannot tell apart. The "
        "delay is from writing a goal to reading, over the same bus, that it acts."
    )
    page.table(HEAD, rows(fits, servos))
    for limb, result in results.items():
        page.heading(limb.replace("_", " "))
        hint = zero_hint(result)
        if hint:
            page.text(hint, "bad")
        page.figure(
            _hold_out(result),
            "Motions that were not fitted: reading (dots), law (line); below, reading "
            "minus law, with the readings' own noise as a band.",
        )
    page.write(path)


def zero_hint(result: LimbResult) -> str:
    """Joints whose gravity load suggests another zero than the file's."""
    column = parameters.NAMES.index("zero_rad")
    spread = parameters.FITTED[column].spread
    found = []
    for row, joint in enumerate(result.fit.joints):
        zero = result.fit.table[row, column]
        sigma = spread * math.sqrt(result.fit.covariance[row, column, column])
        if joint in result.fit.fitted and abs(zero) > max(3 * sigma, math.radians(1)):
            found.append(f"{joint} {math.degrees(zero):+.1f} deg")
    if not found:
        return ""
    return (
        f"The load suggests zeros that are off: {', '.join(found)}. Measure them with "
        "op3-soccer calibrate zeros."
    )


def _hold_out(result: LimbResult) -> Figure:
    fit = result.fit
    shown = [row for row, joint in enumerate(fit.joints) if joint in fit.fitted]
    figure = Figure(figsize=(11, 1.9 * len(shown) + 0.6), layout="constrained")
    axes = figure.subplots(
        len(shown), 2, squeeze=False, sharex=True, width_ratios=[2, 1]
    )
    recording, track = result.held_out[-1], result.tracks[-1]
    time_s = recording.read_s - recording.read_s[0]
    for (motion, rest), row in zip(axes, shown, strict=True):
        reading = recording.angle_rad[:, JOINT_NAMES.index(fit.joints[row])]
        law = track.angle_rad[0][:, row]
        motion.plot(time_s, np.degrees(reading), ".", ms=1.5, color="#9aa5b1")
        motion.plot(time_s, np.degrees(law), lw=1.0, color="#0b57d0")
        motion.set_ylabel(f"{fit.joints[row]}\ndeg", fontsize=8)
        noise = math.degrees(fit.noise_rad[row])
        rest.axhspan(-noise, noise, color="#e6e9ee")
        rest.plot(time_s, np.degrees(reading - law), lw=0.6, color="#b3261e")
        rest.set_ylim(-0.6, 0.6)
        rest.set_ylabel("deg", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("s")
    return figure
