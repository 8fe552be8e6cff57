"""Robots' camera pictures drawn in captured scenes: where `sim` meets `nerf_render`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import NDArray

from nerf_render.camera_effects import as_bytes
from nerf_render.cameras import CameraPose, pose_of_mujoco
from nerf_render.compositing import Frame
from nerf_render.primitives import BodyPoses, primitives_from
from nerf_render.scene_file import Scene, read_scene
from nerf_render.stage import Stage, draw, missing_parts, refuse_blocked, stage_of
from robot.contracts.camera import CameraModel, Image
from sim.arena import Arena
from sim.forward_kinematics import Poses, kinematics_of
from sim.primitives_of_model import BALL, OTHER, primitives_of

if TYPE_CHECKING:
    from firmware_bridge.clock import Clock
    from robot.camera.eyes import Eyes


class ScenePainter:
    """Draws states of one arena as its robots see them, in one of several scenes.

    Attributes:
        stage: everything but poses.
        kinematics: `qpos` to poses.
        cameras: [R] ids of the robots' head cameras.
    """

    def __init__(
        self,
        arena: Arena,
        scenes: Sequence[Scene],
        camera: CameraModel,
        *,
        coarse: int = 1,
        fine: int = 4,
    ):
        """
        Args:
            arena: whose states are drawn.
            scenes: with baked forms, see `stage_of`.
            camera: of the robots, at the size of the picture.
            coarse, fine: rays along a pixel's edge, see `stage_of`.

        Raises:
            SceneError, CameraError: see `stage_of`.
        """
        robots = (place.name for place in arena.config.robots)
        missing = (part for part in missing_parts(scenes) if part != "lines")
        parts = (*robots, BALL, OTHER, *missing)
        self.stage = stage_of(
            scenes,
            primitives_from(primitives_of(arena, parts=parts)),
            camera,
            field=arena.config.field,
            coarse=coarse,
            fine=fine,
        )
        self.kinematics = kinematics_of(arena.model)
        self.cameras = jnp.array([robot.camera for robot in arena.robots])
        self._one = jax.jit(self.seen)
        self._many = jax.jit(jax.vmap(self.seen, in_axes=(None, 0, 0, 0)))

    def seen(
        self,
        stage: Stage,
        qpos: Float[Array, "Q"],
        scene: Int[Array, ""],
        robot: Int[Array, ""],
    ) -> Frame:
        """Pure: what robot number `robot` sees in state `qpos`."""
        poses = self.kinematics(qpos)
        return draw(stage, scene, bodies_of(poses), self.eye(poses, robot))

    def eye(self, poses: Poses, robot: Int[Array, ""]) -> CameraPose:
        """A robot's camera."""
        camera = self.cameras[robot]
        return pose_of_mujoco(
            poses.camera_position[camera], poses.camera_rotation[camera]
        )

    def frame(self, qpos: NDArray[np.float64], robot: int, scene: int = 0) -> Frame:
        """One picture of one state `qpos` [nq]."""
        return self._one(
            self.stage,
            jnp.asarray(qpos, jnp.float32),
            jnp.int32(scene),
            jnp.int32(robot),
        )

    def frames(
        self,
        qpos: Float[Array, "B Q"],
        scene: Int[Array, "B"],
        robot: Int[Array, "B"],
    ) -> Frame:
        """A batch: states, scenes and robots may all differ."""
        return self._many(self.stage, qpos, scene, robot)

    def picture(self, qpos: NDArray[np.float64], robot: int, scene: int = 0) -> Image:
        """[H, W, 3] uint8."""
        return np.asarray(as_bytes(self.frame(qpos, robot, scene).rgb))

    def refuse_blocked(
        self, qpos: NDArray[np.float64], robot: int, scene: int = 0
    ) -> None:
        """Check that a robot's camera is in the scene's free space.

        Raises:
            CameraError: it is inside a wall, or outside of the scene.
        """
        poses = self.kinematics(jnp.asarray(qpos, jnp.float32))
        eye = self.eye(poses, jnp.int32(robot))
        refuse_blocked(self.stage, scene, np.asarray(eye.position))


def bodies_of(poses: Poses) -> BodyPoses:
    """What `nerf_render` wants of `sim`'s poses."""
    return BodyPoses(position=poses.body_position, rotation=poses.body_rotation)


def scene_eyes(
    arena: Arena,
    scene: Path,
    camera: CameraModel,
    clock: "Clock",
    robot: int,
    state: Callable[[], NDArray[np.float64]],
) -> "Eyes":
    """A virtual robot's camera: the present state in a scene, with a C920's timing.

    Args:
        camera: the policy's, drawn directly: an ideal lens, each pixel a mean.
        state: `qpos` [nq] of the moment.

    Raises:
        SceneError, CameraError: see `ScenePainter`.
    """
    from robot.camera.eyes import Eyes
    from robot.camera.virtual import VirtualCamera

    painter = ScenePainter(arena, [read_scene(scene)], camera)
    source = VirtualCamera(lambda: painter.picture(state(), robot), clock)
    return Eyes(source, lambda image: image)
