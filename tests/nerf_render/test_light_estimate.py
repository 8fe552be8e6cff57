"""Light from a room of known light, drawn by hand: floor, line, border walls, sky."""

import numpy as np
import pytest

from nerf_render.light_estimate import estimate_light
from nerf_render.shading import AMBIENT_FROM_BELOW, LINE_ALBEDO
from robot.contracts.field import FieldSpec

FIELD = FieldSpec()
ALL = ("lines", "goals", "walls")
WALL_ALBEDO = 0.1
# A warm lamp to the left and ahead, 37 degrees from overhead; bluish surroundings.
TOWARD = np.array([0.36, 0.48, 0.8])
LAMP = np.array([0.5, 0.45, 0.4])
AROUND = np.array([0.2, 0.25, 0.3])


def _received(normal):
    """[3] what `nerf_render.shading` gives a white face."""
    low = AMBIENT_FROM_BELOW
    upward = (1 + low) / 2 + (1 - low) / 2 * normal[2]
    return LAMP * max(0.0, float(normal @ TOWARD)) + AROUND * upward


def _room(origins, directions):
    """Green floor with one line, border walls of one paint, a sky of `AROUND`."""
    half = np.array([FIELD.half_length_m, FIELD.half_width_m]) + FIELD.ramp_width_m
    linear = np.tile(AROUND, (len(origins), 1))
    distance = np.full(len(origins), 50.0)

    def paint(length, within, colour):
        nearer = within & (length > 0) & (length < distance)
        distance[nearer] = length[nearer]
        linear[nearer] = colour(origins + directions * length[:, None])[nearer]

    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.array([0.0, 0.0, 1.0])
        green = np.array([0.05, 0.3, 0.05])

        def floor(points):
            line = np.abs(points[:, :1]) < FIELD.line_width_m / 2
            return np.where(line, LINE_ALBEDO, green) * _received(up)

        length = -origins[:, 2] / directions[:, 2]
        paint(length, np.ones(len(origins), bool), floor)
        for axis in range(2):
            for side in (-1, 1):
                normal = np.zeros(3)
                normal[axis] = -side
                length = (side * half[axis] - origins[:, axis]) / directions[:, axis]
                height = origins[:, 2] + directions[:, 2] * length
                shade = WALL_ALBEDO * _received(normal)
                paint(
                    length,
                    (height > 0) & (height < FIELD.wall_height_m),
                    lambda points, shade=shade: np.tile(shade, (len(points), 1)),
                )
    return linear ** (1 / 2.2), distance


def test_lamp_and_surroundings_come_back_with_their_colours():
    found = estimate_light(_room, ALL)
    assert float(np.dot(found.toward_p, TOWARD)) > np.cos(np.radians(3.0))
    np.testing.assert_allclose(found.ambient_rgb, AROUND, rtol=0.08)
    np.testing.assert_allclose(found.diffuse_rgb, LAMP, rtol=0.08)


def test_green_turf_does_not_colour_the_light():
    # Radiance of the whole sphere is greener than this by half.
    found = np.array(estimate_light(_room, ALL).ambient_rgb)
    assert found[1] / found.mean() == pytest.approx(1.0, abs=0.05)


def test_without_walls_the_lamp_hangs_overhead():
    found = estimate_light(_room, ("lines",))
    assert found.toward_p == (0.0, 0.0, 1.0)
    # A face on the floor gets as much as before: 0.5 x 0.8 + 0.2, and so on.
    floor = np.array(found.diffuse_rgb) + np.array(found.ambient_rgb)
    np.testing.assert_allclose(floor, LAMP * 0.8 + AROUND, rtol=0.05)


def test_without_lines_the_lamps_share_is_assumed():
    found = estimate_light(_room, ())
    np.testing.assert_allclose(found.ambient_rgb, AROUND, rtol=0.05)
    # 0.25 / 0.55 - 0.25, all of it from overhead.
    assert found.diffuse_rgb[1] == pytest.approx(0.2045, rel=0.05)
