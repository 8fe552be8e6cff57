"""Rolls a policy out in a batch of environments."""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpy.typing import NDArray

from training.batch_env import BatchEnv
from training.measures import Meter
from training.ppo import Batch
from training.trajectory import Trajectory

_FEWEST_FINAL_ROWS = 16

Floats = NDArray[np.float32]


class Actor(Protocol):
    """What a rollout needs of a learner; `training.ppo.Ppo` has it."""

    def act(
        self,
        params: Any,
        key: PRNGKeyArray,
        observation: Any,
        privileged: Any,
    ) -> tuple[Float[Array, "B A"], Float[Array, "B"], Float[Array, "B"]]:
        """Sampled actions, their log-probabilities, and state values, of [B, N] and
        [B, P]."""
        ...

    def value(
        self,
        params: Any,
        observation: Any,
        privileged: Any,
    ) -> Float[Array, "*B"]:
        """State values of [*B, N] and [*B, P]."""
        ...


class Rollout(NamedTuple):
    """T steps of B rows: robots of one environment are neighbouring rows.

    All float32 NumPy, in buffers that the next rollout overwrites.

    Attributes:
        observation, privileged: before the step.
        action: sampled, unclipped.
        log_prob: of the action under the policy that chose it.
        value: of the state before the step.
        reward: of the step.
        ended: 1 where the episode terminated (value zero follows).
        cut: 1 where the episode ended for whichever reason.
    """

    observation: Floats
    privileged: Floats
    action: Floats
    log_prob: Floats
    value: Floats
    reward: Floats
    ended: Floats
    cut: Floats

    def trajectory(self) -> Trajectory:
        """A copy, [B, T]."""

        def turned(values: Floats, kind: type = np.float32) -> NDArray[Any]:
            return np.swapaxes(values, 0, 1).astype(kind)

        return Trajectory(
            observation=turned(self.observation),
            privileged=turned(self.privileged),
            action=turned(self.action),
            reward=turned(self.reward),
            ended=turned(self.ended, np.bool_),
            cut=turned(self.cut, np.bool_),
            log_prob=turned(self.log_prob),
        )


class Collector:
    """Rolls the policy out, remembering where the environments stand."""

    def __init__(self, env: BatchEnv, actor: Actor, steps: int):
        """Reset `env` for rollouts of `steps` control steps."""
        self._env, self._actor, self._steps = env, actor, steps
        self._state, first = env.reset()
        self._observation = _flat(first.observation)
        self._privileged = _flat(first.privileged)
        rows = (steps, len(self._observation))

        def buffer(*width: int) -> Floats:
            return np.zeros((*rows, *width), np.float32)

        self._rollout = Rollout(
            observation=buffer(self._observation.shape[-1]),
            privileged=buffer(self._privileged.shape[-1]),
            action=buffer(env.action_shape[-1]),
            log_prob=buffer(),
            value=buffer(),
            reward=buffer(),
            ended=buffer(),
            cut=buffer(),
        )

    @property
    def rows(self) -> int:
        """Transitions of one rollout: T x B."""
        return self._rollout.reward.size

    def collect(
        self, params: Any, key: PRNGKeyArray, push_strength: float, meter: Meter
    ) -> tuple[Rollout, Batch]:
        """One rollout, and the learner's batch of it."""
        last: list[tuple[int, NDArray[np.int64], Floats, Floats]] = []
        for step, step_key in enumerate(jax.random.split(key, self._steps)):
            limit = self._step(step, params, step_key, push_strength, meter)
            if limit is not None:
                last.append((step, *limit))
        return self._rollout, self._batch(params, last)

    def _step(
        self, step: int, params: Any, key: PRNGKeyArray, push: float, meter: Meter
    ) -> tuple[NDArray[np.int64], Floats, Floats] | None:
        """One step; rows that a time limit cut, and what they saw last."""
        kept = self._rollout
        seen = self._observation, self._privileged
        action, log_prob, value = self._actor.act(params, key, *seen)
        kept.observation[step], kept.privileged[step] = seen
        kept.action[step], kept.log_prob[step] = action, log_prob
        kept.value[step] = value
        shaped = kept.action[step].reshape(self._env.action_shape)
        self._state, moved = self._env.step(self._state, shaped, push_strength=push)
        meter.add_step(moved)
        robots = moved.reward.shape[1]
        kept.reward[step] = _flat(moved.reward)
        late = np.repeat(np.asarray(moved.truncated), robots)
        kept.ended[step] = np.repeat(np.asarray(moved.terminated), robots)
        kept.cut[step] = np.maximum(kept.ended[step], late)
        self._observation = _flat(moved.observation)
        self._privileged = _flat(moved.privileged)
        rows = np.flatnonzero(late)
        if not len(rows):
            return None
        final = _flat(moved.final_observation), _flat(moved.final_privileged)
        return rows, final[0][rows], final[1][rows]

    def _batch(
        self, params: Any, last: list[tuple[int, NDArray[np.int64], Floats, Floats]]
    ) -> Batch:
        """With the values of the states reached: those of the next step, but at time
        limits, where the next step belongs to another episode."""
        kept = self._rollout
        following = np.empty_like(kept.value)
        following[:-1] = kept.value[1:]
        following[-1] = self._actor.value(params, self._observation, self._privileged)
        if last:
            steps = np.concatenate([np.full(len(rows), t) for t, rows, *_ in last])
            rows = np.concatenate([rows for _, rows, *_ in last])
            seen, extra = (
                padded(np.concatenate([entry[place] for entry in last]))
                for place in (2, 3)
            )
            value = np.asarray(self._actor.value(params, seen, extra))
            following[steps, rows] = value[: len(rows)]
        return Batch(
            next_value=jnp.asarray(following),
            **{name: jnp.asarray(value) for name, value in kept._asdict().items()},
        )


def padded(values: Floats) -> Floats:
    """Rows of zeros added up to a power of two, so that few shapes are compiled."""
    count = max(_FEWEST_FINAL_ROWS, 1 << (len(values) - 1).bit_length())
    full = np.zeros((count, *values.shape[1:]), values.dtype)
    full[: len(values)] = values
    return full


def _flat(values: Any) -> Any:
    """[B, R, ...] as [B x R, ...]."""
    return values.reshape(-1, *values.shape[2:])
