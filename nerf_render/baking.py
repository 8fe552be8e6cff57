"""Making a scene's baked form from pictures of its exact form.

Robots' heads stay in a thin slab over the pitch, and what a ray from there meets is all
that counts. So the exact form is rendered from many places in that slab, and the
pictures are fused: their depths into a signed distance, then, with that surface fixed,
the colours that rays meet on it into their mean. The mean is the least-squares colour,
so what a field knows of gloss and haze becomes its average over the pitch.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_dilation,
    distance_transform_edt,
    map_coordinates,
)
from scipy.spatial import KDTree

from nerf_render.baked import (
    DISTANCE_STEPS,
    BakedScene,
    colour_at,
    march,
    pick,
    sky_index,
)
from nerf_render.empty_boxes import empty_boxes
from nerf_render.scene_file import SceneError

Floats = NDArray[np.float32]
RayRender = Callable[[Any, Any], tuple[Any, Any]]
"""(origins [R, 3], unit directions [R, 3]) -> (rgb [R, 3], distance [R]), pitch frame,
m; a distance that is not finite or not positive stands for nothing."""
_SKY_SIZE = 128
_STEEPEST_COSINE = 0.03
_SMOOTHING_VOXELS = 0.6
_FLAT = 0.97
_FARTHEST_M = ((-5.0, -4.5, -0.3), (5.0, 4.5, 2.2))
"""Corners of the largest grid by itself: what lies beyond, ceilings too, is sky."""
_FILL_FACTORS = (2, 4, 8)
"""Voxels so many times larger fill what too few pixels saw."""


@dataclass(frozen=True, kw_only=True)
class BakeConfig:
    """How a scene is baked.

    Attributes:
        voxel_m: edge of a voxel.
        split: colours along it.
        views: pictures taken of the exact form.
        view_px: width and height of each.
        view_focal_px: of each.
        region_m: half length, half width of the ground that cameras stand over.
        heights_m: of the cameras, lowest and highest: an OP3's head lying and standing.
        pitches_rad: of the cameras, lowest and highest.
        least_samples: pictures' pixels that must agree on a place for a surface.
        memory_mib: largest result.
        seed: of the cameras' places.
    """

    voxel_m: float = 0.04
    split: int = 3
    views: int = 1000
    view_px: tuple[int, int] = (80, 60)
    view_focal_px: float = 45.0
    region_m: tuple[float, float] = (2.5, 2.0)
    heights_m: tuple[float, float] = (0.08, 0.62)
    pitches_rad: tuple[float, float] = (-1.1, 0.45)
    least_samples: float = 2.0
    memory_mib: float = 256.0
    seed: int = 0


class Views(NamedTuple):
    """Pictures of the exact form: [V, h, w, ...] rays, colours, distances."""

    origins: Floats
    directions: Floats
    rgb: Floats
    distance_m: Floats


def bake(
    render: RayRender,
    bounds_m: tuple[tuple[float, float, float], tuple[float, float, float]] | None,
    config: BakeConfig | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> BakedScene:
    """The baked form of what `render` shows.

    Args:
        render: the exact form.
        bounds_m: lowest and highest corner of the grid, pitch frame; None takes what
            holds 99.5 % of what is seen.
        config: resolution and effort.
        progress: told the share that is done.

    Raises:
        SceneError: nothing is seen, or the grid needs more memory than allowed.
    """
    config = config or BakeConfig()
    views = take_views(render, config, lambda share: progress(0.7 * share))
    points, normals, weights = _surfels(views)
    if len(points) < 1000:
        raise SceneError(
            f"expected surfaces around the pitch, found {len(points)} points in "
            f"{config.views} pictures; check the scene's pitch frame"
        )
    low, high = _bounds(points) if bounds_m is None else np.array(bounds_m, float)
    # Half a voxel down, so that the floor runs through the middle of its voxels.
    voxel = config.voxel_m
    low = np.floor(low / voxel) * voxel - voxel / 2
    shape = tuple(int(n) for n in np.ceil((high - low) / voxel))
    _check_memory(shape, config)
    surfels = (points, normals, weights)
    distance = _fused_distance(*surfels, low, shape, config)
    for coarser in _FILL_FACTORS:
        distance = _filled(distance, surfels, low, shape, config, coarser)
    crossed = _crossed(distance)
    boxes = empty_boxes(crossed)
    progress(0.85)
    scene = _without_colour(boxes, distance, crossed, low, config)
    coloured = _coloured(scene, views)
    progress(1.0)
    return coloured


def take_views(
    render: RayRender,
    config: BakeConfig,
    progress: Callable[[float], None] = lambda share: None,
) -> Views:
    """Pictures from random places where heads can be."""
    random = np.random.default_rng(config.seed)
    count = config.views
    half = np.array(config.region_m)
    origin = np.concatenate(
        [
            random.uniform(-half, half, (count, 2)),
            random.uniform(*config.heights_m, (count, 1)),
        ],
        axis=1,
    )
    yaw = random.uniform(-np.pi, np.pi, count)
    pitch = random.uniform(*config.pitches_rad, count)
    rays = _view_rays(config)
    rotation = _look(yaw, pitch)
    rgb, distance, directions = [], [], []
    for view in range(count):
        direction = (rays @ rotation[view].T).astype(np.float32)
        start = np.broadcast_to(origin[view].astype(np.float32), direction.shape)
        colours, lengths = render(start.reshape(-1, 3), direction.reshape(-1, 3))
        rgb.append(np.asarray(colours, np.float32).reshape(direction.shape))
        distance.append(np.asarray(lengths, np.float32).reshape(direction.shape[:2]))
        directions.append(direction)
        progress((view + 1) / count)
    shape = np.stack(directions).shape
    origins = np.broadcast_to(origin[:, None, None].astype(np.float32), shape)
    return Views(origins, np.stack(directions), np.stack(rgb), np.stack(distance))


def stack_scenes(scenes: list[BakedScene]) -> BakedScene:
    """Several scenes as one with a leading axis; shorter lists of colours are padded.

    Raises:
        SceneError: their grids differ.
    """
    shapes = sorted({(scene.boxes.shape, scene.split) for scene in scenes})
    if len(shapes) > 1:
        raise SceneError(
            f"expected baked scenes of one shape, found {shapes}; bake them with the "
            "same bounds and configuration"
        )
    rows = max(scene.colours.shape[0] for scene in scenes)
    padded = [
        jnp.pad(scene.colours, ((0, rows - scene.colours.shape[0]), (0, 0)))
        for scene in scenes
    ]
    alike = [
        jax.tree_util.tree_unflatten(
            jax.tree.structure(scenes[0]),
            [
                colours if leaf is scene.colours else leaf
                for leaf in jax.tree.leaves(scene)
            ],
        )
        for scene, colours in zip(scenes, padded, strict=True)
    ]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *alike)


def _view_rays(config: BakeConfig) -> NDArray[np.float64]:
    width, height = config.view_px
    x = (np.arange(width) - (width - 1) / 2) / config.view_focal_px
    y = (np.arange(height) - (height - 1) / 2) / config.view_focal_px
    x, y = np.meshgrid(x, y)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def _look(yaw: NDArray[np.float64], pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """[V, 3, 3] level cameras' axes as columns."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    forward = np.stack([cy * cp, sy * cp, sp], axis=-1)
    right = np.stack([sy, -cy, np.zeros_like(sy)], axis=-1)
    return np.stack([right, np.cross(forward, right), forward], axis=-1)


def _surfels(views: Views) -> tuple[Floats, Floats, Floats]:
    """Points, unit normals toward the cameras, and weights of all pixels with depth.

    The normal comes from the neighbours' points; pixels at depth edges drop out, since
    there it is nearly square to the ray.
    """
    distance = views.distance_m
    known = np.isfinite(distance) & (distance > 0)
    distance = np.where(known, distance, 0)
    points = views.origins + views.directions * distance[..., None]
    right = points[:, 1:-1, 2:] - points[:, 1:-1, :-2]
    down = points[:, 2:, 1:-1] - points[:, :-2, 1:-1]
    normal = np.cross(right, down)
    length = np.linalg.norm(normal, axis=-1)
    normal /= np.maximum(length, 1e-12)[..., None]
    inner = np.s_[:, 1:-1, 1:-1]
    facing = -np.sum(normal * views.directions[inner], axis=-1)
    normal *= np.sign(facing)[..., None]
    cosine = np.abs(facing)
    good = known[inner] & (cosine > _STEEPEST_COSINE) & (length > 0)
    for shift in (np.s_[:, 1:-1, 2:], np.s_[:, 1:-1, :-2]):
        good &= known[shift]
    for shift in (np.s_[:, 2:, 1:-1], np.s_[:, :-2, 1:-1]):
        good &= known[shift]
    # Errors of depth grow with distance and act along the ray.
    weight = cosine / (0.2 + distance[inner] ** 2)
    return (
        points[inner][good].astype(np.float32),
        normal[good].astype(np.float32),
        weight[good].astype(np.float32),
    )


def _bounds(points: Floats) -> NDArray[np.float64]:
    ends = np.quantile(points.astype(np.float64), [0.0025, 0.9975], axis=0)
    ends += np.array([[-0.1], [0.1]])
    return np.clip(ends, *np.array(_FARTHEST_M))


def _check_memory(shape: tuple[int, ...], config: BakeConfig) -> None:
    needed = 9 * float(np.prod(shape)) / 2**20
    if needed > config.memory_mib:
        raise SceneError(
            f"expected a grid of at most {config.memory_mib:g} MiB, found "
            f"{needed:.0f} MiB for {' x '.join(map(str, shape))} voxels of "
            f"{config.voxel_m:g} m; give tighter bounds or larger voxels"
        )


def _fused_distance(
    points: Floats,
    normals: Floats,
    weights: Floats,
    low: NDArray[np.float64],
    shape: tuple[int, ...],
    config: BakeConfig,
    flattest: float = 0.0,
) -> NDArray[np.float32]:
    """[X + 1, Y + 1, Z + 1] mean distance to nearby points' planes; nan if unknown.

    Implicit moving least squares: Kolluri, "Provably good moving least squares", ACM
    Transactions on Algorithms 4(2), 2008, equation 1.

    Args:
        flattest: length that the mean of nearby normals must have: 1 on a plane.
    """
    corners = tuple(n + 1 for n in shape)
    places = ((points - low) / config.voxel_m).astype(np.float32)
    nearest = np.round(places).astype(np.int32)
    size = int(np.prod(corners))
    total, count, mean = (np.zeros(size) for _ in range(3))
    mean_normal = np.zeros((3, size if flattest else 0))
    for offset in np.ndindex(3, 3, 3):
        corner = nearest + (np.array(offset, np.int32) - 1)
        inside = ((corner >= 0) & (corner < np.array(corners))).all(1)
        away = corner[inside] - places[inside]
        square = np.einsum("ni,ni->n", away, away)
        near = np.exp(square / (-2 * _SMOOTHING_VOXELS**2))
        weight = near * weights[inside]
        along = np.einsum("ni,ni->n", away, normals[inside])
        flat = np.ravel_multi_index(corner[inside].T, corners)
        total += np.bincount(flat, weight, size)
        mean += np.bincount(flat, weight * along, size)
        count += np.bincount(flat, near, size)
        if flattest:
            for axis in range(3):
                turned = weight * normals[inside, axis]
                mean_normal[axis] += np.bincount(flat, turned, size)
    enough = count >= config.least_samples * np.exp(-2.0)
    if flattest:
        enough &= np.linalg.norm(mean_normal, axis=0) >= flattest * total
    distance = np.where(enough, mean / np.maximum(total, 1e-20), np.nan)
    return distance.reshape(corners).astype(np.float32)


def _filled(
    distance: NDArray[np.float32],
    surfels: tuple[Floats, Floats, Floats],
    low: NDArray[np.float64],
    shape: tuple[int, ...],
    config: BakeConfig,
    factor: int,
) -> NDArray[np.float32]:
    """Unknown corners from the distance on voxels `factor` times as large."""
    coarse = replace(config, voxel_m=config.voxel_m * factor)
    # Larger voxels gather more points each: fewer of them will do.
    points, normals, weights = (array[::factor] for array in surfels)
    rough = _fused_distance(
        points,
        normals,
        weights,
        low,
        tuple(-(-n // factor) for n in shape),
        coarse,
        _FLAT,
    )
    at = np.meshgrid(*(np.arange(n) / factor for n in distance.shape), indexing="ij")
    between = map_coordinates(rough, at, order=1, mode="nearest") * factor
    return np.where(np.isnan(distance), between, distance)


def _crossed(distance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[X, Y, Z] voxels with both signs at their corners, all of them known."""
    low, high = np.inf, -np.inf
    for offset in np.ndindex(2, 2, 2):
        corner = distance[
            tuple(
                slice(step, size - 1 + step)
                for step, size in zip(offset, distance.shape, strict=True)
            )
        ]
        low, high = np.minimum(low, corner), np.maximum(high, corner)
    # A comparison with nan is false: voxels with unknown corners drop out.
    return np.logical_and(low <= 0, high > 0)


def colour_rows(surface: NDArray[np.bool_]) -> NDArray[np.int32]:
    """[X, Y, Z] `BakedScene.colour_index` of a grid with these voxels at surfaces."""
    # Points between the rays of one pixel may lie a voxel beside the surface.
    near = np.asarray(binary_dilation(surface), bool)
    index = np.zeros(surface.shape, np.int32)
    index[near] = 1 + np.arange(np.count_nonzero(near))
    return index


def _without_colour(
    boxes: NDArray[np.int32],
    distance: NDArray[np.float32],
    crossed: NDArray[np.bool_],
    low: NDArray[np.float64],
    config: BakeConfig,
) -> BakedScene:
    index = colour_rows(crossed)
    rows = 1 + index.max()
    steps = np.nan_to_num(distance * DISTANCE_STEPS, nan=127)
    return BakedScene(
        boxes=jnp.asarray(boxes),
        distance=jnp.asarray(np.clip(np.round(steps), -127, 127).astype(np.int8)),
        colour_index=jnp.asarray(index),
        colours=jnp.zeros((rows, config.split**3), jnp.int32),
        sky=jnp.zeros((_SKY_SIZE, _SKY_SIZE), jnp.int32),
        low_m=jnp.asarray(low, jnp.float32),
        voxel_m=jnp.float32(config.voxel_m),
        split=config.split,
    )


@jax.jit
def _where_rays_end(
    scene: BakedScene, origin: jax.Array, directions: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Colour cell (-1 for none) and sky cell of one picture's rays, and distance."""
    baked = pick(scene, 0)
    distance = march(baked, origin, directions)
    hit = jnp.isfinite(distance)
    reach = jnp.where(hit, distance, 0.0)
    points = tuple(origin[i] + directions[:, i] * reach for i in range(3))
    cell, row = colour_at(baked, points)
    sky = sky_index(baked, origin, tuple(directions[:, i] for i in range(3)))
    coloured = hit & (row > 0)
    return jnp.where(coloured, cell, -1), jnp.where(coloured, -1, sky), distance


def _coloured(scene: BakedScene, views: Views) -> BakedScene:
    """Mean colour of the rays that end in each cell; unseen cells from the nearest."""
    cells, skies = [], []
    for origin, directions in zip(views.origins, views.directions, strict=True):
        cell, sky, _ = _where_rays_end(
            scene, jnp.asarray(origin[0, 0]), jnp.asarray(directions.reshape(-1, 3))
        )
        cells.append(np.asarray(cell))
        skies.append(np.asarray(sky))
    rgb = views.rgb.reshape(-1, 3)
    cell, sky = np.concatenate(cells), np.concatenate(skies)
    found, count = _means(cell, rgb, scene.colours.size)
    overall = np.clip(rgb.mean(0), 0, 1)
    found[: scene.split**3] = overall
    count[: scene.split**3] = 1
    fill_unseen(found, count > 0, _cell_places(scene))
    above, sky_count = _means(sky, rgb, scene.sky.size)
    if sky_count.any():
        seen = np.reshape(sky_count > 0, scene.sky.shape)
        nearest = np.asarray(
            distance_transform_edt(
                np.logical_not(seen), return_distances=False, return_indices=True
            )
        )
        above = above.reshape(*seen.shape, 3)[tuple(nearest)].reshape(-1, 3)
    else:
        above[:] = overall
    return BakedScene(
        boxes=scene.boxes,
        distance=scene.distance,
        colour_index=scene.colour_index,
        colours=jnp.asarray(_packed(found).reshape(scene.colours.shape)),
        sky=jnp.asarray(_packed(above).reshape(scene.sky.shape)),
        low_m=scene.low_m,
        voxel_m=scene.voxel_m,
        split=scene.split,
    )


def fill_unseen(
    colours: NDArray[np.float64], seen: NDArray[np.bool_], places: NDArray[np.float64]
) -> None:
    """Colours of unseen cells from the nearest seen one, in place.

    A voxel without any seen cell gets one colour: files stay small.

    Args:
        colours: [N K, 3], K cells to a voxel.
        seen: [N K].
        places: [N, K, 3] middles, in voxels.
    """
    cells = seen.reshape(places.shape[:2])
    blank = np.logical_not(np.any(cells, axis=1))
    tree = KDTree(places[cells])
    # Workers stay at one: baking is often run beside other things.
    nearest = tree.query(places[blank].mean(1))[1]
    shaped = colours.reshape(*cells.shape, 3)
    known = shaped[cells]
    shaped[blank] = known[nearest][:, None]
    rest = ~cells & ~blank[:, None]
    shaped[rest] = known[tree.query(places[rest])[1]]


def _means(
    cell: NDArray[np.int32], rgb: Floats, size: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    known = cell >= 0
    count = np.bincount(cell[known], minlength=size)
    sums = [np.bincount(cell[known], rgb[known, i], size) for i in range(3)]
    return np.stack(sums, axis=-1) / np.maximum(count, 1)[:, None], count


def _cell_places(scene: BakedScene) -> NDArray[np.float64]:
    """[N, split^3, 3] middle of each colour's cell, in voxels; row 0 is far away."""
    split = scene.split
    index = np.asarray(scene.colour_index)
    voxels = np.argwhere(index > 0)
    corner = np.full((scene.colours.shape[0], 3), -1e6)
    corner[index[tuple(voxels.T)]] = voxels
    part = (np.array(list(np.ndindex(split, split, split))) + 0.5) / split
    return corner[:, None] + part


def _packed(rgb: NDArray[np.float64]) -> NDArray[np.int32]:
    levels = np.round(np.clip(rgb, 0, 1) * 255).astype(np.int32)
    return (levels[..., 0] << 16) | (levels[..., 1] << 8) | levels[..., 2]
