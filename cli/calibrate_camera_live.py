"""Views from a stream of pictures: kept when the board rests somewhere new."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from calibration.camera.boards import BoardSpec
from calibration.camera.coverage import Coverage, coverage
from calibration.camera.detection import Sighting
from calibration.camera.intrinsics import View
from calibration.camera.live import camera_row, camera_view, is_new, is_still
from calibration.camera.views import view_of
from calibration.camera.virtual_hand import VirtualHand
from calibration.errors import CalibrationError
from calibration.store import Store
from firmware_bridge.clock import Clock
from robot.camera.source import CameraSource
from robot.stop import StopSource
from sim.hidden_op3 import draw_hidden

VIEWS = "view "
_LOOK_EVERY_S = 0.15
_NOTHING_S = 60.0


class Collector:
    """Keeps views in the store and tells which one to show next."""

    def __init__(self, board: BoardSpec, store: Store, most: int, console: Console):
        self.board = board
        self.example: NDArray[np.uint8] | None = None
        self._store = store
        self._most = most
        self._console = console
        self._kept: list[View] = [camera_view(row) for row in store.rows(VIEWS)]
        self._before: Sighting | None = None
        self._told = ""
        self._tell()

    @property
    def count(self) -> int:
        return len(self._kept)

    @property
    def covered(self) -> Coverage:
        return coverage([view.narrow for view in self._kept], self.board)

    @property
    def done(self) -> bool:
        return self.covered.complete or self.count >= self._most

    def offer(self, image: NDArray[np.uint8]) -> None:
        """Look at a picture; keep its view if the board rests somewhere new."""
        if self.example is None:
            self.example = image if image.ndim == 2 else image[..., 1]
        view = view_of(image, self.board, f"view {self.count:02d}")
        if view is None:
            self._before = None
            return
        rests = is_still(view.wide, self._before)
        self._before = view.wide
        if not rests or not is_new(view.wide, [kept.wide for kept in self._kept]):
            return
        self._store.add(f"{VIEWS}{self.count:02d}", camera_row(view))
        self._kept.append(view)
        self._tell()

    def _tell(self) -> None:
        covered = self.covered
        told = (
            f"{self.count} views, {100 * covered.share:.0f} % covered; next: "
            f"{covered.wish(self.count).told}"
        )
        self._console.print(told, highlight=False)


def virtual_pictures(collector: Collector, seed: int) -> Iterator[NDArray[np.uint8]]:
    """What a hidden lens sees of a board that is shown as wished; each view twice."""
    hand = VirtualHand(draw_hidden(seed).lens, collector.board, seed + collector.count)
    shown = 0
    while not collector.done and shown < 200:
        image = hand.show(collector.covered.wish(collector.count))
        shown += 1
        yield image
        yield image


def live_pictures(
    collector: Collector, camera: CameraSource, clock: Clock, stop: StopSource
) -> Iterator[NDArray[np.uint8]]:
    """A camera's pictures, until nothing is missing or somebody stops.

    Raises:
        CalibrationError: no board, or no picture, for a minute.
    """
    count, since_s = collector.count, clock.now()
    while not collector.done and stop.requested() is None:
        if collector.count > count:
            count, since_s = collector.count, clock.now()
        if clock.now() - since_s > _NOTHING_S:
            raise CalibrationError(
                "camera",
                [
                    f"expected a new view of the {collector.board.told()} within "
                    f"{_NOTHING_S:g} s, found none; check that it is this board, lit "
                    f"evenly and held still; {collector.count} views are kept"
                ],
            )
        frame = camera.newest()
        if frame is not None:
            yield frame.image
        clock.sleep_until(clock.now() + _LOOK_EVERY_S)
