"""Collects trajectories with a DMPO policy, its memory included."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from training.dmpo import Dmpo
from training.streams import Streams
from training.trajectory import Trajectory


class Collector:
    """Rolls the policy out, remembering where the environments stand."""

    def __init__(self, dmpo: Dmpo, streams: Streams, steps: int):
        self._dmpo, self._streams, self._steps = dmpo, streams, steps
        self._observation, self._privileged = streams.reset()
        rows = streams.sizes.rows
        self._memory = dmpo.empty_memory(rows)
        self._first = np.ones(rows, bool)

    @property
    def no_memory(self) -> Any:
        """Empty memories of a rollout's rows."""
        rows = self._streams.sizes.rows
        return jax.tree.map(
            lambda x: jnp.zeros((rows, self._steps, *x.shape[1:])), self._memory
        )

    def collect(self, params: Any, key: Any, done: int) -> tuple[Trajectory, Any]:
        """[B, T] transitions, and the learner's memory before each."""
        rows: list[Trajectory] = []
        memories = []
        for step_key in jax.random.split(key, self._steps):
            memories.append(self._memory)
            rows.append(self._step(params, step_key, done))
        trajectory = Trajectory(*(np.stack(x, axis=1) for x in zip(*rows, strict=True)))
        memory = jax.tree.map(lambda *x: jnp.stack(x, axis=1), *memories)
        return trajectory, memory

    def _step(self, params: Any, key: Any, done: int) -> Trajectory:
        observation, privileged = self._observation, self._privileged
        choice = self._dmpo.act(
            params, key, observation, privileged, self._memory, self._first
        )
        action = np.asarray(choice.action)
        moved = self._streams.step(action, steps=done)
        self._observation, self._privileged = moved.observation, moved.privileged
        self._memory, self._first = choice.memory, moved.cut
        return Trajectory(
            observation=observation,
            privileged=privileged,
            action=action,
            reward=moved.reward,
            ended=moved.ended,
            cut=moved.cut,
            log_prob=np.asarray(choice.log_prob),
        )
