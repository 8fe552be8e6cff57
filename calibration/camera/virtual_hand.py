"""A virtual person who holds the board where a wish says."""

import numpy as np
from numpy.typing import NDArray

from calibration.camera.boards import BoardSpec, FloatArray
from calibration.camera.coverage import Lean, Wish
from calibration.geometry.rigid import rotation_matrix
from robot.contracts.camera import CameraModel
from sim.board_view import BoardPainter, PlacedBoard

_FILLED = 0.5
"""Of the picture's width; a board in a corner of the picture is cut off."""
_FAR = 1.5
_CLOSER = 0.8
_LEAN_RAD = np.radians(30.0)
_TREMBLE_RAD = np.radians(6.0)
_TEXTURE_PX = 48
_TURNS: dict[Lean, tuple[float, float]] = {
    "flat": (0.0, 0.0),
    "left": (0.0, -1.0),
    "right": (0.0, 1.0),
    "up": (1.0, 0.0),
    "down": (-1.0, 0.0),
}
"""About the picture's x and y axes."""


class VirtualHand:
    """Pictures of a board through one lens, as a person shows it."""

    def __init__(self, lens: CameraModel, board: BoardSpec, seed: int):
        self._lens = lens
        self._board = board
        self._painter = BoardPainter(lens)
        self._rng = np.random.default_rng([seed, 3])
        self._texture = board.picture(_TEXTURE_PX)
        self._wish: Wish | None = None
        self._closer = 1.0

    def show(self, wish: Wish) -> NDArray[np.uint8]:
        """[H, W] grey. A wish that comes again is met nearer to the middle."""
        lens = self._lens
        self._closer = _CLOSER * self._closer if wish == self._wish else 1.0
        self._wish = wish
        width, height = self._board.size_m
        depth = (
            lens.fx_px * width / (_FILLED * lens.width_px) * (_FAR if wish.far else 1)
        )
        # A chessboard has to be seen whole: nearer to the middle.
        reach = self._closer * (0.55 if self._board.kind == "chessboard" else 1.0)
        x = reach * (wish.column - 1) / 3 * lens.width_px / lens.fx_px
        y = reach * (wish.row - 1) / 3 * lens.height_px / lens.fy_px
        turn = self._turn(wish.lean)
        corner = self._board.picture_origin_m
        middle = np.array([corner[0] + width / 2, corner[1] + height / 2, 0.0])
        placed = PlacedBoard(
            picture=self._texture,
            size_m=self._board.size_m,
            origin_m=corner,
            rotation=turn,
            position_m=depth * np.array([x, y, 1.0]) - turn @ middle,
            margin_m=0.7 * self._board.square_m,
        )
        return self._painter.paint([placed], self._rng)

    def _turn(self, lean: Lean) -> FloatArray:
        across, down = (_LEAN_RAD * share for share in _TURNS[lean])
        loose = self._rng.normal(0, _TREMBLE_RAD, 3)
        return rotation_matrix(np.array([across, down, 0.0]) + loose)
