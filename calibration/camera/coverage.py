"""Which parts of the picture and which tilts the views cover, and what is missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera.boards import BoardSpec
from calibration.camera.detection import Sighting

Lean = Literal["flat", "left", "right", "up", "down"]
LEANS: tuple[Lean, ...] = ("flat", "left", "right", "up", "down")
COLUMNS, ROWS = 8, 6
"""Cells of the map, 80 pixels each at 640 x 480."""
_SHARE_WANTED = 0.8
_VIEWS_PER_LEAN = 2
_VIEWS_WANTED = 15
"""So many leave about 0.1 % of the focal length open (measured on painted views)."""
_SIDES: dict[Lean, str] = {
    "left": "left",
    "right": "right",
    "up": "upper",
    "down": "lower",
}
_LEANING_RAD = np.radians(15.0)
_COLUMN_NAMES = ("left", "middle", "right")
_ROW_NAMES = ("upper", "middle", "lower")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The view that would help most.

    Attributes:
        column, row: third of the picture the board should fill, 0 to 2 each.
        lean: which side of the board should be nearer to the camera.
        far: seen small and whole instead of filling its part.
    """

    column: int
    row: int
    lean: Lean
    far: bool

    @property
    def told(self) -> str:
        """For the person who holds the board."""
        where = f"{_ROW_NAMES[self.row]} {_COLUMN_NAMES[self.column]}"
        where = "middle" if where == "middle middle" else where
        lean = (
            "held flat towards the camera"
            if self.lean == "flat"
            else f"its {_SIDES[self.lean]} side tilted 30 degrees towards the camera"
        )
        return f"board in the {where} of the picture, {lean}" + (
            ", half as far again" if self.far else ""
        )


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What the views cover.

    Attributes:
        cells: [ROWS, COLUMNS] corners seen in each cell.
        leans: views per lean.
        views: how many.
    """

    cells: NDArray[np.int64]
    leans: dict[Lean, int]
    views: int

    @property
    def share(self) -> float:
        """Of the picture's cells that hold a corner."""
        return float((self.cells > 0).mean())

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """What is missing, in words; empty if nothing."""
        found = []
        if self.share < _SHARE_WANTED:
            found.append(
                f"corners in {100 * self.share:.0f} % of the picture, "
                f"{100 * _SHARE_WANTED:.0f} % wanted: {_empty_parts(self.cells)}"
            )
        if self.views < _VIEWS_WANTED:
            found.append(f"{self.views} views, {_VIEWS_WANTED} wanted")
        short = [
            f"{lean} {count}"
            for lean, count in self.leans.items()
            if count < _VIEWS_PER_LEAN
        ]
        if short:
            found.append(
                f"views per tilt, {_VIEWS_PER_LEAN} wanted of each: {', '.join(short)}"
            )
        return found

    def wish(self, number: int) -> Wish:
        """The next view to take.

        Args:
            number: of views taken; every fourth one should be a far one.
        """
        # The part with the fewest corners, so that no wish comes back at once.
        parts = _parts(self.cells, np.mean)
        row, column = np.unravel_index(int(np.argmin(parts)), parts.shape)
        lean = min(self.leans, key=lambda name: (self.leans[name], LEANS.index(name)))
        return Wish(column=int(column), row=int(row), lean=lean, far=number % 4 == 3)


def coverage(sightings: Sequence[Sighting], board: BoardSpec) -> Coverage:
    """Of views of pictures of one size."""
    cells = np.zeros((ROWS, COLUMNS), np.int64)
    leans: dict[Lean, int] = dict.fromkeys(LEANS, 0)
    for sighting in sightings:
        width, height = sighting.size_px
        column = np.clip(sighting.pixels[:, 0] * COLUMNS / width, 0, COLUMNS - 1)
        row = np.clip(sighting.pixels[:, 1] * ROWS / height, 0, ROWS - 1)
        np.add.at(cells, (row.astype(int), column.astype(int)), 1)
        leans[lean_of(sighting, board)] += 1
    return Coverage(cells=cells, leans=leans, views=len(sightings))


def lean_of(sighting: Sighting, board: BoardSpec) -> Lean:
    """Which side of the board is nearer; from a camera of ordinary focal length."""
    width, height = sighting.size_px
    matrix = np.array(
        [
            [width, 0.0, (width - 1) / 2],
            [0.0, width, (height - 1) / 2],
            [0.0, 0.0, 1.0],
        ]
    )
    _, turn, _ = cv2.solvePnP(
        board.corners_m[sighting.ids], sighting.pixels, matrix, np.zeros(4)
    )
    rotation = np.asarray(cv2.Rodrigues(turn)[0])
    # Depth that a step along the picture's x and y costs on the board's plane.
    normal = rotation[:, 2] * np.sign(rotation[2, 2])
    across, down = np.arctan2(-normal[0], normal[2]), np.arctan2(-normal[1], normal[2])
    if max(abs(across), abs(down)) < _LEANING_RAD:
        return "flat"
    if abs(across) > abs(down):
        return "left" if across > 0 else "right"
    return "up" if down > 0 else "down"


def _covered(cells: NDArray[np.int64]) -> float:
    return float((cells > 0).mean())


def _parts(
    cells: NDArray[np.int64], measure: Callable[[NDArray[np.int64]], Any] = _covered
) -> NDArray[np.float64]:
    """[3, 3] what `measure` says of each ninth of the picture."""
    rows = np.array_split(np.arange(ROWS), 3)
    columns = np.array_split(np.arange(COLUMNS), 3)
    return np.array([[measure(cells[np.ix_(r, c)]) for c in columns] for r in rows])


def _empty_parts(cells: NDArray[np.int64]) -> str:
    parts = _parts(cells)
    worst = [
        f"{_ROW_NAMES[row]} {_COLUMN_NAMES[column]}"
        for row in range(3)
        for column in range(3)
        if parts[row, column] < _SHARE_WANTED
    ]
    return "little in " + ", ".join(worst)
