"""The pitch as shapes: turf, lines, goals, border. Frame: `robot.contracts.field`."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import trimesh

from match.page.shapes import Point, Shape, arc, box, shape, slope, tube
from robot.contracts.field import FieldSpec

_TURF = ((24, 74, 34), (29, 84, 40))
_WHITE = (240, 240, 240)
_BORDER = (18, 56, 28)
_WALL = (96, 103, 115)
_NET = (214, 219, 228)
_STRIPES = 10
_MARGIN_M = 0.05
# Drawn this far over the turf: nearer, and a distant view lets the turf shine through.
_LINE_HEIGHT_M = 0.004


def pitch_shapes(field: FieldSpec) -> tuple[Shape, ...]:
    """Everything that does not move."""
    frame, nets = _goals(field)
    ramps, walls = _border(field)
    light, dark = _turf(field)
    return (
        shape("turf_dark", _TURF[0], dark),
        shape("turf_light", _TURF[1], light),
        shape("lines", _WHITE, _lines(field)),
        shape("goal_frames", _WHITE, frame, flat=False),
        shape("nets", _NET, nets, opacity=0.25),
        shape("ramps", _BORDER, ramps),
        shape("walls", _WALL, walls, opacity=0.35),
    )


def _turf(field: FieldSpec) -> tuple[list[trimesh.Trimesh], list[trimesh.Trimesh]]:
    """Mown stripes across the pitch, alternating; one more behind each goal line."""
    half_m = field.half_width_m + field.ramp_width_m
    behind_m = max(field.ramp_width_m, field.goal_depth_m) + _MARGIN_M
    edges = np.linspace(-field.half_length_m, field.half_length_m, _STRIPES + 1)
    ends = (edges[0] - behind_m, *edges, edges[-1] + behind_m)
    stripes = [
        slope(
            [
                (x, -half_m, 0.0),
                (x_end, -half_m, 0.0),
                (x_end, half_m, 0.0),
                (x, half_m, 0.0),
            ]
        )
        for x, x_end in pairwise(ends)
    ]
    return stripes[::2], stripes[1::2]


def _lines(field: FieldSpec) -> Iterator[trimesh.Trimesh]:
    length, width, line = field.half_length_m, field.half_width_m, field.line_width_m
    depth, area = field.penalty_area_depth_m, field.penalty_area_width_m / 2
    yield _line((0.0, 0.0), (line, 2 * width))
    yield arc(field.centre_circle_radius_m, line, _LINE_HEIGHT_M)
    yield _line((0.0, 0.0), (2 * line, 2 * line))
    for side in (-1, 1):
        yield _line((side * (length - line / 2), 0.0), (line, 2 * width))
        yield _line((0.0, side * (width - line / 2)), (2 * length, line))
        yield _line((side * (length - depth), 0.0), (line, 2 * area))
        for flank in (-1, 1):
            yield _line((side * (length - depth / 2), flank * area), (depth, line))


def _line(centre: tuple[float, float], size: tuple[float, float]) -> trimesh.Trimesh:
    return box((*centre, _LINE_HEIGHT_M / 2), (*size, _LINE_HEIGHT_M))


def _goals(field: FieldSpec) -> tuple[list[trimesh.Trimesh], list[trimesh.Trimesh]]:
    tubes, nets = [], []
    radius = field.post_radius_m
    half = field.goal_width_m / 2 + radius
    height = field.goal_height_m + radius
    for side in (-1, 1):
        front = side * (field.half_length_m + radius)
        back = side * (field.half_length_m + field.goal_depth_m)
        for flank in (-half, half):
            tubes.append(tube((front, flank, 0.0), (front, flank, height), radius))
            nets.append(
                slope(
                    [
                        (front, flank, 0.0),
                        (back, flank, 0.0),
                        (back, flank, height),
                        (front, flank, height),
                    ]
                )
            )
        tubes.append(tube((front, -half, height), (front, half, height), radius))
        nets.append(
            slope(
                [
                    (back, -half, 0.0),
                    (back, half, 0.0),
                    (back, half, height),
                    (back, -half, height),
                ]
            )
        )
        nets.append(
            slope(
                [
                    (front, -half, height),
                    (front, half, height),
                    (back, half, height),
                    (back, -half, height),
                ]
            )
        )
    return tubes, nets


def _border(field: FieldSpec) -> tuple[list[trimesh.Trimesh], list[trimesh.Trimesh]]:
    """Ramps that rise at 45 deg from the pitch's edge and the walls behind them."""
    ramp, top = field.ramp_width_m, field.wall_height_m
    length, width = field.half_length_m, field.half_width_m
    mouth = field.goal_width_m / 2 + 2 * field.post_radius_m
    edges: list[tuple[Point, Point, Point]] = []
    for side in (-1.0, 1.0):
        out = (0.0, side, 0.0)
        edges.append(((-length, side * width, 0.0), (length, side * width, 0.0), out))
        out = (side, 0.0, 0.0)
        for flank in (-1.0, 1.0):
            near = (side * length, flank * mouth, 0.0)
            edges.append((near, (side * length, flank * width, 0.0), out))
    ramps, walls = [], []
    for start, end, out in edges:
        raised = [_moved(point, out, ramp, ramp) for point in (end, start)]
        ramps.append(slope([start, end, *raised]))
        walls.append(
            slope(
                [
                    *raised,
                    *(_moved(point, out, 0.0, top - ramp) for point in raised[::-1]),
                ]
            )
        )
    return ramps, walls


def _moved(point: Point, direction: Point, by_m: float, up_m: float) -> Point:
    x, y, z = (p + d * by_m for p, d in zip(point, direction, strict=True))
    return x, y, z + up_m
