"""AprilTags in a picture: which, and where their corners are.

Olson, "AprilTag: a robust and flexible visual fiducial system", ICRA 2011; found and
read by OpenCV's aruco module. One OpenCV thread: the tracker has one core.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import Image

Family = Literal["16h5", "25h9", "36h11"]
_FAMILIES: dict[Family, int] = {
    "16h5": cv2.aruco.DICT_APRILTAG_16h5,
    "25h9": cv2.aruco.DICT_APRILTAG_25h9,
    "36h11": cv2.aruco.DICT_APRILTAG_36h11,
}
_SMALLEST_PX = 10.0
"""Side of the smallest tag that is looked for: its cells are a pixel and a half."""
_SEARCH_WINDOW_PX = 13
"""Of the one threshold that whole pictures get; crops get OpenCV's three."""
_ENLARGED = 2
"""Crops are enlarged before they are read: a tag from 4 m has 3 pixels per cell, too
few for its bits after blur."""


@dataclass(frozen=True, kw_only=True)
class SeenTag:
    """One tag; `corners` [4, 2] column, row: upper left, upper right, lower right and
    lower left of the printed tag."""

    tag_id: int
    corners: NDArray[np.float64]


Box = tuple[int, int, int, int]
"""First column, first row, last column, last row, the last ones excluded."""


class TagReader:
    """Finds the tags of one family."""

    def __init__(self, family: Family):
        self._dictionary = cv2.aruco.getPredefinedDictionary(_FAMILIES[family])
        # Detectors differ by picture size only: OpenCV wants shares of it.
        self._detectors: dict[int, cv2.aruco.ArucoDetector] = {}

    def search(self, image: Image) -> list[SeenTag]:
        """All tags of a whole picture [H, W, 3]."""
        return self._read(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1)

    def look(self, image: Image, box: Box) -> list[SeenTag]:
        """All tags in one part of a picture, read more carefully."""
        left, top, right, bottom = box
        crop = image[top:bottom, left:right]
        if crop.shape[0] < _SMALLEST_PX or crop.shape[1] < _SMALLEST_PX:
            return []
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        size = (grey.shape[1] * _ENLARGED, grey.shape[0] * _ENLARGED)
        large = cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR)
        return self._read(large, (left, top), _ENLARGED)

    def _read(
        self, grey: cv2.typing.MatLike, first: tuple[int, int], enlarged: int
    ) -> list[SeenTag]:
        corners, ids, _ = self._detector(max(grey.shape), enlarged).detectMarkers(grey)
        if ids is None:
            return []
        # Pixel centres: enlarged by k, centre c lies at k c + (k - 1) / 2.
        half = (enlarged - 1) / 2
        return [
            SeenTag(
                tag_id=int(tag_id),
                corners=(np.asarray(found, dtype=np.float64).reshape(4, 2) - half)
                / enlarged
                + np.array(first),
            )
            for found, tag_id in zip(corners, np.ravel(ids), strict=True)
        ]

    def _detector(self, longest: int, enlarged: int) -> cv2.aruco.ArucoDetector:
        if longest not in self._detectors:
            settings = cv2.aruco.DetectorParameters()
            settings.minMarkerPerimeterRate = 4 * enlarged * _SMALLEST_PX / longest
            settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
            settings.minDistanceToBorder = 1
            # For cells of 2 to 3 pixels: read their inner quarter, and correct all the
            # errors that the family's distance allows. Who reads only a few ids of a
            # family hardly ever takes a stain for one.
            settings.perspectiveRemovePixelPerCell = 8
            settings.perspectiveRemoveIgnoredMarginPerCell = 0.25
            settings.errorCorrectionRate = 1.0
            settings.maxErroneousBitsInBorderRate = 0.5
            if enlarged == 1:
                settings.adaptiveThreshWinSizeMin = _SEARCH_WINDOW_PX
                settings.adaptiveThreshWinSizeMax = _SEARCH_WINDOW_PX
            self._detectors[longest] = cv2.aruco.ArucoDetector(
                self._dictionary, settings
            )
        return self._detectors[longest]


def tag_picture(family: Family, tag_id: int, cell_px: int) -> NDArray[np.uint8]:
    """[S, S] the tag as it is printed, with one white cell around it.

    Raises:
        ValueError: the family has no such tag.
    """
    dictionary = cv2.aruco.getPredefinedDictionary(_FAMILIES[family])
    count = dictionary.bytesList.shape[0]
    if not 0 <= tag_id < count:
        raise ValueError(
            f"tag: expected 0 to {count - 1} of family {family}, found {tag_id}"
        )
    cells = dictionary.markerSize + 2
    inner = cv2.aruco.generateImageMarker(dictionary, tag_id, cells * cell_px)
    return np.pad(np.asarray(inner, dtype=np.uint8), cell_px, constant_values=255)


def cells_of(family: Family) -> int:
    """Cells along one side of the black square."""
    return cv2.aruco.getPredefinedDictionary(_FAMILIES[family]).markerSize + 2
