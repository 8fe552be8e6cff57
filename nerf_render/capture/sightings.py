"""Where pictures show what marks the pitch. Needs no poses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from nerf_render.capture.document import Floats
from nerf_render.capture.frames import Progress
from nerf_render.capture.reference import (
    FAMILIES,
    MarkedPoint,
    Reference,
    pitch_landmarks,
)
from robot.contracts.field import FieldSpec


@dataclass(frozen=True, kw_only=True)
class Target:
    """One point of known place.

    Attributes:
        name: of the tag or marked point; a tag's four corners share it.
        xyz_m: [3] pitch frame.
        images: file names of the pictures that show it.
        px: [V, 2] where, one row per image.
    """

    name: str
    xyz_m: Floats
    images: tuple[str, ...]
    px: Floats


def find_targets(
    folder: Path,
    images: Sequence[str],
    reference: Reference,
    progress: Progress,
    spec: FieldSpec | None = None,
) -> tuple[Target, ...]:
    """All that `reference` names, with its sightings in pictures of `folder`."""
    names = {Path(image).name for image in images}
    landmarks = pitch_landmarks(spec or FieldSpec())
    tags = _tags(folder, images, reference, progress) if reference.tags else []
    marked = [_marked(point, names, landmarks) for point in reference.points]
    return (*tags, *marked)


def _tags(
    folder: Path, images: Sequence[str], reference: Reference, progress: Progress
) -> list[Target]:
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(FAMILIES[reference.family])
    detector = cv2.aruco.ArucoDetector(dictionary, parameters)
    seen: dict[int, list[tuple[str, Floats]]] = {tag.id: [] for tag in reference.tags}
    for index, image in enumerate(images):
        gray = cv2.imread(str(folder / image), cv2.IMREAD_GRAYSCALE)
        assert gray is not None
        quads, ids, _ = detector.detectMarkers(gray)
        numbers = [] if ids is None else [int(one) for one in ids.ravel()]
        for quad, number in zip(quads, numbers, strict=True):
            if number in seen:
                corners = quad.reshape(4, 2).astype(np.float64)
                seen[number].append((Path(image).name, corners))
        progress("tags", index + 1, len(images))
    return [
        Target(
            name=f"tag {tag.id}",
            xyz_m=tag.corners_m[corner],
            images=tuple(image for image, _ in seen[tag.id]),
            px=np.array([quad[corner] for _, quad in seen[tag.id]]).reshape(-1, 2),
        )
        for tag in reference.tags
        for corner in range(4)
    ]


def _marked(
    point: MarkedPoint,
    names: set[str],
    landmarks: dict[str, tuple[float, float, float]],
) -> Target:
    seen = [mark for mark in point.seen if Path(mark.image).name in names]
    return Target(
        name=point.name,
        xyz_m=np.array(point.xyz_m or landmarks[point.name]),
        images=tuple(Path(mark.image).name for mark in seen),
        px=np.array([mark.px for mark in seen], np.float64).reshape(-1, 2),
    )
