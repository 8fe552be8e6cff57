"""A camera as the runtime uses it: fresh or not, and what the policy sees of it."""

from collections.abc import Callable

from robot.camera.source import CameraSource
from robot.contracts.camera import Image


class Eyes:
    """A camera whose pictures come out as the policy's camera would take them."""

    def __init__(self, source: CameraSource, adapt: Callable[[Image], Image]):
        """
        Args:
            source: of pictures; the caller closes it.
            adapt: from its picture to the policy's, a `robot.camera.undistort`.
        """
        self._source = source
        self._adapt = adapt
        self._seen: int | None = None

    def newest_s(self) -> float | None:
        """Capture time of the newest picture, on the runtime's clock."""
        return self._source.newest_s()

    def look(self) -> Image | None:
        """The newest picture; None if it was looked at before."""
        frame = self._source.newest()
        if frame is None or frame.sequence == self._seen:
            return None
        self._seen = frame.sequence
        return self._adapt(frame.image)
