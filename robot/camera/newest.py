"""A thread that keeps only the newest picture of a camera that makes callers wait."""

import threading
from typing import Protocol

from robot.camera.source import CameraStatistics, CapturedFrame, Image, RateMeter

_JOIN_S = 2.0
_PAUSE_AFTER_FAILURE_S = 0.05


class FrameReader(Protocol):
    """A camera that is asked for one picture after the other."""

    def read(self) -> tuple[float, Image] | None:
        """Wait for the next picture: its capture time and RGB; None if none came."""
        ...

    def close(self) -> None: ...


class NewestFrame:
    """A `CameraSource` over a `FrameReader`. Use it as a context manager.

    The loop that asks never waits: it gets the last complete picture.
    """

    def __init__(self, reader: FrameReader):
        self._reader = reader
        self._newest: CapturedFrame | None = None
        self._frames = self._failures = 0
        self._rate = RateMeter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="camera", daemon=True)
        self._thread.start()

    def newest(self) -> CapturedFrame | None:
        return self._newest

    def newest_s(self) -> float | None:
        frame = self._newest
        return None if frame is None else frame.captured_s

    def statistics(self) -> CameraStatistics:
        return CameraStatistics(
            frames=self._frames, failures=self._failures, rate_hz=self._rate.rate_hz
        )

    def close(self) -> None:
        """End the thread and close the camera. Closing twice is harmless."""
        self._stop.set()
        self._thread.join(_JOIN_S)
        # A reader that still waits for a dead camera must not be closed under itself.
        if not self._thread.is_alive():
            self._reader.close()

    def __enter__(self) -> "NewestFrame":
        return self

    def __exit__(self, *exit_reason: object) -> None:
        self.close()

    def _follow(self) -> None:
        while not self._stop.is_set():
            taken = self._reader.read()
            if taken is None:
                self._failures += 1
                self._stop.wait(_PAUSE_AFTER_FAILURE_S)
                continue
            captured_s, image = taken
            self._newest = CapturedFrame(
                image=image, captured_s=captured_s, sequence=self._frames
            )
            self._frames += 1
            self._rate.add(captured_s)
