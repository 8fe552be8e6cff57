"""The camera model against OpenCV's own projection."""

import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from robot.contracts.camera import (
    CameraModel,
    pinhole,
    project,
    rays,
    read_camera,
    write_camera,
)
from robot.contracts.errors import ContractError

PLAIN = CameraModel(
    width_px=640, height_px=480, fx_px=600.0, fy_px=610.0, cx_px=321.5, cy_px=237.0
)
BROWN = replace(
    PLAIN,
    distortion="brown_conrady",
    coefficients=(0.12, -0.25, 0.001, -0.002, 0.08),
)
RATIONAL = replace(
    BROWN, coefficients=(0.12, -0.25, 0.001, -0.002, 0.08, 0.01, -0.02, 0.005)
)
FISHEYE = replace(
    PLAIN, distortion="fisheye", coefficients=(-0.02, 0.005, -0.001, 0.0003)
)


def directions():
    grid = np.linspace(-0.6, 0.6, 9)
    x, y = np.meshgrid(grid, grid)
    return x.ravel(), y.ravel()


@pytest.mark.parametrize("model", [PLAIN, BROWN, RATIONAL, FISHEYE])
def test_projection_agrees_with_opencv(model):
    x, y = directions()
    points = np.stack([x, y, np.ones_like(x)], axis=-1)[:, None]
    matrix = np.array(
        [[model.fx_px, 0, model.cx_px], [0, model.fy_px, model.cy_px], [0, 0, 1]]
    )
    zero = np.zeros(3)
    theirs = cv2.fisheye if model.distortion == "fisheye" else cv2
    coefficients = np.array(model.coefficients or (0.0,) * 4)
    expected, _ = theirs.projectPoints(points, zero, zero, matrix, coefficients)
    ours = np.stack(project(model, x, y), axis=-1)
    assert ours == pytest.approx(expected[:, 0], abs=1e-9)


def test_projection_runs_on_jax_arrays_too():
    jnp = pytest.importorskip("jax.numpy")
    x, y = directions()
    for model in (BROWN, FISHEYE):
        column, row = project(model, jnp.asarray(x), jnp.asarray(y))
        expected = project(model, x, y)
        assert np.asarray(column) == pytest.approx(expected[0], rel=1e-4)
        assert np.asarray(row) == pytest.approx(expected[1], rel=1e-4)


def test_rays_and_projection_are_inverse_without_distortion():
    column, row = project(PLAIN, *rays(PLAIN))
    assert column[0] == pytest.approx(np.arange(640))
    assert row[:, 5] == pytest.approx(np.arange(480))


def test_a_distorted_camera_has_no_closed_rays():
    with pytest.raises(ValueError, match="expected no distortion, found fisheye"):
        rays(FISHEYE)


def test_a_pinhole_sees_its_field_of_view():
    model = pinhole(40, 30, math.radians(90))
    # 15 px above the axis at 45 degrees: the focal length is 15 px.
    assert (model.fx_px, model.fy_px) == pytest.approx((15.0, 15.0))
    assert (model.cx_px, model.cy_px) == (19.5, 14.5)
    assert model.fovy_rad == pytest.approx(math.pi / 2)


def test_scaling_keeps_directions_in_place():
    half = PLAIN.at_size(320, 240)
    assert half.fx_px == 300.0
    # Centres of the first two pixels were 0 and 1; their common edge 0.5 is now the
    # centre of the first: (0.5 + 0.5) / 2 - 0.5 = 0.
    x, y = rays(PLAIN)
    column, _ = project(half, (x[0, 0] + x[0, 1]) / 2, y[0, 0])
    assert column == pytest.approx(0.0)


@pytest.mark.parametrize("model", [PLAIN, BROWN, FISHEYE])
def test_a_model_survives_its_file(tmp_path, model):
    write_camera(tmp_path / "camera.json", model)
    assert read_camera(tmp_path / "camera.json") == model


def test_all_faults_of_a_file_are_named(tmp_path):
    path = tmp_path / "camera.json"
    write_camera(path, PLAIN)
    plain = json.loads(path.read_text())
    broken = plain | {"fx_px": -1.0, "distortion": "fisheye", "coefficients": [0.1]}
    path.write_text(json.dumps(broken))
    with pytest.raises(ContractError) as caught:
        read_camera(path)
    assert caught.value.faults == (
        "fx_px: expected > 0, found -1.0",
        "coefficients: expected 4 for fisheye, found 1",
    )


def test_another_version_and_a_missing_file_are_refused(tmp_path):
    path = tmp_path / "camera.json"
    with pytest.raises(ContractError, match="found no such file"):
        read_camera(path)
    write_camera(path, PLAIN)
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ContractError, match="version: expected 1, found 2"):
        read_camera(path)
