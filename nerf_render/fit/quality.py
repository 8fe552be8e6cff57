"""How good a fit is: held-out pictures and depth, in numbers and side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nerf_render.capture.document import Capture, Points
from nerf_render.similarity import Similarity
from robot.contracts.field import FieldSpec

Array = NDArray[np.float32]
_C1, _C2 = 0.01**2, 0.03**2
_PICTURE_HEIGHT_PX = 180


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """One held-out picture as nerfstudio rendered it; see `trainer.Fit.finish`."""

    index: int
    origins: Array
    directions: Array
    photograph: Array
    rgb: Array
    depth: Array
    expected_depth: Array
    accumulation: Array


def read_held_out(folder: Path) -> list[HeldOut]:
    """All of a fit, in order."""
    out = []
    for file in sorted(folder.glob("*.npz")):
        with np.load(file) as arrays:
            out.append(HeldOut(index=int(file.stem), **dict(arrays)))
    return out


def psnr_db(first: Array, second: Array) -> float:
    """Peak signal to noise ratio of pictures in 0..1."""
    return float(-10 * np.log10(np.mean((first - second) ** 2)))


def ssim(first: Array, second: Array) -> float:
    """Structural similarity of pictures [H, W, 3] in 0..1.

    Wang et al., "Image quality assessment: from error visibility to structural
    similarity", IEEE TIP 13(4), 2004, equation 13, Gaussian window of 11 pixels and
    sigma 1.5, mean over pixels whose window lies inside, and colours.
    """

    def smooth(picture: Array) -> Array:
        out = cv2.GaussianBlur(picture.astype(np.float64), (11, 11), 1.5)
        return out[5:-5, 5:-5]  # type: ignore[return-value]

    mean_a, mean_b = smooth(first), smooth(second)
    var_a = smooth(first * first) - mean_a**2
    var_b = smooth(second * second) - mean_b**2
    both = smooth(first * second) - mean_a * mean_b
    upper = (2 * mean_a * mean_b + _C1) * (2 * both + _C2)
    lower = (mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2)
    return float(np.mean(upper / lower))


def picture_quality(held_out: Sequence[HeldOut]) -> dict[str, float]:
    """Means over held-out pictures."""
    return {
        "psnr_db": float(np.mean([psnr_db(h.rgb, h.photograph) for h in held_out])),
        "ssim": float(np.mean([ssim(h.rgb, h.photograph) for h in held_out])),
    }


def point_depth_error(
    held_out: Sequence[HeldOut], capture: Capture, points: Points, scene_unit: float
) -> dict[str, float]:
    """Median depth error at reconstructed points that held-out pictures sighted.

    Points are not perfect either, so this is an upper bound of sorts; the sightings of
    held-out pictures taught nothing, though other pictures' sightings of the same
    points did.

    Args:
        scene_unit: capture units per scene unit.
    """
    errors = []
    poses = capture.poses
    for one in held_out:
        mine = points.seen_by == one.index
        height, width = one.depth.shape
        scale = np.array(
            [width / capture.camera.width_px, height / capture.camera.height_px]
        )
        px = ((points.seen_px[mine] + 0.5) * scale).astype(int)
        inside = ((px >= 0) & (px < [width, height])).all(axis=-1)
        xyz = points.xyz[points.seen_point[mine]][inside]
        distance = np.linalg.norm(xyz - poses[one.index, :3, 3], axis=-1)
        seen = one.depth[px[inside, 1], px[inside, 0]] * scene_unit
        errors.append(np.abs(seen - distance) / distance)
    joined = np.concatenate(errors) if errors else np.zeros(0)
    return {"point_depth_error": float(np.median(joined))} if len(joined) else {}


def floor_depth_error(
    held_out: Sequence[HeldOut], pitch: Similarity, spec: FieldSpec | None = None
) -> dict[str, float]:
    """Depth against the plane z = 0 where a ray meets the pitch before anything else.

    Only rays that stay inside the pitch's outline below 1.2 m count: goals, ramps and
    walls stand outside.

    Args:
        pitch: pitch frame <- scene frame, metres.
    """
    spec = spec or FieldSpec()
    half = np.array([spec.half_length_m, spec.half_width_m]) - 0.05
    errors = []
    for one in held_out:
        origin = pitch.points(one.origins.reshape(-1, 3).astype(float))
        ray = pitch.directions(one.directions.reshape(-1, 3).astype(float))
        down = ray[:, 2] < -0.02
        distance = np.where(down, -origin[:, 2] / np.where(down, ray[:, 2], -1.0), 0.0)
        meets = (origin + distance[:, None] * ray)[:, :2]
        # Where the ray enters the layer below 1.2 m.
        enters = np.maximum(0.0, (1.2 - origin[:, 2]) / np.where(down, ray[:, 2], -1.0))
        first = (origin + enters[:, None] * ray)[:, :2]
        inside = (np.abs(meets) < half).all(-1) & (np.abs(first) < half).all(-1)
        used = down & inside & (distance > 0)
        seen = one.depth.reshape(-1)[used] * pitch.scale
        errors.append(np.abs(seen - distance[used]))
    joined = np.concatenate(errors) if errors else np.zeros(0)
    if not len(joined):
        return {}
    return {
        "floor_depth_error_m": float(np.median(joined)),
        "floor_depth_error_p90_m": float(np.percentile(joined, 90)),
    }


def side_by_side(held_out: Sequence[HeldOut], path: Path, most: int = 4) -> None:
    """A picture of photographs, renderings and depths, as JPEG."""
    chosen = [held_out[i] for i in np.linspace(0, len(held_out) - 1, most).astype(int)]
    columns = []
    for one in chosen:
        near, far = np.percentile(one.depth, [1, 97])
        shade = np.clip((one.depth - near) / max(far - near, 1e-6), 0, 1)
        depth = cv2.applyColorMap(
            (255 * (1 - shade)).astype(np.uint8), cv2.COLORMAP_VIRIDIS
        )
        rows = [
            *((255 * p[..., ::-1]).astype(np.uint8) for p in (one.photograph, one.rgb)),
            depth,
        ]
        scale = _PICTURE_HEIGHT_PX / one.depth.shape[0]
        size = (round(one.depth.shape[1] * scale), _PICTURE_HEIGHT_PX)
        columns.append(
            np.vstack(
                [cv2.resize(row, size, interpolation=cv2.INTER_AREA) for row in rows]
            )
        )
    cv2.imwrite(str(path), np.hstack(columns), [cv2.IMWRITE_JPEG_QUALITY, 88])
