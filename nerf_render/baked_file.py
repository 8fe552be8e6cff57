"""The baked form as arrays of a scene file, and how a scene gets one.

Empty boxes and the order of colours follow from the rest and are not stored:

    baked/distance  [X + 1, Y + 1, Z + 1] int8, as `BakedScene.distance`
    baked/surface   [ceil(X Y Z / 8)] uint8, bits: voxels that the surface runs through
    baked/colours   [3, 1 + N, split^3] uint8, of no voxel, then of those at surfaces in
                    the grid's order
    baked/around    [3, S, S] uint8: `BakedScene.sky`
    baked/grid      [5] float64: lowest corner (m), edge of a voxel (m), split
"""

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from nerf_render.baked import BakedScene
from nerf_render.baking import BakeConfig, RayRender, bake, colour_rows
from nerf_render.empty_boxes import empty_boxes
from nerf_render.field import Field, field_of, render_exact_image
from nerf_render.light_estimate import estimate_light
from nerf_render.scene_file import Array, Scene, SceneError

PART = "baked"
_COLOUR_STEP = 6
"""Of 255; rounding to it alone would leave 43 dB."""


def with_baked(
    scene: Scene,
    config: BakeConfig | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Scene:
    """The same scene with a baked form of its exact field, and its light estimated.

    Args:
        config: resolution and effort.
        progress: told the share that is done.

    Raises:
        SceneError: see `bake`.
    """
    render = exact_rays(scene)
    baked = bake(render, None, config, progress)
    light = estimate_light(render, scene.header.contains)
    header = replace(scene.header, light=light)
    arrays = baked_arrays(baked)
    arrays["colours"] = rounded(arrays["colours"])
    return replace(scene, header=header).with_part(PART, arrays)


def rounded(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """To steps of which half is far below a bake's own error, so that files halve."""
    steps = (colours.astype(np.int32) + _COLOUR_STEP // 2) // _COLOUR_STEP
    return np.minimum(steps * _COLOUR_STEP, 255).astype(np.uint8)


def exact_rays(scene: Scene) -> RayRender:
    """The exact field for rays in the pitch frame, m."""
    field = field_of(scene)
    pitch = scene.header.pitch
    to_scene = pitch.inverse

    @jax.jit
    def render(
        field: Field, origins: jax.Array, directions: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        seen = render_exact_image(
            field, to_scene.points(origins), to_scene.directions(directions)
        )
        return seen.rgb, seen.depth * pitch.scale

    return lambda origins, directions: render(
        field, jnp.asarray(origins), jnp.asarray(directions)
    )


def baked_arrays(baked: BakedScene) -> dict[str, Array]:
    """One scene's baked form, to be stored."""
    grid = [*np.asarray(baked.low_m, float), float(baked.voxel_m), float(baked.split)]
    return {
        "distance": np.asarray(baked.distance),
        "surface": np.packbits(np.asarray(baked.boxes) < 0),
        "colours": _split(baked.colours),
        "around": _split(baked.sky),
        "grid": np.array(grid),
    }


def baked_of(scene: Scene) -> BakedScene:
    """The baked form that `scene` brings.

    Raises:
        SceneError: it brings none, or not a whole one.
    """
    arrays = scene.part(PART)
    missing = {"distance", "surface", "colours", "around", "grid"} - set(arrays)
    if missing:
        raise SceneError(
            f"{scene.header.name}: expected a baked form, found none of "
            f"{', '.join(sorted(missing))}; `op3-soccer scene bake SCENE` makes it"
        )
    distance = arrays["distance"]
    shape = tuple(n - 1 for n in distance.shape)
    bits = np.unpackbits(arrays["surface"], count=int(np.prod(shape)))
    surface = bits.astype(bool).reshape(shape)
    *low, voxel, split = arrays["grid"].tolist()
    return BakedScene(
        boxes=jnp.asarray(empty_boxes(surface)),
        distance=jnp.asarray(distance),
        colour_index=jnp.asarray(colour_rows(surface)),
        colours=jnp.asarray(_joined(arrays["colours"])),
        sky=jnp.asarray(_joined(arrays["around"])),
        low_m=jnp.asarray(low, jnp.float32),
        voxel_m=jnp.float32(voxel),
        split=int(split),
    )


def _split(packed: jax.Array) -> NDArray[np.uint8]:
    """[...] 0xRRGGBB as planes [3, ...], which compress better."""
    whole = np.asarray(packed)
    return np.stack([(whole >> shift) & 255 for shift in (16, 8, 0)]).astype(np.uint8)


def _joined(planes: NDArray[np.uint8]) -> NDArray[np.int32]:
    red, green, blue = planes.astype(np.int32)
    return (red << 16) | (green << 8) | blue
