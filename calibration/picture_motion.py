"""How far a scene moved from one picture to the next, up or down, in pixels."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.latency import PictureShifts
from firmware_bridge.clock import Clock
from robot.camera.source import CameraSource

Gray = NDArray[np.uint8]
_POLL_S = 0.001
_FEWEST_CORNERS = 5


class PollingClock:
    """A clock that looks at the camera while it waits.

    So the time at which a picture arrives is known to a millisecond, and not to a cycle
    of the bus.
    """

    def __init__(self, clock: Clock, look: Callable[[float], None]):
        self._clock = clock
        self._look = look

    def now(self) -> float:
        return self._clock.now()

    def sleep_until(self, time_s: float) -> None:
        while (now_s := self._clock.now()) < time_s - _POLL_S / 10:
            self._clock.sleep_until(min(now_s + _POLL_S, time_s))
            self._look(self._clock.now())


class PictureWatch:
    """Takes each new picture and measures how far its scene moved."""

    def __init__(self, camera: CameraSource):
        self._camera = camera
        self._sequence: int | None = None
        self._before: Gray | None = None
        self._arrived_s: list[float] = []
        self._moved_px: list[float] = []

    def look(self, time_s: float) -> None:
        """Take the newest picture, if it is new."""
        frame = self._camera.newest()
        if frame is None or frame.sequence == self._sequence:
            return
        self._sequence = frame.sequence
        grey = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), np.uint8)
        moved = math.nan if self._before is None else scene_motion(self._before, grey)
        self._before = grey
        self._arrived_s.append(time_s)
        self._moved_px.append(moved)

    def forget(self) -> None:
        """Begin anew with the next picture."""
        self._before = None
        self._arrived_s.clear()
        self._moved_px.clear()

    def shifts(self) -> PictureShifts:
        """All so far."""
        return PictureShifts(
            arrived_s=np.array(self._arrived_s), moved_px=np.array(self._moved_px)
        )


def scene_motion(before: Gray, after: Gray) -> float:
    """Median motion down of corners of `before` [H, W], in pixels; NaN without any."""
    corners = cv2.goodFeaturesToTrack(before, 120, 0.02, 6)
    if corners is None:
        return math.nan
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, corners, corners.copy(), winSize=(15, 15), maxLevel=3
    )
    kept = found.ravel() == 1
    if kept.sum() < _FEWEST_CORNERS:
        return math.nan
    return float(np.median((moved - corners)[kept, 0, 1]))
