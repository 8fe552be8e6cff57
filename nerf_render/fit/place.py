"""From a capture to a job: the field's cube, what is held out, what is empty."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nerf_render.capture.document import (
    Capture,
    CaptureError,
    Floats,
    Points,
    opengl,
)
from nerf_render.fit.job import Job, JobArrays, JobCamera, Recipe
from nerf_render.similarity import Similarity, similarity
from robot.contracts.camera import CameraModel
from robot.contracts.field import FieldSpec

HELD_OUT_EVERY = 8
HELD_OUT_LONGEST_PX = 240
# Points that COLMAP is less sure of teach wrong depths.
_GOOD_POINT_PX = 1.0
_LEAST_SIGHTINGS = 3
# Of the air above the pitch: lines and turf stay below, goals outside.
_AIR_M = (0.04, 1.2)
_AIR_MARGIN_M = 0.05
_FAR = 1000.0


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A job and how its scene frame lies.

    Attributes:
        pitch: pitch frame <- scene frame (the capture's own frame without metres).
    """

    job: Job
    pitch: Similarity
    metric: bool


def place(
    folder: Path,
    capture: Capture,
    points: Points,
    recipe: Recipe,
    spec: FieldSpec | None = None,
) -> Placed:
    """The job that fits `capture`, read from `folder`.

    With metres the scene frame is the pitch frame, shrunk so that cameras and pitch lie
    in the cube [-1, 1]^3, where the field's cells are even. Without, its origin is
    where the cameras look.

    Raises:
        CaptureError: too few pictures to hold any out.
    """
    count = len(capture.frames)
    if count < 2 * HELD_OUT_EVERY:
        raise CaptureError(
            f"{folder}: expected at least {2 * HELD_OUT_EVERY} pictures with poses, "
            f"found {count}; film longer"
        )
    to_scene = _to_scene(capture, spec or FieldSpec())
    base = capture.pitch or Similarity()
    held = np.arange(0, count, HELD_OUT_EVERY)
    kept = _good_points(points)
    pitch = base.after(to_scene.inverse)
    arrays = JobArrays(
        camera_to_scene=opengl(to_scene.poses(capture.poses)),
        train=np.setdiff1d(np.arange(count), held),
        held_out=held,
        points=to_scene.points(points.xyz),
        seen_by=points.seen_by[kept],
        seen_point=points.seen_point[kept],
        # COLMAP counts from the picture's corner.
        seen_px=points.seen_px[kept] + 0.5,
        empty=_empty(capture, pitch, spec or FieldSpec()),
    )
    job = Job(
        images=tuple(str((folder / one.image).resolve()) for one in capture.frames),
        camera=job_camera(capture.camera),
        recipe=recipe,
        arrays=arrays,
        held_out_px=_held_out_px(capture.camera),
        far=_FAR,
    )
    return Placed(job=job, pitch=pitch, metric=capture.pitch is not None)


def job_camera(camera: CameraModel) -> JobCamera:
    """In COLMAP's pixel convention."""
    if camera.distortion == "fisheye":
        raise CaptureError(
            "expected a lens without or with Brown-Conrady distortion, found fisheye; "
            "film with the phone's main camera"
        )
    return JobCamera(
        width_px=camera.width_px,
        height_px=camera.height_px,
        fx_px=camera.fx_px,
        fy_px=camera.fy_px,
        cx_px=camera.cx_px + 0.5,
        cy_px=camera.cy_px + 0.5,
        distortion=tuple((*camera.coefficients, 0.0, 0.0, 0.0, 0.0)[:4]),
    )


def _to_scene(capture: Capture, spec: FieldSpec) -> Similarity:
    """Scene frame <- capture frame."""
    centres = capture.poses[:, :3, 3]
    if capture.pitch is not None:
        corner = np.array([spec.half_length_m, spec.half_width_m, 0.0])
        reach = np.abs(np.vstack([capture.pitch.points(centres), corner])).max()
        shrink = similarity(
            scale=0.95 / reach, rotation=np.eye(3), translation=(0, 0, 0)
        )
        return shrink.after(capture.pitch)
    ahead = capture.poses[:, :3, 2]
    across = np.eye(3) - ahead[:, :, None] * ahead[:, None, :]
    right = np.einsum("nij,nj->i", across, centres)
    # Cameras that all look one way leave it open how far: the nearest answer then.
    middle, *_ = np.linalg.lstsq(across.sum(0), right, rcond=1e-6)
    scale = 1 / np.abs(centres - middle).max()
    return similarity(scale=scale, rotation=np.eye(3), translation=-scale * middle)


def _good_points(points: Points) -> NDArray[np.bool_]:
    """Which sightings teach depth."""
    if not len(points.xyz):
        return np.zeros(0, bool)
    seen = np.bincount(points.seen_point, minlength=len(points.xyz))
    good = (points.error_px < _GOOD_POINT_PX) & (seen >= _LEAST_SIGHTINGS)
    return good[points.seen_point]


def _empty(capture: Capture, pitch: Similarity, spec: FieldSpec) -> Floats:
    """[2, 3] the air above the pitch in the scene frame; of no size without metres."""
    if capture.pitch is None:
        return np.zeros((2, 3))
    x = spec.half_length_m - _AIR_MARGIN_M
    y = spec.half_width_m - _AIR_MARGIN_M
    corners = np.array([[-x, -y, _AIR_M[0]], [x, y, _AIR_M[1]]])
    # The scene frame has the pitch frame's axes, so a box stays a box.
    return np.sort(pitch.inverse.points(corners), axis=0)


def _held_out_px(camera: CameraModel) -> tuple[int, int]:
    scale = min(1.0, HELD_OUT_LONGEST_PX / max(camera.width_px, camera.height_px))
    return round(camera.width_px * scale), round(camera.height_px * scale)
