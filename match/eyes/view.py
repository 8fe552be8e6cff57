"""Where the overhead camera hangs, and what its pixels mean on the pitch.

One homography maps the floor; the camera's place and lens give one for every other
height, so that a tag on a robot's back and the ball's centre are put where they are and
not where they seem to lie on the floor.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import CameraModel, project
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError, raise_if_any

VIEW_VERSION = 1
Array = NDArray[np.float64]
_UNDISTORT_STEPS = 20
_ORTHOGONAL_WITHIN = 1e-6


@dataclass(frozen=True, kw_only=True)
class OverheadView:
    """A camera and its place over the pitch.

    Attributes:
        camera: image size and lens.
        rotation: pitch frame to camera frame, 3 x 3, row by row.
        translation_m: of the pitch's origin in the camera frame.
        residual_px: RMS over the landmarks it was computed from.
        source: how it was measured, for whoever reads the file.
        version: of this format.
    """

    camera: CameraModel
    rotation: tuple[float, ...]
    translation_m: tuple[float, float, float]
    residual_px: float = 0.0
    source: str = ""
    version: int = VIEW_VERSION

    def faults(self) -> list[str]:
        """Everything that contradicts the contract, in words; empty if sound."""
        found = [f"camera: {fault}" for fault in self.camera.faults()]
        if self.version != VIEW_VERSION:
            found.append(f"version: expected {VIEW_VERSION}, found {self.version}")
        numbers = (*self.rotation, *self.translation_m)
        if len(self.rotation) != 9 or not all(map(math.isfinite, numbers)):
            found.append("rotation, translation: expected 9 and 3 finite numbers")
            return found
        turn = self.matrix
        if np.abs(turn @ turn.T - np.eye(3)).max() > _ORTHOGONAL_WITHIN:
            found.append("rotation: expected a rotation, found another matrix")
        elif not self.position_m[2] > 0:
            found.append(
                f"expected a camera above the floor, found it {self.position_m[2]:.2f} "
                "m high; the landmarks may be mirrored"
            )
        return found

    @property
    def matrix(self) -> Array:
        """[3, 3] pitch frame to camera frame."""
        return np.array(self.rotation).reshape(3, 3)

    @property
    def position_m(self) -> Array:
        """[3] of the lens, in the pitch frame."""
        return -self.matrix.T @ np.array(self.translation_m)


def looking_down(
    camera: CameraModel, *, height_m: float, x_m: float = 0.0, y_m: float = 0.0
) -> OverheadView:
    """A camera that looks straight down; the picture's right is the pitch's +x."""
    rotation = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0)
    return OverheadView(
        camera=camera, rotation=rotation, translation_m=(-x_m, y_m, height_m)
    )


def points_at_height(view: OverheadView, pixels: Array, height_m: float) -> Array:
    """[N, 2] x, y in the pitch frame where the sight lines pass `height_m`.

    Args:
        pixels: [N, 2] column, row; OpenCV's coordinates.

    Returns:
        NaN for sight lines that do not come down to that height.
    """
    x, y = undistorted(view.camera, pixels)
    rays = np.stack([x, y, np.ones_like(x)], axis=1) @ view.matrix
    eye = view.position_m
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = (height_m - eye[2]) / rays[:, 2]
    reach = np.where(reach > 0, reach, np.nan)
    return eye[:2] + reach[:, None] * rays[:, :2]


def pixels_of(view: OverheadView, points_m: Array) -> Array:
    """[N, 2] pixels of points [N, 3] in the pitch frame; NaN behind the camera."""
    seen = points_m @ view.matrix.T + np.array(view.translation_m)
    depth = np.where(seen[:, 2] > 0, seen[:, 2], np.nan)
    columns, rows = project(view.camera, seen[:, 0] / depth, seen[:, 1] / depth)
    return np.stack([columns, rows], axis=1)


def pixels_per_m(view: OverheadView, point_m: tuple[float, float, float]) -> float:
    """Scale of the picture at a point, sideways to the line of sight."""
    ahead = (view.matrix @ np.array(point_m) + np.array(view.translation_m))[2]
    return math.sqrt(view.camera.fx_px * view.camera.fy_px) / max(float(ahead), 1e-6)


def undistorted(camera: CameraModel, pixels: Array) -> tuple[Array, Array]:
    """([N], [N]) x / z and y / z of pixels [N, 2]: the inverse of `project`.

    There is no closed form with distortion; this fixed point converges where the lens
    model is one to one, which a calibrated picture is.
    """
    flat_x = (pixels[:, 0] - camera.cx_px) / camera.fx_px
    flat_y = (pixels[:, 1] - camera.cy_px) / camera.fy_px
    if camera.distortion == "none":
        return flat_x, flat_y
    x, y = flat_x.copy(), flat_y.copy()
    for _ in range(_UNDISTORT_STEPS):
        columns, rows = project(camera, x, y)
        x += (pixels[:, 0] - columns) / camera.fx_px
        y += (pixels[:, 1] - rows) / camera.fy_px
    return x, y


def read_view(path: Path) -> OverheadView:
    """Read a view file.

    Raises:
        ContractError: missing, not JSON, or not this contract; lists every fault.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        fault = (
            f"expected an overhead view, found: {error.strerror}; "
            "make one with op3-soccer tracker calibrate"
        )
        raise ContractError(str(path), [fault]) from None
    except ValueError as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    view = from_plain(OverheadView, plain, subject=str(path))
    raise_if_any(str(path), view.faults())
    return view


def write_view(path: Path, view: OverheadView) -> None:
    """Write a view as JSON; floats keep full precision."""
    raise_if_any(str(path), view.faults())
    path.write_text(json.dumps(to_plain(view), indent=1) + "\n", encoding="utf-8")
