"""Lines filtered by area, against counting points."""

import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.pitch_lines import line_share, lines_of
from robot.contracts.field import FieldSpec

FIELD = FieldSpec()


def on_line(x, y):
    """Whether points are white, by the pitch's drawing."""
    half = FIELD.line_width_m / 2
    length, width = FIELD.half_length_m, FIELD.half_width_m
    depth, area = FIELD.penalty_area_depth_m, FIELD.penalty_area_width_m / 2
    inside = (abs(x) <= length) & (abs(y) <= width)
    white = (abs(x) <= half) & inside
    white |= (abs(x) >= length - 2 * half) & inside
    white |= (abs(y) >= width - 2 * half) & inside
    white |= (abs(abs(x) - (length - depth)) <= half) & (abs(y) <= area)
    flank = (abs(x) >= length - depth) & (abs(x) <= length)
    white |= (abs(abs(y) - area) <= half) & flank
    white |= abs(np.hypot(x, y) - FIELD.centre_circle_radius_m) <= half
    return white


@pytest.mark.parametrize(
    ("place", "size"),
    [
        ((0.0, 1.0), (0.2, 0.1)),
        ((0.01, 1.0), (0.02, 0.02)),
        ((2.45, 1.98), (0.3, 0.2)),
        ((-1.9, 0.8), (0.2, 0.2)),
        ((0.5, 0.02), (0.1, 0.05)),
        ((0.35, 0.35), (0.06, 0.06)),
        ((1.2, 0.9), (0.5, 0.5)),
        ((3.0, 0.0), (0.4, 0.4)),
    ],
)
def test_share_of_a_footprint_that_is_white(place, size):
    x, y = (np.linspace(-0.5, 0.5, 401) * size[i] + place[i] for i in range(2))
    expected = on_line(*np.meshgrid(x, y)).mean()
    found = line_share(lines_of(FIELD), jnp.array([place]), jnp.array([size]))
    # The circle is taken as an interval of radii, its bend within a footprint is not.
    assert float(found[0]) == pytest.approx(expected, abs=0.05)
