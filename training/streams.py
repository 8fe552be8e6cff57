"""Environments as rows that a learner steps together, whatever simulates them."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from robot.contracts.codec import to_plain
from sim.tasks.task import Task
from training.archive_format import Interface
from training.batch_env import BatchEnv
from training.measures import Meter

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


class Sizes(NamedTuple):
    """Rows B and widths of observation, privileged observation and action."""

    rows: int
    observation: int
    privileged: int
    action: int


class Moved(NamedTuple):
    """What a step of B rows returns.

    Attributes:
        observation, privileged: [B, N], [B, P] to act on next; of the next episode
            where one is over.
        reward: [B].
        ended: [B] the episode terminated: value zero follows.
        cut: [B] the episode is over for whichever reason.
    """

    observation: Floats
    privileged: Floats
    reward: Floats
    ended: Bools
    cut: Bools


class Streams(Protocol):
    """B environments; an episode that is over starts anew at once."""

    @property
    def interface(self) -> Interface:
        """What data from here must agree on with data from elsewhere."""
        ...

    @property
    def sizes(self) -> Sizes: ...

    def reset(self) -> tuple[Floats, Floats]:
        """Observation [B, N] and privileged observation [B, P] at the start."""
        ...

    def step(self, action: Floats, *, steps: int) -> Moved:
        """Act [B, A]; `steps` of the run done before, for what grows with them."""
        ...

    def report(self) -> dict[str, float]:
        """Averages since the last call."""
        ...

    def close(self) -> None: ...


class EpisodeTally:
    """Returns and lengths of episodes, row by row."""

    def __init__(self, rows: int):
        self._total, self._length = np.zeros(rows), np.zeros(rows, np.int64)
        self._done: list[tuple[float, int]] = []
        self._reward: list[float] = []

    def add(self, moved: Moved) -> None:
        """One step of all rows."""
        self._total += moved.reward
        self._length += 1
        self._reward.append(float(moved.reward.mean()))
        over = np.flatnonzero(moved.cut)
        self._done += zip(self._total[over], self._length[over], strict=True)
        self._total[over] = 0.0
        self._length[over] = 0

    def take(self) -> dict[str, float]:
        """Averages since the last call; those of episodes only if one was over."""
        found: dict[str, float] = {}
        if self._reward:
            found["reward/total"] = float(np.mean(self._reward))
        if self._done:
            total, length = np.mean(self._done, axis=0)
            found |= {"episode/return": float(total), "episode/steps": float(length)}
        self._done, self._reward = [], []
        return found


class SimStreams:
    """A task of `sim` as rows: robots of one environment are neighbours."""

    def __init__(self, env: BatchEnv, *, push_ramp: tuple[int, int] = (0, 0)):
        """Take over `env`.

        Args:
            env: closed by `close`.
            push_ramp: steps of the run between which pushes grow from none to full.
        """
        self._env, self._push_ramp = env, push_ramp
        self._shape = env.action_shape
        task = env.core.task
        whole = not env.config.stagger
        self._meter = Meter(task, self._shape[:2], whole=whole)
        self._state, self._first = env.reset()

    @property
    def interface(self) -> Interface:
        return task_interface(self._env.core.task)

    @property
    def sizes(self) -> Sizes:
        task = self._env.core.task
        envs, agents, action = self._shape
        return Sizes(envs * agents, task.observation.size, task.privileged.size, action)

    def reset(self) -> tuple[Floats, Floats]:
        return _flat(self._first.observation), _flat(self._first.privileged)

    def step(self, action: Floats, *, steps: int) -> Moved:
        low, high = self._push_ramp
        strength = float(np.clip((steps - low) / max(high - low, 1), 0.0, 1.0))
        self._state, moved = self._env.step(
            self._state, action.reshape(self._shape), push_strength=strength
        )
        self._meter.add_step(moved)
        agents = self._shape[1]
        return Moved(
            observation=_flat(moved.observation),
            privileged=_flat(moved.privileged),
            reward=_flat(moved.reward),
            ended=np.repeat(np.asarray(moved.terminated), agents),
            cut=np.repeat(np.logical_or(moved.terminated, moved.truncated), agents),
        )

    def report(self) -> dict[str, float]:
        return self._meter.take()

    def close(self) -> None:
        self._env.close()


def task_interface(task: Task) -> Interface:
    """What archives of a task must agree on."""
    return Interface(
        task=task.name,
        observation=to_plain(task.observation),
        privileged=to_plain(task.privileged),
        action=to_plain(task.action),
    )


def _flat(values: Floats) -> Floats:
    """[B, R, ...] as [B x R, ...]."""
    return values.reshape(-1, *values.shape[2:])
