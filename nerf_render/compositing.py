"""One picture: scene, shade, lines, objects and nets, by depth, then by area.

Every part of a pixel is decided by depth, both ways: the scene hides what stands behind
its surfaces, and is hidden by what stands before them. The pixel is the mean of its
parts, so edges are as smooth as the number of parts allows.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from nerf_render.background import Background, RayGrid
from nerf_render.cameras import CameraPose
from nerf_render.pitch_lines import Lines, line_share
from nerf_render.primitives import BodyPoses, Primitives, occluders
from nerf_render.shading import LINE_ALBEDO, Lighting, display, shade
from nerf_render.tracing import blend_sheets, trace

_TIE_M = 0.01
"""An object that lies this far behind the scene still shows: a foot on a floor that the
scene holds a few mm too high."""
_FLOOR_BAND_M = 0.08
"""Scene surfaces this near the pitch plane take shade and lines."""


class Frame(NamedTuple):
    """One picture.

    Attributes:
        rgb: [H, W, 3] display colour in 0..1.
        depth_m: [H, W] along the optical axis, of the part next to the pixel's middle;
            inf where nothing is seen.
        share: [H, W, L] part of the pixel that each label of the primitives covers.
    """

    rgb: Float[Array, "H W 3"]
    depth_m: Float[Array, "H W"]
    share: Float[Array, "H W L"]


def composite(
    background: Background,
    primitives: Primitives,
    poses: BodyPoses,
    camera: CameraPose,
    grid: RayGrid,
    light: Lighting,
    lines: Lines | None = None,
) -> Frame:
    """Draw `primitives` into `background`, seen from the same camera.

    Args:
        background: of `grid`'s fine parts.
        primitives: and `poses`, of all their bodies.
        camera: and `grid`, its rays.
        light: of the scene.
        lines: pitch lines to paint, for scenes without them.
    """
    traced = trace(primitives, poses, camera, grid.fine, light)
    scene_rgb = background.rgb
    if lines is not None:
        scene_rgb = _painted(scene_rgb, background, camera, grid, light, lines)
    scene_rgb = scene_rgb * _shade(background, primitives, poses, camera, grid, light)
    behind = traced.inverse_depth * (1 + _TIE_M * background.inverse_depth)
    front = (behind > background.inverse_depth) & (traced.label >= 0)
    rgb = jnp.where(front[:, None], traced.rgb, scene_rgb)
    inverse = jnp.where(front, traced.inverse_depth, background.inverse_depth)
    rgb = blend_sheets(primitives, poses, camera, grid.fine, light, (rgb, inverse))
    label = jnp.where(front, traced.label, -1)
    return Frame(
        rgb=grid.pixels(rgb).mean(2),
        depth_m=_depth(inverse, grid),
        share=_shares(label, len(primitives.labels), grid),
    )


def _depth(inverse: Float[Array, "R"], grid: RayGrid) -> Float[Array, "H W"]:
    middle = jnp.argmin(jnp.sum(_in_pixel(grid) ** 2, axis=-1))
    chosen = grid.pixels(inverse)[:, :, middle]
    return jnp.where(chosen > 0, 1 / jnp.where(chosen > 0, chosen, 1.0), jnp.inf)


def _in_pixel(grid: RayGrid) -> Float[Array, "P 2"]:
    """Where a pixel's parts lie in it, in pixels from its middle."""
    g = grid.across
    part = (jnp.arange(g) + 0.5) / g - 0.5
    down, right = jnp.meshgrid(part, part, indexing="ij")
    coarse = jnp.stack([right.reshape(-1), down.reshape(-1)], axis=-1)
    return (coarse[:, None] + grid.offset / g).reshape(-1, 2)


def _shares(label: Int[Array, "R"], count: int, grid: RayGrid) -> Float[Array, "H W L"]:
    by_pixel = grid.pixels(label)
    return jnp.stack(
        [
            jnp.mean((by_pixel == one).astype(jnp.float32), axis=2)
            for one in range(count)
        ],
        axis=-1,
    )


def _shade(
    background: Background,
    primitives: Primitives,
    poses: BodyPoses,
    camera: CameraPose,
    grid: RayGrid,
    light: Lighting,
) -> Float[Array, "R 3"]:
    """Factor on the scene's colour, found once per coarse part."""
    parts = grid.parts
    inverse = background.inverse_depth.reshape(-1, parts).mean(1)
    points = _points(inverse, grid.coarse.reshape(-1, 2), camera)
    centres, radii = occluders(primitives, poses)
    factor = shade(points, centres, radii, light)
    level = (jnp.abs(points[:, 2]) < _FLOOR_BAND_M) & (inverse > 0)
    return jnp.repeat(jnp.where(level[:, None], factor, 1.0), parts, axis=0)


def _painted(
    rgb: Float[Array, "R 3"],
    background: Background,
    camera: CameraPose,
    grid: RayGrid,
    light: Lighting,
    lines: Lines,
) -> Float[Array, "R 3"]:
    inverse = background.inverse_depth
    points = _points(inverse, grid.fine, camera)
    focal = grid.width * grid.across * grid.parts**0.5
    window = grid.coarse[0, -1, 0] - grid.coarse[0, 0, 0]
    share = line_share(lines, points[:, :2], _footprint(points, camera, window / focal))
    level = (jnp.abs(points[:, 2]) < _FLOOR_BAND_M) & (inverse > 0)
    share = jnp.where(level, share, 0.0)[:, None]
    lit = light.ambient + light.diffuse * jnp.maximum(light.toward[2], 0)
    return rgb * (1 - share) + display(LINE_ALBEDO * lit) * share


def _footprint(
    points: Float[Array, "R 3"], camera: CameraPose, angle: Float[Array, ""]
) -> Float[Array, "R 2"]:
    """Extent along x and y of the floor that one part of a pixel covers, m."""
    away = points - camera.position
    level = jnp.sqrt(jnp.sum(away[:, :2] ** 2, axis=1)) + 1e-6
    height = jnp.maximum(jnp.abs(away[:, 2]), 0.02)
    distance_square = level * level + height * height
    along = angle * distance_square / height
    across = angle * jnp.sqrt(distance_square)
    toward = jnp.abs(away[:, :2]) / level[:, None]
    return along[:, None] * toward + across[:, None] * toward[:, ::-1]


def _points(
    inverse_depth: Float[Array, "N"], rays: Float[Array, "N 2"], camera: CameraPose
) -> Float[Array, "N 3"]:
    ahead = jnp.concatenate([rays, jnp.ones_like(rays[:, :1])], axis=-1)
    depth = 1 / jnp.maximum(inverse_depth, 1e-4)
    return camera.position + ahead @ camera.rotation.T * depth[:, None]
