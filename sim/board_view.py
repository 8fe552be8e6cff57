"""What a camera sees of printed boards: exact rays, real textures, no lens model lost.

Every pixel of a board's surroundings is cast through the true lens onto the board's
plane and takes the texture's brightness there, four rays a pixel. Robot parts in
between hide the board, as far as rays from the camera tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import CameraModel

FloatArray = NDArray[np.float64]
GrayImage = NDArray[np.uint8]

_FINE = 2
"""Rays per pixel, each way."""
_COARSE = 8
"""Rays looked at to find where a board may be: one in so many, each way."""
_ROOM = 0.02
"""Around it, of the distance."""
_HIDING_GRID = (12, 9)
_NEAREST_M = 0.02


@dataclass(frozen=True, kw_only=True)
class PlacedBoard:
    """A board somewhere in front of the camera.

    Attributes:
        picture: [h, w] the squares, without a margin.
        size_m: their width and height.
        origin_m: [2] of their upper left corner in the board's frame.
        rotation: [3, 3] board frame to camera frame.
        position_m: [3] of the board's origin in the camera frame.
        margin_m: white around the squares.
    """

    picture: GrayImage
    size_m: tuple[float, float]
    origin_m: FloatArray
    rotation: FloatArray
    position_m: FloatArray
    margin_m: float = 0.006

    def outline(self) -> FloatArray:
        """[4, 3] corners of the paper, camera frame."""
        low = self.origin_m - self.margin_m
        high = self.origin_m + self.size_m + self.margin_m
        flat = [
            (low[0], low[1]),
            (high[0], low[1]),
            (high[0], high[1]),
            (low[0], high[1]),
        ]
        points = np.array([(x, y, 0.0) for x, y in flat])
        return points @ self.rotation.T + self.position_m


@dataclass(frozen=True, kw_only=True)
class PictureNoise:
    """What sensor and optics do to a picture; project's choices.

    Attributes:
        grey_levels: sigma of white noise, of 255.
        blur_px: sigma of the blur.
    """

    grey_levels: float = 3.0
    blur_px: float = 0.6


Hidden = Callable[[FloatArray], NDArray[np.bool_]]
"""[N, 3] points in the camera's frame to [N] whether something hides them."""


class BoardPainter:
    """Pictures of boards through one lens."""

    def __init__(self, camera: CameraModel, noise: PictureNoise | None = None):
        self.camera = camera
        self._noise = noise or PictureNoise()
        self._rays = _rays(camera)

    def paint(
        self,
        boards: Sequence[PlacedBoard],
        rng: np.random.Generator,
        hidden: Hidden | None = None,
    ) -> GrayImage:
        """[H, W] grey picture.

        Args:
            boards: those in the scene; nearer ones hide farther ones.
            rng: of the noise.
            hidden: what the robot's own parts hide.
        """
        height, width = self.camera.height_px, self.camera.width_px
        fine = np.empty((height * _FINE, width * _FINE), np.float32)
        fine[:] = np.linspace(95, 150, width * _FINE, dtype=np.float32)
        for board in sorted(boards, key=lambda b: -float(b.position_m[2])):
            self._add(fine, board, hidden)
        small = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
        if self._noise.blur_px > 0:
            small = cv2.GaussianBlur(small, (0, 0), self._noise.blur_px)
        noisy = small + self._noise.grey_levels * rng.standard_normal(small.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)

    def _add(
        self, fine: NDArray[np.float32], board: PlacedBoard, hidden: Hidden | None
    ) -> None:
        outline = board.outline()
        faces_away = board.rotation[:, 2] @ board.position_m <= 0
        if faces_away or outline[:, 2].min() < _NEAREST_M:
            return
        rows, columns = self._window(outline)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        x, y = (axis[rows, columns] for axis in self._rays)
        # A ray d meets the plane where n (s d - p) = 0.
        normal = board.rotation[:, 2]
        along = (normal @ board.position_m) / (
            normal[0] * x + normal[1] * y + normal[2]
        )
        offset = (
            along * x - board.position_m[0],
            along * y - board.position_m[1],
            along - board.position_m[2],
        )
        u, v = (
            sum(board.rotation[axis, side] * offset[axis] for axis in range(3))
            - board.origin_m[side]
            for side in range(2)
        )
        seen = self._texture(board, np.asarray(u), np.asarray(v), hidden)
        patch = fine[rows, columns]
        patch[seen >= 0] = seen[seen >= 0]

    def _texture(
        self, board: PlacedBoard, u: FloatArray, v: FloatArray, hidden: Hidden | None
    ) -> NDArray[np.float32]:
        """Brightness at [.., ..] places of the paper in m; -1 beside it."""
        height, width = board.picture.shape
        across = (u * width / board.size_m[0] - 0.5).astype(np.float32)
        down = (v * height / board.size_m[1] - 0.5).astype(np.float32)
        drawn = cv2.remap(
            board.picture.astype(np.float32),
            across,
            down,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(255.0,),
        )
        # Ink is not black and paper not white.
        seen = 25 + np.asarray(drawn, np.float32) * np.float32(200 / 255)
        margin = board.margin_m
        beside = (u < -margin) | (u > board.size_m[0] + margin)
        beside |= (v < -margin) | (v > board.size_m[1] + margin)
        seen[beside] = -1
        if hidden is not None:
            seen[self._hidden(board, u, v, hidden) & ~beside] = 60
        return seen

    def _hidden(
        self, board: PlacedBoard, u: FloatArray, v: FloatArray, hidden: Hidden
    ) -> NDArray[np.bool_]:
        columns, rows = _HIDING_GRID
        margin = board.margin_m
        across = np.linspace(-margin, board.size_m[0] + margin, columns)
        down = np.linspace(-margin, board.size_m[1] + margin, rows)
        grid_u, grid_v = np.meshgrid(across, down)
        flat = np.stack(
            [
                grid_u.ravel() + board.origin_m[0],
                grid_v.ravel() + board.origin_m[1],
                np.zeros(grid_u.size),
            ],
            axis=-1,
        )
        points = flat @ board.rotation.T + board.position_m
        covered = hidden(points).reshape(rows, columns)
        if not covered.any():
            return np.zeros(u.shape, np.bool_)
        column = np.rint((u + margin) / (across[-1] - across[0]) * (columns - 1))
        row = np.rint((v + margin) / (down[-1] - down[0]) * (rows - 1))
        column = np.clip(column, 0, columns - 1).astype(int)
        row = np.clip(row, 0, rows - 1).astype(int)
        return covered[row, column]

    def _window(self, outline: FloatArray) -> tuple[slice, slice]:
        """The fine picture's part that may show the board."""
        # Straight edges bend in a distorted picture: points along them, and a margin.
        share = np.linspace(0, 1, 9)[:, None]
        points = np.concatenate(
            [outline[i] + share * (outline[(i + 1) % 4] - outline[i]) for i in range(4)]
        )
        wanted = points[:, :2] / points[:, 2:]
        x, y = (axis[::_COARSE, ::_COARSE] for axis in self._rays)
        inside = (x >= wanted[:, 0].min() - _ROOM) & (x <= wanted[:, 0].max() + _ROOM)
        inside &= (y >= wanted[:, 1].min() - _ROOM) & (y <= wanted[:, 1].max() + _ROOM)
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        if not len(rows) or not len(columns):
            return slice(0, 0), slice(0, 0)
        return _around(rows), _around(columns)


def _around(coarse: NDArray[np.int64]) -> slice:
    """Fine rows or columns around coarse ones."""
    return slice(max(0, _COARSE * int(coarse[0] - 1)), _COARSE * int(coarse[-1] + 2))


def _rays(camera: CameraModel) -> tuple[FloatArray, FloatArray]:
    """x / z and y / z of every fine ray, the lens inverted by OpenCV."""
    shift = (np.arange(_FINE) + 0.5) / _FINE - 0.5
    columns = (np.arange(camera.width_px)[:, None] + shift).ravel()
    rows = (np.arange(camera.height_px)[:, None] + shift).ravel()
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 1, 2)
    matrix = np.array(
        [
            [camera.fx_px, 0.0, camera.cx_px],
            [0.0, camera.fy_px, camera.cy_px],
            [0.0, 0.0, 1.0],
        ]
    )
    coefficients = np.array(camera.coefficients or (0.0,) * 4)
    if camera.distortion == "fisheye":
        found = cv2.fisheye.undistortPoints(pixels, matrix, coefficients)
    else:
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-10)
        found = cv2.undistortPoints(
            pixels, matrix, coefficients, R=np.eye(3), P=np.eye(3), criteria=stop
        )
    shaped = np.asarray(found, np.float64).reshape(len(rows), len(columns), 2)
    return shaped[..., 0], shaped[..., 1]
