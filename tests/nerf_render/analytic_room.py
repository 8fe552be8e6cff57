"""A furnished room with exact colour and depth along any ray: the oracle for bakes.

Textured floor with white lines, four walls with posters, a ceiling, a thin post, a box.
"""

from functools import partial

import jax
import jax.numpy as jnp

from nerf_render.baked_file import PART, baked_arrays
from nerf_render.baking import BakeConfig, bake
from nerf_render.scene_file import FieldShape, Scene, SceneHeader
from nerf_render.similarity import Similarity
from robot.contracts.camera import pinhole

LOW, HIGH = (-4.0, -3.0, 0.0), (4.0, 3.0, 2.6)
BOX_LOW, BOX_HIGH = (1.2, 0.6, 0.0), (1.8, 1.3, 0.5)
POST_XY, POST_RADIUS, POST_HEIGHT = (2.5, -0.4), 0.04, 0.7


BOUNDS = ((-4.1, -3.1, -0.2), (4.1, 3.1, 2.7))
COARSE = BakeConfig(voxel_m=0.1, views=100, view_px=(48, 36), view_focal_px=27.0)


def baked_room(config=COARSE):
    """The room as a scene with a baked form and no exact field."""
    header = SceneHeader(
        name="room",
        pitch=Similarity(),
        metric=True,
        camera=pinhole(640, 480, 0.756),
        field=FieldShape(proposal_samples=(), field_samples=1, far=1.0),
        contains=(),
    )
    # With its ceiling, which a bake would leave to the sky.
    baked = bake(room, BOUNDS, config)
    return Scene(header=header, arrays={}).with_part(PART, baked_arrays(baked))


@partial(jax.jit, static_argnames="seed")
def room(origins, directions, seed=0):
    """(rgb [R, 3] in 0..1, distance [R] in m) of rays that start in the free room."""
    d = jnp.where(jnp.abs(directions) < 1e-7, 1e-7, directions)
    walls = [
        (jnp.where(d[:, i] > 0, HIGH[i], LOW[i]) - origins[:, i]) / d[:, i]
        for i in range(3)
    ]
    distance = jnp.minimum(jnp.minimum(walls[0], walls[1]), walls[2])
    face = jnp.argmin(jnp.stack(walls), axis=0)
    up = d[:, 2] > 0
    surface = jnp.where(face == 2, jnp.where(up, 3, 2), face)
    low, high = jnp.array(BOX_LOW), jnp.array(BOX_HIGH)
    a, b = (low - origins) / d, (high - origins) / d
    enter = jnp.max(jnp.minimum(a, b), axis=1)
    leave = jnp.min(jnp.maximum(a, b), axis=1)
    hit = (enter < leave) & (enter > 0) & (enter < distance)
    distance, surface = jnp.where(hit, enter, distance), jnp.where(hit, 4, surface)
    post = _post(origins, d)
    hit = post < distance
    distance, surface = jnp.where(hit, post, distance), jnp.where(hit, 5, surface)
    points = origins + directions * distance[:, None]
    return _colour(points, surface, seed), distance


def _post(origins, d):
    away = origins[:, :2] - jnp.array(POST_XY)
    a = jnp.sum(d[:, :2] ** 2, axis=1)
    b = jnp.sum(away * d[:, :2], axis=1)
    c = jnp.sum(away**2, axis=1) - POST_RADIUS**2
    root = b * b - a * c
    t = (-b - jnp.sqrt(jnp.maximum(root, 0))) / a
    z = origins[:, 2] + d[:, 2] * t
    return jnp.where((root > 0) & (t > 0) & (z < POST_HEIGHT), t, jnp.inf)


def _colour(p, surface, seed):
    x, y, z = p[:, 0], p[:, 1], p[:, 2]
    shift = 1.7 * seed

    def waves(u, v, scale):
        value = jnp.sin(scale * u + shift) * jnp.sin(1.3 * scale * v + 1 + shift)
        return 0.5 + 0.25 * value + 0.25 * jnp.sin(0.4 * scale * (u - v))

    grass = waves(x, y, 9.0)[:, None] * jnp.array([0.1, 0.2, 0.1])
    grass += jnp.array([0.12, 0.35, 0.15])
    line = (jnp.abs(x) < 0.025) | (jnp.abs(jnp.abs(y) - 1.6) < 0.025)
    line |= jnp.abs(jnp.hypot(x, y) - 0.5) < 0.025
    floor = jnp.where(line[:, None], 0.95, grass)
    along = jnp.where(surface == 0, y, x)
    wall = jnp.array([0.6, 0.58, 0.5]) + 0.1 * waves(along, z, 3.0)[:, None]
    poster = (jnp.abs(jnp.mod(along, 1.6) - 0.8) < 0.4) & (jnp.abs(z - 1.1) < 0.4)
    picture = jnp.stack(
        [waves(along, z, 12.0), waves(z, along, 7.0), waves(z, x, 5.0)], axis=1
    )
    wall = jnp.where(poster[:, None], picture, wall)
    ceiling = jnp.array([0.85, 0.85, 0.82]) + 0.1 * waves(x, y, 2.0)[:, None]
    box = jnp.array([0.6, 0.35, 0.2]) + 0.2 * waves(x + y, z, 10.0)[:, None]
    post = jnp.broadcast_to(jnp.array([0.9, 0.9, 0.9]), wall.shape)
    colours = jnp.stack([wall, wall, floor, ceiling, box, post])
    chosen = jnp.take_along_axis(colours, surface[None, :, None], axis=0)[0]
    return jnp.clip(chosen, 0, 1)
