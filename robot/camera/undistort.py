"""From the camera's picture to the one the policy was trained on.

The policy's camera is an ideal lens with few pixels. Each of them covers many of the
real camera's, so the picture is first drawn undistorted at a multiple of the policy's
size, by tables made once, then averaged over blocks.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.camera.source import Image
from robot.contracts.camera import CameraModel, project, rays
from robot.contracts.errors import ContractError, raise_if_any

_NEARLY_ALL = 0.99
_MOST_SAMPLES = 16


class Undistorter:
    """Pictures of one camera as another would have taken them from the same place.

    Attributes:
        source: the real camera.
        target: the policy's.
        samples: drawn across each of the target's pixels, both ways.
        coverage: share of the target's picture that the source sees.
    """

    def __init__(self, source: CameraModel, target: CameraModel):
        """Make the tables.

        Raises:
            ContractError: a broken model, a target with distortion, or one that sees
                what the source does not; lists all.
        """
        import cv2

        faults = [f"source {fault}" for fault in source.faults()]
        faults += [f"target {fault}" for fault in target.faults()]
        if target.distortion != "none":
            faults.append(
                f"target: expected no distortion, found {target.distortion}; a policy "
                "is trained with an ideal lens"
            )
        raise_if_any("undistortion", faults)
        self._cv2 = cv2
        self.source = source
        self.target = target
        self.samples = _samples(source, target)
        fine = target.at_size(
            target.width_px * self.samples, target.height_px * self.samples
        )
        columns, rows = project(source, *rays(fine))
        self.coverage = _share_inside(source, columns, rows)
        if self.coverage < _NEARLY_ALL:
            raise ContractError("undistortion", [_blind(source, target, self.coverage)])
        # Fixed-point tables: half the memory traffic of floats, 1/32 px resolution.
        self._tables: tuple[Any, Any] = cv2.convertMaps(
            columns.astype(np.float32), rows.astype(np.float32), cv2.CV_16SC2
        )

    def __call__(self, image: Image) -> Image:
        """[H, W, 3] of the source to [h, w, 3] of the target, both uint8.

        Raises:
            ContractError: not the source's picture.
        """
        expected = (self.source.height_px, self.source.width_px, 3)
        if image.shape != expected or image.dtype != np.uint8:
            raise ContractError(
                "camera picture",
                [
                    f"expected uint8 {expected}, found {image.dtype} {image.shape}; "
                    "set the camera to the size it was calibrated at"
                ],
            )
        cv2 = self._cv2
        drawn = cv2.remap(image, *self._tables, interpolation=cv2.INTER_LINEAR)
        size = (self.target.width_px, self.target.height_px)
        small = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.uint8)


def _samples(source: CameraModel, target: CameraModel) -> int:
    """So many that neighbouring samples are two source pixels apart.

    Each sample is itself a mean of up to 2 x 2 source pixels, so none is left out; one
    sample per source pixel takes four times as long for the same picture.
    """
    ratio = max(source.fx_px / target.fx_px, source.fy_px / target.fy_px)
    return min(max(1, math.ceil(ratio / 2)), _MOST_SAMPLES)


def _share_inside(
    source: CameraModel, columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> float:
    inside = (columns >= -0.5) & (columns <= source.width_px - 0.5)
    inside &= (rows >= -0.5) & (rows <= source.height_px - 0.5)
    return float(inside.mean())


def _blind(source: CameraModel, target: CameraModel, coverage: float) -> str:
    return (
        f"expected a camera that sees what the policy's sees "
        f"({np.degrees(target.fovy_rad):.1f} deg vertically), found one that sees "
        f"{100 * coverage:.0f} % of it ({np.degrees(source.fovy_rad):.1f} deg); "
        "use a wider lens or mode, or a policy trained for this camera"
    )
