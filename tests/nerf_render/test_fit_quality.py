"""Figures of a fit on pictures and rays whose values are known."""

import cv2
import numpy as np
import pytest

from nerf_render.capture.document import Capture, Points, frame
from nerf_render.fit.quality import (
    HeldOut,
    floor_depth_error,
    picture_quality,
    point_depth_error,
    psnr_db,
    read_held_out,
    side_by_side,
    ssim,
)
from nerf_render.similarity import similarity
from robot.contracts.camera import pinhole

NOISE = np.random.default_rng(0).random((40, 48, 3)).astype(np.float32)


def test_psnr_of_a_known_error():
    # Off by 0.1 everywhere: 10 log10(1 / 0.01) = 20 dB.
    assert psnr_db(NOISE, NOISE + 0.1) == pytest.approx(20.0, abs=1e-4)


def test_ssim_is_one_for_equals_and_follows_the_formula_for_flat_pictures():
    assert ssim(NOISE, NOISE) == pytest.approx(1.0)
    flat = np.full((40, 48, 3), 0.5, np.float32)
    # No variance: (2 a b + C1) / (a^2 + b^2 + C1), a = 0.5, b = 0.25, C1 = 0.0001.
    wanted = (2 * 0.5 * 0.25 + 1e-4) / (0.25 + 0.0625 + 1e-4)
    assert ssim(flat, flat / 2) == pytest.approx(wanted, rel=1e-5)


def test_ssim_against_a_slow_second_implementation():
    other = np.clip(NOISE + 0.2 * NOISE[::-1], 0, 1)
    kernel = cv2.getGaussianKernel(11, 1.5)
    window = (kernel @ kernel.T)[..., None]
    values = []
    for row in range(30):
        for column in range(38):
            a = NOISE[row : row + 11, column : column + 11].astype(float)
            b = other[row : row + 11, column : column + 11].astype(float)
            mean_a, mean_b = (window * a).sum((0, 1)), (window * b).sum((0, 1))
            var_a = (window * (a - mean_a) ** 2).sum((0, 1))
            var_b = (window * (b - mean_b) ** 2).sum((0, 1))
            both = (window * (a - mean_a) * (b - mean_b)).sum((0, 1))
            values.append(
                (2 * mean_a * mean_b + 1e-4)
                * (2 * both + 9e-4)
                / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))
            )
    assert ssim(NOISE, other) == pytest.approx(np.mean(values), abs=1e-4)


def _looking_down(depth):
    """One camera 1 m above the pitch's centre, rays fanning out downward."""
    x, y = np.meshgrid(np.linspace(-1, 1, 16), np.linspace(-1, 1, 12))
    rays = np.stack([x, y, -np.ones_like(x)], axis=-1)
    length = np.linalg.norm(rays, axis=-1)
    nothing = np.zeros((12, 16, 3), np.float32)
    return HeldOut(
        index=0,
        origins=np.broadcast_to([0.0, 0.0, 0.5], rays.shape).astype(np.float32),
        directions=(rays / length[..., None]).astype(np.float32),
        photograph=nothing,
        rgb=nothing + 0.1,
        depth=(depth * length).astype(np.float32),
        expected_depth=nothing[..., 0],
        accumulation=nothing[..., 0],
    )


# Two metres per scene unit.
PITCH = similarity(scale=2.0, rotation=np.eye(3), translation=(0.0, 0.0, 0.0))


def test_depth_on_the_floor_is_compared_with_the_plane():
    assert floor_depth_error([_looking_down(0.5)], PITCH)[
        "floor_depth_error_m"
    ] == pytest.approx(0.0, abs=1e-6)
    # 1 cm too deep below the camera, times the ray's length: at least 1 cm.
    found = floor_depth_error([_looking_down(0.505)], PITCH)["floor_depth_error_m"]
    assert 0.01 < found < 0.01 * np.sqrt(3)


def test_depth_at_points_is_relative():
    pose = np.eye(4)
    capture = Capture(
        camera=pinhole(16, 12, 1.0), frames=(frame("images/0.jpg", pose),), pitch=None
    )
    points = Points(
        xyz=np.array([[0.0, 0.0, 2.0]]),
        rgb=np.zeros((1, 3), np.uint8),
        error_px=np.zeros(1),
        seen_by=np.array([0]),
        seen_point=np.array([0]),
        seen_px=np.array([[7.0, 5.0]]),
    )
    seen = _looking_down(0.5)
    seen.depth[5, 7] = 1.1
    # 1.1 scene units of 2 capture units each are 2.2, wanted 2.0: 10 % off.
    found = point_depth_error([seen], capture, points, scene_unit=2.0)
    assert found["point_depth_error"] == pytest.approx(0.1, rel=1e-5)


def test_held_out_pictures_are_read_measured_and_drawn(tmp_path):
    for index in (8, 0):
        arrays = vars(_looking_down(0.5)) | {}
        arrays.pop("index")
        np.savez(tmp_path / f"{index:05d}.npz", **arrays)
    held_out = read_held_out(tmp_path)
    assert [one.index for one in held_out] == [0, 8]
    assert picture_quality([held_out[0]])["psnr_db"] == pytest.approx(20.0, abs=1e-4)
    side_by_side(held_out, tmp_path / "both.jpg", most=2)
    # Two columns of 16 x 12 at a height of 180, three rows.
    assert cv2.imread(str(tmp_path / "both.jpg")).shape == (540, 480, 3)
