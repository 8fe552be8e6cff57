"""Ball and robots as primitives against MuJoCo's own segmentation of the same states.

    python -m benchmarks.dynamic_objects --states 100

Both draw what a robot's head camera sees, one ray through each pixel's middle. MuJoCo
draws the meshes' hulls and everything else as it is. Three figures:

- ball: IoU of its mask where MuJoCo's has 6 pixels or more;
- robots: IoU of a robot's mask (own body or the other one), likewise;
- order: where both find the same two things along a ray, alone, more than 5 cm apart,
  how often ours has MuJoCo's nearer one in front.
"""

import argparse
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from numpy.typing import NDArray

from nerf_render.cameras import pixel_rays, pose_of_mujoco
from nerf_render.primitives import BodyPoses, Primitives, primitives_from
from nerf_render.shading import lighting_of
from nerf_render.tracing import Traced, trace
from robot.contracts.camera import pinhole
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from sim.arena import Arena, match_arena
from sim.forward_kinematics import kinematics_of
from sim.primitives_of_model import primitives_of
from sim.tasks.view import STAND_RAD

SIZE_PX = (40, 30)
HEAD_TILT = JOINT_NAMES.index("head_tilt")
HEAD = OP3_JOINTS[HEAD_TILT]
LEAST_PX = 6
APART_M = 0.05
_HIDDEN_GROUP = 5
_SETTLING_STEPS = 40
_NOTHING = -1


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of one set of states.

    Attributes:
        ball_iou, robot_iou: one entry per mask that is large enough.
        ordered, compared: pixels in the right order, of all that were compared.
    """

    ball_iou: NDArray[np.float64]
    robot_iou: NDArray[np.float64]
    ordered: int
    compared: int

    @property
    def order(self) -> float:
        """Share of pixels in the right order."""
        return self.ordered / max(self.compared, 1)


def match_states(arena: Arena, count: int, seed: int) -> NDArray[np.float64]:
    """[count, nq]: robots anywhere, every third one falling, ball often in view."""
    random = np.random.default_rng(seed)
    data = mujoco.MjData(arena.model)
    out = []
    for _ in range(count):
        mujoco.mj_resetData(arena.model, data)
        _place(arena, data, random)
        for _ in range(_SETTLING_STEPS):
            mujoco.mj_step(arena.model, data)
        out.append(data.qpos.copy())
    return np.stack(out)


def measure(arena: Arena, states: NDArray[np.float64]) -> Agreement:
    """Compare all robots' views of `states` [N, nq]."""
    ball, robots, ordered, compared = [], [], 0, 0
    theirs = MujocoLabels(arena)
    ours = OurLabels(arena)
    ball_label = ours.labels.index("ball")
    try:
        for qpos in states:
            for robot in arena.robots:
                alone, seen = theirs.draw(qpos, robot.camera)
                our_alone, our_seen = ours.draw(qpos, robot.camera)
                for label in range(ball_label + 1):
                    mine, other = seen == label, our_seen == label
                    if mine.sum() >= LEAST_PX:
                        iou = (mine & other).sum() / (mine | other).sum()
                        (ball if label == ball_label else robots).append(iou)
                right, total = _order(alone, our_alone, seen, our_seen)
                ordered, compared = ordered + right, compared + total
    finally:
        theirs.close()
    return Agreement(
        ball_iou=np.array(ball),
        robot_iou=np.array(robots),
        ordered=ordered,
        compared=compared,
    )


class MujocoLabels:
    """MuJoCo's view: the label of each pixel, and each label's depth drawn alone."""

    def __init__(self, arena: Arena):
        primitives = primitives_of(arena)
        self._model = copy.deepcopy(arena.model)
        self._data = mujoco.MjData(self._model)
        self._label = np.full(self._model.ngeom, _NOTHING)
        labels = np.concatenate([primitives.convex_label, primitives.capsule_label])
        alpha = np.concatenate(
            [primitives.convex_rgba[:, 3], primitives.capsule_rgba[:, 3]]
        )
        # Nets are sheets, not objects: they hide nothing.
        solid = alpha >= 1
        self._label[primitives.geoms[solid]] = labels[solid]
        self._count = len(primitives.labels)
        self._model.geom_group[:] = np.where(
            self._label >= 0, self._label, _HIDDEN_GROUP
        )
        width, height = SIZE_PX
        self._renderer = mujoco.Renderer(self._model, height, width)
        self._option = mujoco.MjvOption()

    def draw(
        self, qpos: NDArray[np.float64], camera: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """[L, H, W] depth of each label alone (inf for none), and [H, W] nearest."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)
        alone = [self._depth(camera, label) for label in range(self._count)]
        return np.stack(alone), self._nearest(camera)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()

    def _depth(self, camera: int, label: int) -> NDArray[np.float64]:
        found = self._segmented(camera, (label,)) >= 0
        self._renderer.enable_depth_rendering()
        depth = self._renderer.render().astype(np.float64)
        self._renderer.disable_depth_rendering()
        return np.where(found, depth, np.inf)

    def _nearest(self, camera: int) -> NDArray[np.int64]:
        geom = self._segmented(camera, tuple(range(self._count)))
        return np.where(geom >= 0, self._label[np.maximum(geom, 0)], _NOTHING)

    def _segmented(self, camera: int, groups: tuple[int, ...]) -> NDArray[np.int64]:
        self._option.geomgroup[:] = [group in groups for group in range(6)]
        self._renderer.update_scene(self._data, camera, self._option)
        self._renderer.enable_segmentation_rendering()
        drawn = self._renderer.render()
        self._renderer.disable_segmentation_rendering()
        is_geom = drawn[..., 1] == int(mujoco.mjtObj.mjOBJ_GEOM)
        return np.where(is_geom, drawn[..., 0], _NOTHING).astype(np.int64)


class OurLabels:
    """The same from primitives."""

    def __init__(self, arena: Arena):
        width, height = SIZE_PX
        model = arena.model
        fovy = np.radians(float(model.cam_fovy[arena.robots[0].camera]))
        rays = pixel_rays(pinhole(width, height, fovy))[:, :, 0, 0].reshape(-1, 2)
        arrays = primitives_of(arena)
        primitives = primitives_from(arrays)
        kinematics = kinematics_of(model)
        light = lighting_of(None)
        self.labels = arrays.labels

        @jax.jit
        def draw(qpos: jax.Array, camera: jax.Array) -> tuple[jax.Array, jax.Array]:
            poses = kinematics(qpos)
            bodies = BodyPoses(
                position=poses.body_position, rotation=poses.body_rotation
            )
            eye = pose_of_mujoco(
                poses.camera_position[camera], poses.camera_rotation[camera]
            )

            def with_only(label: jax.Array) -> Traced:
                return trace(_only(primitives, label), bodies, eye, rays, light)

            # The last label stands for all of them.
            found = jax.lax.map(with_only, jnp.arange(len(arrays.labels) + 1))
            depth = jnp.where(found.label >= 0, 1 / found.inverse_depth, jnp.inf)
            depth = depth.reshape(-1, height, width)
            return depth[:-1], found.label[-1].reshape(height, width)

        self._draw = draw

    def draw(
        self, qpos: NDArray[np.float64], camera: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """As `MujocoLabels.draw`."""
        alone, seen = self._draw(jnp.asarray(qpos, jnp.float32), jnp.int32(camera))
        return np.asarray(alone, np.float64), np.asarray(seen, np.int64)


def _only(primitives: Primitives, label: jax.Array) -> Primitives:
    """With those of other labels made empty; all of them for a label past the last."""
    solid, capsules = primitives.solid, primitives.capsules
    every = label == len(primitives.labels)
    flat, round_ = (solid.label == label) | every, (capsules.label == label) | every
    offset = jnp.where(flat[:, None], solid.offset_m, -1e3)
    radius = jnp.where(round_, capsules.radius_m, 0.0)
    return replace(
        primitives,
        solid=replace(solid, offset_m=offset),
        capsules=replace(capsules, radius_m=radius),
    )


def _place(arena: Arena, data: mujoco.MjData, random: np.random.Generator) -> None:
    assert arena.ball is not None
    ball = random.uniform(-1.2, 1.2, 2)
    data.qpos[arena.ball.qpos] = [*ball, 0.07, 1, 0, 0, 0]
    first = random.uniform(-np.pi, np.pi)
    for number, robot in enumerate(arena.robots):
        # Each on its own side of the ball, looking roughly at it.
        around = first + number * np.pi + random.uniform(-1.2, 1.2)
        away = random.uniform(0.3, 1.6)
        x, y = ball + away * np.array([np.cos(around), np.sin(around)])
        fallen = random.uniform() < 1 / 3
        pitch = random.choice([-1.5, 1.5]) if fallen else random.normal(0, 0.1)
        yaw = around + np.pi + random.normal(0, 0.3)
        height = 0.08 if fallen else 0.26
        data.qpos[robot.root_qpos] = [x, y, height, *_quaternion(yaw, pitch)]
        joints = STAND_RAD + random.normal(0, 0.2, len(robot.joint_qpos))
        joints[HEAD_TILT] = random.uniform(HEAD.min_rad, HEAD.max_rad)
        data.qpos[robot.joint_qpos] = joints
        data.ctrl[robot.actuators] = joints


def _quaternion(yaw_rad: float, pitch_rad: float) -> NDArray[np.float64]:
    turn, lean, both = np.zeros(4), np.zeros(4), np.zeros(4)
    mujoco.mju_axisAngle2Quat(turn, np.array([0.0, 0, 1]), yaw_rad)
    mujoco.mju_axisAngle2Quat(lean, np.array([0.0, 1, 0]), pitch_rad)
    mujoco.mju_mulQuat(both, turn, lean)
    return both


def _order(
    alone: NDArray[np.float64],
    our_alone: NDArray[np.float64],
    seen: NDArray[np.int64],
    our_seen: NDArray[np.int64],
) -> tuple[int, int]:
    """Pixels in the right order, and pixels that tell."""
    right = total = 0
    for first, second in _pairs(len(alone)):
        pair = [first, second]
        both = np.isfinite(alone[pair]).all(0) & np.isfinite(our_alone[pair]).all(0)
        apart = np.zeros_like(both)
        apart[both] = abs(alone[first][both] - alone[second][both]) > APART_M
        tells = apart & np.isin(seen, pair) & np.isin(our_seen, pair)
        right += int((seen[tells] == our_seen[tells]).sum())
        total += int(tells.sum())
    return right, total


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    for second in range(count):
        for first in range(second):
            yield first, second


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    arena = match_arena()
    found = measure(arena, match_states(arena, args.states, args.seed))
    print(
        json.dumps(
            {
                "states": args.states,
                "balls": len(found.ball_iou),
                "ball_iou_mean": round(float(found.ball_iou.mean()), 4),
                "ball_iou_least": round(float(found.ball_iou.min()), 4),
                "robots": len(found.robot_iou),
                "robot_iou_mean": round(float(found.robot_iou.mean()), 4),
                "robot_iou_5_percent": round(
                    float(np.quantile(found.robot_iou, 0.05)), 4
                ),
                "order": round(found.order, 5),
                "order_pixels": found.compared,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
