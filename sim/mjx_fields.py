"""Randomized model numbers for MJX: one batch axis on each field that episodes change.

The batched counterpart of `sim.env_models.write_fields` and of what `mj_setConst` then
derives from it: weights of constraints and subtree masses.
"""

import copy
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from mujoco import mjx

from sim.env_models import ModelFields, ModelPlaces
from sim.model_index import BallIndex

Array = Any
Batch = dict[str, Array]
"""[B, ...] by the name of the field of MuJoCo's model."""


def batched_fields(
    model: mujoco.MjModel, places: ModelPlaces, fields: ModelFields
) -> Batch:
    """All fields that episodes change, but for what MuJoCo derives from them.

    Args:
        model: as compiled.
        places: where `fields` go.
        fields: of B episodes.
    """
    count = len(fields.friction)

    def tiled(name: str) -> Array:
        base = jnp.asarray(getattr(model, name), jnp.float32)
        return jnp.broadcast_to(base, (count, *base.shape))

    limit = fields.force_limit_nm
    force_range = jnp.stack([-limit, limit], axis=-1)
    servo, torso = places.actuators, places.torsos
    friction = fields.friction[:, None]
    batch = {
        "geom_friction": tiled("geom_friction").at[:, places.surfaces, 0].set(friction),
        "actuator_gainprm": tiled("actuator_gainprm").at[:, servo, 0].set(fields.gain),
        "actuator_biasprm": tiled("actuator_biasprm").at[:, servo, 1].set(-fields.gain),
        "actuator_forcerange": tiled("actuator_forcerange")
        .at[:, servo]
        .set(force_range),
        "body_mass": tiled("body_mass").at[:, torso].set(fields.torso_mass_kg),
        "body_ipos": tiled("body_ipos").at[:, torso].set(fields.torso_com_m),
        "body_inertia": tiled("body_inertia").at[:, torso].set(fields.torso_inertia),
        "site_pos": tiled("site_pos").at[:, places.imus].set(fields.imu_m),
    }
    if fields.ball is None or places.ball is None:
        return batch
    return batch | _ball(batch, tiled, places.ball, fields)


def _ball(
    batch: Batch, tiled: Callable[[str], Array], ball: BallIndex, fields: ModelFields
) -> Batch:
    drawn = fields.ball
    assert drawn is not None
    radius = drawn.radius_m
    body, geom = ball.body, ball.geom
    return {
        "body_mass": batch["body_mass"].at[:, body].set(drawn.mass_kg),
        "body_inertia": batch["body_inertia"].at[:, body].set(drawn.inertia[:, None]),
        "geom_friction": batch["geom_friction"].at[:, geom, 2].set(drawn.rolling_m),
        "geom_size": tiled("geom_size").at[:, geom, 0].set(radius),
        "geom_rbound": tiled("geom_rbound").at[:, geom].set(radius),
        "geom_aabb": tiled("geom_aabb").at[:, geom, 3:].set(radius[:, None]),
    }


class Derived:
    """What `mj_setConst` derives from masses, for MJX.

    MJX has no such function of its own for both implementations; without it, a robot
    with added mass would stand on contacts as soft as the compiled robot's.
    """

    def __init__(self, model: mujoco.MjModel):
        """Prepare for models that differ from `model` in masses alone."""
        bare = copy.copy(model)
        # The mass matrix needs no contacts, and MJX is slow to load them.
        bare.geom_contype[:] = 0
        bare.geom_conaffinity[:] = 0
        self._model = mjx.put_model(bare, impl="jax")
        self._data = mjx.make_data(bare, impl="jax")
        self._qpos0 = jnp.asarray(model.qpos0, jnp.float32)
        self._below = _below(model.body_parentid)
        self._moves = _moves(model, self._below)
        self._alike = _alike(model)
        # Bodies that nothing moves have weight zero.
        self._moved = np.asarray(model.body_weldid) > 0

    def __call__(self, batch: Batch) -> Batch:
        """`body_subtreemass`, `body_invweight0`, `dof_invweight0`, [B, ...].

        Args:
            batch: from `batched_fields`.
        """
        names = ("body_mass", "body_ipos", "body_inertia")
        return jax.vmap(self._one)(*(batch[name] for name in names))

    def _one(self, mass: Array, centre: Array, inertia: Array) -> Batch:
        model = self._model.tree_replace(
            {"body_mass": mass, "body_ipos": centre, "body_inertia": inertia}
        )
        data = self._data.replace(qpos=self._qpos0)
        data = mjx.crb(model, mjx.com_pos(model, mjx.kinematics(model, data)))
        factor = jax.scipy.linalg.cho_factor(mjx.full_m(model, data))
        eye = jnp.eye(len(self._alike), dtype=mass.dtype)
        inverse = jax.scipy.linalg.cho_solve(factor, eye)
        # Columns of each body's Jacobian at its centre of mass, [nbody, nv, 3].
        arm = data.xipos - data.subtree_com[self._model.body_rootid]
        turn = data.cdof[None, :, :3] * self._moves[..., None]
        shift = data.cdof[None, :, 3:] * self._moves[..., None]
        shift = shift + jnp.cross(turn, arm[:, None])
        weights = [
            jnp.einsum("bik,ij,bjk->b", way, inverse, way) / 3 for way in (shift, turn)
        ]
        weight = jnp.stack(weights, axis=-1)
        return {
            "body_subtreemass": jnp.asarray(self._below, mass.dtype) @ mass,
            "body_invweight0": jnp.where(self._moved[:, None], weight, 0.0),
            "dof_invweight0": jnp.asarray(self._alike, mass.dtype) @ jnp.diag(inverse),
        }


def _below(parents: np.ndarray) -> np.ndarray:
    """[nbody, nbody] bool: the second body is the first or hangs from it."""
    below = np.eye(len(parents), dtype=bool)
    for body in range(len(parents) - 1, 0, -1):
        below[parents[body]] |= below[body]
    return below


def _moves(model: mujoco.MjModel, below: np.ndarray) -> np.ndarray:
    """[nbody, nv] bool: the degree of freedom moves the body."""
    return below[model.dof_bodyid].T


def _alike(model: mujoco.MjModel) -> np.ndarray:
    """[nv, nv] averages over the three directions of a free joint's two halves."""
    mean = np.eye(model.nv)
    for joint in range(model.njnt):
        if model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE:
            first = int(model.jnt_dofadr[joint])
            for start in (first, first + 3):
                mean[start : start + 3, start : start + 3] = 1 / 3
    return mean
