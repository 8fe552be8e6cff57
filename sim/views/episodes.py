"""One environment played episode by episode, as interfaces without auto-reset want."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.env import EnvConfig, Environment, EnvState, TimeStep
from sim.env_core import EnvCore, EnvError
from sim.tasks.registry import make_task
from sim.tasks.task import Task


def task_of(task: Task | str) -> Task:
    """A task, or the registered task of that name with its default configuration.

    Raises:
        EnvError: no such name.
    """
    if not isinstance(task, str):
        return task
    try:
        return make_task(task)
    except ValueError as error:
        raise EnvError(str(error)) from None


def view_config(config: EnvConfig | None, num_envs: int) -> EnvConfig:
    """`config` for `num_envs` environments.

    None stands for the default ranges and first episodes that start at time zero, as
    users of these interfaces expect.
    """
    return replace(config or EnvConfig(stagger=False), num_envs=num_envs)


class Episodes:
    """A batch of one environment whose caller says when an episode starts."""

    def __init__(self, task: Task, config: EnvConfig | None, seed: int):
        """Build the world; one thread, since one environment keeps no more busy."""
        single = replace(view_config(config, 1), num_threads=1)
        self._environment = Environment(task, single, seed)
        self._state: EnvState | None = None
        self._waiting: TimeStep | None = None

    @property
    def core(self) -> EnvCore:
        return self._environment.core

    @property
    def qpos(self) -> NDArray[np.float64]:
        """[nq] now. After an episode's last step: of the next episode's start."""
        return self._environment.physics.qpos[0]

    @property
    def qvel(self) -> NDArray[np.float64]:
        """[nv] now, as `qpos`."""
        return self._environment.physics.qvel[0]

    @property
    def time_s(self) -> float:
        """Since the episode's start; 0 before the first."""
        return 0.0 if self._state is None else float(self._state.time_s[0])

    @property
    def running(self) -> bool:
        """Whether `step` may come next."""
        return self._state is not None and self._waiting is None

    def start(self, seed: int | None = None) -> TimeStep:
        """Begin an episode; with a seed, the one that a new environment begins with."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and seed is None:
            # The core began it when the last one ended.
            return waiting
        self._state, first = self._environment.reset(seed)
        return first

    def step(self, action: NDArray[Any]) -> TimeStep:
        """One control step by `action` [R, A].

        At an episode's end `final_observation` is its last; `start` must come next.

        Raises:
            EnvError: no episode runs, or another shape.
        """
        if self._state is None or self._waiting is not None:
            raise EnvError("step: expected a running episode, found none; reset first")
        self._state, moved = self._environment.step(self._state, action[None])
        if moved.terminated[0] or moved.truncated[0]:
            self._waiting = moved
        return moved

    def close(self) -> None:
        """Stop the physics threads."""
        self._environment.close()


def agent_info(moved: TimeStep, agent: int) -> dict[str, Any]:
    """What a step tells beside observation and reward, for agent number `agent`.

    Returns:
        `privileged` [P] for critics only, before a reset; `exploded`, whether the guard
        ended the episode; `reward_terms`, weighted but not scaled, by name.
    """
    return {
        "privileged": moved.final_privileged[0, agent],
        "exploded": bool(moved.info["exploded"][0]),
        "reward_terms": {
            name: float(value[0, agent]) for name, value in moved.terms.items()
        },
    }
