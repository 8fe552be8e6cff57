"""A scene's light from its own pictures: one direction, one colour, and the rest.

What comes toward the pitch from all sides gives direction and ratio: its first two
spherical harmonics (Ramamoorthi and Hanrahan, "An Efficient Representation for
Irradiance Environment Maps", SIGGRAPH 2001) are matched by a lamp and an ambient part
as `nerf_render.shading` has them. Pictures clip lamps, and a fit may leave them out, so
how bright it is comes from the white lines where the scene has them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nerf_render.scene_file import Light
from nerf_render.shading import AMBIENT_FROM_BELOW, LINE_ALBEDO, albedo_of
from robot.contracts.field import FieldSpec

Floats = NDArray[np.float64]
RayRender = Callable[[Any, Any], tuple[Any, Any]]
"""As `nerf_render.baking.RayRender`."""
_DIRECTIONS = 1024
_PLACES_M = ((0.0, 0.0), (1.5, 1.0), (1.5, -1.0), (-1.5, 1.0), (-1.5, -1.0))
_HEIGHT_M = 0.3
_LINE_POINTS = 400
_LINE_HEIGHT_M = 0.5
_BRIGHT = 0.75
"""Quantile of the points on lines: a fit blurs lines of few centimetres."""
_LEAST, _MOST = 0.05, 1.6


def estimate_light(render: RayRender, lines: FieldSpec | None) -> Light:
    """The light that falls on the middle of the pitch.

    Args:
        render: rays in the pitch frame, m.
        lines: the pitch whose white lines the scene shows; None if it shows none.
    """
    directions = _sphere(_DIRECTIONS)
    places = np.array([(*place, _HEIGHT_M) for place in _PLACES_M])
    origins = np.repeat(places, len(directions), axis=0)
    rays = np.tile(directions, (len(places), 1))
    radiance = _linear(render, origins, rays)
    mean = radiance.mean(0)
    first = (radiance[:, :, None] * rays[:, None, :]).mean(0)
    toward = first.mean(0) / max(float(np.linalg.norm(first.mean(0))), 1e-9)
    if toward[2] < 0.1:
        # A floor brighter than the room: no lamp lights it from below.
        toward = np.array([0.0, 0.0, 1.0])
    diffuse, ambient = _matched(mean, first @ toward, toward[2])
    if lines is not None:
        white = _white(render, lines)
        level = diffuse * toward[2] + ambient
        scale = np.clip(white / np.maximum(level, 1e-6), 0.2, 5.0)
        diffuse, ambient = diffuse * scale, ambient * scale
    return Light(
        toward_p=_rounded(toward),
        diffuse_rgb=_rounded(np.clip(diffuse, 0, _MOST)),
        ambient_rgb=_rounded(np.clip(ambient, _LEAST, _MOST)),
    )


def _matched(mean: Floats, along: Floats, up: float) -> tuple[Floats, Floats]:
    """Diffuse and ambient [3] with the environment's first two harmonics.

    With L0 the mean radiance and D the mean of radiance times direction, what a white
    surface of normal n sends out is L0 + 2 D . n, in two harmonics. A lamp of strength
    d sends d max(0, n . t): mean d / 4, first moment along t d / 6. The ambient part
    a (m + s n_z) with m = (1 + b) / 2, s = (1 - b) / 2: mean a m, first moment a s / 3
    along z. Equal means and equal moments along t give two equations for d and a.
    """
    middle, slope = (1 + AMBIENT_FROM_BELOW) / 2, (1 - AMBIENT_FROM_BELOW) / 2
    # 2 D / 3 = d / 6 + a s t_z / 3 and L0 = d / 4 + a m.
    ratio = 2 * slope * up / middle
    diffuse = (4 * along - ratio * mean) / (1 - ratio / 4)
    diffuse = np.clip(diffuse, 0, 4 * mean)
    return diffuse, (mean - diffuse / 4) / middle


def _white(render: RayRender, field: FieldSpec) -> Floats:
    """Linear colour of white, level things on the pitch."""
    half = field.half_width_m - 0.3
    y = np.linspace(-half, half, _LINE_POINTS)
    points = np.stack([np.zeros_like(y), y, np.zeros_like(y)], axis=-1)
    eye = points + np.array([0.25, 0.0, _LINE_HEIGHT_M])
    rays = points - eye
    seen = _linear(render, eye, rays / np.linalg.norm(rays, axis=1, keepdims=True))
    bright = seen.mean(1) >= np.quantile(seen.mean(1), _BRIGHT)
    return seen[bright].mean(0) / LINE_ALBEDO


def _linear(render: RayRender, origins: Floats, directions: Floats) -> Floats:
    rgb, _ = render(origins.astype(np.float32), directions.astype(np.float32))
    return albedo_of(np.clip(np.asarray(rgb, np.float64), 0, 1))


def _sphere(count: int) -> Floats:
    """[count, 3] even directions: a Fibonacci spiral."""
    index = np.arange(count) + 0.5
    z = 1 - 2 * index / count
    around = np.pi * (1 + 5**0.5) * index
    level = np.sqrt(1 - z * z)
    return np.stack([level * np.cos(around), level * np.sin(around), z], axis=-1)


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
