"""What a capture is worth: errors, a coverage picture, and what to film again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np

from nerf_render.capture.document import Capture, Floats
from nerf_render.capture.frames import Chosen
from nerf_render.capture.lens import coefficients, matrix
from nerf_render.capture.pitch import Located
from nerf_render.capture.poses import Posed
from robot.contracts.field import FieldSpec

matplotlib.use("Agg")
import cv2
import matplotlib.pyplot as plt

REPORT = "report.md"
COVERAGE = "coverage.png"
# Fewer pictures of a place leave its depth to chance.
_FEW_VIEWS = 8
_CELL_M = 0.25
_GOOD_REPROJECTION_PX = 1.0
_GOOD_REFERENCE_M = 0.02


def write_report(
    folder: Path,
    capture: Capture,
    posed: Posed,
    chosen: Chosen,
    located: Located | None,
    rejected: Mapping[str, float],
) -> tuple[str, ...]:
    """Write `report.md` and `coverage.png`; returns the advice, one line each."""
    views = None if capture.pitch is None else pitch_views(capture)
    advice = tuple(_advice(posed, chosen, located, rejected, views))
    _draw(folder / COVERAGE, capture, posed, views)
    lines = ["# Capture", ""]
    lines += [f"- {name}: {value:.4g}" for name, value in capture.measured.items()]
    if located is not None:
        lines += ["", "## Reference", ""]
        for name, error in located.error_m.items():
            lines.append(f"- {name}: {1000 * error:.1f} mm off")
        for name, error in located.left_out.items():
            lines.append(f"- {name}: left out, {1000 * error:.0f} mm off")
        unseen = len(capture.frames) - len(located.picture_px)
        lines.append(
            f"- {len(located.picture_px)} pictures show references that others "
            f"confirm; the poses of {unseen} could not be checked so"
        )
    if rejected:
        lines += ["", "## Left out: references appear elsewhere than in the others", ""]
        lines += [f"- {name}: {rejected[name]:.0f} px off" for name in sorted(rejected)]
    lines += ["", "## What to film again", ""]
    lines += [f"- {line}" for line in advice] or ["Nothing."]
    lines += ["", f"![coverage]({COVERAGE})", ""]
    (folder / REPORT).write_text("\n".join(lines), encoding="utf-8")
    return advice


def pitch_views(capture: Capture, spec: FieldSpec | None = None) -> Floats:
    """[X, Y] how many pictures show each 0.25 m cell of the pitch.

    The cells' centres run from (-length / 2, -width / 2) upward.
    """
    spec = spec or FieldSpec()
    assert capture.pitch is not None
    x = np.arange(-spec.half_length_m, spec.half_length_m, _CELL_M) + _CELL_M / 2
    y = np.arange(-spec.half_width_m, spec.half_width_m, _CELL_M) + _CELL_M / 2
    grid = np.stack([*np.meshgrid(x, y, indexing="ij"), np.zeros((len(x), len(y)))], -1)
    at = capture.pitch.inverse.points(grid.reshape(-1, 3))
    counts = np.zeros(len(at))
    camera = capture.camera
    for pose in capture.poses:
        local = (at - pose[:3, 3]) @ pose[:3, :3]
        front = local[:, 2] > 1e-6
        zero = np.zeros(3)
        safe = np.where(front[:, None], local, [0.0, 0.0, 1.0])
        # Beyond the lens, its polynomial folds back into the picture.
        wide = np.abs(safe[:, :2] / safe[:, 2:]).max(axis=-1) > 2.0
        px, _ = cv2.projectPoints(
            safe, zero, zero, matrix(camera), coefficients(camera)
        )
        u, v = px[:, 0].T
        inside = (u >= 0) & (u < camera.width_px) & (v >= 0) & (v < camera.height_px)
        counts += front & inside & ~wide
    return counts.reshape(len(x), len(y))


def _advice(
    posed: Posed,
    chosen: Chosen,
    located: Located | None,
    rejected: Mapping[str, float],
    views: Floats | None,
) -> list[str]:
    out = []
    if chosen.blurred:
        out.append(
            f"{len(chosen.blurred)} pictures were blurred and left out (first "
            f"{chosen.blurred[0]}): walk more slowly or add light"
        )
    if rejected:
        out.append(
            f"{len(rejected)} pictures were placed wrongly and left out "
            f"({_named(sorted(rejected))}): film these places again from where they "
            "join others, with more light, or with things in view that look different"
        )
    missing = [name for name in posed.without_pose if name not in rejected]
    if missing:
        out.append(
            f"{len(missing)} pictures did not connect ({_named(missing)}): film these "
            "places with more overlap"
        )
    if posed.error_px > _GOOD_REPROJECTION_PX:
        out.append(
            f"the mean reprojection error is {posed.error_px:.2f} px, good is below "
            f"{_GOOD_REPROJECTION_PX}: lock focus and zoom, avoid moving people"
        )
    if located is None:
        out.append(
            "no metric reference: place tags or mark pitch points, then run the same "
            "command with --reference"
        )
    elif max(located.error_m.values()) > _GOOD_REFERENCE_M:
        worst = max(located.error_m, key=lambda name: located.error_m[name])
        out.append(
            f"{worst} is {1000 * located.error_m[worst]:.0f} mm from where the others "
            "put it: measure its place again, or film it from nearer"
        )
    for name, error in (located.left_out if located else {}).items():
        out.append(f"{name} was left out, {1000 * error:.0f} mm off: it has been moved")
    if views is not None:
        x, y = np.nonzero(views < _FEW_VIEWS)
        if len(x):
            share = len(x) / views.size
            where = (np.array([x.mean(), y.mean()]) + 0.5) * _CELL_M
            where -= np.array(views.shape) * _CELL_M / 2
            out.append(
                f"{share:.0%} of the pitch is in fewer than {_FEW_VIEWS} pictures, "
                f"around x {where[0]:.1f} m, y {where[1]:.1f} m: film it from two "
                "heights"
            )
    return out


def _named(images: Sequence[str]) -> str:
    return ", ".join(images[:5]) + (" ..." if len(images) > 5 else "")


def _draw(path: Path, capture: Capture, posed: Posed, views: Floats | None) -> None:
    figure, axes = plt.subplots(figsize=(7, 6), dpi=90)
    pitch = capture.pitch
    good = posed.points.error_px < np.inf
    xyz, rgb = posed.points.xyz[good], posed.points.rgb[good] / 255
    poses = capture.poses
    if pitch is not None:
        assert views is not None
        spec = FieldSpec()
        extent = (
            -spec.half_length_m,
            spec.half_length_m,
            -spec.half_width_m,
            spec.half_width_m,
        )
        shown = axes.imshow(
            views.T, origin="lower", extent=extent, cmap="YlGn", alpha=0.8, vmin=0
        )
        figure.colorbar(shown, label="pictures that show the place", shrink=0.7)
        xyz, poses = pitch.points(xyz), pitch.poses(poses)
        axes.set_xlim(-5.5, 5.5)
        axes.set_ylim(-5, 5)
    axes.scatter(xyz[:, 0], xyz[:, 1], c=rgb, s=1)
    at, ahead = poses[:, :2, 3], poses[:, :2, 2]
    axes.quiver(
        *at.T, *ahead.T, posed.frame_error_px, width=0.003, scale=30, cmap="cool"
    )
    axes.set_aspect("equal")
    unit = "m, pitch frame" if pitch is not None else "capture units"
    axes.set_xlabel(f"x ({unit})")
    axes.set_ylabel(f"y ({unit})")
    axes.set_title("Coverage: cameras (arrows), reconstructed points (dots)")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
