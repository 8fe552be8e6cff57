"""A simulated overhead camera: robots that carry tags, seen from above.

For trying a tracker without a lab: the pictures have a lens's blur, a sensor's noise
and things in the way, as asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import CameraModel, Image
from robot.contracts.field import FieldSpec
from sim.arena import AWAY_RGBA, HOME_RGBA, Arena, ArenaConfig, RobotPlace, build_arena
from sim.model_index import index_ball, index_robot
from sim.robot_model import TORSO, RobotModelConfig

_COLOURS = {"home": HOME_RGBA, "away": AWAY_RGBA}
_PLATE_THICKNESS_M = 0.002
_PITCH_GROUPS, _HULL_GROUP, _PLATE_GROUP = (0, 1), 3, 4
_CAMERA = "overhead"


@dataclass(frozen=True, kw_only=True)
class TagPlate:
    """A printed plate on a robot's torso, level while the torso is upright.

    Attributes:
        picture: [S, S] grey; its upper edge points ahead.
        side_m: of the whole plate.
        place_m: of its middle in the torso frame.
    """

    picture: NDArray[np.uint8]
    side_m: float
    place_m: tuple[float, float, float]


def tagged_arena(
    plates: Mapping[str, TagPlate],
    camera: CameraModel,
    *,
    height_m: float,
    field: FieldSpec | None = None,
) -> Arena:
    """The 1v1 arena, its robots (by name: home, away) with plates, a camera above.

    Args:
        camera: without distortion; it hangs over the centre and looks straight down.
        height_m: of the lens over the floor.
    """
    robots = tuple(
        RobotPlace(name=name, config=RobotModelConfig(colour=_COLOURS[name]))
        for name in plates
    )
    size = (camera.width_px, camera.height_px)
    arena = build_arena(
        ArenaConfig(robots=robots, field=field or FieldSpec(), offscreen_px=size)
    )
    spec = arena.spec
    spec.visual.quality.offsamples = 4
    spec.worldbody.add_camera(
        name=_CAMERA, pos=[0, 0, height_m], fovy=np.degrees(camera.fovy_rad)
    )
    for place in robots:
        _add_plate(spec, place.prefix, plates[place.name])
    model = spec.compile()
    return replace(
        arena,
        model=model,
        robots=tuple(index_robot(model, place.prefix) for place in robots),
        ball=index_ball(model),
    )


def _add_plate(spec: mujoco.MjSpec, prefix: str, plate: TagPlate) -> None:
    size = plate.picture.shape[0]
    # Texture columns run along the geom's x and rows along -y, so a picture whose upper
    # edge shall point along +x is turned clockwise.
    turned = np.rot90(plate.picture, -1)
    texture = spec.add_texture(
        name=f"{prefix}tag",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        width=size,
        height=size,
        nchannel=3,
    )
    texture.data = np.repeat(turned[..., None], 3, axis=2).tobytes()
    material = spec.add_material(name=f"{prefix}tag", specular=0.0, shininess=0.0)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name
    half = plate.side_m / 2
    spec.body(prefix + TORSO).add_geom(
        name=f"{prefix}tag",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half, half, _PLATE_THICKNESS_M / 2],
        pos=[*plate.place_m[:2], plate.place_m[2] - _PLATE_THICKNESS_M / 2],
        material=material.name,
        contype=0,
        conaffinity=0,
        mass=0.0,
        group=_PLATE_GROUP,
    )


class OverheadRenderer:
    """Draws what the overhead camera sees; close it, or use it in `with`."""

    def __init__(self, arena: Arena, *, shadows: bool = True):
        """Shadows cost software rendering half of its time."""
        self._arena = arena
        self._data = mujoco.MjData(arena.model)
        width, height = arena.config.offscreen_px
        self._renderer = mujoco.Renderer(arena.model, height, width)
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        for group in (*_PITCH_GROUPS, _HULL_GROUP, _PLATE_GROUP):
            self._option.geomgroup[group] = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._renderer.close()

    def picture(self, qpos: NDArray[np.float64]) -> Image:
        """[H, W, 3] of one state, sharp and without noise."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._arena.model, self._data)
        mujoco.mj_camlight(self._arena.model, self._data)
        self._renderer.update_scene(self._data, _CAMERA, self._option)
        return self._renderer.render().copy()


@dataclass(frozen=True, kw_only=True)
class Flaws:
    """What a real camera adds; the project's choice of a mediocre one.

    Attributes:
        blur_px: standard deviation of the lens's point spread.
        noise: standard deviation of a pixel's value, of 255.
        light: factor on all values.
    """

    blur_px: float = 0.8
    noise: float = 6.0
    light: float = 0.9


def flawed(image: Image, flaws: Flaws, rng: np.random.Generator) -> Image:
    """[H, W, 3] the picture as a flawed camera would have taken it."""
    blurred = _blurred(image.astype(np.float32), flaws.blur_px)
    noise = flaws.noise * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(flaws.light * blurred + noise, 0, 255).astype(np.uint8)


def _blurred(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Gaussian blur, one axis after the other; edges repeat."""
    if sigma_px <= 0:
        return image
    reach = max(1, round(3 * sigma_px))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sigma_px) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padding = [(0, 0)] * image.ndim
        padding[axis] = (reach, reach)
        wide = np.pad(image, padding, mode="edge")
        length = image.shape[axis]
        shifted = [
            wide.take(range(k, k + length), axis=axis) for k in range(len(weights))
        ]
        image = np.tensordot(weights.astype(np.float32), np.stack(shifted), axes=1)
    return image
