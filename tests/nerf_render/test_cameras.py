"""Rays of pixels, lenses inverted, and camera frames."""

import math
from dataclasses import replace

import cv2
import jax.numpy as jnp
import numpy as np
import pytest

from nerf_render.cameras import (
    CameraError,
    looking,
    pixel_rays,
    pose_of_mujoco,
    unproject,
    world_rays,
)
from robot.contracts.camera import CameraModel, pinhole, rays

WIDE = CameraModel(
    width_px=640,
    height_px=480,
    fx_px=600.0,
    fy_px=605.0,
    cx_px=322.0,
    cy_px=236.0,
    distortion="brown_conrady",
    coefficients=(0.08, -0.19, 0.001, -0.002, 0.05),
)
FISHEYE = replace(
    WIDE, fx_px=300, fy_px=300, distortion="fisheye", coefficients=(0.1, -0.02, 0, 0)
)


def matrix(camera):
    return np.array(
        [
            [camera.fx_px, 0, camera.cx_px],
            [0, camera.fy_px, camera.cy_px],
            [0, 0, 1],
        ]
    )


def test_a_pixels_single_ray_goes_through_its_middle():
    camera = pinhole(4, 2, math.radians(90))
    found = pixel_rays(camera)
    # Focal length 2 / 2 / tan(45 deg) = 1 px, centre (1.5, 0.5): x / z = column - 1.5.
    assert found[0, :, 0, 0, 0].tolist() == [-1.5, -0.5, 0.5, 1.5]
    assert found[:, 0, 0, 0, 1].tolist() == [-0.5, 0.5]
    x, y = rays(camera)
    np.testing.assert_allclose(found[:, :, 0, 0], np.stack([x, y], -1), atol=1e-6)


def test_parts_of_a_pixel_are_the_middles_of_the_finer_pictures_pixels():
    camera = pinhole(3, 2, 1.0)
    parts = pixel_rays(camera, 4)
    finer = pixel_rays(camera.at_size(12, 8))[:, :, 0, 0]
    sorted_ = parts.transpose(0, 2, 1, 3, 4).reshape(8, 12, 2)
    np.testing.assert_allclose(sorted_, finer, atol=1e-6)


def test_brown_conrady_is_inverted_as_opencv_does():
    pixels = np.array([[0, 0], [639, 0], [320, 240], [100.5, 430]], np.float32)
    found, residual = unproject(WIDE, jnp.asarray(pixels))
    ahead = np.concatenate([found, np.ones((4, 1))], axis=1).astype(np.float64)
    zero, coefficients = np.zeros(3), np.array(WIDE.coefficients)
    again, _ = cv2.projectPoints(ahead, zero, zero, matrix(WIDE), coefficients)
    np.testing.assert_allclose(again[:, 0], pixels, atol=2e-3)
    assert float(residual.max()) < 1e-3


def test_fisheye_is_inverted_as_opencv_does():
    pixels = np.array([[5, 9], [639, 0], [322, 236], [100.5, 430]], np.float32)
    found, _ = unproject(FISHEYE, jnp.asarray(pixels))
    expected = cv2.fisheye.undistortPoints(
        pixels[:, None].astype(np.float64),
        matrix(FISHEYE),
        np.array(FISHEYE.coefficients),
    )
    np.testing.assert_allclose(found, expected[:, 0], rtol=1e-4, atol=1e-5)


def test_a_lens_that_folds_back_is_refused():
    folding = replace(WIDE, coefficients=(-0.9, 0.0, 0.0, 0.0))
    with pytest.raises(CameraError, match="can be inverted over its whole 640 x 480"):
        pixel_rays(folding)


def test_a_broken_model_is_refused():
    with pytest.raises(CameraError, match="fx_px: expected > 0, found -1"):
        pixel_rays(replace(WIDE, fx_px=-1.0))


def test_looking_along_y_and_down():
    pose = looking(jnp.array([1.0, 2.0, 0.5]), math.pi / 2, -math.pi / 6)
    right, down, forward = pose.rotation.T
    np.testing.assert_allclose(right, [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(forward, [0, math.sqrt(3) / 2, -0.5], atol=1e-6)
    np.testing.assert_allclose(down, [0, -0.5, -math.sqrt(3) / 2], atol=1e-6)


def test_world_rays_stretch_is_length_per_depth():
    pose = looking(jnp.zeros(3), 0.0, 0.0)
    origins, directions, stretch = world_rays(pose, jnp.array([[0.75, 0.0]]))
    # (0.75, 0, 1) is 1.25 long: depth 1 m is 1.25 m along the ray.
    assert stretch.tolist() == [1.25]
    np.testing.assert_allclose(directions, [[0.8, -0.6, 0.0]], atol=1e-6)
    assert origins.tolist() == [[0, 0, 0]]


def test_mujocos_camera_frame_is_turned_about_x():
    pose = pose_of_mujoco(jnp.zeros(3), jnp.eye(3))
    # MuJoCo: right +x, up +y, looking along -z.
    assert pose.rotation.T.tolist() == [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
