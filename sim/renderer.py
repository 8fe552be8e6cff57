"""Pictures of the arena: a broadcast view and the robots' own cameras."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.arena import Arena

Image = NDArray[np.uint8]
_PITCH_GROUPS = (0, 1)
_HULL_GROUP = 3


@dataclass(frozen=True, kw_only=True)
class RenderConfig:
    """Sizes and the broadcast camera.

    Attributes:
        broadcast_px: width, height.
        head_px: width, height of a robot's camera image (C920's 4:3).
        distance_m, elevation_deg: of the broadcast camera from the pitch centre.
        follow: share of the ball's position the camera's aim moves with.
    """

    broadcast_px: tuple[int, int] = (960, 540)
    head_px: tuple[int, int] = (240, 180)
    distance_m: float = 3.6
    elevation_deg: float = -32.0
    follow: float = 0.7


class ArenaRenderer:
    """Draws states of one arena; close it, or use it in `with`."""

    def __init__(self, arena: Arena, config: RenderConfig | None = None):
        self.config = config or RenderConfig()
        self._arena = arena
        self._data = mujoco.MjData(arena.model)
        width, height = self.config.broadcast_px
        self._broadcast = mujoco.Renderer(arena.model, height, width)
        width, height = self.config.head_px
        self._head = mujoco.Renderer(arena.model, height, width)
        # Shadows would cost three quarters of so small a picture's time.
        self._head.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        for group in (*_PITCH_GROUPS, _HULL_GROUP):
            self._option.geomgroup[group] = 1
        self._camera = mujoco.MjvCamera()
        self._camera.azimuth = 90.0
        self._camera.elevation = self.config.elevation_deg
        self._camera.distance = self.config.distance_m
        self._aim = np.zeros(2)

    def __enter__(self) -> "ArenaRenderer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pose(self, qpos: NDArray[np.float64]) -> None:
        """Take the state to draw next: `qpos` [nq]."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._arena.model, self._data)
        mujoco.mj_camlight(self._arena.model, self._data)

    def broadcast(self) -> Image:
        """[height, width, 3] the side-line view; the aim follows the ball smoothly.

        Without a ball it stays on the first robot.
        """
        if self._arena.ball is not None:
            ball = self._data.qpos[self._arena.ball.qpos[:2]]
            # A first-order camera operator: 6 % of the way per frame.
            self._aim += 0.06 * (self.config.follow * ball - self._aim)
            height_m = 0.1
        else:
            self._aim[:] = self._data.qpos[self._arena.robots[0].root_qpos[:2]]
            height_m = 0.2
        self._camera.lookat[:] = [*self._aim, height_m]
        return self._draw(self._broadcast, self._camera)

    def follow(self, robot: int) -> Image:
        """[height, width, 3] the side-line view with one robot in its middle.

        Args:
            robot: its number. A `distance_m` of about a metre suits it.
        """
        x, y = self._data.qpos[self._arena.robots[robot].root_qpos[:2]]
        self._camera.lookat[:] = [x, y, 0.2]
        return self._draw(self._broadcast, self._camera)

    def head_camera(self, robot: int) -> Image:
        """[height, width, 3] what robot number `robot` of the arena sees."""
        return self._draw(self._head, self._arena.robots[robot].camera)

    def close(self) -> None:
        """Free the OpenGL contexts."""
        self._broadcast.close()
        self._head.close()

    def _draw(self, renderer: mujoco.Renderer, camera: mujoco.MjvCamera | int) -> Image:
        renderer.update_scene(self._data, camera, self._option)
        return renderer.render().copy()
