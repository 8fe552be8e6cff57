"""What a camera is: image size, intrinsics, distortion. Shared by all who draw or see.

OpenCV's conventions: x right, y down, z into the picture; the centre of the upper left
pixel has the coordinates (0, 0); angles and distortion as in OpenCV's calib3d.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError, raise_if_any

CAMERA_VERSION = 1

Distortion = Literal["none", "brown_conrady", "fisheye"]
COEFFICIENTS: dict[Distortion, tuple[int, ...]] = {
    "none": (0,),
    "brown_conrady": (4, 5, 8),
    "fisheye": (4,),
}
"""How many coefficients each kind may have: k1 k2 p1 p2 [k3 [k4 k5 k6]]; k1 k2 k3 k4.
The order is OpenCV's."""

Array = Any
"""A NumPy or JAX array."""
Image = NDArray[np.uint8]
"""[H, W, 3] RGB."""


@dataclass(frozen=True, kw_only=True)
class CameraModel:
    """One camera at one image size.

    Attributes:
        width_px: image width.
        height_px: image height.
        fx_px: focal length along x.
        fy_px: focal length along y.
        cx_px: principal point, from the centre of the leftmost pixel.
        cy_px: the same from the top.
        distortion: kind of lens model.
        coefficients: of it, see `COEFFICIENTS`.
        source: where the numbers come from, for whoever reads the file.
        version: of this format.
    """

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    distortion: Distortion = "none"
    coefficients: tuple[float, ...] = ()
    source: str = ""
    version: int = CAMERA_VERSION

    def faults(self) -> list[str]:
        """Everything that contradicts the contract, in words; empty if sound."""
        found = []
        if self.version != CAMERA_VERSION:
            found.append(
                f"version: expected {CAMERA_VERSION}, found {self.version}; calibrate "
                "the camera again with this release"
            )
        for name in ("width_px", "height_px", "fx_px", "fy_px"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                found.append(f"{name}: expected > 0, found {value}")
        for name in ("cx_px", "cy_px"):
            value = getattr(self, name)
            if not math.isfinite(value):
                found.append(f"{name}: expected a finite number, found {value}")
        counts = COEFFICIENTS[self.distortion]
        if len(self.coefficients) not in counts:
            found.append(
                f"coefficients: expected {' or '.join(map(str, counts))} for "
                f"{self.distortion}, found {len(self.coefficients)}"
            )
        if not all(math.isfinite(value) for value in self.coefficients):
            found.append("coefficients: expected finite numbers")
        return found

    @property
    def fovy_rad(self) -> float:
        """Vertical field of view of the undistorted lens, as MuJoCo counts it."""
        return 2 * math.atan(self.height_px / (2 * self.fy_px))

    def at_size(self, width_px: int, height_px: int) -> "CameraModel":
        """The same camera with its pictures scaled (not cropped) to another size."""
        across, down = width_px / self.width_px, height_px / self.height_px
        return replace(
            self,
            width_px=width_px,
            height_px=height_px,
            fx_px=self.fx_px * across,
            fy_px=self.fy_px * down,
            # The picture's edge, half a pixel before the first centre, stays in place.
            cx_px=(self.cx_px + 0.5) * across - 0.5,
            cy_px=(self.cy_px + 0.5) * down - 0.5,
        )


def pinhole(width_px: int, height_px: int, fovy_rad: float) -> CameraModel:
    """An undistorted camera with square pixels and a centred axis, as MuJoCo's."""
    focal_px = height_px / (2 * math.tan(fovy_rad / 2))
    return CameraModel(
        width_px=width_px,
        height_px=height_px,
        fx_px=focal_px,
        fy_px=focal_px,
        cx_px=(width_px - 1) / 2,
        cy_px=(height_px - 1) / 2,
        source=f"pinhole, fovy {math.degrees(fovy_rad):.4g} deg",
    )


def rays(model: CameraModel) -> tuple[Array, Array]:
    """([H, W], [H, W]) x / z and y / z seen by each pixel, lens distortion ignored.

    Raises:
        ValueError: the camera has distortion; there is no closed form.
    """
    if model.distortion != "none":
        raise ValueError(f"rays: expected no distortion, found {model.distortion}")
    columns = (np.arange(model.width_px) - model.cx_px) / model.fx_px
    rows = (np.arange(model.height_px) - model.cy_px) / model.fy_px
    x, y = np.meshgrid(columns, rows)
    return x, y


def project(model: CameraModel, x: Array, y: Array) -> tuple[Array, Array]:
    """Pixel coordinates of directions given as x / z and y / z, distortion included.

    Written for NumPy and jax.numpy alike; any shapes that fit each other.
    """
    if model.distortion == "brown_conrady":
        x, y = _brown_conrady(model.coefficients, x, y)
    elif model.distortion == "fisheye":
        x, y = _fisheye(model.coefficients, x, y)
    return model.fx_px * x + model.cx_px, model.fy_px * y + model.cy_px


def _brown_conrady(
    coefficients: tuple[float, ...], x: Array, y: Array
) -> tuple[Array, Array]:
    k1, k2, p1, p2, k3, k4, k5, k6 = (*coefficients, 0.0, 0.0, 0.0, 0.0)[:8]
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (
        1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    )
    return (
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
        y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
    )


def _fisheye(
    coefficients: tuple[float, ...], x: Array, y: Array
) -> tuple[Array, Array]:
    xp = x.__array_namespace__()
    k1, k2, k3, k4 = coefficients
    r = xp.sqrt(x * x + y * y)
    theta = xp.atan(r)
    t2 = theta * theta
    bent = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
    # On the axis the quotient is 1.
    scale = xp.where(r > 1e-9, bent / xp.where(r > 1e-9, r, 1.0), 1.0)
    return x * scale, y * scale


def read_camera(path: Path) -> CameraModel:
    """Read a camera file.

    Raises:
        ContractError: missing, not JSON, or not this contract; lists every fault.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fault = "expected a camera model, found no such file; calibrate the camera"
        raise ContractError(str(path), [fault]) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    model = from_plain(CameraModel, plain, subject=str(path))
    raise_if_any(str(path), model.faults())
    return model


def write_camera(path: Path, model: CameraModel) -> None:
    """Write `model` as JSON; floats keep full precision."""
    raise_if_any(str(path), model.faults())
    path.write_text(json.dumps(to_plain(model), indent=1) + "\n", encoding="utf-8")
