"""The pitch from tags and marked points, in pictures drawn with known cameras."""

import json
import math

import cv2
import numpy as np
import pytest

from nerf_render.capture.document import CaptureError, frame
from nerf_render.capture.lens import coefficients, matrix
from nerf_render.capture.pitch import locate_pitch
from nerf_render.capture.reference import (
    Mark,
    MarkedPoint,
    Reference,
    Tag,
    pitch_landmarks,
    read_reference,
)
from nerf_render.capture.sightings import find_targets
from nerf_render.similarity import similarity
from robot.contracts.camera import CameraModel
from robot.contracts.field import FieldSpec

CAMERA = CameraModel(
    width_px=640,
    height_px=480,
    fx_px=500.0,
    fy_px=498.0,
    cx_px=322.0,
    cy_px=237.0,
    distortion="brown_conrady",
    coefficients=(0.05, -0.04, 0.001, -0.001),
)
# The capture frame: the pitch frame turned by 90 deg about z and shrunk to 0.4.
TO_CAPTURE = similarity(
    scale=0.4,
    rotation=np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    translation=(1.0, -2.0, 0.5),
)
TAGS = tuple(
    Tag(id=i, size_m=0.4, centre_m=centre, right=(1.0, 0.0, 0.0), up=(0.0, 1.0, 0.0))
    for i, centre in enumerate(
        [(-0.7, -0.6, 0.0), (0.7, -0.6, 0.0), (0.7, 0.6, 0.0), (-0.7, 0.6, 0.0)]
    )
)


def _ignore(*_):
    pass


def _camera_above(x: float, y: float, angle: float):
    """Looking down from 3 m, turned about the vertical by `angle`, tilted a little."""
    turn, _ = cv2.Rodrigues(np.array([0.0, 0.0, angle]))
    tilt, _ = cv2.Rodrigues(np.array([0.1, 0.06, 0.0]))
    pose = np.eye(4)
    pose[:3, :3] = turn @ np.diag([1.0, -1.0, -1.0]) @ tilt
    pose[:3, 3] = [x, y, 3.0]
    return pose


POSES = [
    _camera_above(0.3 * math.cos(a), 0.3 * math.sin(a), a) for a in (0.0, 1.0, 2.2, 4.0)
]


def _pixels(pose, points):
    local = (points - pose[:3, 3]) @ pose[:3, :3]
    out, _ = cv2.projectPoints(
        local, np.zeros(3), np.zeros(3), matrix(CAMERA), coefficients(CAMERA)
    )
    return out[:, 0]


def _frames(folder):
    """Pictures of the tags seen from POSES, and frames in the capture frame."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    frames = []
    for index, pose in enumerate(POSES):
        # Drawn at four times the size, then reduced, as a lens does.
        canvas = np.full((480 * 4, 640 * 4), 200, np.uint8)
        for tag in TAGS:
            printed = np.full((500, 500), 255, np.uint8)
            printed[50:450, 50:450] = cv2.aruco.generateImageMarker(
                dictionary, tag.id, 400
            )
            corners = np.array(tag.centre_m) + 1.25 * (
                tag.corners_m - np.array(tag.centre_m)
            )
            there = (_pixels(pose, corners) + 0.5) * 4 - 0.5
            paper = np.array([[0, 0], [500, 0], [500, 500], [0, 500]], float) - 0.5
            warp = cv2.getPerspectiveTransform(
                paper.astype(np.float32), there.astype(np.float32)
            )
            cv2.warpPerspective(
                printed,
                warp,
                (640 * 4, 480 * 4),
                dst=canvas,
                borderMode=cv2.BORDER_TRANSPARENT,
            )
        picture = cv2.resize(canvas, (640, 480), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{index}.png"), picture)
        frames.append(frame(f"{index}.png", TO_CAPTURE.poses(pose[None])[0]))
    return frames


def _located(folder, frames, reference):
    images = [one.image for one in frames]
    targets = find_targets(folder, images, reference, _ignore)
    return locate_pitch(CAMERA, frames, targets)


def test_tags_give_the_pitch(tmp_path):
    found = _located(tmp_path, _frames(tmp_path), Reference(tags=TAGS))
    # 0.4 capture units per metre: 2.5 m per unit, within 0.5 %.
    assert found.pitch.scale == pytest.approx(2.5, rel=0.005)
    origin = found.pitch.points(TO_CAPTURE.points(np.zeros(3)))
    assert np.linalg.norm(origin) < 0.02
    ahead = found.pitch.directions(TO_CAPTURE.directions(np.array([1.0, 0.0, 0.0])))
    assert abs(math.degrees(math.atan2(ahead[1], ahead[0]))) < 0.5
    assert set(found.error_m) == {"tag 0", "tag 1", "tag 2", "tag 3"}
    # 4 tags x 4 corners x 4 pictures at most.
    assert 48 <= found.sightings <= 64
    assert found.error_px < 0.5


def test_a_tag_that_was_moved_is_left_out_and_named(tmp_path):
    moved = [*TAGS]
    moved[2] = Tag(
        id=2, size_m=0.4, centre_m=(1.0, 0.6, 0.0), right=(1.0, 0, 0), up=(0, 1.0, 0)
    )
    extra = Reference(tags=tuple(moved))
    found = _located(tmp_path, _frames(tmp_path), extra)
    assert list(found.left_out) == ["tag 2"]
    assert found.pitch.scale == pytest.approx(2.5, rel=0.005)
    # The pictures are not to blame.
    assert len(found.picture_px) == 4
    assert not found.wrong


def test_a_picture_placed_wrongly_is_named(tmp_path):
    frames = _frames(tmp_path)
    # 0.3 m to the side, 3 m above the tags: 0.3 / 3 x 500 px.
    moved = TO_CAPTURE.poses(POSES[2][None])[0]
    moved[:3, 3] += TO_CAPTURE.directions(np.array([0.3, 0.0, 0.0])) * 0.4
    frames[2] = frame(frames[2].image, moved)
    found = _located(tmp_path, frames, Reference(tags=TAGS))
    assert list(found.wrong) == ["2.png"]
    assert found.wrong["2.png"] == pytest.approx(50, rel=0.15)
    assert max(found.picture_px[name] for name in ("0.png", "1.png", "3.png")) < 2
    origin = found.pitch.points(TO_CAPTURE.points(np.zeros(3)))
    assert np.linalg.norm(origin) < 0.02


def _marked(names):
    places = pitch_landmarks(FieldSpec())
    frames = [
        frame(f"{i}.jpg", TO_CAPTURE.poses(pose[None])[0])
        for i, pose in enumerate(POSES)
    ]
    points = tuple(
        MarkedPoint(
            name=name,
            seen=tuple(
                Mark(
                    image=f"{i}.jpg",
                    px=tuple(_pixels(pose, np.array([places[name]]))[0].tolist()),
                )
                for i, pose in enumerate(POSES[:3])
            ),
        )
        for name in names
    )
    return frames, Reference(points=points)


def test_marked_landmarks_give_the_pitch_exactly(tmp_path):
    frames, reference = _marked(["centre", "halfway_left", "away_left_area"])
    found = _located(tmp_path, frames, reference)
    assert found.pitch.scale == pytest.approx(2.5, rel=1e-4)
    origin = found.pitch.points(TO_CAPTURE.points(np.zeros(3)))
    np.testing.assert_allclose(origin, 0, atol=1e-3)


@pytest.mark.parametrize(
    ("names", "found"),
    [(["centre", "halfway_left"], 2), (["centre", "halfway_left", "halfway_right"], 3)],
)
def test_too_few_points_or_all_on_one_line_are_refused(tmp_path, names, found):
    frames, reference = _marked(names)
    with pytest.raises(CaptureError, match=rf"not on one line.*found {found}; film"):
        _located(tmp_path, frames, reference)


def test_landmarks_lie_where_the_field_says():
    places = pitch_landmarks(FieldSpec())
    assert places["away_left_corner"] == (2.5, 2.0, 0.0)
    # 2.5 - 0.6 deep, 1.6 / 2 wide
    assert places["home_right_area"] == (-1.9, -0.8, 0.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON"),
        (json.dumps({"family": "99h9"}), "family: expected one of 36h11"),
        (json.dumps({"tags": [{"id": 1}]}), "size_m: expected a value, found none"),
        (
            json.dumps({"points": [{"name": "tree", "seen": []}]}),
            "point tree: expected xyz_m, or one of the names centre",
        ),
    ],
)
def test_a_bad_reference_file_is_named(tmp_path, content, message):
    path = tmp_path / "reference.json"
    path.write_text(content)
    with pytest.raises(CaptureError, match=message):
        read_reference(path)
