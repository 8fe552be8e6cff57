"""Tags and balls in pictures drawn by hand."""

import math

import cv2
import numpy as np
import pytest

from match.eyes.ball import BallColour, BallFinder
from match.eyes.tags import TagReader, tag_picture

GRASS, ORANGE, RED, SHIRT = (45, 110, 50), (240, 110, 20), (210, 30, 25), (30, 30, 30)
RNG = np.random.default_rng(0)


def canvas(height=200, width=200):
    return np.full((height, width, 3), GRASS, dtype=np.uint8)


def disc(image, column, row, radius, colour):
    """Drawn eight times as large and shrunk, so that places between pixels count."""
    height, width = image.shape[:2]
    large = cv2.resize(image, (8 * width, 8 * height), interpolation=cv2.INTER_NEAREST)
    centre = (round(8 * column + 3.5), round(8 * row + 3.5))
    cv2.circle(large, centre, round(8 * radius), colour, -1)
    return cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)


def noisy(image, sigma=6):
    return np.clip(image + RNG.normal(scale=sigma, size=image.shape), 0, 255).astype(
        np.uint8
    )


def turned_tag(tag_id, column, row, side_px, turn_rad):
    """A tag (black square of `side_px`) on grass, turned counter-clockwise."""
    print_ = tag_picture("36h11", tag_id, 20)  # 200 px, its square 160
    scale, (c, s) = side_px / 160, (math.cos(turn_rad), math.sin(turn_rad))
    turn = scale * np.array([[c, s], [-s, c]])
    shift = np.array([column, row]) - turn @ np.array([99.5, 99.5])
    big = cv2.cvtColor(print_, cv2.COLOR_GRAY2RGB)
    warp = np.column_stack([turn, shift])
    soft = cv2.GaussianBlur(big, (0, 0), 0.4 / scale)
    drawn = cv2.warpAffine(
        soft,
        warp,
        (200, 200),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    mask = cv2.warpAffine(np.full((200, 200), 255, np.uint8), warp, (200, 200)) > 128
    return np.where(mask[..., None], drawn, canvas())


@pytest.mark.parametrize("turn_deg", [0, 33, 90, 200, 315])
def test_a_small_tag_is_read_with_its_corners_in_order(turn_deg):
    """22 px across: what a 128 mm tag on a robot is from 4 m at 720 lines."""
    turn = math.radians(turn_deg)
    image = noisy(turned_tag(7, 103.3, 91.7, 22, turn))
    (seen,) = TagReader("36h11").look(image, (70, 60, 140, 125))
    assert seen.tag_id == 7
    assert seen.corners.mean(axis=0) == pytest.approx([103.3, 91.7], abs=0.3)
    up = seen.corners[0] + seen.corners[1] - seen.corners[2] - seen.corners[3]
    # Rows run downward: up is -row, and counter-clockwise goes from -row to -column.
    found = math.atan2(-up[0], -up[1])
    assert math.remainder(found - turn, 2 * math.pi) == pytest.approx(0, abs=0.06)
    assert np.linalg.norm(up) / 2 == pytest.approx(22, abs=1.0)


def test_a_search_finds_what_a_look_reads():
    image = noisy(turned_tag(7, 103.3, 91.7, 22, 0.4))
    (found,) = TagReader("36h11").search(image)
    (read,) = TagReader("36h11").look(image, (70, 60, 140, 125))
    assert found.tag_id == read.tag_id == 7
    middles = [tag.corners.mean(axis=0) for tag in (found, read)]
    assert middles[0] == pytest.approx(middles[1], abs=0.5)


def test_grass_has_no_tags():
    reader = TagReader("36h11")
    assert reader.search(noisy(canvas())) == []
    assert reader.look(noisy(canvas()), (50, 50, 52, 52)) == []
    with pytest.raises(ValueError, match="expected 0 to 586 of family 36h11"):
        tag_picture("36h11", 587, 4)


@pytest.mark.parametrize("place", [(100.0, 100.0), (80.25, 61.5), (150.6, 121.4)])
def test_a_whole_ball(place):
    image = noisy(disc(canvas(), *place, 10.3, ORANGE))
    (ball,) = BallFinder(BallColour()).look(image, (40, 40, 190, 190), 10.3)
    assert (ball.column, ball.row) == pytest.approx(place, abs=0.25)
    assert ball.share == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("hidden_px", [4, 7, 10])
def test_a_ball_half_behind_a_robot_is_where_its_arc_says(hidden_px):
    """Of 20.6 px the first ones are hidden; a blob's middle would be off by half."""
    image = disc(canvas(), 100.4, 80.2, 10.3, ORANGE)
    image[:, : round(90.1 + hidden_px)] = SHIRT
    (ball,) = BallFinder(BallColour()).look(noisy(image), (60, 40, 140, 120), 10.3)
    assert (ball.column, ball.row) == pytest.approx((100.4, 80.2), abs=1.2)
    assert ball.share < 0.95


def test_a_search_at_half_size_is_close():
    image = noisy(disc(canvas(), 121.3, 64.8, 10.3, ORANGE))
    (ball,) = BallFinder(BallColour()).search(image, 10.3)
    assert (ball.column, ball.row) == pytest.approx((121.3, 64.8), abs=0.6)


def test_a_red_robot_a_crumb_and_a_carpet_are_no_balls():
    image = disc(canvas(), 60.0, 60.0, 10.3, RED)
    image = disc(image, 120.0, 60.0, 2.0, ORANGE)
    image[120:180, 20:180] = ORANGE
    assert BallFinder(BallColour()).look(image, (0, 0, 200, 200), 10.3) == []


def test_a_colour_around_hue_zero():
    """Pure red lies on both ends of the hue circle."""
    image = noisy(disc(canvas(), 100.0, 100.0, 10.0, RED))
    red = BallColour(low=(170, 110, 70), high=(8, 255, 255))
    (ball,) = BallFinder(red).look(image, (60, 60, 140, 140), 10.0)
    assert (ball.column, ball.row) == pytest.approx((100.0, 100.0), abs=0.3)
