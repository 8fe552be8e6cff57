"""A scene's light from what it shows: one lamp, its colour, and the rest.

Radiance alone cannot tell: lamps are clipped in pictures or out of their sight, and a
lit wall opposite is brighter than what lights it. Known things can. White lines on the
floor say how much light an upward face gets, of each colour. Of that, what comes from
the visible surroundings is their mean, weighted by the cosine; the rest is the lamp's.
The border walls are of one paint and face four ways: how much brighter one is than the
one opposite says where the lamp is.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerf_render.scene_file import Light
from nerf_render.shading import AMBIENT_FROM_BELOW, LINE_ALBEDO, albedo_of
from robot.contracts.field import FieldSpec

Floats = NDArray[np.float64]
RayRender = Callable[[Any, Any], tuple[Any, Any]]
"""As `nerf_render.baking.RayRender`."""
_DIRECTIONS = 512
_PLACES_M = ((0.0, 0.0), (1.5, 1.0), (1.5, -1.0), (-1.5, 1.0), (-1.5, -1.0))
_HEIGHT_M = 0.3
_POINTS = 200
_EYE_HEIGHT_M = 0.5
_BRIGHT = 0.75
"""Quantile of the points on lines: a fit blurs lines of few centimetres."""
_SURROUNDINGS = (0.2, 0.9)
"""Least and largest share of the surroundings in what falls on the floor."""
_ASSUMED_SURROUNDINGS = 0.55
"""Where the scene has no lines to compare with."""
_AWAY_M = 0.8
_WALL_TOLERANCE_M = 0.15
_LARGEST_TANGENT = 1.7
"""Of the lamp's angle from overhead: 60 degrees."""
_LEAST, _MOST = 0.02, 1.6


class Probe(NamedTuple):
    """Rays [N, 3] and how long they should be, m; nan where that does not matter."""

    origins: Floats
    directions: Floats
    length_m: Floats


class Seen(NamedTuple):
    """Linear colours [N, 3], and how much further than asked rays end, m."""

    linear: Floats
    beyond_m: Floats


def estimate_light(
    render: RayRender, contains: tuple[str, ...], field: FieldSpec | None = None
) -> Light:
    """The light that falls on the middle of the pitch.

    Args:
        render: rays in the pitch frame, m.
        contains: parts of the pitch that the scene shows; without "lines" the share of
            the lamp is assumed, without "walls" it hangs overhead.
        field: what those parts are.
    """
    field = field or FieldSpec()
    probes = [_surroundings(), _halfway_line(field)]
    probes += [_border_wall(field, axis, side) for axis in (0, 1) for side in (1, -1)]
    above, line, *walls = _look(render, probes)
    around = above.linear.mean(0)
    if "lines" in contains:
        brightness = line.linear.mean(1)
        bright = brightness >= np.quantile(brightness, _BRIGHT)
        floor = np.median(line.linear[bright], axis=0) / LINE_ALBEDO
        share = np.clip(around.mean() / max(floor.mean(), 1e-6), *_SURROUNDINGS)
    else:
        share = _ASSUMED_SURROUNDINGS
        floor = around / share
    ambient = around * share * floor.mean() / max(around.mean(), 1e-6)
    from_lamp = np.maximum(floor - ambient, 0.1 * floor)
    level = np.zeros(2)
    if "walls" in contains:
        # All of the lamp's light as a vector: its part on a face is the product with
        # that face's normal.
        middle = (1 + AMBIENT_FROM_BELOW) / 2
        level = middle * ambient.mean() * _contrast(walls) / from_lamp.mean()
        level = np.clip(level, -_LARGEST_TANGENT, _LARGEST_TANGENT)
    toward = np.array([*level, 1.0]) / np.linalg.norm([*level, 1.0])
    return Light(
        toward_p=_rounded(toward),
        diffuse_rgb=_rounded(np.clip(from_lamp / toward[2], _LEAST, _MOST)),
        ambient_rgb=_rounded(np.clip(ambient, _LEAST, _MOST)),
    )


def _surroundings() -> Probe:
    """All above the horizon from places on the pitch, as dense as the cosine."""
    upward = _cosine_directions(_DIRECTIONS)
    places = np.array([(*place, _HEIGHT_M) for place in _PLACES_M])
    origins = np.repeat(places, len(upward), axis=0)
    directions = np.tile(upward, (len(places), 1))
    return Probe(origins, directions, np.full(len(origins), np.nan))


def _halfway_line(field: FieldSpec) -> Probe:
    """From both sides, as a robot looks at it."""
    half = field.half_width_m - 0.3
    y = np.linspace(-half, half, 2 * _POINTS)
    points = np.stack([np.zeros_like(y), y, np.zeros_like(y)], axis=-1)
    aside = np.where(np.arange(len(y)) % 2, _AWAY_M, -_AWAY_M)
    eyes = points + np.stack(
        [aside, np.zeros_like(y), np.full_like(y, _EYE_HEIGHT_M)], axis=-1
    )
    return _between(eyes, points)


def _border_wall(field: FieldSpec, axis: int, facing: int) -> Probe:
    """The wall whose inner side faces +-x or +-y: its upper part, above the ramp."""
    half = (field.half_length_m, field.half_width_m)
    along = np.linspace(-half[1 - axis] + 0.3, half[1 - axis] - 0.3, _POINTS)
    if axis == 0:
        # Beside the goal.
        along = along[np.abs(along) > field.goal_width_m / 2 + 0.3]
    points = np.zeros((len(along), 3))
    points[:, axis] = -facing * (half[axis] + field.ramp_width_m)
    points[:, 1 - axis] = along
    points[:, 2] = (field.ramp_width_m + field.wall_height_m) / 2
    eyes = points.copy()
    eyes[:, axis] += facing * _AWAY_M
    eyes[:, 2] = _EYE_HEIGHT_M
    return _between(eyes, points)


def _contrast(walls: Sequence[Seen]) -> Floats:
    """[2] brightness of border walls that face +x less -x, and +y less -y.

    In units of those that the lamp does not reach; zero where not all are found.
    """
    bright = []
    for seen in walls:
        found = np.abs(seen.beyond_m) < _WALL_TOLERANCE_M
        if found.mean() < 0.5:
            return np.zeros(2)
        bright.append(np.median(seen.linear[found].mean(1)))
    pairs = np.array(bright).reshape(2, 2)
    return (pairs[:, 0] - pairs[:, 1]) / max(float(pairs.min(1).mean()), 1e-4)


def _between(eyes: Floats, points: Floats) -> Probe:
    length = np.linalg.norm(points - eyes, axis=1)
    return Probe(eyes, (points - eyes) / length[:, None], length)


def _look(render: RayRender, probes: Sequence[Probe]) -> list[Seen]:
    """All of them in one call: each number of rays would be compiled anew."""
    joined = Probe(*(np.concatenate(parts) for parts in zip(*probes, strict=True)))
    rgb, distance = render(
        joined.origins.astype(np.float32), joined.directions.astype(np.float32)
    )
    linear = albedo_of(np.clip(np.asarray(rgb, np.float64), 0, 1))
    beyond = np.asarray(distance, np.float64) - joined.length_m
    ends = np.cumsum([len(probe.origins) for probe in probes])[:-1]
    parts = zip(np.split(linear, ends), np.split(beyond, ends), strict=True)
    return [Seen(*part) for part in parts]


def _cosine_directions(count: int) -> Floats:
    """[count, 3] upward, dense as their cosine: a spiral on the disk, lifted."""
    index = np.arange(count) + 0.5
    level = np.sqrt(index / count)
    around = np.pi * (1 + 5**0.5) * index
    up = np.sqrt(1 - level * level)
    return np.stack([level * np.cos(around), level * np.sin(around), up], axis=-1)


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
