"""Replay of trajectories on the learner's device, a thin layer over flashbax.

Time runs along one ring per environment column. Batches follow each other without a
gap; where recorded data does not (a run was resumed, an archive is read in), call
`sealed` on what comes before the gap.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

import flashbax
import jax
import jax.numpy as jnp
import numpy as np
from flashbax.buffers.trajectory_buffer import TrajectoryBufferState
from jaxtyping import Array, Bool, PRNGKeyArray

from training.trajectory import Trajectory


class ReplayError(ValueError):
    """Data that does not fit the replay."""


@dataclass(frozen=True, kw_only=True)
class ReplayConfig:
    """Size and sampling.

    Attributes:
        environments: columns E; every insertion brings this many trajectories.
        capacity: steps kept in all, E times the length of the rings.
        length: steps of a sampled trajectory.
        batch: trajectories per sample.
        min_steps: steps in all before sampling begins.
    """

    environments: int
    capacity: int = 1_000_000
    length: int = 48
    batch: int = 256
    min_steps: int = 1_000

    def __post_init__(self):
        if self.ring < self.length:
            raise ReplayError(
                f"capacity: expected room for {self.length} steps of each of "
                f"{self.environments} environments, found {self.capacity} in all"
            )

    @property
    def ring(self) -> int:
        """Steps kept of each environment."""
        return self.capacity // self.environments


class Sample(NamedTuple):
    """Trajectories [B, T, ...] and the learner's memory before their first rows."""

    trajectory: Trajectory
    memory: Any


class Replay:
    """Configuration and jitted functions; the data is in the state."""

    def __init__(self, config: ReplayConfig):
        self.config = config
        per_ring = -(-config.min_steps // config.environments)
        self._buffer = flashbax.make_trajectory_buffer(
            add_batch_size=config.environments,
            sample_batch_size=config.batch,
            sample_sequence_length=config.length,
            period=1,
            min_length_time_axis=min(max(per_ring, config.length), config.ring),
            max_length_time_axis=config.ring,
        )

    def init(
        self, observation: int, privileged: int, action: int, memory: Any = ()
    ) -> TrajectoryBufferState:
        """Empty replay for the sizes; `memory` as of one environment, without axes."""
        row = Trajectory(
            observation=jnp.zeros(observation),
            privileged=jnp.zeros(privileged),
            action=jnp.zeros(action),
            reward=jnp.zeros(()),
            ended=jnp.zeros((), bool),
            cut=jnp.zeros((), bool),
            log_prob=jnp.zeros(()),
        )
        state = self._buffer.init(Sample(row, memory))
        # Broadcast views are made real, so that insertion may reuse their memory.
        return jax.tree.map(jnp.copy, state)

    def add(
        self, state: TrajectoryBufferState, trajectory: Trajectory, memory: Any = ()
    ) -> TrajectoryBufferState:
        """Append [E, T, ...]; `state` is consumed, its memory reused.

        Args:
            state: of `init` or an earlier `add`.
            trajectory: the steps that follow the last insertion's.
            memory: the learner's before each of the rows, where it has one.

        Raises:
            ReplayError: another number of environments, or more steps than fit.
        """
        found = np.shape(trajectory.reward)
        if found[0] != self.config.environments or found[1] > self.config.ring:
            raise ReplayError(
                f"trajectory: expected [{self.config.environments}, up to "
                f"{self.config.ring}] steps, found {list(found)}"
            )
        return self._add(state, Sample(trajectory, memory))

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def _add(self, state: TrajectoryBufferState, rows: Sample) -> TrajectoryBufferState:
        stored = cast(Any, state.experience)
        rows = jax.tree.map(lambda x, old: jnp.asarray(x, old.dtype), rows, stored)
        return self._buffer.add(state, rows)

    @partial(jax.jit, static_argnums=0)
    def ready(self, state: TrajectoryBufferState) -> Bool[Array, ""]:
        """Whether there is enough to sample."""
        return cast(Array, self._buffer.can_sample(state))

    @partial(jax.jit, static_argnums=0)
    def sample(self, state: TrajectoryBufferState, key: PRNGKeyArray) -> Sample:
        """Trajectories drawn uniformly; meaningless unless `ready`."""
        drawn = cast(Sample, self._buffer.sample(state, key).experience)
        memory = jax.tree.map(lambda x: x[:, 0], drawn.memory)
        return Sample(drawn.trajectory, memory)


def sealed(trajectory: Trajectory) -> Trajectory:
    """The same with every last row cut: what is inserted next does not follow it."""
    cut = np.array(trajectory.cut)
    cut[..., -1] = True
    return trajectory._replace(cut=cut)
