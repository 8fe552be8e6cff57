"""Environments whose actions are commands to a skill, each for some control steps."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.env import EnvConfig, EnvState, TimeStep
from sim.env_core import EnvCore
from training.batch_env import BatchEnv
from training.skill import Skill


class SkillEnvironment:
    """`env`, moved by a skill that takes the learner's commands.

    A step is `hold` control steps under one command: its rewards add up, terms of them
    are averaged. Where an episode ends within, the step ends there; the next episode's
    first few control steps run under the old command and count for nothing.
    """

    def __init__(self, env: BatchEnv, skill: Skill, hold: int = 1):
        """Take over `env`; it is closed by `close`."""
        self.config: EnvConfig = env.config
        self._env, self._skill, self._hold = env, skill, hold
        self._seen: Any = None

    @property
    def core(self) -> EnvCore:
        return self._env.core

    @property
    def action_shape(self) -> tuple[int, int, int]:
        return (*self._env.action_shape[:2], self._skill.command_size)

    def reset(self) -> tuple[EnvState, TimeStep]:
        state, first = self._env.reset()
        self._seen = first.observation
        return state, first

    def step(
        self, state: EnvState, action: NDArray[Any], *, push_strength: float = 1.0
    ) -> tuple[EnvState, TimeStep]:
        command = np.asarray(action, np.float32)
        state, moved = self._control_step(state, command, push_strength)
        for _ in range(self._hold - 1):
            state, now = self._control_step(state, command, push_strength)
            moved = _joined(moved, now)
        if self._hold > 1:
            terms = {name: value / self._hold for name, value in moved.terms.items()}
            moved = replace(moved, terms=terms)
        return state, moved

    def _control_step(
        self, state: EnvState, command: NDArray[np.float32], push_strength: float
    ) -> tuple[EnvState, TimeStep]:
        moves = np.asarray(self._skill.act(self._seen, command))
        state, moved = self._env.step(state, moves, push_strength=push_strength)
        self._seen = moved.observation
        return state, moved

    def close(self) -> None:
        self._env.close()


def _joined(before: TimeStep, now: TimeStep) -> TimeStep:
    """Both as one time step; where an episode ended in the first, that one's end."""
    over = np.logical_or(before.terminated, before.truncated)

    def last(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        return np.where(over.reshape(-1, *(1,) * (new.ndim - 1)), old, new)

    def summed(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        return old + np.where(over.reshape(-1, *(1,) * (new.ndim - 1)), 0, new)

    return TimeStep(
        observation=now.observation,
        privileged=now.privileged,
        reward=summed(before.reward, now.reward),
        terminated=last(before.terminated, now.terminated),
        truncated=last(before.truncated, now.truncated),
        final_observation=last(before.final_observation, now.final_observation),
        final_privileged=last(before.final_privileged, now.final_privileged),
        terms={n: summed(before.terms[n], v) for n, v in now.terms.items()},
        measures={n: last(before.measures[n], v) for n, v in now.measures.items()},
        info={n: np.logical_or(before.info[n], v) for n, v in now.info.items()},
    )
