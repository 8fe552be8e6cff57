"""A job's pictures as rays, on one device; nothing is copied per step but the batch."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from nerfstudio.cameras.cameras import Cameras, CameraType
from nerfstudio.cameras.rays import RayBundle

from nerf_render.fit.job import Job, JobCamera


def camera_rays(camera: JobCamera, px: np.ndarray) -> np.ndarray:
    """[N, 2] pixel coordinates -> [N, 3] unit directions, OpenGL camera frame."""
    matrix = np.array(
        [
            [camera.fx_px, 0, camera.cx_px],
            [0, camera.fy_px, camera.cy_px],
            [0, 0, 1],
        ]
    )
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-10)
    flat = cv2.undistortPoints(
        px.reshape(-1, 1, 2).astype(np.float64),
        matrix,
        np.array(camera.distortion),
        criteria=criteria,
    ).reshape(-1, 2)
    rays = np.stack([flat[:, 0], -flat[:, 1], -np.ones(len(flat))], axis=-1)
    return (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).astype(np.float32)


def picture(file: str) -> np.ndarray:
    """[H, W, 3] RGB, uint8."""
    found = cv2.imread(file, cv2.IMREAD_COLOR)
    if found is None:
        raise FileNotFoundError(f"{file}: expected a picture")
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)


@dataclass
class Batch:
    """Rays of one step; `distance` [K] belongs to the last K of them."""

    rays: Any
    rgb: Any
    distance: Any


class RayData:
    """All training pixels and point sightings of a job."""

    def __init__(self, job: Job):
        self._recipe = job.recipe
        self._device = torch.device(job.recipe.device)
        self._train = torch.as_tensor(job.arrays.train, device=self._device)
        images = np.stack([picture(job.images[i]) for i in job.arrays.train])
        self._images = torch.as_tensor(images, device=self._device)
        height, width = images.shape[1:3]
        columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        centres = np.stack([columns.ravel(), rows.ravel()], axis=-1)
        self._rays = self._put(camera_rays(job.camera, centres))
        self._poses = self._put(job.arrays.camera_to_scene[:, :3].astype(np.float32))
        self._load_points(job, (height, width))

    def _load_points(self, job: Job, size: tuple[int, int]) -> None:
        arrays = job.arrays
        # Sightings from held-out pictures stay held out.
        used = np.isin(arrays.seen_by, arrays.train)
        by, px = arrays.seen_by[used], arrays.seen_px[used]
        point = arrays.points[arrays.seen_point[used]]
        self._sightings = len(by)
        if not self._sightings:
            return
        centre = arrays.camera_to_scene[by, :3, 3]
        slot = {int(picture): slot for slot, picture in enumerate(arrays.train)}
        self._seen_by = self._put(by)
        self._seen_slot = self._put(np.array([slot[int(i)] for i in by]))
        self._seen_ray = self._put(camera_rays(job.camera, px))
        self._seen_distance = self._put(
            np.linalg.norm(point - centre, axis=-1).astype(np.float32)
        )
        column = np.clip(px[:, 0].astype(int), 0, size[1] - 1)
        row = np.clip(px[:, 1].astype(int), 0, size[0] - 1)
        self._seen_pixel = self._put(row * size[1] + column)

    def batch(self) -> Batch:
        """Random pixels, and random sightings after them."""
        recipe = self._recipe
        points = min(recipe.point_rays, self._sightings)
        pixels = recipe.rays - points
        device = self._device
        slot = torch.randint(len(self._images), (pixels,), device=device)
        pixel = torch.randint(len(self._rays), (pixels,), device=device)
        camera, local = self._train[slot], self._rays[pixel]
        distance = torch.zeros(0, device=device)
        if points:
            chosen = torch.randint(self._sightings, (points,), device=device)
            slot = torch.cat([slot, self._seen_slot[chosen]])
            pixel = torch.cat([pixel, self._seen_pixel[chosen]])
            camera = torch.cat([camera, self._seen_by[chosen]])
            local = torch.cat([local, self._seen_ray[chosen]])
            distance = self._seen_distance[chosen]
        rgb = self._images.view(len(self._images), -1, 3)[slot, pixel].float() / 255
        pose = self._poses[camera]
        directions = torch.einsum("nij,nj->ni", pose[:, :, :3], local)
        rays = RayBundle(
            origins=pose[:, :, 3],
            directions=directions,
            pixel_area=torch.ones_like(directions[:, :1]),
            camera_indices=camera[:, None],
        )
        return Batch(rays=rays, rgb=rgb, distance=distance)

    def _put(self, array: np.ndarray) -> Any:
        return torch.as_tensor(array, device=self._device)


def held_out_rays(job: Job, index: int) -> RayBundle:
    """[H, W] rays of picture `index` at the held-out size, by nerfstudio's cameras."""
    width, height = job.held_out_px
    across, down = width / job.camera.width_px, height / job.camera.height_px
    k1, k2, p1, p2, k3 = (*job.camera.distortion, 0.0, 0.0, 0.0, 0.0, 0.0)[:5]
    pose = torch.as_tensor(job.arrays.camera_to_scene[index, :3], dtype=torch.float32)
    camera = Cameras(
        camera_to_worlds=pose[None],
        fx=job.camera.fx_px * across,
        fy=job.camera.fy_px * down,
        cx=job.camera.cx_px * across,
        cy=job.camera.cy_px * down,
        width=width,
        height=height,
        distortion_params=torch.tensor([[k1, k2, k3, 0.0, p1, p2]]),
        camera_type=CameraType.PERSPECTIVE,
    )
    return camera.generate_rays(camera_indices=0, keep_shape=True)


def held_out_picture(job: Job, index: int) -> np.ndarray:
    """[H, W, 3] in 0..1 the photograph at the held-out size, reduced by area."""
    reduced = cv2.resize(
        picture(job.images[index]), job.held_out_px, interpolation=cv2.INTER_AREA
    )
    return reduced.astype(np.float32) / 255
