"""The same episodes on both backends, for tests that compare them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sim.env_core import EnvCore, build_core
from sim.env_models import ModelFields, randomized_fields, write_fields
from sim.env_senses import Frames
from sim.env_step import Start, begin
from sim.mjx_physics import Implementation, MjxConfig, MjxPhysics, PhysicsState
from sim.physics import CpuPhysics
from sim.pytrees import register_pytrees
from sim.random_numbers import NumpyRandom
from sim.randomization import RandomizationConfig
from sim.tasks.task import Task

COUNT = 2


class Pair:
    """Two randomized episodes of a task, placed alike in MuJoCo and in MJX."""

    def __init__(self, task: Task, implementation: Implementation):
        self.core: EnvCore = build_core(task, RandomizationConfig())
        model = self.core.arena.model
        self.begun: Start = begin(self.core, NumpyRandom(3), COUNT)
        self.fields: ModelFields = randomized_fields(
            self.core.nominal, self.core.places, self.begun.parameters
        )
        robots = self.core.arena.robots
        pushed = tuple(robots[agent].torso_body for agent in task.agents)
        self.cpu = CpuPhysics(model, COUNT, 1, pushed_bodies=pushed)
        for row in range(COUNT):
            write_fields(self.cpu.models[row], self.core.places, self.fields, row)
        self.sensors = self.cpu.place(
            np.arange(COUNT), self.begun.qpos, self.begun.qvel
        )
        self.mjx = MjxPhysics(
            model,
            self.core.places,
            pushed_bodies=pushed,
            config=MjxConfig(implementation=implementation),
        )
        nothing = np.zeros(1)
        register_pytrees(
            self.fields,
            PhysicsState(qpos=nothing, qvel=nothing, warmstart=nothing),
            Frames(qpos=nothing, qvel=nothing, sensors=nothing),
        )
        self.batch = jax.jit(self.mjx.model_fields)(in_jax(self.fields))
        self._step = jax.jit(self.mjx.step)
        self._state = PhysicsState(
            qpos=in_jax(self.begun.qpos),
            qvel=in_jax(self.begun.qvel),
            warmstart=jnp.zeros((COUNT, model.nv)),
        )

    def step(self, goals: np.ndarray, push_n: float) -> tuple[Frames, Frames]:
        """Frames of MuJoCo and of MJX; `push_n` along x on every agent."""
        wrench = np.zeros((COUNT, goals.shape[1], len(self.core.agents), 6))
        wrench[..., 0] = push_n
        expected = self.cpu.step(goals, wrench)
        self._state, found = self._step(
            self.batch, self._state, in_jax(goals), in_jax(wrench)
        )
        return expected, found

    def goals(self, rng: np.random.Generator) -> np.ndarray:
        """[B, 5, nu] servo goals around the joint angles the robots started with."""
        start = self.begun.placement.joint_rad.reshape(COUNT, -1)
        start = start[:, self.core.control_order]
        wanted = start + 0.1 * rng.standard_normal(start.shape)
        return np.repeat(wanted[:, None], 5, axis=1)


def in_jax(value: Any) -> Any:
    """float32 copies."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), value)
