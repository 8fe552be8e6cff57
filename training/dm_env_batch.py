"""dm_env environments (dm_control's suite, for one) as rows for the learners here."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dm_env
import numpy as np
from dm_env import specs
from numpy.typing import NDArray

from training.archive_format import Interface
from training.streams import EpisodeTally, Floats, Moved, Sizes


class DmEnvError(ValueError):
    """An environment that cannot be stepped as rows."""


class DmEnvBatch:
    """B environments of one kind, stepped together.

    Observations are all entries of the environment's own, flattened in the order of its
    specification. Actions are clipped to [-1, 1] and stretched to the bounds.
    """

    def __init__(
        self,
        environments: Sequence[dm_env.Environment],
        name: str,
        *,
        repeat: int = 1,
        threads: int = 1,
        stagger: int = 0,
    ):
        """Take over the environments.

        Args:
            environments: equal but for their random numbers.
            name: of the task, for archives.
            repeat: times each action is applied; rewards add up.
            threads: that step environments side by side; 1 steps them in turn.
            stagger: cut the first episode of row b after (b + 1) of B equal parts of
                so many steps, so that rows do not end together; 0: never.

        Raises:
            DmEnvError: actions without bounds, or not one vector.
        """
        self._environments, self._repeat = tuple(environments), repeat
        first = self._environments[0]
        self._bounds = _bounds(first.action_spec(), name)
        self._observed: Any = first.observation_spec()
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        rows = len(self._environments)
        self._tally = EpisodeTally(rows)
        parts = np.arange(1, rows + 1) * stagger // rows
        self._left = np.where(parts < stagger, parts, 0)
        action = {"shape": list(self._bounds[0].shape), "bounds": [-1.0, 1.0]}
        self._interface = Interface(
            task=name,
            observation=_shapes(self._observed),
            privileged={},
            action=action | {"repeat": repeat},
        )

    @property
    def interface(self) -> Interface:
        return self._interface

    @property
    def sizes(self) -> Sizes:
        width = sum(int(np.prod(shape)) for shape in _shapes(self._observed).values())
        rows = len(self._environments)
        return Sizes(rows, width, 0, self._bounds[0].shape[0])

    def reset(self) -> tuple[Floats, Floats]:
        """Start all episodes."""
        seen = [self._vector(env.reset()) for env in self._environments]
        return np.stack(seen), self._nothing()

    def step(self, action: Floats, *, steps: int = 0) -> Moved:
        """Apply [B, A]; `steps` is ignored, as nothing here grows with the run."""
        low, high = self._bounds
        inside = np.clip(action.astype(np.float64), -1.0, 1.0)
        scaled = low + (inside + 1.0) * (high - low) / 2
        self._left -= 1
        jobs = (self._environments, scaled, self._left == 0)
        step = map if self._pool is None else self._pool.map
        seen, reward, ended, cut = zip(*step(self._step_one, *jobs), strict=True)
        moved = Moved(
            observation=np.stack(seen),
            privileged=self._nothing(),
            reward=np.array(reward, np.float32),
            ended=np.array(ended),
            cut=np.array(cut),
        )
        self._tally.add(moved)
        return moved

    def report(self) -> dict[str, float]:
        return self._tally.take()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        for env in self._environments:
            env.close()

    def _step_one(
        self, env: dm_env.Environment, action: NDArray[np.float64], shorten: bool
    ) -> tuple[Floats, float, bool, bool]:
        reward, step = 0.0, None
        for _ in range(self._repeat):
            step = env.step(action)
            reward += float(step.reward or 0.0)
            if step.last():
                break
        assert step is not None
        over = bool(step.last())
        # dm_env says by a discount of zero that no value follows.
        ended = over and step.discount == 0.0
        if over or shorten:
            step = env.reset()
        return self._vector(step), reward, ended, over or bool(shorten)

    def _vector(self, step: dm_env.TimeStep) -> Floats:
        observed: Any = step.observation
        if isinstance(observed, Mapping):
            parts = [np.ravel(observed[name]) for name in self._observed]
            return np.concatenate(parts).astype(np.float32)
        return np.ravel(observed).astype(np.float32)

    def _nothing(self) -> Floats:
        return np.zeros((len(self._environments), 0), np.float32)


def episode_returns(
    environments: Sequence[dm_env.Environment],
    name: str,
    policy: Callable[[Floats], Any],
    *,
    repeat: int = 1,
) -> NDArray[np.float64]:
    """[B] return of an episode in each environment; policy: [B, N] to [B, A]."""
    batch = DmEnvBatch(environments, name, repeat=repeat)
    observation, _ = batch.reset()
    total, running = np.zeros(len(environments)), np.ones(len(environments), bool)
    while running.any():
        moved = batch.step(np.asarray(policy(observation)))
        total += np.where(running, moved.reward, 0.0)
        running &= ~moved.cut
        observation = moved.observation
    return total


def _bounds(spec: Any, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not isinstance(spec, specs.BoundedArray) or len(spec.shape) != 1:
        raise DmEnvError(
            f"{name}: expected one vector of bounded actions, found {spec!r}"
        )
    low, high = (np.broadcast_to(b, spec.shape) for b in (spec.minimum, spec.maximum))
    if not np.all(np.isfinite([low, high])):
        raise DmEnvError(f"{name}: expected finite action bounds, found {low}, {high}")
    return low.astype(float), high.astype(float)


def _shapes(observed: Any) -> dict[str, list[int]]:
    """Shape of every entry, in order."""
    if isinstance(observed, Mapping):
        return {name: list(spec.shape) for name, spec in observed.items()}
    return {"observation": list(observed.shape)}
