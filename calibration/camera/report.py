"""What the camera step found, as a page: coverage, residuals, views."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from calibration.camera.coverage import Coverage
from calibration.camera.intrinsics import IntrinsicsFit
from calibration.page import Page
from robot.contracts.camera import CameraModel, project

_ARROW_SCALE = 60.0


def write_camera_report(
    path: Path,
    fit: IntrinsicsFit,
    covered: Coverage,
    unseen: Sequence[str],
    example: NDArray[np.uint8] | None,
) -> None:
    """Write the page.

    Args:
        path: of the HTML file.
        fit: the camera.
        covered: by the views.
        unseen: names of pictures without the board.
        example: one of the pictures, to show undistorted.
    """
    page = Page("Camera intrinsics")
    model = fit.model
    used = sum(view.used for view in fit.views)
    page.text(
        f"{used} of {len(fit.views)} views used, rms {fit.rms_px:.3f} pixels "
        f"({fit.first_rms_px:.3f} before flagged views were looked at again). "
        f"Lens model: {model.distortion}."
    )
    names = ["fx", "fy", "cx", "cy"] + [
        f"coefficient {number + 1}" for number in range(len(model.coefficients))
    ]
    values = [model.fx_px, model.fy_px, model.cx_px, model.cy_px, *model.coefficients]
    page.table(
        ("quantity", "value", "uncertainty (1 sigma)"),
        [
            (name, f"{value:.5g}", f"{sigma:.2g}")
            for name, value, sigma in zip(names, values, fit.sigma, strict=True)
        ],
    )
    page.heading("Coverage")
    for line in covered.missing or ["nothing is missing"]:
        page.text(line, "bad" if covered.missing else "note")
    page.figure(coverage_plot(covered), "corners seen in each part of the picture")
    page.heading("Views")
    page.table(
        ("view", "first rms, px", "final rms, px", "verdict"),
        [
            (v.name, f"{v.first_rms_px:.3f}", f"{v.rms_px:.3f}", _verdict(v))
            for v in fit.views
        ],
    )
    if unseen:
        page.text("board not found in: " + ", ".join(unseen), "bad")
    page.figure(residual_plot(fit), "residuals, drawn 60 times longer, and by view")
    if example is not None:
        page.heading("A picture, and the same without distortion")
        page.image(_side_by_side(example, model), "left as taken, right undistorted")
    page.write(path)


def _verdict(view) -> str:
    if not view.used:
        return "!stood out twice: left out"
    if view.flagged:
        return "!stood out; corners refined again in a smaller window, used"
    return "used"


def coverage_plot(covered: Coverage) -> Figure:
    """The map of corners."""
    figure = Figure(figsize=(6, 3.6))
    axes = figure.add_subplot()
    shown = axes.imshow(covered.cells, cmap="viridis")
    for (row, column), count in np.ndenumerate(covered.cells):
        colour = "white" if count < covered.cells.max() / 2 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_title(f"corners per cell: {100 * covered.share:.0f} % covered")
    axes.set_xticks([])
    axes.set_yticks([])
    figure.colorbar(shown)
    return figure


def residual_plot(fit: IntrinsicsFit) -> Figure:
    """Arrows over the picture, and one bar per view."""
    figure = Figure(figsize=(10, 4))
    left, right = figure.subplots(1, 2)
    for view in fit.views:
        colour = "tab:red" if view.flagged else "tab:blue"
        move = _ARROW_SCALE * view.residual_px
        left.quiver(
            *view.pixels.T,
            *move.T,
            angles="xy",
            scale_units="xy",
            scale=1,
            width=0.002,
            color=colour,
        )
    left.set_xlim(0, fit.model.width_px)
    left.set_ylim(fit.model.height_px, 0)
    left.set_aspect("equal")
    left.set_title("residuals x 60 (red: flagged views)")
    places = np.arange(len(fit.views))
    right.bar(places - 0.2, [v.first_rms_px for v in fit.views], 0.4, label="first fit")
    right.bar(places + 0.2, [v.rms_px for v in fit.views], 0.4, label="final fit")
    right.set_xticks(places, [v.name for v in fit.views], rotation=90, fontsize=7)
    right.set_ylabel("rms, pixels")
    right.legend()
    figure.tight_layout()
    return figure


def _side_by_side(image: NDArray[np.uint8], model: CameraModel) -> NDArray[np.uint8]:
    columns, rows = np.meshgrid(np.arange(model.width_px), np.arange(model.height_px))
    x, y = project(
        model,
        (columns - model.cx_px) / model.fx_px,
        (rows - model.cy_px) / model.fy_px,
    )
    flat = cv2.remap(
        image, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR
    )
    return np.concatenate([image, np.asarray(flat, np.uint8)], axis=1)
