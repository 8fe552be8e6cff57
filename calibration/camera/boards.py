"""Calibration boards: where their corners are, and what they look like.

Board frame: x along the columns, y along the rows downwards, z into the board (OpenCV's
right-handed choice), origin at the board's upper left corner (ChArUco) or at its first
inner corner (chessboard). Metres.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError

FloatArray = NDArray[np.float64]
GrayImage = NDArray[np.uint8]

DICTIONARY = "DICT_4X4_250"
"""Few bits: read from afar and aslant. 250 markers: eight boards of 30."""


@dataclass(frozen=True)
class BoardSpec:
    """One board.

    Attributes:
        kind: "charuco" may be seen in part; "chessboard" must be seen whole.
        columns: squares across for ChArUco, inner corners across for a chessboard.
        rows: likewise downwards.
        square_m: side of a square.
        marker_m: side of a marker; 0 for a chessboard.
        first_marker: id of the first marker, so that boards can be told apart.

    Raises:
        CalibrationError: impossible numbers; names them all.
    """

    kind: Literal["charuco", "chessboard"]
    columns: int
    rows: int
    square_m: float
    marker_m: float = 0.0
    first_marker: int = 0

    def __post_init__(self) -> None:
        faults = [
            f"{name}: expected 3 or more, found {getattr(self, name)}"
            for name in ("columns", "rows")
            if getattr(self, name) < 3
        ]
        if not self.square_m > 0:
            faults.append(f"square_m: expected > 0, found {self.square_m}")
        if self.kind == "charuco" and not 0 < self.marker_m < self.square_m:
            faults.append(
                f"marker_m: expected > 0 and below the square's {self.square_m}, "
                f"found {self.marker_m}"
            )
        if faults:
            raise CalibrationError("board", faults)

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the printed squares."""
        extra = 1 if self.kind == "chessboard" else 0
        return (
            (self.columns + extra) * self.square_m,
            (self.rows + extra) * self.square_m,
        )

    @property
    def corner_count(self) -> int:
        """Inner corners."""
        if self.kind == "chessboard":
            return self.columns * self.rows
        return (self.columns - 1) * (self.rows - 1)

    @cached_property
    def corners_m(self) -> FloatArray:
        """[N, 3] inner corners in the board frame, row by row."""
        if self.kind == "charuco":
            found = np.asarray(self.charuco.getChessboardCorners(), np.float64)
            return found.reshape(-1, 3)
        grid = np.zeros((self.corner_count, 3))
        across, down = np.meshgrid(np.arange(self.columns), np.arange(self.rows))
        grid[:, 0] = across.ravel() * self.square_m
        grid[:, 1] = down.ravel() * self.square_m
        return grid

    @property
    def picture_origin_m(self) -> FloatArray:
        """[2] upper left corner of the printed squares in the board frame."""
        back = self.square_m if self.kind == "chessboard" else 0.0
        return np.array([-back, -back])

    @cached_property
    def charuco(self) -> Any:
        """OpenCV's board.

        Raises:
            CalibrationError: not a ChArUco board.
        """
        if self.kind != "charuco":
            raise CalibrationError(
                "board", [f"expected a charuco board, found a {self.kind}"]
            )
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, DICTIONARY))
        count = self.columns * self.rows // 2
        ids = np.arange(self.first_marker, self.first_marker + count)
        size = (self.columns, self.rows)
        return cv2.aruco.CharucoBoard(
            size, self.square_m, self.marker_m, dictionary, ids
        )

    def picture(self, pixels_per_square: int) -> GrayImage:
        """The printed squares, black 0 and white 255, without a margin."""
        width = round(self.size_m[0] / self.square_m) * pixels_per_square
        height = round(self.size_m[1] / self.square_m) * pixels_per_square
        if self.kind == "charuco":
            drawn = self.charuco.generateImage((width, height), marginSize=0)
            return np.asarray(drawn, np.uint8)
        rows, columns = np.indices((height, width)) // pixels_per_square
        return np.where((rows + columns) % 2 == 0, 0, 255).astype(np.uint8)

    def told(self) -> str:
        """In words."""
        unit = "squares" if self.kind == "charuco" else "inner corners"
        return (
            f"{self.kind} {self.columns} x {self.rows} {unit} of "
            f"{1000 * self.square_m:g} mm"
        )


STAND_BOARD = BoardSpec("charuco", 9, 6, 0.028, 0.021)
"""On A4, 252 x 168 mm: intrinsics, head camera, delays. First 27 markers."""

PLATE_NAMES = ("l_foot", "r_foot", "l_hand", "r_hand")
PLATES: dict[str, BoardSpec] = {
    name: BoardSpec("charuco", 5, 4, 0.020, 0.015, 30 + 10 * number)
    for number, name in enumerate(PLATE_NAMES)
}
"""100 x 80 mm each, for feet and hands; ten markers each, from 30 up."""
