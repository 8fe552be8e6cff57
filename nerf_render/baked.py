"""A scene's baked form: surfaces and their colours on a grid, for training.

Three arrays over one grid of voxels in the pitch frame:

- `boxes`: for each voxel the empty box around it, so that a ray crosses free space in
  few long steps; negative where a surface runs through the voxel.
- `distance`: signed distance to the surface at the voxels' corners. Newton's method on
  it finds the hit to a fraction of a voxel, also at grazing incidence.
- `colour_index` and `colours`: voxels at surfaces hold `split`^3 colours.

Rays that leave the grid take their colour from `sky`, by the place where they leave it:
walls just beyond, or that are seen through, stay where they are when a head moves.

Memory of a scene, in bytes: 4 per voxel for `boxes`, 4 for `colour_index`, 1 for
`distance`, 4 split^3 per surface voxel; `BakedScene.bytes` adds them up.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

DISTANCE_STEPS = 32
"""Steps of the stored distance per voxel; eight bits reach 4 voxels."""
EXTENT_BITS = 5
_EXTENT_MASK = (1 << EXTENT_BITS) - 1
_FINE_EXTENTS = 16
_COARSE_STEP = 4
_NUDGE = 1e-3
"""Of a voxel, beyond the face through which a box is left."""
_LONGEST_NEWTON_STEP = 16.0
_CLOSE = 0.12
"""Of a voxel: a distance that counts as the surface."""
_ROUNDS = (8, 5, 3)
"""Box steps before each try to find the surface."""
_TRIES = 3


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "boxes",
        "distance",
        "colour_index",
        "colours",
        "sky",
        "low_m",
        "voxel_m",
    ],
    meta_fields=["split"],
)
@dataclass(frozen=True, kw_only=True)
class BakedScene:
    """One scene, or several of equal shape along a leading axis of all arrays.

    Attributes:
        boxes: [X, Y, Z] six extents of five bits (x-, x+, y-, y+, z-, z+, from the
            lowest bit), see `extent_of`; -1 where a surface runs through.
        distance: [X + 1, Y + 1, Z + 1] in 1 / `DISTANCE_STEPS` voxels.
        colour_index: [X, Y, Z] row of `colours`; 0 stands for none.
        colours: [N, split^3] 0xRRGGBB, x slowest.
        sky: [S, S] 0xRRGGBB over the grid's hull, see `sky_index`.
        low_m: [3] the grid's lowest corner, pitch frame.
        voxel_m: [] edge of a voxel.
        split: colours along a voxel's edge.
    """

    boxes: Int[Array, "*B X Y Z"]
    distance: Int[Array, "*B X1 Y1 Z1"]
    colour_index: Int[Array, "*B X Y Z"]
    colours: Int[Array, "*B N K"]
    sky: Int[Array, "*B S S"]
    low_m: Float[Array, "*B 3"]
    voxel_m: Float[Array, "*B"]
    split: int

    @property
    def bytes(self) -> int:
        """Of all arrays."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(self))


def extent_of(code: Int[Array, "*N"]) -> Int[Array, "*N"]:
    """Voxels of free space for a five-bit code: 0..16 by one, then to 76 by four."""
    return jnp.where(
        code <= _FINE_EXTENTS,
        code,
        _FINE_EXTENTS + (code - _FINE_EXTENTS) * _COARSE_STEP,
    )


@dataclass(frozen=True, kw_only=True)
class PickedScene:
    """One scene out of several, without copying it: flat arrays and where it starts."""

    boxes: Int[Array, "A"]
    distance: Int[Array, "D"]
    colour_index: Int[Array, "A"]
    colours: Int[Array, "C"]
    sky: Int[Array, "K"]
    low_m: Float[Array, "3"]
    voxel_m: Float[Array, ""]
    scene: Int[Array, ""]
    shape: tuple[int, int, int]
    rows: int
    sky_size: int
    split: int


def pick(scenes: BakedScene, scene: Int[Array, ""] | int) -> PickedScene:
    """Scene number `scene` of several (leading axis), for tracing one camera."""
    x, y, z = scenes.boxes.shape[-3:]
    return PickedScene(
        boxes=scenes.boxes.reshape(-1),
        distance=scenes.distance.reshape(-1),
        colour_index=scenes.colour_index.reshape(-1),
        colours=scenes.colours.reshape(-1),
        sky=scenes.sky.reshape(-1),
        low_m=scenes.low_m.reshape(-1, 3)[scene],
        voxel_m=scenes.voxel_m.reshape(-1)[scene],
        scene=jnp.asarray(scene, jnp.int32),
        shape=(x, y, z),
        rows=scenes.colours.shape[-2],
        sky_size=scenes.sky.shape[-1],
        split=scenes.split,
    )


def march(
    baked: PickedScene, origin: Float[Array, "3"], directions: Float[Array, "R 3"]
) -> Float[Array, "R"]:
    """[R] distance in m along unit `directions` to the first surface, inf for none."""
    start = (origin - baked.low_m) / baked.voxel_m
    safe = jnp.where(jnp.abs(directions) < 1e-7, 1e-7, directions)
    rays = _Rays(start, (safe[:, 0], safe[:, 1], safe[:, 2]))
    count = directions.shape[0]
    t = _enter(baked, rays)
    found = jnp.full(count, jnp.inf)
    for steps in _ROUNDS:
        skip = partial(_skip, baked, rays)
        t = jax.lax.fori_loop(0, steps, lambda _, t, skip=skip: skip(t), t)
        hit, near = _surface(baked, rays, t)
        found = jnp.where(hit & jnp.isinf(found), near, found)
        # What was found stays put; what was missed goes on past this voxel.
        t = jnp.where(jnp.isinf(found), t + 1.0, jnp.inf)
    # Out of steps: a surface nearby is a better guess than none.
    lost = jnp.isinf(found) & jnp.isfinite(t) & _inside(baked, rays, t)
    return jnp.where(lost, t, found) * baked.voxel_m


class _Rays(NamedTuple):
    """In voxels: common start [3], direction's parts [R] each."""

    start: Float[Array, "3"]
    direction: tuple[Float[Array, "R"], Float[Array, "R"], Float[Array, "R"]]

    def at(self, t: Float[Array, "R"]) -> list[Float[Array, "R"]]:
        return [self.start[i] + self.direction[i] * t for i in range(3)]


def _enter(baked: PickedScene, rays: _Rays) -> Float[Array, "R"]:
    """Where rays that start outside enter the grid; 0 inside, inf for never."""
    first = jnp.zeros_like(rays.direction[0])
    last = jnp.full_like(first, jnp.inf)
    for i in range(3):
        to_low = (0.0 - rays.start[i]) / rays.direction[i]
        to_high = (baked.shape[i] - rays.start[i]) / rays.direction[i]
        first = jnp.maximum(first, jnp.minimum(to_low, to_high))
        last = jnp.minimum(last, jnp.maximum(to_low, to_high))
    outside = first > 0
    return jnp.where(first < last, first + jnp.where(outside, _NUDGE, 0.0), jnp.inf)


def _inside(baked: PickedScene, rays: _Rays, t: Float[Array, "R"]) -> Array:
    within = jnp.isfinite(t)
    for i, place in enumerate(rays.at(jnp.where(within, t, 0.0))):
        within &= (place >= 0) & (place < baked.shape[i])
    return within


def _cells(
    baked: PickedScene, places: list[Float[Array, "R"]]
) -> tuple[list[Int[Array, "R"]], Int[Array, "R"]]:
    """Voxel coordinates, clipped to the grid, and index into the flat arrays."""
    x, y, z = baked.shape
    cells = [
        jnp.clip(jnp.floor(place).astype(jnp.int32), 0, size - 1)
        for place, size in zip(places, baked.shape, strict=True)
    ]
    flat = ((baked.scene * x + cells[0]) * y + cells[1]) * z + cells[2]
    return cells, flat


def _skip(baked: PickedScene, rays: _Rays, t: Float[Array, "R"]) -> Float[Array, "R"]:
    """To the far side of the empty box; no step where there is a surface."""
    known = jnp.isfinite(t)
    at = jnp.where(known, t, 0.0)
    places = rays.at(at)
    cells, flat = _cells(baked, places)
    packed = baked.boxes[flat]
    ahead = jnp.full_like(at, jnp.inf)
    within = known
    for i in range(3):
        low = extent_of((packed >> (2 * i * EXTENT_BITS)) & _EXTENT_MASK)
        high = extent_of((packed >> ((2 * i + 1) * EXTENT_BITS)) & _EXTENT_MASK)
        direction = rays.direction[i]
        face = jnp.where(direction > 0, cells[i] + 1 + high, cells[i] - low)
        ahead = jnp.minimum(ahead, (face - places[i]) / direction)
        within &= (places[i] >= 0) & (places[i] < baked.shape[i])
    moved = at + jnp.maximum(ahead, 0.0) + _NUDGE
    return jnp.where(within, jnp.where(packed < 0, at, moved), jnp.inf)


def _surface(
    baked: PickedScene, rays: _Rays, t: Float[Array, "R"]
) -> tuple[Array, Float[Array, "R"]]:
    """Newton's method from `t`: whether it ends on an outer surface, and where."""
    within = _inside(baked, rays, t)
    start = jnp.where(within, t, 0.0)

    def step(
        _: int, state: tuple[Float[Array, "R"], Float[Array, "R"], Array]
    ) -> tuple[Float[Array, "R"], Float[Array, "R"], Array]:
        at = state[0]
        value, slope = _distance(baked, rays, at)
        toward = slope < -0.02
        newton = -value / jnp.where(toward, slope, -1.0)
        change = jnp.clip(newton, -2.0, _LONGEST_NEWTON_STEP)
        change = jnp.where(toward, change, 0.5)
        close = toward & (jnp.abs(value) < _CLOSE)
        return jnp.maximum(at + change, 0.0), value, close

    initial = (start, jnp.zeros_like(start), jnp.zeros(start.shape, bool))
    at, _, close = jax.lax.fori_loop(0, _TRIES, step, initial)
    return close & within, at


def _distance(
    baked: PickedScene, rays: _Rays, t: Float[Array, "R"]
) -> tuple[Float[Array, "R"], Float[Array, "R"]]:
    """Distance in voxels, trilinear, and its slope along the ray."""
    places = rays.at(t)
    x, y, z = (size + 1 for size in baked.shape)
    base, part = [], []
    for place, size in zip(places, baked.shape, strict=True):
        cell = jnp.clip(jnp.floor(place), 0, size - 1)
        base.append(cell.astype(jnp.int32))
        part.append(jnp.clip(place - cell, 0.0, 1.0))
    flat = ((baked.scene * x + base[0]) * y + base[1]) * z + base[2]

    def corner(dx: int, dy: int, dz: int) -> Float[Array, "R"]:
        stored = baked.distance[flat + (dx * y + dy) * z + dz]
        return stored.astype(jnp.float32)

    fx, fy, fz = part
    c = {(i, j): (corner(i, j, 0), corner(i, j, 1)) for i in range(2) for j in range(2)}
    along_z = {key: pair[0] + (pair[1] - pair[0]) * fz for key, pair in c.items()}
    slope_z = {key: pair[1] - pair[0] for key, pair in c.items()}
    along_y = [along_z[i, 0] + (along_z[i, 1] - along_z[i, 0]) * fy for i in range(2)]
    value = along_y[0] + (along_y[1] - along_y[0]) * fx
    gx = along_y[1] - along_y[0]
    gy = (along_z[0, 1] - along_z[0, 0]) * (1 - fx) + (
        along_z[1, 1] - along_z[1, 0]
    ) * fx
    gz = (slope_z[0, 0] * (1 - fy) + slope_z[0, 1] * fy) * (1 - fx) + (
        slope_z[1, 0] * (1 - fy) + slope_z[1, 1] * fy
    ) * fx
    dx, dy, dz = rays.direction
    scale = 1 / DISTANCE_STEPS
    return value * scale, (gx * dx + gy * dy + gz * dz) * scale


def colour_at(
    baked: PickedScene, points: tuple[Float[Array, "R"], ...]
) -> tuple[Int[Array, "R"], Int[Array, "R"]]:
    """Which stored colour a surface point has, and the row it lies in.

    Args:
        points: x, y and z in the pitch frame, m, [R] each.

    Returns:
        Index into the flat colours, and the row of the scene's `colours` (0: none).
    """
    places = [(points[i] - baked.low_m[i]) / baked.voxel_m for i in range(3)]
    cells, flat = _cells(baked, places)
    row = baked.colour_index[flat]
    split = baked.split
    part = [
        jnp.clip(((place - cell) * split).astype(jnp.int32), 0, split - 1)
        for place, cell in zip(places, cells, strict=True)
    ]
    within = (part[0] * split + part[1]) * split + part[2]
    return (baked.scene * baked.rows + row) * split**3 + within, row


def sky_index(
    baked: PickedScene,
    origin: Float[Array, "3"],
    directions: tuple[Float[Array, "R"], ...],
) -> Int[Array, "R"]:
    """Index into the flat sky for rays from `origin` (m) along x, y and z.

    The place where a ray leaves the grid, in the grid's half sizes from its middle, is
    mapped to the octahedron.
    """
    start, along = [], []
    for i in range(3):
        half_m = baked.shape[i] / 2 * baked.voxel_m
        start.append((origin[i] - baked.low_m[i]) / half_m - 1)
        step = directions[i] / half_m
        along.append(jnp.where(jnp.abs(step) < 1e-7, 1e-7, step))
    reach = jnp.full_like(directions[0], jnp.inf)
    for begin, step in zip(start, along, strict=True):
        reach = jnp.minimum(reach, (jnp.sign(step) - begin) / step)
    reach = jnp.maximum(reach, 0.0)
    x, y, z = (b + step * reach for b, step in zip(start, along, strict=True))
    # Octahedral map: Cigolle et al., "A Survey of Efficient Representations for
    # Independent Unit Vectors", JCGT 3(2), 2014.
    scale = 1 / jnp.maximum(jnp.abs(x) + jnp.abs(y) + jnp.abs(z), 1e-6)
    u, v = x * scale, y * scale
    folded_u = (1 - jnp.abs(v)) * jnp.where(u >= 0, 1.0, -1.0)
    folded_v = (1 - jnp.abs(u)) * jnp.where(v >= 0, 1.0, -1.0)
    u, v = jnp.where(z < 0, folded_u, u), jnp.where(z < 0, folded_v, v)
    size = baked.sky_size
    column = jnp.clip(((u + 1) / 2 * size).astype(jnp.int32), 0, size - 1)
    row = jnp.clip(((v + 1) / 2 * size).astype(jnp.int32), 0, size - 1)
    return (baked.scene * size + row) * size + column


def unpacked(packed: Int[Array, "*N"]) -> Float[Array, "*N 3"]:
    """0xRRGGBB to colours in 0..1."""
    parts = [(packed >> shift) & 255 for shift in (16, 8, 0)]
    return jnp.stack(parts, axis=-1).astype(jnp.float32) / 255
