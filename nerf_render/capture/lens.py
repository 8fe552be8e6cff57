"""A capture's camera as OpenCV takes it."""

import cv2
import numpy as np

from nerf_render.capture.document import Floats
from robot.contracts.camera import CameraModel


def matrix(camera: CameraModel) -> Floats:
    """[3, 3] OpenCV's camera matrix."""
    return np.array(
        [
            [camera.fx_px, 0.0, camera.cx_px],
            [0.0, camera.fy_px, camera.cy_px],
            [0.0, 0.0, 1.0],
        ]
    )


def coefficients(camera: CameraModel) -> Floats:
    """OpenCV's distortion coefficients, Brown-Conrady; zeros without distortion."""
    return np.array(camera.coefficients or (0.0,) * 4)


def rays(camera: CameraModel, poses: Floats, px: Floats) -> Floats:
    """[N, 3] unit directions in which cameras [N, 4, 4] see pixels [N, 2]."""
    flat = cv2.undistortPoints(px[:, None], matrix(camera), coefficients(camera))[:, 0]
    local = np.concatenate([flat, np.ones((len(flat), 1))], axis=-1)
    out = np.einsum("nij,nj->ni", poses[:, :3, :3], local)
    return out / np.linalg.norm(out, axis=-1, keepdims=True)


def pixels(camera: CameraModel, poses: Floats, xyz: Floats) -> Floats:
    """[N, 2] where one point appears in each of the poses [N, 4, 4]."""
    local = np.einsum("nji,nj->ni", poses[:, :3, :3], xyz - poses[:, :3, 3])
    zero = np.zeros(3)
    out, _ = cv2.projectPoints(local, zero, zero, matrix(camera), coefficients(camera))
    return out[:, 0].astype(np.float64)
