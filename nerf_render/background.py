"""What a camera sees of the scene itself: colour and inverse depth per part of a pixel.

The baked form is traced once per part of a coarse raster. Between those rays depth is
continued linearly in inverse depth, which is exact on planes, and colour is looked up
per part of a fine raster: so lines on the floor keep their share of a far pixel, which
covers half a metre of floor.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from nerf_render.baked import (
    BakedScene,
    PickedScene,
    colour_at,
    march,
    pick,
    sky_index,
    unpacked,
)
from nerf_render.cameras import CameraError, CameraPose, pixel_rays
from robot.contracts.camera import CameraModel


class Background(NamedTuple):
    """R = H W n n parts of pixels, in the order of `RayGrid.fine`.

    Attributes:
        inverse_depth: [R] 1 / m along the optical axis; 0 for nothing within reach.
        rgb: [R, 3] display colour in 0..1.
    """

    inverse_depth: Float[Array, "R"]
    rgb: Float[Array, "R 3"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["coarse", "fine", "offset"],
    meta_fields=["height", "width", "across"],
)
@dataclass(frozen=True, kw_only=True)
class RayGrid:
    """The rays of one camera, at two densities.

    Attributes:
        coarse: [H g, W g, 2] x / z and y / z for geometry, as a picture.
        fine: [R, 2] for colour, R = H g W g m m: part of a coarse part slowest last.
        offset: [m m, 2] of the fine parts from their coarse part's middle, in widths of
            it.
        height: of the picture, H.
        width: of the picture, W.
        across: coarse parts along a pixel's edge, g.
    """

    coarse: Float[Array, "Hg Wg 2"]
    fine: Float[Array, "R 2"]
    offset: Float[Array, "M 2"]
    height: int
    width: int
    across: int

    @property
    def parts(self) -> int:
        """Fine parts in a coarse one."""
        return self.offset.shape[0]

    def pixels(self, values: Float[Array, "R *C"]) -> Float[Array, "H W P *C"]:
        """Sort the parts by pixel, row by row."""
        g = self.across
        split = values.reshape(
            self.height, g, self.width, g, self.parts, *values.shape[1:]
        )
        return jnp.moveaxis(split, 2, 1).reshape(
            self.height, self.width, g * g * self.parts, *values.shape[1:]
        )


def ray_grid(camera: CameraModel, coarse: int = 1, fine: int = 4) -> RayGrid:
    """Rays for `camera`, with `coarse` and `fine` parts along each pixel's edge.

    Raises:
        CameraError: `fine` is no multiple of `coarse`, or the camera cannot be drawn.
    """
    if coarse < 1 or fine % coarse:
        raise CameraError(
            f"parts of a pixel: expected fine to be a multiple of coarse, found "
            f"{fine} and {coarse}"
        )
    height, width, inner = camera.height_px, camera.width_px, fine // coarse
    geometry = pixel_rays(camera, coarse)
    geometry = geometry.transpose(0, 2, 1, 3, 4)
    colour = pixel_rays(camera, fine)
    colour = colour.reshape(height, width, coarse, inner, coarse, inner, 2)
    # height, part of it, width, part of it, then the parts of those.
    colour = colour.transpose(0, 2, 1, 4, 3, 5, 6)
    part = (jnp.arange(inner) + 0.5) / inner - 0.5
    down, right = jnp.meshgrid(part, part, indexing="ij")
    return RayGrid(
        coarse=geometry.reshape(height * coarse, width * coarse, 2),
        fine=colour.reshape(-1, 2),
        offset=jnp.stack([right.reshape(-1), down.reshape(-1)], axis=-1),
        height=height,
        width=width,
        across=coarse,
    )


def baked_background(
    scenes: BakedScene, scene: Int[Array, ""], pose: CameraPose, grid: RayGrid
) -> Background:
    """What one camera sees of scene number `scene` of several (leading axis)."""
    baked = pick(scenes, scene)
    shape = grid.coarse.shape[:2]
    coarse = grid.coarse.reshape(-1, 2)
    camera_frame = jnp.concatenate([coarse, jnp.ones_like(coarse[:, :1])], axis=-1)
    stretch = jnp.sqrt(jnp.sum(camera_frame**2, axis=-1))
    directions = camera_frame @ pose.rotation.T / stretch[:, None]
    distance = march(baked, pose.position, directions)
    inverse = jnp.where(jnp.isfinite(distance), stretch / distance, 0.0)
    across, down = (_slope(inverse.reshape(shape), axis) for axis in (1, 0))
    depths = inverse[:, None] + (
        across.reshape(-1, 1) * grid.offset[:, 0]
        + down.reshape(-1, 1) * grid.offset[:, 1]
    )
    # A pixel's own depth bounds what its slope may make of it.
    depths = jnp.clip(depths, 0.5 * inverse[:, None], 2.0 * inverse[:, None]).reshape(
        -1
    )
    rgb = _colours(baked, pose, grid, depths, inverse)
    return Background(inverse_depth=depths, rgb=rgb)


def _colours(
    baked: PickedScene,
    pose: CameraPose,
    grid: RayGrid,
    inverse_depth: Float[Array, "R"],
    middle: Float[Array, "G"],
) -> Float[Array, "R 3"]:
    """Colour of each part; where its point misses the surface, of its coarse part."""
    fine, own_row = _looked_up(baked, pose, grid.fine, inverse_depth)
    coarse, _ = _looked_up(baked, pose, grid.coarse.reshape(-1, 2), middle)
    fallback = jnp.repeat(coarse, grid.parts)
    return unpacked(jnp.where(own_row > 0, fine, fallback))


def _looked_up(
    baked: PickedScene,
    pose: CameraPose,
    rays: Float[Array, "R 2"],
    inverse_depth: Float[Array, "R"],
) -> tuple[Int[Array, "R"], Int[Array, "R"]]:
    """Packed colour, and 0 where a point has no voxel with colours: then the sky's."""
    x, y = rays[:, 0], rays[:, 1]
    turn = pose.rotation
    ahead = [turn[i, 0] * x + turn[i, 1] * y + turn[i, 2] for i in range(3)]
    seen = inverse_depth > 0
    depth = 1 / jnp.where(seen, inverse_depth, 1.0)
    points = tuple(pose.position[i] + ahead[i] * depth for i in range(3))
    cell, row = colour_at(baked, points)
    sky = baked.sky[sky_index(baked, pose.position, tuple(ahead))]
    coloured = seen & (row > 0)
    return jnp.where(coloured, baked.colours[cell], sky), jnp.where(seen, row, 1)


def _slope(values: Float[Array, "H W"], axis: int) -> Float[Array, "H W"]:
    """Change per step along `axis`: the smaller of both neighbours', 0 at extrema."""
    step = jnp.diff(values, axis=axis)
    pad = [(0, 0), (0, 0)]
    pad[axis] = (1, 1)
    padded = jnp.pad(step, pad, mode="edge")
    size = values.shape[axis]
    before = jax.lax.slice_in_dim(padded, 0, size, axis=axis)
    after = jax.lax.slice_in_dim(padded, 1, size + 1, axis=axis)
    smaller = jnp.where(jnp.abs(before) < jnp.abs(after), before, after)
    return jnp.where(before * after > 0, smaller, 0.0)
