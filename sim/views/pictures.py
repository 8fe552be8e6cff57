"""Broadcast pictures for interfaces that can render; OpenGL starts at the first."""

import numpy as np
from numpy.typing import NDArray

from sim.arena import Arena
from sim.renderer import ArenaRenderer, Image, RenderConfig

PICTURE_PX = (480, 270)
"""Width, height."""
_PITCH_DISTANCE_M = 5.0
_ROBOT_DISTANCE_M = 1.5


class Pictures:
    """Draws states of an arena: all of the pitch, or the one robot without a pitch."""

    def __init__(self, arena: Arena, size_px: tuple[int, int] = PICTURE_PX):
        self._arena = arena
        on_pitch = arena.config.field is not None
        self._config = RenderConfig(
            broadcast_px=size_px,
            distance_m=_PITCH_DISTANCE_M if on_pitch else _ROBOT_DISTANCE_M,
            # A still camera: one picture does not depend on those before.
            follow=0.0,
        )
        self._renderer: ArenaRenderer | None = None

    def draw(self, qpos: NDArray[np.float64]) -> Image:
        """[height, width, 3] the state `qpos` [nq]."""
        if self._renderer is None:
            self._renderer = ArenaRenderer(self._arena, self._config)
        self._renderer.pose(qpos)
        return self._renderer.broadcast()

    def close(self) -> None:
        """Free the OpenGL contexts; may be called twice."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
