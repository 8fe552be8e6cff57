"""Focal lengths, centre and distortion from views of a board.

A first fit uses the wide corner window of OpenCV's own example. Views whose error
stands out are flagged; their corners are refined again within a window that fits their
squares, and if they still stand out they are left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera.boards import BoardSpec, FloatArray
from calibration.camera.detection import Sighting
from calibration.errors import CalibrationError
from robot.contracts.camera import CameraModel

Lens = Literal["pinhole", "fisheye"]
FEWEST_VIEWS = 8
"""Project's choice: below, one bad view moves the focal length by a percent."""
_OUTLIER_SCORE = 3.5
"""Of the modified z-score (Iglewicz and Hoaglin, 1993)."""
_OUTLIER_RATIO = 1.5
_OUTLIER_PX = 0.3
"""Below, a view is good however good the others are: small boards are read worse."""
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, kw_only=True)
class View:
    """One picture of the board, its corners refined in two ways."""

    wide: Sighting
    narrow: Sighting

    @property
    def name(self) -> str:
        return self.wide.name


@dataclass(frozen=True, kw_only=True)
class ViewResult:
    """What became of one view.

    Attributes:
        first_rms_px: error in the fit of all views as they came.
        rms_px: in the final fit, or against it if left out.
        flagged: it stood out at first.
        used: it is part of the final fit.
        rotation_vector, position_m: of the board in the camera's frame.
        residual_px: [N, 2] seen minus predicted.
    """

    name: str
    first_rms_px: float
    rms_px: float
    flagged: bool
    used: bool
    rotation_vector: FloatArray
    position_m: FloatArray
    pixels: FloatArray
    residual_px: FloatArray


@dataclass(frozen=True, kw_only=True)
class IntrinsicsFit:
    """The camera and how well it explains the views.

    Attributes:
        sigma: of fx, fy, cx, cy, then of each coefficient.
        first_rms_px: over all views as they came.
        rms_px: over the views used.
    """

    model: CameraModel
    sigma: tuple[float, ...]
    first_rms_px: float
    rms_px: float
    views: tuple[ViewResult, ...]


@dataclass(frozen=True)
class _Fit:
    matrix: FloatArray
    distortion: FloatArray
    rotations: list[FloatArray]
    translations: list[FloatArray]
    sigma: FloatArray


def fit_intrinsics(
    views: Sequence[View], board: BoardSpec, lens: Lens
) -> IntrinsicsFit:
    """Fit a camera.

    Raises:
        CalibrationError: too few views, views of different sizes, or a fit that does
            not converge.
    """
    _refuse(views)
    size = views[0].wide.size_px
    chosen = [view.wide for view in views]
    first = _solve(chosen, board, lens)
    first_rms = [
        _rms(_residual(first, lens, i, s, board)) for i, s in enumerate(chosen)
    ]
    flagged = outliers(first_rms)
    fit = first
    used = [True] * len(views)
    if any(flagged):
        chosen = [
            view.narrow if bad else view.wide
            for view, bad in zip(views, flagged, strict=True)
        ]
        fit = _solve(chosen, board, lens)
        again = [_rms(_residual(fit, lens, i, s, board)) for i, s in enumerate(chosen)]
        still = [a and b for a, b in zip(flagged, outliers(again), strict=True)]
        if any(still) and len(views) - sum(still) >= FEWEST_VIEWS:
            used = [not bad for bad in still]
            kept = [s for s, good in zip(chosen, used, strict=True) if good]
            fit = _with_left_out(_solve(kept, board, lens), chosen, used, board, lens)
    results = tuple(
        _result(fit, lens, i, sighting, board, first_rms[i], flagged[i], used[i])
        for i, sighting in enumerate(chosen)
    )
    kept_px = np.concatenate([r.residual_px for r in results if r.used])
    return IntrinsicsFit(
        model=_model(fit, lens, size, board, len(views)),
        sigma=tuple(map(float, fit.sigma)),
        first_rms_px=_rms(
            np.concatenate(
                [_residual(first, lens, i, v.wide, board) for i, v in enumerate(views)]
            )
        ),
        rms_px=_rms(kept_px),
        views=results,
    )


def outliers(errors: Sequence[float]) -> list[bool]:
    """Which errors stand out from the others."""
    values = np.asarray(errors)
    median = float(np.median(values))
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(values - median)))
    far = values - median > _OUTLIER_SCORE * max(spread, 1e-9)
    far &= values > _OUTLIER_PX
    return list(far & (values > _OUTLIER_RATIO * median))


def _array(values: Any) -> FloatArray:
    return np.asarray(values, np.float64)


def _refuse(views: Sequence[View]) -> None:
    faults = []
    if len(views) < FEWEST_VIEWS:
        faults.append(
            f"expected at least {FEWEST_VIEWS} pictures with the board in them, found "
            f"{len(views)}; take more, from different sides"
        )
    sizes = sorted({view.wide.size_px for view in views})
    if len(sizes) > 1:
        told = ", ".join(f"{width} x {height}" for width, height in sizes)
        faults.append(f"expected pictures of one size, found {told}")
    if faults:
        raise CalibrationError("camera", faults)


def _solve(sightings: Sequence[Sighting], board: BoardSpec, lens: Lens) -> _Fit:
    points = [board.corners_m[s.ids].reshape(-1, 1, 3) for s in sightings]
    pixels = [s.pixels.reshape(-1, 1, 2) for s in sightings]
    size = sightings[0].size_px
    try:
        if lens == "fisheye":
            return _solve_fisheye(points, pixels, size)
        return _solve_pinhole(points, pixels, size)
    except (cv2.error, np.linalg.LinAlgError) as error:
        raise CalibrationError(
            "camera",
            [
                f"expected views that determine a {lens} camera, found that the fit "
                f"fails ({str(error).strip().splitlines()[-1]}); take views from more "
                "sides, tilted by 20 to 45 degrees"
            ],
        ) from None


def _solve_pinhole(
    points: list[FloatArray], pixels: list[FloatArray], size: tuple[int, int]
) -> _Fit:
    _, matrix, distortion, turns, moves, sigma, *_ = cv2.calibrateCameraExtended(
        [p.astype(np.float32) for p in points],
        [p.astype(np.float32) for p in pixels],
        size,
        np.eye(3),
        np.zeros(5),
    )
    return _Fit(
        _array(matrix),
        _array(distortion).ravel()[:5],
        [_array(t).ravel() for t in turns],
        [_array(m).ravel() for m in moves],
        _array(sigma).ravel()[:9],
    )


def _solve_fisheye(
    points: list[FloatArray], pixels: list[FloatArray], size: tuple[int, int]
) -> _Fit:
    # OpenCV 5 moved these flags from cv2.fisheye to cv2.
    holder: Any = cv2 if hasattr(cv2, "CALIB_RECOMPUTE_EXTRINSIC") else cv2.fisheye
    flags = holder.CALIB_RECOMPUTE_EXTRINSIC + holder.CALIB_FIX_SKEW
    focal = max(size) / 2
    guess = np.array(
        [
            [focal, 0.0, (size[0] - 1) / 2],
            [0.0, focal, (size[1] - 1) / 2],
            [0.0, 0.0, 1.0],
        ]
    )
    flags += cv2.CALIB_USE_INTRINSIC_GUESS
    _, matrix, distortion, turns, moves = cv2.fisheye.calibrate(
        [point.reshape(1, -1, 3) for point in points],
        [pixel.reshape(1, -1, 2) for pixel in pixels],
        size,
        guess,
        np.zeros(4),
        flags=flags,
    )
    fit = _Fit(
        _array(matrix),
        _array(distortion).ravel(),
        [_array(t).ravel() for t in turns],
        [_array(m).ravel() for m in moves],
        np.zeros(8),
    )
    return _Fit(
        fit.matrix,
        fit.distortion,
        fit.rotations,
        fit.translations,
        _fisheye_sigma(fit, points, pixels),
    )


def _fisheye_sigma(
    fit: _Fit, points: list[FloatArray], pixels: list[FloatArray]
) -> FloatArray:
    """From the fit's Jacobian; `cv2.fisheye.calibrate` gives none."""
    rows, residuals = [], []
    for number, (point, pixel) in enumerate(zip(points, pixels, strict=True)):
        predicted, jacobian = cv2.fisheye.projectPoints(
            point,
            fit.rotations[number].reshape(3, 1),
            fit.translations[number].reshape(3, 1),
            fit.matrix,
            fit.distortion,
        )
        row = np.zeros((2 * len(point), 8 + 6 * len(points)))
        row[:, :8] = jacobian[:, :8]
        row[:, 8 + 6 * number : 14 + 6 * number] = jacobian[:, 8:14]
        rows.append(row)
        residuals.append((pixel - np.asarray(predicted)).ravel())
    stacked, residual = np.concatenate(rows), np.concatenate(residuals)
    variance = residual @ residual / max(1, len(residual) - stacked.shape[1])
    covariance = np.linalg.inv(stacked.T @ stacked) * variance
    return np.sqrt(np.diag(covariance)[:8])


def _predicted(
    fit: _Fit, lens: Lens, points: FloatArray, turn: FloatArray, move: FloatArray
) -> FloatArray:
    projection = cv2.fisheye.projectPoints if lens == "fisheye" else cv2.projectPoints
    found = projection(
        points.reshape(-1, 1, 3),
        turn.reshape(3, 1),
        move.reshape(3, 1),
        fit.matrix,
        fit.distortion,
    )[0]
    return _array(found).reshape(-1, 2)


def _residual(
    fit: _Fit, lens: Lens, number: int, sighting: Sighting, board: BoardSpec
) -> FloatArray:
    points = board.corners_m[sighting.ids]
    turn, move = fit.rotations[number], fit.translations[number]
    return sighting.pixels - _predicted(fit, lens, points, turn, move)


def _rms(residual_px: FloatArray) -> float:
    """Of the distances, as OpenCV counts it."""
    return float(np.sqrt((residual_px**2).sum(axis=-1).mean()))


def _with_left_out(
    fit: _Fit,
    sightings: Sequence[Sighting],
    used: Sequence[bool],
    board: BoardSpec,
    lens: Lens,
) -> _Fit:
    """`fit` with the poses of the views that it was made without, in their places."""
    turns, moves = iter(fit.rotations), iter(fit.translations)
    rotations, translations = [], []
    for sighting, good in zip(sightings, used, strict=True):
        if good:
            rotations.append(next(turns))
            translations.append(next(moves))
            continue
        solve = cv2.fisheye.solvePnP if lens == "fisheye" else cv2.solvePnP
        _, turn, move = solve(
            board.corners_m[sighting.ids].reshape(-1, 1, 3),
            sighting.pixels.reshape(-1, 1, 2),
            fit.matrix,
            fit.distortion,
        )
        rotations.append(_array(turn).ravel())
        translations.append(_array(move).ravel())
    return _Fit(fit.matrix, fit.distortion, rotations, translations, fit.sigma)


def _result(
    fit: _Fit,
    lens: Lens,
    number: int,
    sighting: Sighting,
    board: BoardSpec,
    first_rms_px: float,
    flagged: bool,
    used: bool,
) -> ViewResult:
    residual = _residual(fit, lens, number, sighting, board)
    return ViewResult(
        name=sighting.name,
        first_rms_px=first_rms_px,
        rms_px=_rms(residual),
        flagged=bool(flagged),
        used=used,
        rotation_vector=fit.rotations[number],
        position_m=fit.translations[number],
        pixels=sighting.pixels,
        residual_px=residual,
    )


def _model(
    fit: _Fit, lens: Lens, size: tuple[int, int], board: BoardSpec, views: int
) -> CameraModel:
    matrix: NDArray[np.float64] = fit.matrix
    return CameraModel(
        width_px=size[0],
        height_px=size[1],
        fx_px=float(matrix[0, 0]),
        fy_px=float(matrix[1, 1]),
        cx_px=float(matrix[0, 2]),
        cy_px=float(matrix[1, 2]),
        distortion="fisheye" if lens == "fisheye" else "brown_conrady",
        coefficients=tuple(map(float, fit.distortion)),
        source=f"{views} views of a {board.told()}",
    )


def tilt_rad(view: ViewResult) -> float:
    """Angle between the board's normal and the line to its origin."""
    normal = np.asarray(cv2.Rodrigues(view.rotation_vector)[0])[:, 2]
    line = view.position_m / np.linalg.norm(view.position_m)
    return math.acos(min(1.0, abs(float(normal @ line))))
