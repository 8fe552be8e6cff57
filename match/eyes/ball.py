"""A coloured ball in a picture, whole or partly hidden behind a robot."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from match.eyes.tags import Box
from robot.contracts.camera import Image

_FIT_STEPS = 8
_WHOLE = 0.85
"""Share of the disc from which the blob's centre is the ball's."""
_SOLID = 0.7


@dataclass(frozen=True, kw_only=True)
class BallColour:
    """Hue, saturation and value of the ball as OpenCV counts them: 0 to 180, 255, 255.

    The default is an orange ball; red robots begin below its hue, grass above it. The
    hue may wrap: `low[0] > high[0]` means through 0.
    """

    low: tuple[int, int, int] = (6, 110, 70)
    high: tuple[int, int, int] = (22, 255, 255)


@dataclass(frozen=True, kw_only=True)
class SeenBall:
    """One candidate.

    Attributes:
        column, row: of the centre.
        share: of the ball's disc that is seen.
    """

    column: float
    row: float
    share: float


class BallFinder:
    """Finds discs of one colour and a known size."""

    def __init__(self, colour: BallColour):
        self._colour = colour

    def look(self, image: Image, box: Box, radius_px: float) -> list[SeenBall]:
        """Candidates in a part of a picture, the largest first."""
        left, top, right, bottom = box
        crop = image[top:bottom, left:right]
        if min(crop.shape[:2]) < 3:
            return []
        mask = self._mask(cv2.blur(crop, (3, 3)))
        return [
            SeenBall(column=c + left, row=r + top, share=share)
            for c, r, share in _discs(mask, radius_px)
        ]

    def search(self, image: Image, radius_px: float) -> list[SeenBall]:
        """Candidates in a whole picture, at half its size; `look` there for more."""
        small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return [
            SeenBall(column=2 * c + 0.5, row=2 * r + 0.5, share=share)
            for c, r, share in _discs(self._mask(small), radius_px / 2)
        ]

    def _mask(self, image: cv2.typing.MatLike) -> NDArray[np.uint8]:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        low, high = self._colour.low, self._colour.high
        if low[0] <= high[0]:
            return np.asarray(cv2.inRange(hsv, low, high), dtype=np.uint8)
        before = cv2.inRange(hsv, low, (180, *high[1:]))
        after = cv2.inRange(hsv, (0, *low[1:]), high)
        return np.asarray(cv2.bitwise_or(before, after), dtype=np.uint8)


def _discs(
    mask: NDArray[np.uint8], radius_px: float
) -> list[tuple[float, float, float]]:
    """Column, row and seen share of every blob that can be a ball of that size."""
    expected = math.pi * radius_px**2
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = []
    for contour in contours:
        points = np.asarray(contour, dtype=np.float64).reshape(-1, 2)
        if len(points) < 5:
            continue
        moments = cv2.moments(contour)
        # A contour runs through the centres of the rim's pixels: half a pixel is lost.
        area = moments["m00"] + 0.5 * len(points)
        share = area / expected
        if not 0.1 <= share <= 1.8 or moments["m00"] <= 0:
            continue
        if _filled(mask, contour) < _SOLID:
            continue
        centre = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
        if share < _WHOLE:
            centre = _fitted(points, centre, radius_px)
        found.append((float(centre[0]), float(centre[1]), share))
    return sorted(found, key=lambda disc: -disc[2])


def _filled(mask: NDArray[np.uint8], contour: cv2.typing.MatLike) -> float:
    """Share of a contour's inside that has the colour: the blurred rim of a red thing
    on grass is an orange ring."""
    left, top, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), dtype=np.uint8)
    cv2.drawContours(inside, [contour], 0, 255, cv2.FILLED, offset=(-left, -top))
    part = mask[top : top + height, left : left + width]
    return cv2.countNonZero(part & inside) / max(cv2.countNonZero(inside), 1)


def _fitted(
    points: NDArray[np.float64], start: NDArray[np.float64], radius_px: float
) -> NDArray[np.float64]:
    """Centre of the circle of known radius whose arc is among the rim's points.

    The rim of a partly hidden ball is an arc of its circle and the hider's outline. The
    outline lies inside the circle, so points inside lose their weight step by step.
    """
    centre = start
    # Half a pixel: the contour runs inside the rim.
    radius = radius_px - 0.5
    for step in range(_FIT_STEPS):
        away = points - centre
        distance = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
        error = distance - radius
        scale = max(radius * 0.5**step, 0.6)
        weight = np.where(error > 0, 1.0, 1.0 / (1.0 + (error / scale) ** 2))
        outward = away / distance[:, None]
        normal = (outward * weight[:, None]).T @ outward + 1e-3 * np.eye(2)
        centre = centre + np.linalg.solve(normal, outward.T @ (weight * error))
    return centre
