"""All that a robot's picture is made of but poses: scenes, light, objects, lens.

    stage = stage_of(scenes, primitives, camera, field)
    frame = draw(stage, scene, bodies, camera_pose)
    frames = jax.vmap(draw, in_axes=(None, 0, 0, 0))(stage, ...)

`draw` is pure: `jit` and `vmap` it over cameras, over scenes, or both. Memory beyond
the scenes themselves is about 100 bytes per ray and camera of a batch: 40 x 30 pixels
of 16 parts each take 2 MB per camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from nerf_render.background import RayGrid, baked_background, ray_grid
from nerf_render.baked import DISTANCE_STEPS, BakedScene
from nerf_render.baked_file import baked_of
from nerf_render.baking import stack_scenes
from nerf_render.cameras import CameraError, CameraPose
from nerf_render.compositing import Frame, composite
from nerf_render.pitch_lines import Lines, lines_of
from nerf_render.primitives import BodyPoses, Primitives
from nerf_render.scene_file import Scene, SceneError
from nerf_render.shading import Lighting, lighting_of
from robot.contracts.camera import CameraModel
from robot.contracts.field import FieldSpec

PARTS = ("lines", "goals", "walls")
"""What of a pitch a scene may show itself, see `SceneHeader.contains`."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["scenes", "light", "primitives", "lines", "grid"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class Stage:
    """Several scenes with one set of objects before them, seen through one lens.

    Attributes:
        scenes: with a leading axis, S.
        light: likewise.
        primitives: everything that is drawn over a scene.
        lines: to paint on the floor; None where the scenes show them.
        grid: rays of the lens.
    """

    scenes: BakedScene
    light: Lighting
    primitives: Primitives
    lines: Lines | None
    grid: RayGrid


def stage_of(
    scenes: Sequence[Scene],
    primitives: Primitives,
    camera: CameraModel,
    *,
    field: FieldSpec | None = None,
    coarse: int = 1,
    fine: int = 4,
) -> Stage:
    """Put baked scenes, objects and a lens together.

    Args:
        scenes: each with a baked form; they must show the same parts of the pitch.
        primitives: without what the scenes show (`missing_parts`).
        camera: of the robot, at the size of the picture.
        field: whose lines to paint where the scenes show none.
        coarse: rays for geometry along a pixel's edge.
        fine: rays for colour and objects along a pixel's edge.

    Raises:
        SceneError: no scenes, scenes without baked form, or scenes that differ.
        CameraError: see `ray_grid`.
    """
    lines = lines_of(field or FieldSpec()) if "lines" in missing_parts(scenes) else None
    lights = [lighting_of(scene.header.light) for scene in scenes]
    return Stage(
        scenes=stack_scenes([baked_of(scene) for scene in scenes]),
        light=jax.tree.map(lambda *leaves: jnp.stack(leaves), *lights),
        primitives=primitives,
        lines=lines,
        grid=ray_grid(camera, coarse, fine),
    )


def missing_parts(scenes: Sequence[Scene]) -> tuple[str, ...]:
    """Parts of the pitch that `scenes` do not show and that must be drawn.

    Raises:
        SceneError: there are no scenes, or they differ in that.
    """
    shown = {tuple(sorted(scene.header.contains)) for scene in scenes}
    if len(shown) != 1:
        found = "; ".join(
            f"{scene.header.name}: {', '.join(scene.header.contains) or 'nothing'}"
            for scene in scenes
        )
        raise SceneError(
            "expected scenes that show the same parts of the pitch, found "
            f"{found or 'no scenes'}; use them in stages of their own"
        )
    (contains,) = shown
    return tuple(part for part in PARTS if part not in contains)


def draw(
    stage: Stage,
    scene: Int[Array, ""],
    bodies: BodyPoses,
    camera: CameraPose,
) -> Frame:
    """One picture: scene number `scene` with all objects, seen from `camera`.

    Args:
        bodies: poses of all bodies that carry primitives.
        camera: pitch frame.
    """
    return composite(
        baked_background(stage.scenes, scene, camera, stage.grid),
        stage.primitives,
        bodies,
        camera,
        stage.grid,
        jax.tree.map(lambda leaf: leaf[scene], stage.light),
        stage.lines,
    )


def refuse_blocked(stage: Stage, scene: int, position: np.ndarray) -> None:
    """Check that a camera at `position` [3] (pitch frame, m) is in free space.

    `draw` cannot stop inside compiled code: it shows nonsense there.

    Raises:
        CameraError: inside a wall, or outside of what was captured.
    """
    low = np.asarray(stage.scenes.low_m[scene], float)
    voxel = float(stage.scenes.voxel_m[scene])
    place = (np.asarray(position, float) - low) / voxel
    shape = np.array(stage.scenes.boxes.shape[1:])
    where = ", ".join(f"{value:.2f}" for value in position)
    if not ((place >= 0) & (place < shape)).all():
        ends = low + shape * voxel
        raise CameraError(
            f"camera at ({where}) m: expected a place within the scene, "
            f"{_span(low, ends)}; found one outside; move the camera or the robot"
        )
    if _inside_solid(np.asarray(stage.scenes.distance[scene]), place):
        raise CameraError(
            f"camera at ({where}) m: expected free space, found it inside a wall or "
            "another solid of the scene; move the camera or the robot, or check the "
            "scene's pitch frame"
        )


def _inside_solid(distance: np.ndarray, place: np.ndarray) -> bool:
    """Whether most of the surfaces around are seen from behind.

    Distances are known near surfaces only, so the first ones along the grid's axes,
    both ways, tell.
    """
    corner = np.round(place).astype(int)
    behind = before = 0
    for axis in range(3):
        line = distance[
            tuple(slice(None) if i == axis else corner[i] for i in range(3))
        ].astype(int)
        for way in (line[corner[axis] :], line[corner[axis] :: -1]):
            near = way[np.abs(way) <= 2 * DISTANCE_STEPS]
            behind += int(near.size > 0 and near[0] < 0)
            before += int(near.size > 0 and near[0] >= 0)
    return behind > before


def _span(low: np.ndarray, high: np.ndarray) -> str:
    return ", ".join(
        f"{axis} {a:.2f} to {b:.2f}"
        for axis, a, b in zip("xyz", low, high, strict=True)
    )
