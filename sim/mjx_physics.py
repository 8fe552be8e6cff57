"""MJX physics: many environments stepped inside one traced JAX function."""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from mujoco import mjx
from mujoco.mjx import warp as mjx_warp

from sim.env_core import EnvError
from sim.env_models import ModelFields, ModelPlaces
from sim.env_senses import Frames
from sim.mjx_fields import Batch, Derived, batched_fields

Array = Any
Implementation = Literal["jax", "warp"]
_GEOM = mujoco.mjtGeom


@dataclass(frozen=True, kw_only=True)
class MjxConfig:
    """How MJX computes.

    Attributes:
        implementation: "jax" runs on anything JAX does; "warp" wants `warp-lang` and,
            to be fast, an NVIDIA GPU; "auto" takes warp where both are there.
        contacts_per_robot, constraints_per_robot: memory that warp sets aside for each
            environment; contacts of all environments share one store, and more than
            fit are dropped. Robots that flail at random reach 13 and 73.
    """

    implementation: Literal["auto", "jax", "warp"] = "auto"
    contacts_per_robot: int = 24
    constraints_per_robot: int = 128


@dataclass(frozen=True, kw_only=True)
class PhysicsState:
    """[B, nq], [B, nv] and the last accelerations [B, nv] that the solver starts at."""

    qpos: Array
    qvel: Array
    warmstart: Array


def resolved(implementation: str) -> Implementation:
    """What "auto" means on this machine.

    Raises:
        EnvError: warp is asked for and not installed.
    """
    installed = mjx_warp.WARP_INSTALLED
    if implementation == "auto":
        return "warp" if installed and jax.default_backend() == "gpu" else "jax"
    if implementation == "warp" and not installed:
        raise EnvError(
            "MJX implementation 'warp': expected the package warp-lang, found none; "
            "pip install 'mujoco-mjx[warp]', or choose implementation='jax'"
        )
    return "warp" if implementation == "warp" else "jax"


def faults(model: mujoco.MjModel, implementation: Implementation) -> list[str]:
    """What of `model` MJX would leave out or cannot do, each with a remedy."""
    found = []
    if model.nhistory:
        found.append(
            "actuator delay: MJX has no command buffers; use servos without "
            "command_delay_s (action_delay_steps of the randomization delays too)"
        )
    if implementation == "warp":
        return found
    if model.dof_dampingpoly.any():
        found.append(
            "quadratic joint damping: the JAX implementation of MJX ignores it; use "
            "the identified servo or implementation='warp'"
        )
    if hulls := _colliding_hulls(model):
        found.append(
            f"contacts of {hulls} convex hulls: the JAX implementation of MJX "
            f"compiles a function per pair of hulls; build the robots with "
            f"contacts=\"feet\" or use implementation='warp'"
        )
    return found


class MjxPhysics:
    """Steps B environments, each with its own randomized model fields. All methods are
    pure and meant to be traced; B is the leading axis of what they are given."""

    def __init__(
        self,
        model: mujoco.MjModel,
        places: ModelPlaces,
        *,
        pushed_bodies: tuple[int, ...] = (),
        config: MjxConfig | None = None,
    ):
        """Load `model`.

        Args:
            model: compiled.
            places: where randomized fields go.
            pushed_bodies: ids of bodies that `step` takes wrenches for.
            config: how MJX computes.

        Raises:
            EnvError: MJX lacks something the model has; lists all with remedies.
        """
        self._config = config or MjxConfig()
        self.implementation = resolved(self._config.implementation)
        if found := faults(model, self.implementation):
            raise EnvError(f"MJX ({self.implementation}): " + "; ".join(found))
        try:
            self._model = mjx.put_model(model, impl=self.implementation)
        except NotImplementedError as error:
            raise EnvError(f"MJX ({self.implementation}): {error}") from error
        self._compiled = model
        self._places = places
        self._pushed = np.array(pushed_bodies, dtype=int)
        self._derived = Derived(model)

    def model_fields(self, fields: ModelFields) -> Batch:
        """The batched model of B episodes; hand it to `place` and `step`."""
        batch = batched_fields(self._compiled, self._places, fields)
        batch |= self._derived(batch)
        # Warp shapes some fields otherwise.
        return {
            name: value.reshape(len(value), *getattr(self._model, name).shape)
            for name, value in batch.items()
        }

    def place(
        self, batch: Batch, qpos: Array, qvel: Array
    ) -> tuple[PhysicsState, Array]:
        """Start B episodes; also [B, nsensordata] of the robots as placed."""
        state = PhysicsState(qpos=qpos, qvel=qvel, warmstart=jnp.zeros_like(qvel))
        forward = jax.vmap(mjx.forward, in_axes=(self._axes(batch), 0))
        data = forward(self._with(batch), self._data(state))
        return state, data.sensordata

    def step(
        self,
        batch: Batch,
        state: PhysicsState,
        goals: Array,
        wrench: Array | None = None,
    ) -> tuple[PhysicsState, Frames]:
        """Advance all environments.

        Args:
            batch: from `model_fields`.
            state: before.
            goals: [B, S, nu] actuator inputs for each of S physics steps.
            wrench: [B, S, P, 6] force and torque (world frame) at the centres of mass
                of the pushed bodies.

        Returns:
            The state S physics steps later, and all between. Sensors are those that
            MuJoCo computes just before each physics step.
        """
        model = self._with(batch)
        advance = jax.vmap(mjx.step, in_axes=(self._axes(batch), 0))

        def physics_step(data: mjx.Data, inputs: tuple[Array, Array | None]):
            goal, push = inputs
            data = data.replace(ctrl=goal)
            if push is not None:
                xfrc = jnp.zeros_like(data.xfrc_applied)
                data = data.replace(xfrc_applied=xfrc.at[:, self._pushed].set(push))
            data = advance(model, data)
            return data, (data.qpos, data.qvel, data.sensordata)

        swapped = jax.tree.map(lambda value: jnp.swapaxes(value, 0, 1), (goals, wrench))
        data, history = jax.lax.scan(physics_step, self._data(state), swapped)
        qpos, qvel, sensors = (jnp.swapaxes(value, 0, 1) for value in history)
        after = PhysicsState(
            qpos=data.qpos, qvel=data.qvel, warmstart=data.qacc_warmstart
        )
        return after, Frames(qpos=qpos, qvel=qvel, sensors=sensors)

    def _data(self, state: PhysicsState) -> mjx.Data:
        """MJX's working memory around B states."""
        count = len(state.qpos)
        sizes = {}
        if self.implementation == "warp":
            robots = len(self._places.torsos)
            sizes = {
                "naconmax": count * robots * self._config.contacts_per_robot,
                "njmax": robots * self._config.constraints_per_robot,
            }
        empty = mjx.make_data(self._compiled, impl=self.implementation, **sizes)

        def around(qpos: Array, qvel: Array, warmstart: Array) -> mjx.Data:
            return empty.replace(qpos=qpos, qvel=qvel, qacc_warmstart=warmstart)

        return jax.vmap(around)(state.qpos, state.qvel, state.warmstart)

    def _with(self, batch: Batch) -> mjx.Model:
        return self._model.tree_replace(batch)

    def _axes(self, batch: Batch) -> mjx.Model:
        """The model's tree with 0 at batched fields and None at shared ones."""
        shared = jax.tree.map(lambda _: None, self._model)
        return shared.tree_replace(dict.fromkeys(batch, 0))


def _colliding_hulls(model: mujoco.MjModel) -> int:
    collides = (model.geom_contype | model.geom_conaffinity) != 0
    return int(np.sum(collides & (model.geom_type == _GEOM.mjGEOM_MESH)))
