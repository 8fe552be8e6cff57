"""Pitch lines painted on a scene's floor, filtered by area."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from robot.contracts.field import FieldSpec


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["low", "high", "radius_m", "half_width_m"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class Lines:
    """Rectangles along the axes, and a circle about the centre; pitch frame, m.

    Attributes:
        low, high: [N, 2] corners.
        radius_m: [] of the circle's middle.
        half_width_m: [] of its line.
    """

    low: Float[Array, "N 2"]
    high: Float[Array, "N 2"]
    radius_m: Float[Array, ""]
    half_width_m: Float[Array, ""]


def lines_of(field: FieldSpec) -> Lines:
    """All lines of a pitch, as `sim.pitch` draws them."""
    length, width, line = field.half_length_m, field.half_width_m, field.line_width_m
    depth, area = field.penalty_area_depth_m, field.penalty_area_width_m / 2
    boxes = [(0.0, 0.0, line / 2, width)]
    for side in (-1, 1):
        edge = side * (length - depth)
        boxes.append((side * (length - line / 2), 0.0, line / 2, width))
        boxes.append((0.0, side * (width - line / 2), length, line / 2))
        boxes.append((edge, 0.0, line / 2, area))
        for flank in (-1, 1):
            middle = side * (length - depth / 2)
            boxes.append((middle, flank * area, depth / 2, line / 2))
    centre, half = np.array(boxes)[:, :2], np.array(boxes)[:, 2:]
    return Lines(
        low=jnp.asarray(centre - half, jnp.float32),
        high=jnp.asarray(centre + half, jnp.float32),
        radius_m=jnp.float32(field.centre_circle_radius_m),
        half_width_m=jnp.float32(line / 2),
    )


def line_share(
    lines: Lines, places: Float[Array, "R 2"], footprint: Float[Array, "R 2"]
) -> Float[Array, "R"]:
    """Share of each footprint (a box of that size about its place) that is line."""
    x, y = places[:, 0], places[:, 1]
    wide = jnp.maximum(footprint, 1e-4)
    half_x, half_y = wide[:, 0] / 2, wide[:, 1] / 2
    clear = jnp.ones(x.shape)
    for index in range(lines.low.shape[0]):
        low, high = lines.low[index], lines.high[index]
        across = jnp.minimum(high[0], x + half_x) - jnp.maximum(low[0], x - half_x)
        down = jnp.minimum(high[1], y + half_y) - jnp.maximum(low[1], y - half_y)
        covered = (
            jnp.maximum(across, 0) / wide[:, 0] * jnp.maximum(down, 0) / wide[:, 1]
        )
        clear = clear * (1 - covered)
    away = jnp.sqrt(x * x + y * y) + 1e-6
    # The box as an interval of radii, of equal variance.
    half = jnp.hypot(half_x * x, half_y * y) / away
    inner = lines.radius_m - lines.half_width_m
    outer = lines.radius_m + lines.half_width_m
    ring = jnp.minimum(outer, away + half) - jnp.maximum(inner, away - half)
    return 1 - clear * (1 - jnp.clip(ring / (2 * half + 1e-6), 0, 1))
