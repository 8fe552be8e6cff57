"""Any task on MJX: the whole batch, its resets included, in one compiled JAX step."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sim.env import EnvConfig
from sim.env_core import EnvCore, EnvError, build_core
from sim.env_models import randomized_fields
from sim.env_senses import Frames
from sim.env_state import EnvState, TimeStep, chosen, opening, staggered
from sim.env_step import after_physics, before_physics, begin, first_step
from sim.guard import exploded, free_positions
from sim.lean_model import lean_model
from sim.mjx_fields import Batch
from sim.mjx_physics import MjxConfig, MjxPhysics, PhysicsState
from sim.pytrees import register_pytrees
from sim.random_numbers import JaxRandom, NumpyRandom
from sim.tasks.task import Task

__all__ = ["MjxConfig", "MjxEnvironment", "MjxState"]

Array = Any


@dataclass(frozen=True, kw_only=True)
class MjxState:
    """Everything, physics included: an old state can be stepped again.

    Attributes:
        env: as on CPU physics.
        physics: of all environments.
        model: this episode's randomized model fields.
        key: of all draws to come.
        explosions: [] int32, episodes ended by the guard since `reset`.
    """

    env: EnvState
    physics: PhysicsState
    model: Batch
    key: Array
    explosions: Array


class MjxEnvironment:
    """B environments of one task; episodes that end start anew within the step.

    `reset` and `step` are pure and compiled; they can be called inside `jax.jit` and
    `jax.lax.scan`. Equal keys give equal trajectories on one device.
    """

    def __init__(
        self,
        task: Task,
        config: EnvConfig,
        seed: int,
        *,
        physics: MjxConfig | None = None,
    ):
        """Build the world.

        Args:
            task: what is learned.
            config: batch size, randomization, stagger. The guard ends and counts
                explosions but writes no files: the state before is still the caller's.
            seed: of `key`.
            physics: how MJX computes.

        Raises:
            EnvError: task, ranges and MJX do not fit together; names the remedy.
        """
        _check(config)
        self.config = config
        self.core = build_core(task, config.randomization)
        robots = self.core.arena.robots
        pushed = tuple(robots[agent].torso_body for agent in task.agents)
        self.physics = MjxPhysics(
            lean_model(self.core.arena),
            self.core.places,
            pushed_bodies=pushed if config.randomization.has_pushes else (),
            config=physics,
        )
        self.key = jax.random.key(seed)
        self._positions = free_positions(self.core.arena)
        # Rows restarted at once: few end in one step, and all cost a forward pass.
        self._restarts = max(1, config.num_envs // 32)
        _register(self.core)
        self._reset = jax.jit(self._traced_reset)
        self._step = jax.jit(self._traced_step)

    @property
    def action_shape(self) -> tuple[int, int, int]:
        """(B, R, A)."""
        count, agents = self.config.num_envs, len(self.core.agents)
        return count, agents, len(self.core.driven)

    def reset(self, key: Array) -> tuple[MjxState, TimeStep]:
        """Start all episodes. The time step's reward is 0.

        Args:
            key: of all draws; `self.key` for the environment's seed.
        """
        return self._reset(key)

    def step(
        self, state: MjxState, action: Array, *, push_strength: Array | float = 1.0
    ) -> tuple[MjxState, TimeStep]:
        """Advance one control step.

        Args:
            state: from `reset` or any step.
            action: [B, R, A] policy output, unclipped.
            push_strength: factor on pushes, for a curriculum.

        Raises:
            EnvError: the action's shape is another one.
        """
        if action.shape != self.action_shape:
            raise EnvError(
                f"action: expected shape {self.action_shape} (environments, agents, "
                f"joints), found {action.shape}"
            )
        return self._step(state, action, push_strength)

    def _traced_reset(self, key: Array) -> tuple[MjxState, TimeStep]:
        count = self.config.num_envs
        later, now, ages = jax.random.split(key, 3)
        state, observation, extra = self._begin(now, count)
        if self.config.stagger:
            share = jax.random.uniform(ages, (count,))
            env = staggered(state.env, share, self.core.task.episode_s)
            state = replace(state, env=env)
        seen = opening(observation, extra)
        return replace(state, key=later), seen

    def _traced_step(
        self, state: MjxState, action: Array, push_strength: Array
    ) -> tuple[MjxState, TimeStep]:
        core, before = self.core, state.env
        later, now, fresh = jax.random.split(state.key, 3)
        random = JaxRandom(now)
        action = jnp.asarray(action, jnp.float32)
        control = before_physics(
            core, random, before, action, state.physics.qpos, push_strength
        )
        physics, frames = self.physics.step(
            state.model, state.physics, control.goals_rad, control.wrench
        )
        bad = exploded(self._positions, frames.qpos[:, -1], frames.qvel[:, -1])
        frames = self._finite(frames, bad)
        after, moved = after_physics(core, random, before, action, control, frames, bad)
        stepped = replace(
            state,
            env=after,
            physics=physics,
            explosions=state.explosions + jnp.sum(bad, dtype=jnp.int32),
        )
        ended = jnp.logical_or(moved.terminated, moved.truncated)
        # Types as they came in, so that the next step is compiled already.
        stepped = jax.tree.map(_like, stepped, state)
        stepped, moved = self._restarted(fresh, ended, stepped, moved)
        return replace(stepped, key=later), moved

    def _restarted(
        self, key: Array, ended: Array, state: MjxState, moved: TimeStep
    ) -> tuple[MjxState, TimeStep]:
        """New episodes where `ended`, a few rows at a time."""
        count, some = self.config.num_envs, self._restarts

        def restart(carry):
            left, key, values = carry
            key, now = jax.random.split(key)
            (rows,) = jnp.nonzero(left, size=some, fill_value=count)
            fresh, observation, extra = self._begin(now, some)
            new = (fresh.env, fresh.physics, fresh.model, observation, extra)

            def write(old: Array, row_values: Array) -> Array:
                # Rows beyond the last are those that fill up.
                return old.at[rows].set(row_values, mode="drop")

            left = left.at[rows].set(False, mode="drop")
            return left, key, jax.tree.map(write, values, new)

        values = (
            state.env,
            state.physics,
            state.model,
            moved.observation,
            moved.privileged,
        )
        _, _, values = jax.lax.while_loop(
            lambda carry: jnp.any(carry[0]), restart, (ended, key, values)
        )
        env, physics, model, observation, extra = values
        return (
            replace(state, env=env, physics=physics, model=model),
            replace(moved, observation=observation, privileged=extra),
        )

    def _begin(self, key: Array, count: int) -> tuple[MjxState, Array, Array]:
        """`count` new episodes: state, observation, privileged."""
        core, random = self.core, JaxRandom(key)
        begun = begin(core, random, count)
        fields = randomized_fields(core.nominal, core.places, begun.parameters)
        model = self.physics.model_fields(fields)
        physics, sensors = self.physics.place(model, begun.qpos, begun.qvel)
        env, observation, extra = first_step(core, random, begun, sensors)
        state = MjxState(
            env=env,
            physics=physics,
            model=model,
            key=key,
            explosions=jnp.zeros((), jnp.int32),
        )
        return state, observation, extra

    def _finite(self, frames: Frames, bad: Array) -> Frames:
        """Frames with something finite where the physics exploded."""
        rest = Frames(
            qpos=jnp.broadcast_to(
                jnp.asarray(self.core.arena.model.qpos0, frames.qpos.dtype),
                frames.qpos.shape,
            ),
            qvel=jnp.zeros_like(frames.qvel),
            sensors=jnp.zeros_like(frames.sensors),
        )
        return chosen(bad, rest, frames)


def _check(config: EnvConfig) -> None:
    found = []
    if config.num_threads is not None:
        found.append(f"num_threads: expected None on MJX, found {config.num_threads}")
    if config.guard.folder:
        found.append(
            f"guard.folder: expected none on MJX (a compiled step writes no files; "
            f"keep the state before), found {config.guard.folder!r}"
        )
    if found:
        raise EnvError("; ".join(found))


def _register(core: EnvCore) -> None:
    """Let JAX see into all values that go in and out of a step."""
    random = NumpyRandom(0)
    begun = begin(core, random, 1)
    sensors = np.zeros((1, core.arena.model.nsensordata))
    env, *_ = first_step(core, random, begun, sensors)
    nothing = np.zeros(1)
    physics = PhysicsState(qpos=nothing, qvel=nothing, warmstart=nothing)
    state = MjxState(env=env, physics=physics, model={}, key=0, explosions=0)
    register_pytrees(state, _time_step_of(nothing))


def _time_step_of(value: Array) -> TimeStep:
    empty: dict[str, Array] = {}
    return TimeStep(
        observation=value,
        privileged=value,
        reward=value,
        terminated=value,
        truncated=value,
        final_observation=value,
        final_privileged=value,
        terms=empty,
        measures=empty,
        info=empty,
    )


def _like(new: Array, old: Array) -> Array:
    if jnp.issubdtype(old.dtype, jax.dtypes.prng_key):
        return new
    return jnp.asarray(new, old.dtype)
