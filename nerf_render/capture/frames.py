"""The sharpest pictures of a video or a folder, one per interval."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nerf_render.capture.document import IMAGES, CaptureError

PICTURES = (".jpg", ".jpeg", ".png")
Picture = NDArray[np.uint8]
"""[H, W, 3] BGR."""
_JPEG_QUALITY = 95
_GRAY_WIDTH_PX = 480
Progress = Callable[[str, int, int], None]
"""(stage, done, of how many)."""


@dataclass(frozen=True, kw_only=True)
class FrameChoice:
    """How pictures are chosen.

    Attributes:
        count: wanted of a video; a folder's pictures are all taken unless it has more.
        least: fewer cannot be reconstructed.
        blurred: share of the median sharpness of its neighbours below which a picture
            is left out.
        longest_px: longer sides are reduced to this.
    """

    count: int = 240
    least: int = 20
    blurred: float = 0.35
    longest_px: int = 1280


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was taken.

    Attributes:
        images: names inside the capture's `images` folder, in order.
        sharpness: of each.
        blurred: names in the source (or times) of what was left out.
    """

    images: tuple[str, ...]
    sharpness: tuple[float, ...]
    blurred: tuple[str, ...]


def choose_frames(
    source: Path, folder: Path, choice: FrameChoice, progress: Progress
) -> Chosen:
    """Copy the sharpest pictures of `source` into `folder/images`.

    Raises:
        CaptureError: not a video or a folder of pictures, too few, too blurred.
    """
    target = folder / IMAGES
    part = folder / (IMAGES + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    if source.is_dir():
        found = _from_folder(source, part, choice, progress)
    elif source.is_file():
        found = _from_video(source, part, choice, progress)
    else:
        raise CaptureError(
            f"{source}: expected a video or a folder of pictures, found nothing there"
        )
    kept = _without_blurred(found, part, choice)
    if len(kept.images) < choice.least:
        raise CaptureError(
            f"{source}: expected at least {choice.least} sharp pictures, found "
            f"{len(kept.images)} (and {len(kept.blurred)} blurred); walk more slowly, "
            "add light, film for at least a minute, lock the focus"
        )
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    return kept


def sharpness(picture: Picture) -> float:
    """Variance of the Laplacian at a common width; higher is sharper."""
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    height = max(1, round(gray.shape[0] * _GRAY_WIDTH_PX / gray.shape[1]))
    reduced = cv2.resize(gray, (_GRAY_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(reduced, cv2.CV_64F).var())


def _from_folder(
    source: Path, part: Path, choice: FrameChoice, progress: Progress
) -> list[tuple[str, float]]:
    files = sorted(p for p in source.iterdir() if p.suffix.lower() in PICTURES)
    if not files:
        raise CaptureError(
            f"{source}: expected pictures ({', '.join(PICTURES)}), found none"
        )
    scores, size = [], None
    for done, file in enumerate(files):
        picture = _read(file)
        size = size or picture.shape[:2]
        if picture.shape[:2] != size:
            raise CaptureError(
                f"{file}: expected {size[1]} x {size[0]} pixels as the others, found "
                f"{picture.shape[1]} x {picture.shape[0]}; use pictures of one camera "
                "held one way"
            )
        scores.append(sharpness(picture))
        progress("looking", done + 1, len(files))
    taken = _sharpest(scores, choice.count)
    out = []
    for index in taken:
        file = files[index]
        name = f"{file.stem}.jpg"
        picture = _read(file)
        if max(picture.shape[:2]) <= choice.longest_px and file.suffix == ".jpg":
            shutil.copyfile(file, part / name)
        else:
            _save(part / name, picture, choice.longest_px)
        out.append((name, scores[index]))
    return out


def _read(file: Path) -> Picture:
    picture = cv2.imread(str(file))
    if picture is None:
        raise CaptureError(
            f"{file}: expected a picture, found a file that cannot be read; copy it "
            "again or remove it"
        )
    return picture.astype(np.uint8, copy=False)


def _from_video(
    source: Path, part: Path, choice: FrameChoice, progress: Progress
) -> list[tuple[str, float]]:
    """Two passes: a video decodes fast, keeping it all would not fit memory."""
    total = _frame_count(source)
    scores = []
    for picture in _decoded(source):
        scores.append(sharpness(picture))
        progress("looking", len(scores), max(total, len(scores)))
    if not scores:
        raise CaptureError(
            f"{source}: expected a video, found none that can be decoded; record again "
            "or convert it to H.264"
        )
    taken = set(_sharpest(scores, choice.count))
    out = []
    for index, picture in enumerate(_decoded(source)):
        if index in taken:
            name = f"{index:06d}.jpg"
            _save(part / name, picture, choice.longest_px)
            out.append((name, scores[index]))
            progress("copying", len(out), len(taken))
    return out


def _sharpest(scores: list[float], count: int) -> list[int]:
    """Indices of the sharpest of each of `count` equal intervals."""
    if len(scores) <= count:
        return list(range(len(scores)))
    edges = np.linspace(0, len(scores), count + 1).astype(int)
    return [int(low + np.argmax(scores[low:high])) for low, high in pairwise(edges)]


def _without_blurred(
    found: list[tuple[str, float]], part: Path, choice: FrameChoice, reach: int = 5
) -> Chosen:
    scores = np.array([score for _, score in found])
    images, kept, blurred = [], [], []
    for index, (name, score) in enumerate(found):
        around = scores[max(0, index - reach) : index + reach + 1]
        if score < choice.blurred * np.median(around):
            (part / name).unlink()
            blurred.append(name)
        else:
            images.append(name)
            kept.append(score)
    return Chosen(images=tuple(images), sharpness=tuple(kept), blurred=tuple(blurred))


def _frame_count(source: Path) -> int:
    video = cv2.VideoCapture(str(source))
    try:
        return max(0, int(video.get(cv2.CAP_PROP_FRAME_COUNT)))
    finally:
        video.release()


def _decoded(source: Path) -> Iterator[Picture]:
    video = cv2.VideoCapture(str(source))
    try:
        while True:
            there, picture = video.read()
            if not there:
                return
            yield picture.astype(np.uint8, copy=False)
    finally:
        video.release()


def _save(path: Path, picture: Picture, longest_px: int) -> None:
    scale = longest_px / max(picture.shape[:2])
    if scale < 1:
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        reduced = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    else:
        reduced = picture
    cv2.imwrite(str(path), reduced, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
