"""Where each part of each pixel looks: lens models inverted, and camera poses.

A picture at 40 x 30 stands for one taken at 640 x 480, undistorted, then averaged over
blocks (`robot.camera.undistort`). So a pixel here is the mean over its area: `samples`
x `samples` rays through the middles of equal parts of it.

Camera frame: OpenCV's, x right, y down, z into the picture. A ray is (x, y, 1), so its
length parameter is the depth along the optical axis.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from robot.contracts.camera import CameraModel, project

_NEWTON_STEPS = 12
_RESIDUAL_PX = 0.02
_SENSOR_FROM_MUJOCO = np.diag([1.0, -1.0, -1.0])


class CameraError(ValueError):
    """A camera cannot be drawn; says expected, found and what to do."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["position", "rotation"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class CameraPose:
    """Where a camera is, pitch frame.

    Attributes:
        position: [..., 3] of its centre, m.
        rotation: [..., 3, 3] its axes (x right, y down, z forward) as columns.
    """

    position: Float[Array, "*B 3"]
    rotation: Float[Array, "*B 3 3"]


def pose_of_mujoco(
    position: Float[Array, "*B 3"], rotation: Float[Array, "*B 3 3"]
) -> CameraPose:
    """From `cam_xpos` and `cam_xmat`: MuJoCo's cameras look along -z with y up."""
    return CameraPose(
        position=position,
        rotation=rotation @ jnp.asarray(_SENSOR_FROM_MUJOCO, rotation.dtype),
    )


def pixel_rays(camera: CameraModel, samples: int = 1) -> Float[Array, "H W s s 2"]:
    """x / z and y / z of the middles of `samples` x `samples` parts of each pixel.

    Axes: row, column, part from the top, part from the left. Lens distortion included.

    Raises:
        CameraError: a broken model, or a lens model without inverse over the picture.
    """
    faults = camera.faults()
    if faults:
        raise CameraError("; ".join(faults))
    part = (np.arange(samples) + 0.5) / samples - 0.5
    columns = np.arange(camera.width_px)[:, None] + part
    rows = np.arange(camera.height_px)[:, None] + part
    column, row = np.broadcast_arrays(columns[None, :, None, :], rows[:, None, :, None])
    pixels = jnp.asarray(np.stack([column, row], axis=-1), jnp.float32)
    rays, residual_px = unproject(camera, pixels)
    worst = float(jnp.max(residual_px))
    if not worst < _RESIDUAL_PX:
        raise CameraError(
            f"expected a lens model that can be inverted over its whole "
            f"{camera.width_px} x {camera.height_px} picture, found one that misses by "
            f"{worst:.3g} px at a corner; calibrate again with pictures that reach the "
            f"corners, or with the fisheye model"
        )
    return rays


@partial(jax.jit, static_argnames="camera")
def unproject(
    camera: CameraModel, pixels: Float[Array, "*N 2"]
) -> tuple[Float[Array, "*N 2"], Float[Array, "*N"]]:
    """x / z and y / z seen at pixel coordinates (column, row), and how well.

    Newton's method on `robot.contracts.camera.project`, which is OpenCV's model.

    Returns:
        Directions, and the distance in px between `pixels` and their projection.
    """
    focal = jnp.array([camera.fx_px, camera.fy_px])
    centre = jnp.array([camera.cx_px, camera.cy_px])

    def seen_at(direction: Float[Array, "2"]) -> Float[Array, "2"]:
        return jnp.stack(project(camera, direction[0], direction[1]))

    def one(pixel: Float[Array, "2"]) -> tuple[Float[Array, "2"], Float[Array, ""]]:
        def step(_: int, direction: Float[Array, "2"]) -> Float[Array, "2"]:
            (a, b), (c, d) = jax.jacfwd(seen_at)(direction)
            u, v = pixel - seen_at(direction)
            determinant = a * d - b * c
            change = jnp.stack([d * u - b * v, a * v - c * u]) / determinant
            return direction + jnp.clip(change, -0.5, 0.5)

        direction = (pixel - centre) / focal
        if camera.distortion != "none":
            direction = jax.lax.fori_loop(0, _NEWTON_STEPS, step, direction)
        return direction, jnp.linalg.norm(seen_at(direction) - pixel)

    flat = pixels.reshape(-1, 2)
    directions, residual = jax.vmap(one)(flat)
    return directions.reshape(pixels.shape), residual.reshape(pixels.shape[:-1])


def world_rays(
    pose: CameraPose, rays: Float[Array, "*N 2"]
) -> tuple[Float[Array, "*N 3"], Float[Array, "*N 3"], Float[Array, "*N"]]:
    """One camera's rays in the pitch frame.

    Returns:
        Origins, unit directions, and distance along the ray per depth along the axis.
    """
    camera_frame = jnp.concatenate([rays, jnp.ones_like(rays[..., :1])], axis=-1)
    stretch = jnp.linalg.norm(camera_frame, axis=-1)
    directions = camera_frame @ pose.rotation.T / stretch[..., None]
    return jnp.broadcast_to(pose.position, directions.shape), directions, stretch


def looking(
    position: Float[Array, "3"], yaw_rad: float | Array, pitch_rad: float | Array
) -> CameraPose:
    """A level camera at `position` that looks along `yaw_rad`, up by `pitch_rad`."""
    cy, sy = jnp.cos(yaw_rad), jnp.sin(yaw_rad)
    cp, sp = jnp.cos(pitch_rad), jnp.sin(pitch_rad)
    forward = jnp.stack([cy * cp, sy * cp, sp])
    right = jnp.stack([sy, -cy, jnp.zeros_like(sy)])
    down = jnp.cross(forward, right)
    return CameraPose(
        position=jnp.asarray(position, jnp.float32),
        rotation=jnp.stack([right, down, forward], axis=-1),
    )
