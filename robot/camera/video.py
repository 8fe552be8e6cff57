"""A video file as a camera: its frames at their own pace, against the given clock."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.clock import Clock
from robot.camera.source import CameraStatistics, CapturedFrame, RateMeter
from robot.faults import Fault, RuntimeFault


class VideoFile:
    """A `CameraSource` that plays a file from the moment it is opened.

    After the last frame it repeats from the first or, without `repeat`, keeps the last
    one, which then ages like a real camera's that froze.
    """

    def __init__(self, path: Path, clock: Clock, *, repeat: bool = False):
        """
        Raises:
            RuntimeFault: not a video that can be read, or without a frame rate.
        """
        import cv2

        self._cv2 = cv2
        self._path = path
        self._clock = clock
        self._repeat = repeat
        self._capture: Any = cv2.VideoCapture(str(path))
        rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not (self._capture.isOpened() and 0 < rate_hz < math.inf):
            self._capture.release()
            raise RuntimeFault(
                Fault(
                    reason="video",
                    expected=f"a video file at {path}",
                    found="none that can be read",
                    remedy="give an .mp4 or .avi file",
                )
            )
        self._rate_hz = rate_hz
        self._start_s = clock.now()
        self._read = 0
        self._length: int | None = None
        self._newest: CapturedFrame | None = None
        self._rate = RateMeter()
        self._frames = self._failures = 0

    @property
    def rate_hz(self) -> float:
        """Of the file."""
        return self._rate_hz

    def newest(self) -> CapturedFrame | None:
        elapsed_s = self._clock.now() - self._start_s
        due = int(elapsed_s * self._rate_hz + 1e-6)
        if self._repeat or self._length is None or due < self._length:
            self._advance(due)
        return self._newest

    def newest_s(self) -> float | None:
        frame = self.newest()
        return None if frame is None else frame.captured_s

    def statistics(self) -> CameraStatistics:
        return CameraStatistics(
            frames=self._frames, failures=self._failures, rate_hz=self._rate.rate_hz
        )

    def close(self) -> None:
        self._capture.release()

    def _advance(self, due: int) -> None:
        """Go on to frame `due`, decoding only that one."""
        while self._read <= due:
            if not self._capture.grab():
                if not self._rewind():
                    return
                continue
            last_wanted = self._read == due
            self._read += 1
            if last_wanted:
                self._keep(due)

    def _rewind(self) -> bool:
        """At the end of the file: True if it starts over."""
        if self._length is None:
            self._length = self._read
        if not self._repeat or not self._length:
            return False
        self._capture.release()
        self._capture = self._cv2.VideoCapture(str(self._path))
        return self._capture.isOpened()

    def _keep(self, sequence: int) -> None:
        _, picture = self._capture.retrieve()
        if picture is None:
            self._failures += 1
            return
        captured_s = self._start_s + sequence / self._rate_hz
        rgb = np.asarray(self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB))
        self._newest = CapturedFrame(
            image=rgb.astype(np.uint8, copy=False),
            captured_s=captured_s,
            sequence=sequence,
        )
        self._frames += 1
        self._rate.add(captured_s)
