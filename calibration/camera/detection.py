"""Corners of a board in a picture, to a fraction of a pixel."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera.boards import BoardSpec, FloatArray

WIDE_WINDOW_PX = 11
"""Half window of OpenCV's own calibration example: averages most noise away."""
_LEAST_WINDOW_PX = 3
_LEAST_CORNERS = 8
"""A pose takes four; twice as many show whether it fits."""
_STOP = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 1e-3)


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A board in one picture.

    Attributes:
        name: of the picture.
        ids: [N] which of the board's corners.
        pixels: [N, 2] where; the centre of the upper left pixel is (0, 0).
        size_px: width and height of the picture.
    """

    name: str
    ids: NDArray[np.int64]
    pixels: FloatArray
    size_px: tuple[int, int]


def detect(
    image: NDArray[np.uint8],
    board: BoardSpec,
    *,
    name: str = "",
    window_px: int | None = None,
) -> Sighting | None:
    """Find the board; None where it is not seen well enough.

    Args:
        image: [H, W] grey or [H, W, 3] RGB.
        board: which.
        name: of the picture, for the result.
        window_px: half window of the refinement; None fits it to the corners' distance.
    """
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    gray = np.ascontiguousarray(gray, np.uint8)
    found = _charuco(gray, board) if board.kind == "charuco" else _chess(gray, board)
    if found is None:
        return None
    height, width = gray.shape
    sighting = Sighting(
        name=name, ids=found[0], pixels=found[1], size_px=(width, height)
    )
    return refined(gray, sighting, board, window_px)


def refined(
    gray: NDArray[np.uint8],
    sighting: Sighting,
    board: BoardSpec,
    window_px: int | None = None,
) -> Sighting:
    """The same corners, moved to where the edges cross within the window."""
    window = fitting_window_px(sighting, board) if window_px is None else window_px
    start = sighting.pixels.astype(np.float32).reshape(-1, 1, 2).copy()
    moved = cv2.cornerSubPix(gray, start, (window, window), (-1, -1), _STOP)
    return replace(sighting, pixels=np.asarray(moved, np.float64).reshape(-1, 2))


def fitting_window_px(sighting: Sighting, board: BoardSpec) -> int:
    """Half window that stays clear of the next corner and of the markers."""
    distance = np.linalg.norm(
        sighting.pixels[:, None] - sighting.pixels[None, :], axis=-1
    )
    np.fill_diagonal(distance, np.inf)
    clear = (
        (board.square_m - board.marker_m) / (2 * board.square_m)
        if board.kind == "charuco"
        else 0.3
    )
    # A marker's corner lies clear squares from the square's along both axes.
    reach = float(distance.min()) * max(clear, 0.15) * 1.2
    return int(np.clip(reach, _LEAST_WINDOW_PX, WIDE_WINDOW_PX))


@cache
def _detector(board: BoardSpec) -> Any:
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_NONE
    charuco = cv2.aruco.CharucoParameters()
    charuco.minMarkers = 1
    return cv2.aruco.CharucoDetector(board.charuco, charuco, parameters)


def _charuco(
    gray: NDArray[np.uint8], board: BoardSpec
) -> tuple[NDArray[np.int64], FloatArray] | None:
    corners, ids, *_ = _detector(board).detectBoard(gray)
    least = min(_LEAST_CORNERS, board.corner_count)
    if ids is None or len(ids) < least:
        return None
    pixels = np.asarray(corners, np.float64).reshape(-1, 2)
    numbers = np.asarray(ids, np.int64).ravel()
    return numbers, pixels


def _chess(
    gray: NDArray[np.uint8], board: BoardSpec
) -> tuple[NDArray[np.int64], FloatArray] | None:
    found, corners = cv2.findChessboardCorners(gray, (board.columns, board.rows))
    if not found:
        return None
    pixels = np.asarray(corners, np.float64).reshape(-1, 2)
    return np.arange(board.corner_count), pixels
