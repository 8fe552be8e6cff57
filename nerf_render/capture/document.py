"""A capture on disk: pictures with poses, points, and where the pitch is.

    capture.json   `Capture`, without the points
    points.npz     `Points`
    images/        the pictures
    report.md, coverage.png, ...   for people

A folder with nerfstudio's `transforms.json` is read as a capture too: it has poses and
lens, but no points and no pitch.

The capture frame is whatever the poses came in: of unknown scale and direction.
Cameras are OpenCV's (x right, y down, z into the picture).
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nerf_render.similarity import Similarity
from robot.contracts.camera import CameraModel
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError

CAPTURE_VERSION = 1
DOCUMENT = "capture.json"
POINTS = "points.npz"
IMAGES = "images"
TRANSFORMS = "transforms.json"
# OpenGL's camera (y up, looking along -z) from OpenCV's.
_FLIP = np.diag([1.0, -1.0, -1.0, 1.0])

Floats = NDArray[np.float64]


class CaptureError(Exception):
    """A capture cannot go on; says expected, found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture.

    Attributes:
        image: file, relative to the capture's folder.
        camera_to_capture: [4, 4] row by row.
    """

    image: str
    camera_to_capture: tuple[float, ...]

    @property
    def matrix(self) -> Floats:
        """[4, 4]."""
        return np.array(self.camera_to_capture).reshape(4, 4)


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points that poses were computed from, capture frame.

    Attributes:
        xyz: [P, 3].
        rgb: [P, 3] uint8.
        error_px: [P] mean reprojection error.
        seen_by: [V] index of the frame of each sighting.
        seen_point: [V] the point it shows.
        seen_px: [V, 2] where; the upper left pixel's centre is (0, 0).
    """

    xyz: Floats
    rgb: NDArray[np.uint8]
    error_px: Floats
    seen_by: NDArray[np.int64]
    seen_point: NDArray[np.int64]
    seen_px: Floats


NO_POINTS = Points(
    xyz=np.zeros((0, 3)),
    rgb=np.zeros((0, 3), np.uint8),
    error_px=np.zeros(0),
    seen_by=np.zeros(0, np.int64),
    seen_point=np.zeros(0, np.int64),
    seen_px=np.zeros((0, 2)),
)


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Pictures with poses.

    Attributes:
        camera: of all pictures.
        frames: in the order they were taken.
        pitch: pitch frame <- capture frame, metres; None without a metric reference.
        measured: of the pose computation and the reference, by name.
        provenance: where it came from.
        version: of this format.
    """

    camera: CameraModel
    frames: tuple[Frame, ...]
    pitch: Similarity | None = None
    measured: dict[str, float] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    version: int = CAPTURE_VERSION

    @property
    def poses(self) -> Floats:
        """[N, 4, 4] camera to capture frame."""
        return np.stack([frame.matrix for frame in self.frames])


def write_capture(folder: Path, capture: Capture, points: Points) -> None:
    """Write both documents; the pictures are already there."""
    np.savez_compressed(folder / POINTS, **vars(points))
    part = folder / (DOCUMENT + ".part")
    part.write_text(json.dumps(to_plain(capture), indent=1) + "\n", encoding="utf-8")
    os.replace(part, folder / DOCUMENT)


def read_capture(folder: Path) -> tuple[Capture, Points]:
    """Read a capture.

    Raises:
        CaptureError: the folder is not one, or is damaged.
    """
    if (folder / DOCUMENT).exists():
        return _read_own(folder)
    if (folder / TRANSFORMS).exists():
        return _read_transforms(folder), NO_POINTS
    raise CaptureError(
        f"{folder}: expected a capture ({DOCUMENT} or {TRANSFORMS}), found neither; "
        "`op3-soccer scene capture VIDEO` makes one"
    )


def frame(image: str, camera_to_capture: Floats) -> Frame:
    """From a [4, 4] matrix."""
    numbers = tuple(float(value) for value in camera_to_capture.ravel())
    return Frame(image=image, camera_to_capture=numbers)


def opengl(poses: Floats) -> Floats:
    """[..., 4, 4] poses of OpenCV cameras as poses of OpenGL cameras, or back."""
    return poses @ _FLIP


def _read_own(folder: Path) -> tuple[Capture, Points]:
    plain = _json(folder / DOCUMENT)
    if plain.get("version") != CAPTURE_VERSION:
        raise CaptureError(
            f"{folder}: expected a capture of version {CAPTURE_VERSION}, found "
            f"{plain.get('version')}; run `op3-soccer scene capture` again"
        )
    try:
        capture = from_plain(Capture, plain, subject=str(folder / DOCUMENT))
    except ContractError as error:
        raise CaptureError(str(error)) from None
    _check_images(folder, [one.image for one in capture.frames])
    try:
        with np.load(folder / POINTS) as arrays:
            return capture, Points(**{name: arrays[name] for name in arrays.files})
    except (OSError, TypeError, ValueError) as error:
        raise CaptureError(
            f"{folder / POINTS}: expected the capture's points, found {error}; run "
            "`op3-soccer scene capture` again"
        ) from None


def _read_transforms(folder: Path) -> Capture:
    plain = _json(folder / TRANSFORMS)
    try:
        listed = sorted(plain["frames"], key=lambda one: one["file_path"])
        coefficients = tuple(float(plain.get(k, 0.0)) for k in ("k1", "k2", "p1", "p2"))
        camera = CameraModel(
            width_px=int(plain["w"]),
            height_px=int(plain["h"]),
            fx_px=float(plain["fl_x"]),
            fy_px=float(plain["fl_y"]),
            # There a pixel's centre lies at one half.
            cx_px=float(plain["cx"]) - 0.5,
            cy_px=float(plain["cy"]) - 0.5,
            distortion="brown_conrady",
            coefficients=coefficients,
            source=TRANSFORMS,
        )
        frames = tuple(
            frame(one["file_path"], opengl(np.array(one["transform_matrix"], float)))
            for one in listed
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CaptureError(
            f"{folder / TRANSFORMS}: expected nerfstudio's keys w h fl_x fl_y cx cy "
            f"and frames with file_path and transform_matrix, found a fault at {error}"
        ) from None
    _check_images(folder, [one.image for one in frames])
    return Capture(camera=camera, frames=frames, provenance={"poses": TRANSFORMS})


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CaptureError(
            f"{path}: expected JSON, found {error}; copy the capture again"
        ) from None


def _check_images(folder: Path, images: Sequence[str]) -> None:
    missing = [image for image in images if not (folder / image).is_file()]
    if missing:
        raise CaptureError(
            f"{folder}: expected {len(images)} pictures, found {len(missing)} missing, "
            f"first {missing[0]}; copy the capture again"
        )
