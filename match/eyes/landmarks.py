"""The overhead view from points of the pitch whose pixels are known.

Either a person marks them (`read_landmarks`), or tags lie on them (`floor_tags`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as field_of
from pathlib import Path

import cv2
import numpy as np

from match.errors import MatchError
from match.eyes.tags import Family, TagReader
from match.eyes.view import OverheadView, pixels_of, undistorted
from robot.contracts.camera import CameraModel, Image
from robot.contracts.codec import from_plain
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec

_FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class Landmark:
    """A point on the floor and where the picture shows it."""

    point_m: tuple[float, float]
    pixel: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class _Marks:
    """A file of landmarks: points by name and its pixel, and others."""

    named: dict[str, tuple[float, float]] = field_of(default_factory=dict)
    points: tuple[Landmark, ...] = ()


def pitch_points(field: FieldSpec) -> dict[str, tuple[float, float]]:
    """Points that lines make, by name; +x is where the home team attacks."""
    x, y = field.half_length_m, field.half_width_m
    area_x, area_y = x - field.penalty_area_depth_m, field.penalty_area_width_m / 2
    points = {"centre": (0.0, 0.0)}
    for end, sign in (("-x", -1.0), ("+x", 1.0)):
        for flank, side in (("-y", -1.0), ("+y", 1.0)):
            points[f"corner {end} {flank}"] = (sign * x, side * y)
            points[f"area {end} {flank}"] = (sign * area_x, side * area_y)
    for flank, side in (("-y", -1.0), ("+y", 1.0)):
        points[f"half-way {flank}"] = (0.0, side * y)
        points[f"circle {flank}"] = (0.0, side * field.centre_circle_radius_m)
    return points


def read_landmarks(path: Path, field: FieldSpec) -> tuple[Landmark, ...]:
    """Read marked points: JSON, {"named": {"corner -x +y": [112.5, 64.0], ...}}.

    Raises:
        ContractError: not such a file, or a name that the pitch does not have.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        fault = f"expected landmarks, found: {error.strerror}; check the path"
        raise ContractError(str(path), [fault]) from None
    except ValueError as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    marks = from_plain(_Marks, plain, subject=str(path))
    known = pitch_points(field)
    unknown = sorted(set(marks.named) - set(known))
    if unknown:
        fault = f"expected names out of {', '.join(sorted(known))}; found {unknown}"
        raise ContractError(str(path), [fault])
    named = (Landmark(point_m=known[n], pixel=p) for n, p in marks.named.items())
    return (*named, *marks.points)


def floor_tags(
    image: Image, family: Family, places_m: Mapping[int, tuple[float, float]]
) -> tuple[Landmark, ...]:
    """Centres of tags that lie on the floor at known places, by tag id."""
    return tuple(
        Landmark(point_m=places_m[tag.tag_id], pixel=_crossing(tag.corners))
        for tag in TagReader(family).search(image)
        if tag.tag_id in places_m
    )


def solve_view(
    camera: CameraModel, landmarks: Sequence[Landmark], *, most_px: float = 3.0
) -> OverheadView:
    """The camera's place that fits the landmarks best.

    Args:
        camera: the calibrated lens.
        landmarks: four or more, no three of the four on one line.
        most_px: largest residual (RMS) that is accepted.

    Raises:
        MatchError: too few, on one line, or they do not fit.
    """
    if len(landmarks) < _FEWEST:
        fault = f"expected {_FEWEST} or more landmarks, found {len(landmarks)}"
        raise MatchError("overhead view", [f"{fault}; mark more corners of lines"])
    floor = np.array([(*mark.point_m, 0.0) for mark in landmarks])
    pixels = np.array([mark.pixel for mark in landmarks], dtype=np.float64)
    flat = np.stack(undistorted(camera, pixels), axis=1)
    lens, straight = np.eye(3), np.zeros(4)
    best: OverheadView | None = None
    try:
        # Globally optimal; IPPE mirrors a camera that looks straight down (OpenCV 5.0).
        count, turns, shifts, _ = cv2.solvePnPGeneric(
            floor, flat, lens, straight, flags=cv2.SOLVEPNP_SQPNP
        )
    except cv2.error:
        count, turns, shifts = 0, [], []
    for turn, shift in list(zip(turns, shifts, strict=True))[:count]:
        view = _view(camera, np.asarray(turn), np.asarray(shift), floor, pixels)
        if best is None or view.residual_px < best.residual_px:
            best = view
    if best is None or not np.isfinite(best.residual_px):
        fault = "expected landmarks that span the pitch, found them on one line"
        raise MatchError("overhead view", [fault + "; mark more corners of lines"])
    if best.residual_px > most_px:
        fault = (
            f"expected landmarks that fit within {most_px:g} px, found "
            f"{best.residual_px:.1f} px; check names, pixels and the camera file"
        )
        raise MatchError("overhead view", [fault])
    faults = best.faults()
    if faults:
        raise MatchError("overhead view", faults)
    return best


def _view(
    camera: CameraModel,
    turn: np.ndarray,
    shift: np.ndarray,
    floor: np.ndarray,
    pixels: np.ndarray,
) -> OverheadView:
    matrix, _ = cv2.Rodrigues(turn)
    x, y, z = map(float, shift.ravel())
    view = OverheadView(
        camera=camera,
        rotation=tuple(float(v) for v in np.ravel(matrix)),
        translation_m=(x, y, z),
        source=f"{len(floor)} landmarks",
    )
    off = pixels_of(view, floor) - pixels
    residual_px = float(np.sqrt((off**2).sum(axis=1).mean()))
    return replace(view, residual_px=residual_px)


def _crossing(corners: np.ndarray) -> tuple[float, float]:
    """Where the diagonals [4, 2] cross: the centre, seen in perspective."""
    first, second = corners[2] - corners[0], corners[3] - corners[1]
    offset = corners[1] - corners[0]
    # Solve corners[0] + s * first = corners[1] + t * second for s.
    s = (offset[0] * second[1] - offset[1] * second[0]) / (
        first[0] * second[1] - first[1] * second[0]
    )
    column, row = corners[0] + s * first
    return float(column), float(row)
