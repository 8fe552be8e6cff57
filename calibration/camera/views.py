"""Views of a board: from a folder of pictures, or one after the other from a camera."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera.boards import BoardSpec
from calibration.camera.detection import WIDE_WINDOW_PX, detect
from calibration.camera.intrinsics import View
from calibration.errors import CalibrationError

_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def view_of(image: NDArray[np.uint8], board: BoardSpec, name: str) -> View | None:
    """The board in one picture; None if it is not seen."""
    narrow = detect(image, board, name=name)
    if narrow is None:
        return None
    if board.kind == "charuco":
        # A marker's own corners are too near for a wide window.
        return View(wide=narrow, narrow=narrow)
    wide = detect(image, board, name=name, window_px=WIDE_WINDOW_PX)
    return None if wide is None else View(wide=wide, narrow=narrow)


def picture_paths(folder: Path) -> list[Path]:
    """All pictures of a folder, by name.

    Raises:
        CalibrationError: no folder, or none in it.
    """
    if not folder.is_dir():
        raise CalibrationError(
            "camera", [f"{folder}: expected a folder of pictures, found none"]
        )
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in _ENDINGS)
    if not paths:
        raise CalibrationError(
            "camera",
            [f"{folder}: expected pictures ({', '.join(_ENDINGS)}), found none"],
        )
    return paths


def read_pictures(
    paths: list[Path],
) -> Iterator[tuple[Path, NDArray[np.uint8]]]:
    """Each picture, grey.

    Raises:
        CalibrationError: a file that is no picture.
    """
    for path in paths:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise CalibrationError(
                "camera", [f"{path}: expected a picture, found a file that is none"]
            )
        yield path, np.asarray(image, np.uint8)
