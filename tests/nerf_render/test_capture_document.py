"""Captures on disk: round trip, nerfstudio's transforms.json, damage by name."""

import json

import cv2
import numpy as np
import pytest

from nerf_render.capture.document import (
    NO_POINTS,
    Capture,
    CaptureError,
    Points,
    frame,
    opengl,
    read_capture,
    write_capture,
)
from nerf_render.similarity import similarity
from robot.contracts.camera import pinhole


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for index in range(3):
        picture = np.full((48, 64, 3), 40 * index, np.uint8)
        cv2.imwrite(str(tmp_path / "images" / f"{index}.jpg"), picture)
    return tmp_path


def _pose(x: float):
    pose = np.eye(4)
    pose[:3, 3] = [x, 2.0, 3.0]
    return pose


@pytest.fixture
def capture():
    return Capture(
        camera=pinhole(64, 48, 1.0),
        frames=tuple(frame(f"images/{i}.jpg", _pose(i)) for i in range(3)),
        pitch=similarity(scale=2.0, rotation=np.eye(3), translation=(1.0, 0.0, 0.0)),
        measured={"reprojection_px": 0.5},
    )


def test_a_capture_comes_back_as_it_was(folder, capture):
    points = Points(
        xyz=np.array([[1.0, 2.0, 3.0]]),
        rgb=np.array([[9, 8, 7]], np.uint8),
        error_px=np.array([0.3]),
        seen_by=np.array([0, 2]),
        seen_point=np.array([0, 0]),
        seen_px=np.array([[10.0, 11.0], [12.0, 13.0]]),
    )
    write_capture(folder, capture, points)
    found, found_points = read_capture(folder)
    assert found == capture
    for name, array in vars(points).items():
        np.testing.assert_array_equal(getattr(found_points, name), array)


def test_transforms_json_is_read_in_opencv_conventions(folder):
    # An OpenGL camera at (1, 2, 3), not turned: OpenCV's y and z are its negatives.
    matrix = [[1, 0, 0, 1], [0, 1, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]
    transforms = {
        "w": 64,
        "h": 48,
        "fl_x": 50.0,
        "fl_y": 51.0,
        "cx": 32.0,
        "cy": 24.0,
        "k1": 0.1,
        "p2": 0.01,
        "frames": [{"file_path": "images/1.jpg", "transform_matrix": matrix}],
    }
    (folder / "transforms.json").write_text(json.dumps(transforms))
    found, points = read_capture(folder)
    assert len(points.xyz) == 0
    assert (found.camera.cx_px, found.camera.cy_px) == (31.5, 23.5)
    assert found.camera.coefficients == (0.1, 0.0, 0.0, 0.01)
    np.testing.assert_array_equal(
        found.poses[0],
        [[1, 0, 0, 1], [0, -1, 0, 2], [0, 0, -1, 3], [0, 0, 0, 1]],
    )
    np.testing.assert_array_equal(opengl(found.poses)[0], matrix)


def test_a_folder_that_is_no_capture_says_what_makes_one(folder):
    with pytest.raises(
        CaptureError, match=r"expected a capture .* found neither; `op3"
    ):
        read_capture(folder)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (
            lambda f: (f / "images" / "1.jpg").unlink(),
            "found 1 missing, first images/1",
        ),
        (
            lambda f: (f / "points.npz").write_bytes(b"PK"),
            "expected the capture's points",
        ),
        (lambda f: (f / "points.npz").unlink(), "expected the capture's points"),
        (lambda f: (f / "capture.json").write_text("{"), "expected JSON"),
        (
            lambda f: (f / "capture.json").write_text('{"version": 7}'),
            "expected a capture of version 1, found 7",
        ),
        (
            lambda f: (f / "capture.json").write_text('{"version": 1}'),
            "camera: expected a value, found none",
        ),
    ],
)
def test_a_damaged_capture_is_named(folder, capture, harm, message):
    write_capture(folder, capture, NO_POINTS)
    harm(folder)
    with pytest.raises(CaptureError, match=message):
        read_capture(folder)


def test_transforms_without_a_lens_are_named(folder):
    (folder / "transforms.json").write_text('{"frames": []}')
    with pytest.raises(CaptureError, match="found a fault at 'w'"):
        read_capture(folder)
