"""What marks the pitch: tags or points at known places, as a file says it.

A reference file is JSON, metres, pitch frame (`robot.contracts.field`):

    {"family": "36h11",
     "tags": [{"id": 0, "size_m": 0.2, "centre_m": [x, y, z],
               "right": [x, y, z], "up": [x, y, z]}, ...],
     "points": [{"name": "corner", "xyz_m": [x, y, z],
                 "seen": [{"image": "0001.jpg", "px": [u, v]}, ...]}, ...]}

A tag's `size_m` is the edge of its black square; `right` and `up` are those of the
printed picture. A point's `xyz_m` may be left out where `name` is one of
`pitch_landmarks`; it must be marked in two pictures or more.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from nerf_render.capture.document import CaptureError, Floats
from robot.contracts.codec import from_plain
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec

FAMILIES = {
    "36h11": cv2.aruco.DICT_APRILTAG_36h11,
    "36h10": cv2.aruco.DICT_APRILTAG_36h10,
    "25h9": cv2.aruco.DICT_APRILTAG_25h9,
    "16h5": cv2.aruco.DICT_APRILTAG_16h5,
}


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One printed tag; see the module."""

    id: int
    size_m: float
    centre_m: tuple[float, ...]
    right: tuple[float, ...]
    up: tuple[float, ...]

    @property
    def corners_m(self) -> Floats:
        """[4, 3] upper left, upper right, lower right, lower left."""
        centre = np.array(self.centre_m)
        right = np.array(self.right) / np.linalg.norm(self.right) * self.size_m / 2
        up = np.array(self.up) / np.linalg.norm(self.up) * self.size_m / 2
        return centre + np.array([up - right, up + right, right - up, -right - up])


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Where a point was seen, in pixels; the upper left pixel's centre is (0, 0)."""

    image: str
    px: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class MarkedPoint:
    """One point marked by hand."""

    name: str
    seen: tuple[Mark, ...]
    xyz_m: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a reference file says."""

    family: str = "36h11"
    tags: tuple[Tag, ...] = ()
    points: tuple[MarkedPoint, ...] = ()


def read_reference(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        CaptureError: missing, not JSON, or not of the form above.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        found = from_plain(Reference, plain, subject=str(path))
    except FileNotFoundError:
        raise CaptureError(
            f"{path}: expected a reference file with tags or points, found none; its "
            "form is told in nerf_render/capture/reference.py"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CaptureError(f"{path}: expected JSON, found {error}") from None
    except ContractError as error:
        raise CaptureError(str(error)) from None
    if found.family not in FAMILIES:
        raise CaptureError(
            f"{path}: family: expected one of {', '.join(FAMILIES)}, found "
            f"{found.family}"
        )
    known = pitch_landmarks(FieldSpec())
    for point in found.points:
        if point.xyz_m is None and point.name not in known:
            raise CaptureError(
                f"{path}: point {point.name}: expected xyz_m, or one of the names "
                f"{', '.join(known)}"
            )
    return found


def pitch_landmarks(spec: FieldSpec) -> dict[str, tuple[float, float, float]]:
    """Points of the pitch that can be marked by name: outer corners of lines."""
    x, y = spec.half_length_m, spec.half_width_m
    inner, area = x - spec.penalty_area_depth_m, spec.penalty_area_width_m / 2
    out = {"centre": (0.0, 0.0, 0.0)}
    for end, sx in (("home", -1), ("away", 1)):
        for side, sy in (("left", 1), ("right", -1)):
            out[f"{end}_{side}_corner"] = (sx * x, sy * y, 0.0)
            out[f"{end}_{side}_area"] = (sx * inner, sy * area, 0.0)
    out |= {"halfway_left": (0.0, y, 0.0), "halfway_right": (0.0, -y, 0.0)}
    return out
