"""Body and camera poses from `qpos`, in JAX: batched, compiled, without `mjData`.

The same equations as `mj_kinematics` (MuJoCo, engine_core_smooth.c), over all bodies of
one depth of the tree at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import NDArray

_FREE, _HINGE, _SLIDE = (
    int(kind)
    for kind in (
        mujoco.mjtJoint.mjJNT_FREE,
        mujoco.mjtJoint.mjJNT_HINGE,
        mujoco.mjtJoint.mjJNT_SLIDE,
    )
)


class KinematicsError(ValueError):
    """A model has joints that are not covered."""


class Poses(NamedTuple):
    """World poses of one state.

    Attributes:
        body_position, body_rotation: [nbody, 3] m and [nbody, 3, 3], as `xpos`, `xmat`.
        camera_position, camera_rotation: [ncam, ...], as `cam_xpos` and `cam_xmat`.
    """

    body_position: Float[Array, "*B N 3"]
    body_rotation: Float[Array, "*B N 3 3"]
    camera_position: Float[Array, "*B C 3"]
    camera_rotation: Float[Array, "*B C 3 3"]


@dataclass(frozen=True, kw_only=True)
class _Level:
    """Bodies of one depth that have the same kind of joint (or none)."""

    kind: int | None
    bodies: NDArray[np.int64]
    parents: NDArray[np.int64]
    position: NDArray[np.float32]
    rotation: NDArray[np.float32]
    address: NDArray[np.int64]
    axis: NDArray[np.float32]
    anchor: NDArray[np.float32]
    zero: NDArray[np.float32]


def kinematics_of(model: mujoco.MjModel) -> Callable[[Float[Array, "Q"]], Poses]:
    """A pure function qpos [nq] -> `Poses`, to be `vmap`ped and `jit`ted.

    Raises:
        KinematicsError: ball joints, several joints on a body, moving mocap bodies, or
            cameras that track.
    """
    _refuse(model)
    levels = _levels(model)
    camera_body = np.asarray(model.cam_bodyid, np.int64)
    camera_position = np.asarray(model.cam_pos, np.float32)
    camera_rotation = _matrices(model.cam_quat)

    def poses(qpos: Float[Array, "Q"]) -> Poses:
        position = jnp.zeros((model.nbody, 3))
        rotation = jnp.broadcast_to(jnp.eye(3), (model.nbody, 3, 3))
        for level in levels:
            moved, turned = _place(level, qpos, position, rotation)
            position = position.at[level.bodies].set(moved)
            rotation = rotation.at[level.bodies].set(turned)
        holder = rotation[camera_body]
        offset = jnp.einsum("nij,nj->ni", holder, camera_position)
        return Poses(
            body_position=position,
            body_rotation=rotation,
            camera_position=position[camera_body] + offset,
            camera_rotation=holder @ camera_rotation,
        )

    return poses


def _place(
    level: _Level,
    qpos: Float[Array, "Q"],
    position: Float[Array, "N 3"],
    rotation: Float[Array, "N 3 3"],
) -> tuple[Float[Array, "L 3"], Float[Array, "L 3 3"]]:
    if level.kind == _FREE:
        index = level.address[:, None] + np.arange(7)
        free = qpos[index]
        return free[:, :3], jax.vmap(_matrix)(free[:, 3:])
    parent = rotation[level.parents]
    offset = jnp.einsum("nij,nj->ni", parent, level.position)
    moved = position[level.parents] + offset
    turned = parent @ level.rotation
    if level.kind is None:
        return moved, turned
    travel = qpos[level.address] - level.zero
    if level.kind == _SLIDE:
        along = jnp.einsum("nij,nj->ni", turned, level.axis)
        return moved + along * travel[:, None], turned
    joint = jax.vmap(_about)(jnp.asarray(level.axis), travel)
    after = turned @ joint
    # The anchor stays where it is while the body turns about it.
    shift = jnp.einsum("nij,nj->ni", turned - after, level.anchor)
    return moved + shift, after


def _matrix(quat_wxyz: Float[Array, "4"]) -> Float[Array, "3 3"]:
    w, x, y, z = quat_wxyz / jnp.linalg.norm(quat_wxyz)
    return jnp.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _about(axis: Float[Array, "3"], angle_rad: Float[Array, ""]) -> Float[Array, "3 3"]:
    half = angle_rad / 2
    return _matrix(jnp.concatenate([jnp.cos(half)[None], axis * jnp.sin(half)]))


def _refuse(model: mujoco.MjModel) -> None:
    faults = []
    if (model.jnt_type == int(mujoco.mjtJoint.mjJNT_BALL)).any():
        faults.append("expected free, hinge and slide joints, found a ball joint")
    if (model.body_jntnum > 1).any():
        name = model.body(int(np.argmax(model.body_jntnum))).name
        faults.append(f"expected at most one joint per body, found several on {name}")
    if model.nmocap:
        faults.append(f"expected no mocap bodies, found {model.nmocap}")
    if (model.cam_mode != int(mujoco.mjtCamLight.mjCAMLIGHT_FIXED)).any():
        faults.append("expected cameras fixed to their bodies, found one that tracks")
    if faults:
        raise KinematicsError("; ".join(faults) + "; change the model")


def _levels(model: mujoco.MjModel) -> tuple[_Level, ...]:
    depth = np.zeros(model.nbody, np.int64)
    for body in range(1, model.nbody):
        depth[body] = depth[model.body_parentid[body]] + 1
    groups: dict[tuple[int, int], list[int]] = {}
    for body in range(1, model.nbody):
        kind = int(model.jnt_type[model.body_jntadr[body]])
        kind = kind if model.body_jntnum[body] else -1
        groups.setdefault((int(depth[body]), kind), []).append(body)
    return tuple(
        _level(model, None if kind < 0 else kind, np.array(groups[deep, kind]))
        for deep, kind in sorted(groups)
    )


def _level(
    model: mujoco.MjModel, kind: int | None, bodies: NDArray[np.int64]
) -> _Level:
    joints = model.body_jntadr[bodies] if kind is not None else np.zeros(0, np.int64)
    address = np.asarray(model.jnt_qposadr[joints], np.int64)
    return _Level(
        kind=kind,
        bodies=bodies,
        parents=np.asarray(model.body_parentid[bodies], np.int64),
        position=np.asarray(model.body_pos[bodies], np.float32),
        rotation=_matrices(model.body_quat[bodies]),
        address=address,
        axis=np.asarray(model.jnt_axis[joints], np.float32),
        anchor=np.asarray(model.jnt_pos[joints], np.float32),
        zero=np.asarray(model.qpos0[address], np.float32),
    )


def _matrices(quats_wxyz: NDArray[np.float64]) -> NDArray[np.float32]:
    matrices = np.zeros((len(quats_wxyz), 9))
    for matrix, quat in zip(matrices, quats_wxyz, strict=True):
        mujoco.mju_quat2Mat(matrix, quat)
    return matrices.reshape(-1, 3, 3).astype(np.float32)
