"""What the head and zeros steps found, as a page."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from calibration.geometry.chain import op3_chain
from calibration.geometry.rigid import rotation_angle
from calibration.geometry.solve import BundleFit
from calibration.page import Page
from robot.contracts.calibration import JointPart

_PICTURES = 3


def write_geometry_report(
    path: Path,
    title: str,
    fit: BundleFit,
    joints: JointPart,
    weak: Sequence[str],
) -> None:
    """Write the page; pictures are taken from the report's own folder."""
    page = Page(title)
    used = [sighting for sighting in fit.sightings if sighting.used]
    page.text(
        f"{len(used)} of {len(fit.sightings)} board sightings used, "
        f"{fit.rms_px:.2f} pixels rms; errors assumed were "
        + ("large enough." if fit.scale < 1.05 else f"{fit.scale:.1f} times too small.")
    )
    for line in weak:
        page.text(line, "bad")
    page.heading("Camera on the head")
    nominal = op3_chain().camera
    moved = 1000 * (fit.camera.position - nominal.position)
    turned = np.degrees(rotation_angle(nominal.rotation.T @ fit.camera.rotation))
    page.table(
        (
            "axis of head_tilt_link",
            "position, mm",
            "1 sigma, mm",
            "rotation sigma, deg",
        ),
        [
            (
                axis,
                f"{1000 * fit.camera.position[n]:.2f}",
                f"{1000 * fit.camera_sigma[n]:.2f}",
                f"{np.degrees(fit.camera_sigma[3 + n]):.2f}",
            )
            for n, axis in enumerate("xyz")
        ],
    )
    page.text(
        f"From its nominal place it is moved by ({moved[0]:+.1f}, {moved[1]:+.1f}, "
        f"{moved[2]:+.1f}) mm and turned by {turned:.2f} degrees."
    )
    page.heading("Joint zeros")
    page.table(
        ("joint", "zero, deg", "1 sigma, deg", "from"),
        [
            (
                zero.joint,
                f"{np.degrees(zero.zero_rad.value):+.2f}",
                f"{np.degrees(zero.zero_rad.sigma):.2f}",
                zero.source,
            )
            for zero in joints.zeros
        ],
    )
    page.figure(zeros_plot(joints), "zeros with two standard deviations")
    page.heading("Residuals")
    page.figure(residuals_plot(fit), "seen minus predicted; crosses: left out")
    _pictures(page, path.parent)
    page.write(path)


def zeros_plot(joints: JointPart) -> Figure:
    """Bars in degrees."""
    figure = Figure(figsize=(8, 3.6))
    axes = figure.add_subplot()
    values = [np.degrees(zero.zero_rad.value) for zero in joints.zeros]
    errors = [2 * np.degrees(zero.zero_rad.sigma) for zero in joints.zeros]
    places = np.arange(len(values))
    axes.errorbar(places, values, errors, fmt="o", capsize=3)
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.set_xticks(places, [zero.joint for zero in joints.zeros], rotation=90)
    axes.set_ylabel("zero, degrees")
    figure.tight_layout()
    return figure


def residuals_plot(fit: BundleFit) -> Figure:
    """All corners by board, and one bar per sighting."""
    figure = Figure(figsize=(10, 4))
    left, right = figure.subplots(1, 2)
    for mount in sorted({sighting.mount for sighting in fit.sightings}):
        shown = [s for s in fit.sightings if s.mount == mount and s.used]
        if shown:
            points = np.concatenate([s.residual_px for s in shown])
            left.plot(*points.T, ".", markersize=3, label=mount)
    left.set_aspect("equal")
    left.set_xlabel("x, pixels")
    left.set_ylabel("y, pixels")
    left.legend()
    errors = np.array([s.rms_px for s in fit.sightings])
    good = np.array([s.used for s in fit.sightings])
    places = np.arange(len(errors))
    right.plot(places[good], errors[good], "o", markersize=3)
    right.plot(places[~good], errors[~good], "rx")
    right.set_xlabel("sighting")
    right.set_ylabel("rms, pixels")
    figure.tight_layout()
    return figure


def _pictures(page: Page, folder: Path) -> None:
    paths = sorted(folder.glob("view-*.png"))
    if paths:
        page.heading("Views")
    for path in paths[:_PICTURES]:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is not None:
            page.image(np.asarray(image, np.uint8), path.stem)
