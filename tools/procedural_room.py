"""Rooms that never were: the project's pitch with tags, walls, posters and furniture.

`tools.procedural_lab` films them.
"""

import math
from dataclasses import dataclass

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.field import FieldSpec
from sim.pitch import add_pitch

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]
TAG_SIZE_M = 0.2
_BOARD_M = 0.26
_BOX = mujoco.mjtGeom.mjGEOM_BOX
_RGB = mujoco.mjtTextureRole.mjTEXROLE_RGB


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One variant of the room.

    Attributes:
        name: of the scene folder.
        about: one sentence for its card.
        seed: of posters, textures and clutter.
        clutter: pieces of furniture along the walls.
        ambient: light from everywhere, RGB.
        lamp: light from `lamp_toward`, RGB.
        lamp_toward: from the pitch toward the light.
        wall: base colour of the walls.
        window: colour of the windows.
        half_size_m: of the room along x and y.
        height_m: of the room.
        steps: of the fit; None for the preset's.
    """

    name: str
    about: str
    seed: int
    clutter: int
    ambient: tuple[float, float, float]
    lamp: tuple[float, float, float]
    lamp_toward: tuple[float, float, float]
    wall: tuple[float, float, float]
    window: tuple[float, float, float]
    half_size_m: tuple[float, float] = (4.3, 3.7)
    height_m: float = 2.8
    steps: int | None = None


LABS = (
    Lab(
        name="lab_day",
        about="A lab at noon, daylight from the windows on one side.",
        seed=1,
        clutter=6,
        ambient=(0.46, 0.48, 0.52),
        lamp=(0.50, 0.50, 0.48),
        lamp_toward=(0.35, 0.75, 1.0),
        wall=(0.82, 0.82, 0.78),
        window=(0.75, 0.86, 0.97),
        # After 2000, half of a bright bare wall still lies metres behind itself.
        steps=3200,
    ),
    Lab(
        name="lab_evening",
        about="The same lab in the evening: dark windows, warm lamps.",
        seed=1,
        clutter=6,
        ambient=(0.36, 0.31, 0.25),
        lamp=(0.46, 0.40, 0.30),
        lamp_toward=(-0.2, -0.1, 1.0),
        wall=(0.82, 0.82, 0.78),
        window=(0.05, 0.07, 0.13),
    ),
    Lab(
        name="lab_workshop",
        about="Another lab: other walls and posters, furniture all around the pitch.",
        seed=7,
        clutter=16,
        ambient=(0.42, 0.43, 0.44),
        lamp=(0.44, 0.45, 0.46),
        lamp_toward=(0.0, 0.1, 1.0),
        wall=(0.58, 0.66, 0.72),
        window=(0.62, 0.70, 0.75),
    ),
)


def build(lab: Lab, field: FieldSpec | None = None) -> mujoco.MjModel:
    """The room with the pitch, without ball and robots."""
    field = field or FieldSpec()
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1280, 960
    spec.visual.quality.offsamples = 4
    spec.visual.quality.shadowsize = 2048
    spec.visual.headlight.ambient = list(lab.ambient)
    spec.visual.headlight.diffuse = [0.0, 0.0, 0.0]
    spec.visual.headlight.specular = [0.0, 0.0, 0.0]
    spec.worldbody.add_light(
        pos=[0, 0, 3],
        dir=[-value for value in lab.lamp_toward],
        diffuse=list(lab.lamp),
        specular=[0.0, 0.0, 0.0],
        castshadow=False,
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
    )
    add_pitch(spec, field)
    noise = np.random.default_rng(lab.seed)
    _retexture_turf(spec, noise)
    _add_room(spec, lab, noise)
    for index in range(lab.clutter):
        _add_furniture(spec, lab, noise, index, lab.clutter)
    for number, pose in enumerate(tag_poses(field)):
        _add_tag(spec, number, pose)
    return spec.compile()


def tag_poses(field: FieldSpec) -> list[Floats]:
    """[4, 4] each: tag frame (x right, y up, z out of the paper) in the pitch frame.

    Eight tags, two standing on each border wall, where they may stay.
    """
    x = field.half_length_m + field.ramp_width_m - 0.002
    y = field.half_width_m + field.ramp_width_m - 0.002
    height = field.wall_height_m + _BOARD_M / 2
    places = [
        ((-1.5, y), -math.pi / 2),
        ((1.5, y), -math.pi / 2),
        ((-1.5, -y), math.pi / 2),
        ((1.5, -y), math.pi / 2),
        ((x, -1.3), math.pi),
        ((x, 1.3), math.pi),
        ((-x, -1.3), 0.0),
        ((-x, 1.3), 0.0),
    ]
    poses = []
    for (px, py), facing in places:
        out = np.array([math.cos(facing), math.sin(facing), 0.0])
        up = np.array([0.0, 0.0, 1.0])
        pose = np.eye(4)
        pose[:3, :3] = np.stack([np.cross(up, out), up, out], axis=-1)
        pose[:3, 3] = [px, py, height]
        poses.append(pose)
    return poses


def _texture(
    spec: mujoco.MjSpec, name: str, picture: Image, repeat: tuple[float, float] = (1, 1)
) -> str:
    texture = spec.add_texture(
        name=name,
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        width=picture.shape[1],
        height=picture.shape[0],
        nchannel=3,
    )
    texture.data = np.ascontiguousarray(picture).tobytes()
    material = spec.add_material(name=name, texrepeat=list(repeat), specular=0.0)
    material.textures[_RGB] = name
    return name


def _grain(
    noise: np.random.Generator, size: tuple[int, int], colour: Floats, contrast: float
) -> Image:
    """Noise of several octaves around a colour, [h, w, 3]."""
    height, width = size
    total = np.zeros((height, width))
    for octave in (4, 16, 64, 256):
        cells = (
            max(2, octave * height // max(size)),
            max(2, octave * width // max(size)),
        )
        layer = noise.standard_normal(cells).astype(np.float32)
        total += cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
    total *= contrast / total.std()
    picture = 255 * np.clip(np.asarray(colour) * (1 + total[..., None]), 0, 1)
    return picture.astype(np.uint8)


def _retexture_turf(spec: mujoco.MjSpec, noise: np.random.Generator) -> None:
    (texture,) = [one for one in spec.textures if one.name == "turf"]
    picture = _grain(noise, (1024, 1024), np.array([0.20, 0.46, 0.20]), 0.16)
    texture.builtin = mujoco.mjtBuiltin.mjBUILTIN_NONE
    texture.width = texture.height = 1024
    texture.nchannel = 3
    texture.data = picture.tobytes()
    (material,) = [one for one in spec.materials if one.name == "turf"]
    material.texuniform = False
    material.texrepeat = [1, 1]
    material.specular = 0.0


def _poster(noise: np.random.Generator) -> Image:
    picture = np.full((192, 256, 3), noise.integers(120, 250, 3), np.uint8)
    for _ in range(14):
        colour = tuple(int(c) for c in noise.integers(0, 255, 3))
        a, b = noise.integers(0, 256, 2), noise.integers(0, 192, 2)
        first, second = (int(a[0]), int(b[0])), (int(a[1]), int(b[1]))
        kind = noise.integers(3)
        if kind == 0:
            cv2.rectangle(picture, first, second, colour, -1)
        elif kind == 1:
            cv2.circle(picture, first, int(noise.integers(8, 40)), colour, -1)
        else:
            cv2.line(picture, first, second, colour, int(noise.integers(2, 9)))
    for row in range(150, 186, 9):
        cv2.line(
            picture, (14, row), (int(noise.integers(120, 240)), row), (20, 20, 20), 2
        )
    return picture


def _panel(
    spec: mujoco.MjSpec,
    at: tuple[float, float, float],
    facing: float,
    half: tuple[float, float],
    material: str | None,
    rgba: tuple[float, float, float, float] = (1, 1, 1, 1),
) -> None:
    """A thin board whose textured face looks along `facing` (yaw)."""
    out = np.array([math.cos(facing), math.sin(facing), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    matrix = np.stack([np.cross(up, out), up, out], axis=-1)
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, matrix.ravel())
    geom = spec.worldbody.add_geom(
        type=_BOX,
        pos=list(at),
        quat=quat.tolist(),
        size=[*half, 0.001],
        rgba=list(rgba),
    )
    if material is not None:
        geom.material = material


def _add_room(spec: mujoco.MjSpec, lab: Lab, noise: np.random.Generator) -> None:
    x, y = lab.half_size_m
    high = lab.height_m
    walls = (((x, 0.0), math.pi, y), ((-x, 0.0), 0.0, y), ((0.0, y), -math.pi / 2, x))
    walls += (((0.0, -y), math.pi / 2, x),)
    for index, ((wx, wy), facing, half) in enumerate(walls):
        grain = _grain(noise, (256, 768), np.array(lab.wall), 0.07)
        wall = _texture(spec, f"wall_{index}", grain)
        _panel(spec, (wx, wy, high / 2), facing, (half, high / 2), wall)
        along = np.array([-math.sin(facing), math.cos(facing)])
        inward = np.array([math.cos(facing), math.sin(facing)])
        for place in np.linspace(-half + 0.9, half - 0.9, 5):
            place += noise.uniform(-0.25, 0.25)
            at = np.array([wx, wy]) + along * place + inward * 0.01
            height = noise.uniform(1.1, 2.0)
            if index == 2:
                pane = np.full((96, 64, 3), 255 * np.array(lab.window), np.uint8)
                pane[:, 30:34] = pane[46:50] = 90
                name = _texture(spec, f"window_{place:.3f}", pane)
                _panel(spec, (at[0], at[1], 1.7), facing, (0.45, 0.65), name)
                continue
            name = _texture(spec, f"poster_{index}_{place:.3f}", _poster(noise))
            half_size = (noise.uniform(0.3, 0.55), noise.uniform(0.25, 0.4))
            _panel(spec, (at[0], at[1], height), facing, half_size, name)
    ceiling = _texture(
        spec, "ceiling", _grain(noise, (256, 256), np.array([0.8, 0.8, 0.8]), 0.05)
    )
    geom = spec.worldbody.add_geom(
        type=_BOX, pos=[0, 0, high], quat=[0, 1, 0, 0], size=[x, y, 0.01]
    )
    geom.material = ceiling


def _add_furniture(
    spec: mujoco.MjSpec,
    lab: Lab,
    noise: np.random.Generator,
    index: int,
    total: int,
) -> None:
    """A crate, cabinet or table between the border walls and the room's walls."""
    x, y = lab.half_size_m
    angle = 2 * math.pi * (index + noise.uniform(0.2, 0.8)) / total
    half = noise.uniform([0.15, 0.15, 0.2], [0.38, 0.32, 0.65])
    reach = np.array([x - half[0] - 0.1, y - half[1] - 0.1])
    direction = np.array([math.cos(angle), math.sin(angle)])
    at = direction / np.max(np.abs(direction) / reach)
    colour = noise.uniform(0.25, 0.85, 3)
    picture = _grain(noise, (128, 128), colour, 0.15)
    for _ in range(4):
        first, second = noise.integers(0, 128, 2), noise.integers(0, 128, 2)
        shade = tuple(int(c) for c in noise.integers(0, 255, 3))
        cv2.rectangle(
            picture, tuple(map(int, first)), tuple(map(int, second)), shade, 3
        )
    name = _texture(spec, f"furniture_{index}", picture)
    # Boards on the sides carry the texture; a box alone shows it only above.
    spec.worldbody.add_geom(
        type=_BOX, pos=[*at, half[2]], size=half.tolist(), rgba=[*colour, 1.0]
    )
    for side, facing in enumerate((0.0, math.pi / 2, math.pi, -math.pi / 2)):
        out = np.array([math.cos(facing), math.sin(facing)])
        face = at + out * (half[side % 2] + 0.003)
        _panel(spec, (*face, half[2]), facing, (half[1 - side % 2], half[2]), name)


def _add_tag(spec: mujoco.MjSpec, number: int, pose: Floats) -> None:
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    modules = cv2.aruco.generateImageMarker(dictionary, number, 200)
    board = np.full((260, 260), 255, np.uint8)
    board[30:230, 30:230] = modules
    name = _texture(spec, f"tag_{number}", np.repeat(board[..., None], 3, -1))
    facing = math.atan2(pose[1, 2], pose[0, 2])
    _panel(spec, tuple(pose[:3, 3]), facing, (_BOARD_M / 2, _BOARD_M / 2), name)
