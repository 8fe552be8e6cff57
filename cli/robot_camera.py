"""The camera of `op3-soccer robot run`, for players whose policies see."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.commands import MissingPackage
from firmware_bridge.clock import Clock
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.camera import CameraModel, Image, read_camera

if TYPE_CHECKING:
    from robot.camera.eyes import Eyes
    from robot.camera.source import CameraSource


def add_camera_options(parser: argparse.ArgumentParser) -> None:
    """`--camera` and `--camera-model`."""
    group = parser.add_argument_group("camera")
    group.add_argument(
        "--camera",
        type=Path,
        metavar="SOURCE",
        help="what a policy that sees looks through: a device, e.g. /dev/video0, or a "
        "video file, repeated",
    )
    group.add_argument(
        "--camera-model",
        type=Path,
        metavar="FILE",
        help="its intrinsics and distortion (default: the calibration's, else a C920 "
        "without distortion)",
    )


@contextmanager
def open_eyes(
    source: Path | None,
    model: Path | None,
    wanted: CameraModel | None,
    clock: Clock,
    known: CalibrationBundle | None = None,
) -> Iterator["Eyes | None"]:
    """Open the camera and see through it as the player's policies do.

    Args:
        source: a device or a video file; None for a robot without camera.
        model: camera file; None for a C920's nominal one.
        wanted: the player's camera; without one the picture's freshness is all that
            counts.
        clock: the robot's.
        known: the robot's calibration; its camera counts where `model` names none.

    Raises:
        ContractError: a broken camera file, or a camera that cannot see what the
            player does.
        RuntimeFault: no camera or video there.
        MissingPackage: OpenCV is not installed.
    """
    if source is None:
        yield None
        return
    try:
        import cv2  # noqa: F401

        from robot.camera.eyes import Eyes
        from robot.camera.undistort import Undistorter
        from robot.camera.v4l2 import C920_NOMINAL
    except ModuleNotFoundError as error:
        raise MissingPackage(error.name or "cv2", "robot") from None
    taken = C920_NOMINAL
    if model is not None:
        taken = read_camera(model)
    elif known is not None and known.camera is not None:
        taken = known.camera.model
    adapt = _as_it_is if wanted is None else Undistorter(taken, wanted)
    opened = _open(source, clock)
    try:
        yield Eyes(opened, adapt)
    finally:
        opened.close()


def _as_it_is(image: Image) -> Image:
    return image


def _open(source: Path, clock: Clock) -> "CameraSource":
    if source.is_file():
        from robot.camera.video import VideoFile

        return VideoFile(source, clock, repeat=True)
    from robot.camera.v4l2 import C920, open_camera

    return open_camera(replace(C920, device=str(source)), clock)
