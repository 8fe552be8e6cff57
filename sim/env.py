"""Any task on CPU physics: a batch of environments stepped together."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.env_core import EnvError, build_core
from sim.env_models import randomized_fields, write_fields
from sim.env_senses import Frames
from sim.env_state import EnvState, TimeStep, opening, staggered, with_rows
from sim.env_step import after_physics, before_physics, begin, first_step
from sim.guard import GuardConfig, dump, exploded, free_positions
from sim.lean_model import lean_model
from sim.physics import CpuPhysics
from sim.random_numbers import NumpyRandom
from sim.randomization import RandomizationConfig
from sim.tasks.task import Task

__all__ = ["EnvConfig", "EnvError", "EnvState", "Environment", "TimeStep"]


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """A batch of environments.

    Attributes:
        num_envs: batch size B.
        num_threads: physics threads, None for all cores.
        randomization: ranges per episode.
        stagger: spread the first episodes' ages, so that averages over a batch see all
            phases of an episode.
        guard: what to do with explosions.
    """

    num_envs: int = 256
    num_threads: int | None = None
    randomization: RandomizationConfig = field(default_factory=RandomizationConfig)
    stagger: bool = True
    guard: GuardConfig = field(default_factory=GuardConfig)


class Environment:
    """Steps B environments of one task; episodes that end start anew at once.

    `EnvState` is a value; the physics state it belongs to is in `physics` and moves on
    with each step, so only the newest state can be stepped.
    """

    def __init__(self, task: Task, config: EnvConfig, seed: int):
        """Build the world.

        Args:
            task: what is learned.
            config: batch size, randomization, guard.
            seed: of everything drawn; equal seeds give equal trajectories.

        Raises:
            EnvError: task and ranges do not fit together.
        """
        self.config = config
        self.core = build_core(task, config.randomization)
        robots = self.core.arena.robots
        pushed = tuple(robots[agent].torso_body for agent in task.agents)
        self.physics = CpuPhysics(
            lean_model(self.core.arena),
            config.num_envs,
            config.num_threads,
            pushed_bodies=pushed if config.randomization.has_pushes else (),
        )
        self.explosions = 0
        self._random = NumpyRandom(seed)
        self._positions = free_positions(self.core.arena)

    @property
    def action_shape(self) -> tuple[int, int, int]:
        """(B, R, A)."""
        count, agents = self.config.num_envs, len(self.core.agents)
        return count, agents, len(self.core.driven)

    def reset(self, seed: int | None = None) -> tuple[EnvState, TimeStep]:
        """Start all episodes. The time step's reward is 0.

        Args:
            seed: draw from here on as a new environment with this seed would; None to
                draw on.
        """
        if seed is not None:
            self._random = NumpyRandom(seed)
        count = self.config.num_envs
        state, observation, extra = self._begin(np.arange(count))
        if self.config.stagger:
            share = self._random.uniform((count,))
            state = staggered(state, share, self.core.task.episode_s)
        return state, opening(observation, extra)

    def step(
        self, state: EnvState, action: NDArray[Any], *, push_strength: float = 1.0
    ) -> tuple[EnvState, TimeStep]:
        """Advance one control step.

        Args:
            state: from `reset` or the last step.
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
        action = np.asarray(action, np.float64)
        physics, random = self.physics, self._random
        control = before_physics(
            self.core, random, state, action, physics.qpos, push_strength
        )
        before = physics.state
        frames = physics.step(control.goals_rad, control.wrench)
        bad = exploded(self._positions, frames.qpos[:, -1], frames.qvel[:, -1])
        if bad.any():
            self._guard(bad, before, state, frames)
        after, moved = after_physics(
            self.core, random, state, action, control, frames, bad
        )
        ended = np.logical_or(moved.terminated, moved.truncated)
        if not ended.any():
            return after, moved
        return self._restarted(after, moved, np.flatnonzero(ended))

    def close(self) -> None:
        """Stop the physics threads."""
        self.physics.close()

    def _restarted(
        self, state: EnvState, moved: TimeStep, rows: NDArray[np.int64]
    ) -> tuple[EnvState, TimeStep]:
        fresh, observation, extra = self._begin(rows)
        return with_rows(state, rows, fresh), replace(
            moved,
            observation=with_rows(moved.observation, rows, observation),
            privileged=with_rows(moved.privileged, rows, extra),
        )

    def _begin(
        self, rows: NDArray[np.int64]
    ) -> tuple[EnvState, NDArray[np.float32], NDArray[np.float32]]:
        """New episodes in `rows`: models, physics, state, observation, privileged."""
        core = self.core
        begun = begin(core, self._random, len(rows))
        fields = randomized_fields(core.nominal, core.places, begun.parameters)
        for slot, row in enumerate(rows):
            write_fields(self.physics.models[row], core.places, fields, slot)
        sensors = self.physics.place(rows, begun.qpos, begun.qvel)
        return first_step(core, self._random, begun, sensors)

    def _guard(
        self,
        bad: NDArray[np.bool_],
        before: NDArray[np.float64],
        state: EnvState,
        frames: Frames,
    ) -> None:
        """Count and dump what exploded; leave something finite in its frames."""
        rows = np.flatnonzero(bad)
        guard = self.config.guard
        for number, row in enumerate(rows, start=self.explosions):
            if guard.folder and number < guard.most_dumps:
                dump(
                    Path(guard.folder) / f"explosion_{number:04d}.npz",
                    arena=self.core.arena,
                    model=self.physics.models[row],
                    state=before[row],
                    control=self.physics.control[row],
                    control_spec=self.physics.control_spec,
                    parameters=state.parameters,
                    row=int(row),
                )
        self.explosions += len(rows)
        model = self.core.arena.model
        frames.qpos[rows] = model.qpos0
        frames.qvel[rows] = 0.0
        frames.sensors[rows] = 0.0
