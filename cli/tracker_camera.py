"""The camera of `op3-soccer tracker`: a device, a video or a single picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import UnidentifiedImageError

from firmware_bridge.clock import Clock
from match.errors import MatchError
from robot.camera.source import CameraSource
from robot.camera.v4l2 import C920, open_camera
from robot.camera.video import VideoFile
from robot.contracts.camera import CameraModel, Image

_PICTURES = (".png", ".jpg", ".jpeg")
_FIRST_PICTURE_S = 5.0


@contextmanager
def open_source(
    source: Path, model: CameraModel, clock: Clock
) -> Iterator[CameraSource]:
    """A video file, played once at its pace, or a device at the model's size.

    Raises:
        RuntimeFault: no such camera or video.
    """
    if source.is_file():
        opened: CameraSource = VideoFile(source, clock)
    else:
        config = replace(
            C920,
            device=str(source),
            width_px=model.width_px,
            height_px=model.height_px,
        )
        opened = open_camera(config, clock)
    try:
        yield opened
    finally:
        opened.close()


def one_picture(source: Path, model: CameraModel, clock: Clock) -> Image:
    """The picture of a file, or a camera's first one.

    Raises:
        MatchError: no picture, or of another size than the model.
        RuntimeFault: no such camera or video.
    """
    if source.suffix.lower() in _PICTURES:
        try:
            with Picture.open(source) as file:
                image = np.asarray(file.convert("RGB"), dtype=np.uint8)
        except (OSError, UnidentifiedImageError) as error:
            raise MatchError(str(source), [f"expected a picture: {error}"]) from None
    else:
        image = _first(source, model, clock)
    expected = (model.height_px, model.width_px, 3)
    if image.shape != expected:
        fault = f"expected a picture of {expected}, found {image.shape}; use the camera"
        raise MatchError(str(source), [f"{fault} file of this size"])
    return image


def save_picture(path: Path, image: Image) -> None:
    """Write a JPEG or PNG, whole or not at all.

    Raises:
        MatchError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}")
    kind = "PNG" if path.suffix.lower() == ".png" else "JPEG"
    try:
        Picture.fromarray(image).save(draft, format=kind)
        draft.replace(path)
    except OSError as error:
        fault = f"expected to write {path}, found: {error.strerror}"
        raise MatchError("picture", [fault]) from error


def _first(source: Path, model: CameraModel, clock: Clock) -> Image:
    with open_source(source, model, clock) as camera:
        end_s = clock.now() + _FIRST_PICTURE_S
        while (frame := camera.newest()) is None:
            if clock.now() > end_s:
                raise MatchError(str(source), ["expected a picture, found none"])
            clock.sleep_until(clock.now() + 0.01)
        return frame.image
