"""The filmed lab: pictures, lens, tag layout and recorded truth agree."""

import json
import math

import cv2
import numpy as np
import pytest

from nerf_render.capture.document import Capture, frame
from nerf_render.capture.reference import Tag
from nerf_render.similarity import similarity
from robot.contracts.camera import pinhole
from robot.contracts.field import FieldSpec
from tools.make_scenes import pitch_errors
from tools.procedural_lab import Phone, film, walk
from tools.procedural_room import LABS

VIEWS = 6


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    film(LABS[0], folder, Phone(views=VIEWS))
    return folder


def test_the_walk_stays_in_the_room_above_the_floor():
    for lab in LABS:
        at = walk(150, lab.seed)[:, :3, 3]
        assert np.all(np.abs(at[:, :2]) < np.array(lab.half_size_m) - 0.4)
        assert at[:, 2].min() > 0.25
        assert at[:, 2].max() < 1.6


def test_tags_appear_where_layout_lens_and_truth_put_them(filmed):
    tags = {
        tag["id"]: Tag(
            id=tag["id"],
            size_m=tag["size_m"],
            centre_m=tuple(tag["centre_m"]),
            right=tuple(tag["right"]),
            up=tuple(tag["up"]),
        )
        for tag in json.loads((filmed / "reference.json").read_text())["tags"]
    }
    truth = np.load(filmed / "truth.npz")
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(dictionary, parameters)
    errors = []
    for index in range(VIEWS):
        gray = cv2.imread(str(filmed / "video" / f"{index:05d}.jpg"), 0)
        assert gray.shape == (480, 640)
        quads, ids, _ = detector.detectMarkers(gray)
        pose = truth["poses"][index]
        for quad, number in zip(quads, [] if ids is None else ids.ravel(), strict=True):
            local = (tags[int(number)].corners_m - pose[:3, 3]) @ pose[:3, :3]
            px, _ = cv2.projectPoints(
                local, np.zeros(3), np.zeros(3), truth["matrix"], truth["distortion"]
            )
            errors += np.linalg.norm(px[:, 0] - quad[0], axis=-1).tolist()
    # Two tags or more, four corners each.
    assert len(errors) >= 8
    assert np.median(errors) < 0.6


def test_every_tag_stands_on_the_border_wall():
    # 2.0 half width + 0.12 ramp, less 2 mm; 0.3 wall + half of the 0.26 board.
    from tools.procedural_room import tag_poses

    first = tag_poses(FieldSpec())[0]
    np.testing.assert_allclose(first[:3, 3], [-1.5, 2.118, 0.43])
    # It faces the pitch.
    np.testing.assert_allclose(first[:3, 2], [0, -1, 0], atol=1e-12)


def test_pitch_errors_are_those_that_were_put_in():
    # The found pitch frame: 1 % too large, turned by 2 deg, 3 cm to the left.
    turn, _ = cv2.Rodrigues(np.array([0.0, 0.0, math.radians(2.0)]))
    wrong = similarity(scale=1.01, rotation=turn, translation=(0.0, 0.03, 0.0))
    truth = walk(10, 1)
    capture = Capture(
        camera=pinhole(64, 48, 1.0),
        frames=tuple(
            frame(f"images/{i:05d}.jpg", pose) for i, pose in enumerate(truth)
        ),
        pitch=wrong,
    )
    found = pitch_errors(capture, truth)
    # y = 1.01 R x + t, so the truth's origin is missed by |t| / 1.01.
    assert found["pitch_origin_m"] == pytest.approx(0.03 / 1.01)
    assert found["pitch_yaw_deg"] == pytest.approx(2.0)
    assert found["pitch_scale_error"] == pytest.approx(1 - 1 / 1.01)
