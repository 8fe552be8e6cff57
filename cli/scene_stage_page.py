"""The page of `op3-soccer scene view`: a free camera, handles, and a head's picture."""

import math
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import viser
from numpy.typing import NDArray

from cli.scene_pictures import ScenePainter, bodies_of
from nerf_render.background import RayGrid, ray_grid
from nerf_render.camera_effects import as_bytes
from nerf_render.cameras import CameraError, CameraPose
from nerf_render.stage import Stage, draw, refuse_blocked
from robot.contracts.camera import pinhole
from robot.contracts.joints import JOINT_NAMES
from sim.arena import Arena
from sim.tasks.view import STAND_RAD

CAMERA = pinhole(40, 30, math.radians(43.31))
_LARGE = pinhole(240, 180, math.radians(43.31))
_FREE_HEIGHT_PX = 180
_STAND_M = 0.265
"""Height of a standing robot's torso."""
_FAR_M = 50.0
HEAD = tuple(JOINT_NAMES.index(name) for name in ("head_pan", "head_tilt"))


class StagePage:
    """Serves one scene with one arena's robots and ball.

    Attributes:
        port: it is served at.
        qpos: [nq] the state shown.
    """

    def __init__(self, arena: Arena, painter: ScenePainter, host: str, port: int):
        """Start to serve."""
        self.qpos = _standing(arena)
        self._arena = arena
        self._painter = painter
        self._free_grids: dict[int, RayGrid] = {}
        self._large = ray_grid(_LARGE, 1, 1)
        self._free = jax.jit(_free_picture)
        self._drawn_for: dict[int, Any] = {}
        self._shown: NDArray[np.float64] | None = None
        self._server = viser.ViserServer(host=host, port=port, verbose=False)
        self.port = self._server.get_port()
        self._server.scene.set_up_direction("+z")
        self._add_handles()
        self._add_controls()

        @self._server.on_client_connect
        def _(client: viser.ClientHandle) -> None:
            client.camera.position = (-2.2, -1.6, 1.2)
            client.camera.look_at = (0.0, 0.0, 0.2)

    def update(self) -> None:
        """Draw what has changed since the last call."""
        self._read_handles()
        changed = self._shown is None or not np.array_equal(self.qpos, self._shown)
        if changed:
            self._shown = self.qpos.copy()
            self._show_head()
        for number, client in self._server.get_clients().items():
            wanted = (*client.camera.position, *client.camera.wxyz, client.camera.fov)
            if changed or self._drawn_for.get(number) != wanted:
                self._drawn_for[number] = wanted
                self._show_free(client)

    @property
    def note(self) -> str:
        """What the page says about the robot's camera; empty if all is well."""
        return self._note.content

    @property
    def policy_picture(self) -> NDArray[np.uint8]:
        """[180, 240, 3] the picture shown as the policy's."""
        return np.asarray(self._policy.image)

    def move_ball(self, place_m: tuple[float, float, float]) -> None:
        """As its handle does."""
        self._ball.position = place_m

    def close(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _add_handles(self) -> None:
        assert self._arena.ball is not None
        add = self._server.scene.add_transform_controls
        self._ball = add(
            "/ball",
            scale=0.25,
            disable_rotations=True,
            position=tuple(self.qpos[self._arena.ball.qpos[:3]]),
        )
        self._robots = [
            add(
                f"/{place.name}",
                scale=0.4,
                active_axes=(True, True, False),
                position=tuple(self.qpos[robot.root_qpos[:3]]),
                wxyz=tuple(self.qpos[robot.root_qpos[3:]]),
            )
            for place, robot in zip(
                self._arena.config.robots, self._arena.robots, strict=True
            )
        ]

    def _add_controls(self) -> None:
        gui = self._server.gui
        names = tuple(place.name for place in self._arena.config.robots)
        self._who = gui.add_dropdown("robot", names, initial_value=names[0])
        self._pan = gui.add_slider("head pan", -0.79, 0.79, 0.01, 0.0)
        self._tilt = gui.add_slider("head tilt", -0.63, -0.16, 0.01, -0.4)
        blank = np.zeros((180, 240, 3), np.uint8)
        self._view = gui.add_image(blank, label="its camera")
        self._policy = gui.add_image(blank, label="as a policy sees it, 40 x 30")
        self._note = gui.add_markdown("")

    def _read_handles(self) -> None:
        assert self._arena.ball is not None
        self.qpos[self._arena.ball.qpos[:3]] = self._ball.position
        for handle, robot in zip(self._robots, self._arena.robots, strict=True):
            self.qpos[robot.root_qpos] = [*handle.position, *handle.wxyz]
        chosen = self._arena.robots[self._number]
        head = chosen.joint_qpos[list(HEAD)]
        self.qpos[head] = [self._pan.value, self._tilt.value]

    @property
    def _number(self) -> int:
        names = [place.name for place in self._arena.config.robots]
        return names.index(self._who.value)

    def _show_head(self) -> None:
        number = self._number
        try:
            self._painter.refuse_blocked(self.qpos, number)
            self._note.content = ""
        except CameraError as error:
            self._note.content = f"**{error}**"
        small = self._painter.picture(self.qpos, number)
        self._policy.image = small.repeat(6, axis=0).repeat(6, axis=1)
        poses = self._painter.kinematics(jnp.asarray(self.qpos, jnp.float32))
        eye = self._painter.eye(poses, jnp.int32(number))
        stage = replace(self._painter.stage, grid=self._large)
        self._view.image = np.asarray(self._free(stage, bodies_of(poses), eye)[0])

    def _show_free(self, client: viser.ClientHandle) -> None:
        camera = client.camera
        position = np.asarray(camera.position, float)
        try:
            refuse_blocked(self._painter.stage, 0, position)
        except CameraError:
            client.scene.set_background_image(None)
            return
        width = 16 * max(1, round(_FREE_HEIGHT_PX * camera.aspect / 16))
        lens = pinhole(width, _FREE_HEIGHT_PX, float(camera.fov))
        key = hash(lens)
        if key not in self._free_grids:
            self._free_grids = {key: ray_grid(lens, 1, 1)}
        stage = replace(self._painter.stage, grid=self._free_grids[key])
        poses = self._painter.kinematics(jnp.asarray(self.qpos, jnp.float32))
        pose = CameraPose(
            position=jnp.asarray(position, jnp.float32),
            rotation=jnp.asarray(_matrix(camera.wxyz), jnp.float32),
        )
        rgb, depth = self._free(stage, bodies_of(poses), pose)
        client.scene.set_background_image(
            np.asarray(rgb), format="jpeg", depth=np.asarray(depth)[..., None]
        )


def _free_picture(
    stage: Stage, bodies: Any, camera: CameraPose
) -> tuple[jax.Array, jax.Array]:
    """uint8 picture and depth, m, bounded for the page."""
    frame = draw(stage, jnp.int32(0), bodies, camera)
    return as_bytes(frame.rgb), jnp.minimum(frame.depth_m, _FAR_M)


def _standing(arena: Arena) -> NDArray[np.float64]:
    """Robots that face each other across a ball in the middle."""
    qpos = arena.model.qpos0.copy()
    assert arena.ball is not None
    qpos[arena.ball.qpos[:3]] = [0.0, 0.0, 0.07]
    for number, robot in enumerate(arena.robots):
        x = -0.8 if number == 0 else 0.8
        half = 0.0 if number == 0 else math.pi / 2
        turn = [math.cos(half), 0, 0, math.sin(half)]
        qpos[robot.root_qpos] = [x, 0.1 * x, _STAND_M, *turn]
        qpos[robot.joint_qpos] = STAND_RAD
    return qpos


def _matrix(quat_wxyz: Any) -> NDArray[np.float64]:
    w, x, y, z = np.asarray(quat_wxyz, float)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
