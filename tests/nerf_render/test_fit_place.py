"""From a capture to a job: the field's cube, what is held out, and the job on disk."""

from dataclasses import replace

import numpy as np
import pytest

from nerf_render.capture.document import (
    NO_POINTS,
    Capture,
    CaptureError,
    Points,
    frame,
    opengl,
)
from nerf_render.fit.job import read_job, write_job
from nerf_render.fit.place import place
from nerf_render.fit.presets import PRESETS
from nerf_render.similarity import similarity
from robot.contracts.camera import CameraModel

CAMERA = CameraModel(
    width_px=540,
    height_px=960,
    fx_px=690.0,
    fy_px=691.0,
    cx_px=269.5,
    cy_px=479.5,
    distortion="brown_conrady",
    coefficients=(0.05, -0.08, 0.001, 0.002),
)
# Two metres per capture unit; the pitch's origin at (0, 0, -1) of the capture.
PITCH = similarity(scale=2.0, rotation=np.eye(3), translation=(0.0, 0.0, 2.0))
TINY = PRESETS["tiny"]


def _capture(pitch=PITCH, count=17):
    frames = []
    for index in range(count):
        pose = np.eye(4)
        # Cameras on a circle of one capture unit, looking along z.
        angle = 2 * np.pi * index / count
        pose[:3, 3] = [np.cos(angle), np.sin(angle), 0.0]
        frames.append(frame(f"images/{index}.jpg", pose))
    return Capture(camera=CAMERA, frames=tuple(frames), pitch=pitch)


def test_with_metres_the_scene_is_the_pitch_shrunk_into_the_cube(tmp_path):
    placed = place(tmp_path, _capture(), NO_POINTS, TINY)
    # The pitch's corner is farthest: 2.5 m. So 0.95 scene units are 2.5 m.
    assert placed.pitch.scale == pytest.approx(2.5 / 0.95)
    assert placed.metric
    first = placed.job.arrays.camera_to_scene[0]
    # (1, 0, 0) of the capture is (2, 0, 2) m.
    np.testing.assert_allclose(
        placed.pitch.points(first[:3, 3]), [2.0, 0.0, 2.0], atol=1e-12
    )
    # Air: the pitch less 5 cm, from 4 cm to 1.2 m.
    np.testing.assert_allclose(
        placed.pitch.points(placed.job.arrays.empty),
        [[-2.45, -1.95, 0.04], [2.45, 1.95, 1.2]],
        atol=1e-12,
    )


def test_without_metres_cameras_fill_the_cube_and_nothing_is_said_of_air(tmp_path):
    placed = place(tmp_path, _capture(pitch=None), NO_POINTS, TINY)
    assert not placed.metric
    centres = placed.job.arrays.camera_to_scene[:, :3, 3]
    assert np.abs(centres).max() == pytest.approx(1.0)
    assert not placed.job.arrays.empty.any()
    # To the capture's own frame and back.
    np.testing.assert_allclose(
        placed.pitch.points(centres[0]), [1.0, 0.0, 0.0], atol=1e-9
    )


def test_every_eighth_picture_is_held_out_and_compared_at_a_quarter(tmp_path):
    job = place(tmp_path, _capture(), NO_POINTS, TINY).job
    assert job.arrays.held_out.tolist() == [0, 8, 16]
    assert set(job.arrays.train) | {0, 8, 16} == set(range(17))
    # 540 x 960 with the longer side at 240.
    assert job.held_out_px == (135, 240)
    # Pixel centres at one half.
    assert (job.camera.cx_px, job.camera.cy_px) == (270.0, 480.0)


def test_only_points_seen_well_and_often_teach_depth(tmp_path):
    points = Points(
        xyz=np.array([[0.0, 0, 5], [0.0, 1, 5], [1.0, 0, 5]]),
        rgb=np.zeros((3, 3), np.uint8),
        # The second is off by 3 px; the third was seen twice only.
        error_px=np.array([0.5, 3.0, 0.5]),
        seen_by=np.array([0, 1, 2, 0, 1, 2, 0, 1]),
        seen_point=np.array([0, 0, 0, 1, 1, 1, 2, 2]),
        seen_px=np.zeros((8, 2)),
    )
    arrays = place(tmp_path, _capture(), points, TINY).job.arrays
    assert arrays.seen_point.tolist() == [0, 0, 0]
    assert arrays.seen_by.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(arrays.seen_px, np.full((3, 2), 0.5))


def test_too_few_pictures_to_hold_any_out(tmp_path):
    with pytest.raises(CaptureError, match="at least 16 pictures with poses, found 15"):
        place(tmp_path, _capture(count=15), NO_POINTS, TINY)


def test_a_fisheye_lens_is_refused(tmp_path):
    capture = replace(
        _capture(),
        camera=replace(CAMERA, distortion="fisheye", coefficients=(0.1, 0, 0, 0)),
    )
    with pytest.raises(CaptureError, match="found fisheye; film with the phone's main"):
        place(tmp_path, capture, NO_POINTS, TINY)


def test_a_job_comes_back_and_its_fingerprint_tells_changes(tmp_path):
    job = place(tmp_path, _capture(), NO_POINTS, TINY).job
    write_job(tmp_path, job)
    found, fingerprint = read_job(tmp_path)
    assert found.fingerprint == fingerprint == job.fingerprint
    assert found.recipe == TINY
    np.testing.assert_array_equal(found.arrays.train, job.arrays.train)
    assert replace(job, seed=1).fingerprint != fingerprint
    longer = replace(job, recipe=replace(TINY, steps=21))
    assert longer.fingerprint != fingerprint
    poses = opengl(job.arrays.camera_to_scene)
    moved = replace(job, arrays=replace(job.arrays, camera_to_scene=poses))
    assert moved.fingerprint != fingerprint
