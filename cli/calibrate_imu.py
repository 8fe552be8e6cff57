"""`op3-soccer calibrate imu`: bias, mounting and noise of the sensor board."""

import argparse
import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console

from calibration.errors import CalibrationError
from calibration.imu import (
    POSITIONS,
    STEP,
    ImuFit,
    Position,
    Rest,
    fit_imu,
    imu_part,
    measure_rests,
)
from calibration.page import Page
from calibration.store import Store
from cli import calibrate_robot
from cli.calibrate_robot import add_measured_robot_options, open_measured_robot
from cli.calibrate_step import StepPlace, add_step_options, step_place
from robot.contracts.calibration import CalibrationBundle

ERRORS = (CalibrationError, *calibrate_robot.ERRORS)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "imu",
        help="bias, mounting and noise of the sensor board",
        description="Asks you to lay the limp robot on each side for three seconds. "
        "How gravity points in the board's frame tells how it is mounted, its bias and "
        "its noise. Three positions are the least, five the best.",
    )
    add_measured_robot_options(parser)
    add_step_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure the positions that are missing, fit, report."""
    console = Console()
    place = step_place(args, STEP)
    store = place.store({}, console)
    absent = [p for p in POSITIONS if not store.has(p.name)]
    if absent:
        _measure(args, place, store, absent, console)
    rests = {p.name: _kept(store, p) for p in POSITIONS}
    fit = fit_imu(rests)
    _save(place, fit, len(rests), console)
    return 0


def _measure(
    args: argparse.Namespace,
    place: StepPlace,
    store: Store,
    absent: list[Position],
    console: Console,
) -> None:
    with open_measured_robot(args, place.known(), console) as robot:

        def keep(position: Position, rest: Rest) -> None:
            name = store.keep_arrays(
                position.name,
                gyro_rad_s=rest.gyro_rad_s,
                acceleration_m_s2=rest.acceleration_m_s2,
            )
            store.add(position.name, {"file": name})
            console.print(f"measured: {position.name}")

        measure_rests(
            absent,
            lambda position: robot.hand.turn(position.told, position.quat_wxyz),
            robot.devices.board,
            robot.clock,
            keep,
        )


def _kept(store: Store, position: Position) -> Rest:
    (row,) = [row for row in store.rows() if row["key"] == position.name]
    return Rest(**store.arrays(row["file"]))


def _save(place: StepPlace, fit: ImuFit, count: int, console: Console) -> None:
    worst = max(float(np.linalg.norm(left)) for left in fit.left_m_s2.values())
    told = f"gravity explained to {worst:.3f} m/s2 in every position"
    part = imu_part(fit, place.provenance("op3-soccer calibrate imu", told, count))
    page = Page("Sensor board")
    rows = table_rows(fit)
    page.table(("what", "x", "y", "z"), rows)
    page.figure(_residuals(fit), "Reading minus gravity in each position, torso frame.")
    page.write(place.report)
    place.save(CalibrationBundle(imu=part), console)
    for row in rows:
        console.print("  ".join(row), highlight=False)


def table_rows(fit: ImuFit) -> list[tuple[str, str, str, str]]:
    """Mounting in degrees, biases, noise."""
    skew = fit.rotation - fit.rotation.T
    turned = np.degrees(np.array([skew[2, 1], skew[0, 2], skew[1, 0]]) / 2)
    rows = [
        ("mounting, deg", turned, np.degrees(fit.rotation_sigma_rad), 2),
        ("gyro bias, rad/s", fit.gyro_bias_rad_s, fit.gyro_bias_sigma_rad_s, 4),
        (
            "acceleration bias, m/s2",
            fit.acceleration_bias_m_s2,
            fit.acceleration_bias_sigma_m_s2,
            3,
        ),
    ]
    found = []
    for name, values, sigmas, digits in rows:
        x, y, z = (
            f"{value:+.{digits}f} ± {sigma:.{digits}f}"
            for value, sigma in zip(values, sigmas, strict=True)
        )
        found.append((name, x, y, z))
    noise = f"{fit.gyro_noise_rad_s:.4f} rad/s"
    found.append(("noise", noise, f"{fit.acceleration_noise_m_s2:.3f} m/s2", ""))
    return found


def _residuals(fit: ImuFit) -> Figure:
    figure = Figure(figsize=(8, 3), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(fit.left_m_s2))
    for offset, (name, column) in enumerate(zip("xyz", range(3), strict=True)):
        values = [left[column] for left in fit.left_m_s2.values()]
        axis.bar(places + 0.25 * (offset - 1), values, 0.22, label=name)
    axis.set_xticks(places, list(fit.left_m_s2))
    degree = 9.81 * math.radians(0.3)
    axis.axhspan(-degree, degree, color="#e6e9ee", label="0.3 deg", zorder=0)
    axis.set_ylabel("m/s2")
    axis.legend(ncols=4, fontsize=8)
    return figure
