"""Any task on CPU physics: a batch of environments stepped together."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.env_core import EnvCore, EnvError, build_core
from sim.env_models import randomized_fields, write_fields
from sim.env_senses import Frames
from sim.env_state import (
    EnvState,
    TimeStep,
    map_arrays,
    opening,
    staggered,
    with_rows,
)
from sim.env_step import Start, after_physics, before_physics, begin, first_step
from sim.guard import GuardConfig, any_exploded, dump, exploded, free_positions
from sim.lean_model import lean_model
from sim.physics import CpuPhysics
from sim.random_numbers import NumpyRandom
from sim.randomization import RandomizationConfig
from sim.tasks.task import Task

_WAITING_SHARE = 16
_MOST_WAITING = 8
"""For so many environments one episode waits to begin, and at most so many do: several
that are prepared at once share the many small array operations of a start. Each that
waits has a model of its own, so they are few."""

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


Opening = tuple[EnvState, NDArray[np.float32], NDArray[np.float32]]
"""Episodes at their start: state, observation [n, R, O] and privileged [n, R, P]."""


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """Episodes placed in the physics' spare environments, the first ones taken up.

    Attributes:
        core: the world they were drawn for; None where none wait.
        start: of all spares.
        first: the next one to take.
        count: how many wait.
    """

    core: EnvCore | None = None
    start: Opening | None = None
    first: int = 0
    count: int = 0

    def taken(self, count: int) -> tuple[Opening, "_Waiting"]:
        """The next `count` starts, and what waits after them."""
        assert self.start is not None
        assert count <= self.count
        rows = slice(self.first, self.first + count)
        left = replace(self, first=self.first + count, count=self.count - count)
        return map_arrays(lambda values: values[rows], self.start), left


def _with_opening(
    state: EnvState, moved: TimeStep, rows: NDArray[np.int64], opened: Opening
) -> tuple[EnvState, TimeStep]:
    """`state` and what a learner gets, with new episodes in `rows`."""
    fresh, observation, extra = opened
    return with_rows(state, rows, fresh), replace(
        moved,
        observation=with_rows(moved.observation, rows, observation),
        privileged=with_rows(moved.privileged, rows, extra),
    )


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
            num_spares=min(_MOST_WAITING, config.num_envs // _WAITING_SHARE),
        )
        self._waiting = _Waiting()
        self.explosions = 0
        self._random = NumpyRandom(seed)
        self._positions = free_positions(self.core.arena)
        self._none = np.zeros(config.num_envs, bool)
        self._none.setflags(write=False)

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
        self._waiting = _Waiting()
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
        last = self._positions, frames.qpos[:, -1], frames.qvel[:, -1]
        bad = exploded(*last) if any_exploded(*last) else self._none
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
        """New episodes in `rows`: as many as wait are taken up, then more prepared."""
        if len(rows) > len(self.physics.spare_models):
            return _with_opening(state, moved, rows, self._begin(rows))
        while len(rows):
            if self._waiting.count == 0 or self._waiting.core is not self.core:
                self._waiting = self._prepared()
            now = rows[: self._waiting.count]
            self.physics.swap_in(now, self._waiting.first)
            start, self._waiting = self._waiting.taken(len(now))
            state, moved = _with_opening(state, moved, now, start)
            rows = rows[len(now) :]
        return state, moved

    def _prepared(self) -> "_Waiting":
        """An episode in each spare environment of the physics."""
        begun = self._begun(self.physics.spare_models)
        sensors = self.physics.place_spares(begun.qpos, begun.qvel)
        start = first_step(self.core, self._random, begun, sensors)
        return _Waiting(core=self.core, start=start, count=len(begun.qpos))

    def _begin(self, rows: NDArray[np.int64]) -> Opening:
        """New episodes in `rows`: models, physics, state, observation, privileged."""
        begun = self._begun([self.physics.models[row] for row in rows])
        sensors = self.physics.place(rows, begun.qpos, begun.qvel)
        return first_step(self.core, self._random, begun, sensors)

    def _begun(self, models: list[mujoco.MjModel]) -> Start:
        """Draw an episode for each of `models` and write what it draws."""
        core = self.core
        begun = begin(core, self._random, len(models))
        fields = randomized_fields(core.nominal, core.places, begun.parameters)
        for row, model in enumerate(models):
            write_fields(model, core.places, fields, row)
        return begun

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
