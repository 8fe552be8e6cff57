"""Pixels and places: there and back, against OpenCV, and the view from landmarks."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from match.errors import MatchError
from match.eyes.landmarks import (
    Landmark,
    floor_tags,
    pitch_points,
    read_landmarks,
    solve_view,
)
from match.eyes.tags import tag_picture
from match.eyes.view import (
    OverheadView,
    looking_down,
    pixels_of,
    pixels_per_m,
    points_at_height,
    read_view,
    write_view,
)
from robot.contracts.camera import pinhole
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec

FIELD = FieldSpec()
PLAIN = pinhole(1280, 720, 2 * math.atan(0.6))  # fy = 360 / 0.6 = 600
WIDE = replace(
    PLAIN, distortion="brown_conrady", coefficients=(-0.25, 0.08, 0.001, -0.002, -0.01)
)
FISH = replace(PLAIN, distortion="fisheye", coefficients=(-0.02, 0.01, -0.003, 0.0))


def tilted(camera):
    """3.5 m above the touch line, looking at the middle of the pitch, nearly."""
    turn, _ = cv2.Rodrigues(np.array([2.7, 0.05, -0.1]))
    position = np.array([0.2, -1.5, 3.5])
    return OverheadView(
        camera=camera,
        rotation=tuple(turn.ravel()),
        translation_m=tuple(-turn @ position),
    )


def test_a_camera_straight_above():
    view = looking_down(PLAIN, height_m=4.0, x_m=0.5)
    # 600 px / 4 m = 150 px per metre on the floor; the axis meets the floor at x = 0.5.
    pixels = pixels_of(view, np.array([[0.5, 0.0, 0.0], [1.5, 1.0, 0.0]]))
    assert pixels[0] == pytest.approx([639.5, 359.5])
    assert pixels[1] == pytest.approx([789.5, 209.5])
    # At 1 m height the same sight line has come 3 of 4 m down: 0.75 of the way.
    (point,) = points_at_height(view, pixels[1:], 1.0)
    assert point == pytest.approx([0.5 + 0.75, 0.75])
    assert pixels_per_m(view, (0.5, 0.0, 1.0)) == pytest.approx(200.0)


@pytest.mark.parametrize("camera", [PLAIN, WIDE, FISH])
def test_places_survive_the_way_through_the_picture(camera):
    view = tilted(camera)
    places = np.random.default_rng(0).uniform((-2.5, -2), (2.5, 2), (50, 2))
    for height_m in (0.0, 0.381):
        pixels = pixels_of(view, np.column_stack([places, np.full(50, height_m)]))
        assert points_at_height(view, pixels, height_m) == pytest.approx(
            places, abs=1e-6
        )


def test_pixels_are_opencvs():
    view = tilted(WIDE)
    places = np.array([[-2.0, 1.0, 0.0], [1.0, -1.0, 0.4], [2.5, 2.0, 0.1]])
    lens = np.array(
        [[WIDE.fx_px, 0, WIDE.cx_px], [0, WIDE.fy_px, WIDE.cy_px], [0, 0, 1]]
    )
    turn, _ = cv2.Rodrigues(view.matrix)
    expected, _ = cv2.projectPoints(
        places, turn, np.array(view.translation_m), lens, np.array(WIDE.coefficients)
    )
    assert pixels_of(view, places) == pytest.approx(expected[:, 0], abs=1e-6)


def test_a_sight_line_above_the_horizon_meets_no_floor():
    level = OverheadView(
        camera=PLAIN,
        rotation=(1.0, 0, 0, 0, 0, -1.0, 0, 1.0, 0),  # looks along +y
        translation_m=(0.0, 1.0, 0.0),  # 1 m above the floor
    )
    above, below = points_at_height(
        level, np.array([[639.5, 100.0], [639.5, 700.0]]), 0
    )
    assert np.isnan(above).all()
    # 340.5 px below the axis: 1 m down on 600 / 340.5 m ahead.
    assert below == pytest.approx([0.0, 600 / 340.5])


@pytest.mark.parametrize("camera", [PLAIN, WIDE, FISH])
def test_the_view_is_found_from_marked_corners(camera):
    truth = tilted(camera)
    points = list(pitch_points(FIELD).values())
    pixels = pixels_of(truth, np.array([(*point, 0.0) for point in points]))
    seen = (pixels > 0).all(axis=1) & (pixels < (1280, 720)).all(axis=1)
    noise = np.random.default_rng(1).normal(scale=0.5, size=pixels.shape)
    marks = [
        Landmark(point_m=point, pixel=tuple(pixel))
        for point, pixel, good in zip(points, pixels + noise, seen, strict=True)
        if good
    ]
    assert len(marks) >= 8
    view = solve_view(camera, marks)
    assert view.position_m == pytest.approx([0.2, -1.5, 3.5], abs=0.03)
    assert 0.2 < view.residual_px < 1.0  # sigma 0.5 on both axes: 0.7 with many marks


def test_landmarks_that_do_not_fit_are_refused():
    truth = tilted(PLAIN)
    points = [(-2.0, -1.5), (2.0, -1.5), (2.0, 1.5), (-2.0, 1.5), (0.0, 0.0)]
    pixels = pixels_of(truth, np.array([(*point, 0.0) for point in points]))
    marks = [
        Landmark(point_m=point, pixel=tuple(pixel))
        for point, pixel in zip(points, pixels, strict=True)
    ]
    with pytest.raises(MatchError, match="expected 4 or more landmarks, found 3"):
        solve_view(PLAIN, marks[:3])
    swapped = [replace(marks[0], pixel=marks[4].pixel), *marks[1:]]
    with pytest.raises(MatchError, match="expected landmarks that fit within 3 px"):
        solve_view(PLAIN, swapped)
    line = [Landmark(point_m=(x, 0.0), pixel=(600 + 100 * x, 300)) for x in range(5)]
    with pytest.raises(MatchError, match="overhead view"):
        solve_view(PLAIN, line)


def test_tags_on_the_floor_are_landmarks():
    """Four tags pasted into a picture, centres where they are put."""
    image = np.full((720, 1280, 3), 90, dtype=np.uint8)
    places = {0: (-2.0, -1.0), 1: (2.0, -1.0), 2: (2.0, 1.0), 3: (-2.0, 1.0)}
    for tag_id, (x_m, y_m) in places.items():
        tag = tag_picture("36h11", tag_id, 6)  # 60 px wide
        left, top = round(640 + 150 * x_m) - 30, round(360 - 150 * y_m) - 30
        image[top : top + 60, left : left + 60] = tag[..., None]
    marks = floor_tags(image, "36h11", places)
    assert {mark.point_m for mark in marks} == set(places.values())
    view = solve_view(PLAIN, marks)
    assert view.residual_px < 0.5
    assert view.position_m == pytest.approx([0.0, 0.0, 4.0], abs=0.02)


def test_files(tmp_path):
    path = tmp_path / "view.json"
    write_view(path, tilted(WIDE))
    assert read_view(path) == tilted(WIDE)
    path.write_text(path.read_text().replace('"translation_m"', '"shift_m"'))
    with pytest.raises(ContractError, match="shift_m: unknown field"):
        read_view(path)
    with pytest.raises(ContractError, match="tracker calibrate"):
        read_view(tmp_path / "none.json")
    mirrored = replace(tilted(PLAIN), translation_m=(0.0, 0.0, -4.0))
    with pytest.raises(ContractError, match="expected a camera above the floor"):
        write_view(path, mirrored)
    marks = tmp_path / "marks.json"
    marks.write_text('{"named": {"corner -x +y": [10, 20], "centre": [300, 200.5]}}')
    assert read_landmarks(marks, FIELD) == (
        Landmark(point_m=(-2.5, 2.0), pixel=(10.0, 20.0)),
        Landmark(point_m=(0.0, 0.0), pixel=(300.0, 200.5)),
    )
    marks.write_text('{"named": {"corner": [10, 20]}}')
    with pytest.raises(ContractError, match=r"found \['corner'\]"):
        read_landmarks(marks, FIELD)
