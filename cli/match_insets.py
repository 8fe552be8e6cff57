"""What the robots see, for the corners of a match's video: in a scene or in MuJoCo."""

import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from robot.contracts.camera import CameraModel, Image, pinhole
from sim.arena import Arena
from sim.renderer import ArenaRenderer

Pair = tuple[Image, Image]
_DRAWN_PX = (120, 90)
_SHOWN_PX = (240, 180)
_EVERY = 2
"""Frames of the video for one of an inset: 12.5 pictures a second."""


class MujocoInsets:
    """MuJoCo's pictures of both head cameras."""

    def __init__(self, renderer: ArenaRenderer):
        self._renderer = renderer

    def __call__(self, qpos: NDArray[np.float64]) -> Pair:
        """Of the state that the renderer is posed in."""
        return self._renderer.head_camera(0), self._renderer.head_camera(1)


class SceneInsets:
    """Both head cameras' pictures in a captured scene."""

    def __init__(self, arena: Arena, scene: Path):
        """
        Raises:
            SceneError: no scene there, or one without a baked form.
            CameraError: a measured lens that cannot be drawn.
        """
        # ffmpeg's process is replaced as soon as it is forked: no JAX runs in it.
        warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)
        # JAX is for those who draw scenes.
        import jax.numpy as jnp

        from cli.scene_pictures import ScenePainter
        from nerf_render.camera_effects import as_bytes
        from nerf_render.scene_file import read_scene

        camera = drawn_camera(arena)
        painter = ScenePainter(arena, [read_scene(scene)], camera, fine=1)
        both, first = jnp.arange(2), jnp.zeros(2, jnp.int32)

        def draw(qpos: NDArray[np.float64]) -> NDArray[np.uint8]:
            states = jnp.asarray(np.stack([qpos, qpos]), jnp.float32)
            return np.asarray(as_bytes(painter.frames(states, first, both).rgb))

        self._draw = draw
        self._asked = 0
        self._newest: Pair | None = None

    def __call__(self, qpos: NDArray[np.float64]) -> Pair:
        """Of the state `qpos` [nq], every second time; else the last pictures."""
        if self._newest is None or self._asked % _EVERY == 0:
            home, away = self._draw(qpos)
            self._newest = _enlarged(home), _enlarged(away)
        self._asked += 1
        return self._newest


def drawn_camera(arena: Arena) -> CameraModel:
    """The robots' own, at the size it is drawn in: as measured, or ideal."""
    lens = arena.config.robots[0].config.lens
    if lens is not None:
        return lens.at_size(*_DRAWN_PX)
    fovy_rad = math.radians(float(arena.model.cam_fovy[arena.robots[0].camera]))
    return pinhole(*_DRAWN_PX, fovy_rad)


def _enlarged(picture: Image) -> Image:
    image = Pillow.fromarray(picture)
    return np.asarray(image.resize(_SHOWN_PX, Pillow.Resampling.BICUBIC))
