"""The values an environment carries and returns, and row-wise operations on them."""

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from robot.observation import History
from sim.env_parameters import EpisodeParameters

Array = Any
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Pushes:
    """The current or next push of each agent.

    Attributes:
        start_s, end_s: [B, R] episode time.
        force_n: [B, R, 3] pitch frame, horizontal.
        arm_m: [B, R, 3] from the torso's centre of mass to where it acts, torso frame.
    """

    start_s: Array
    end_s: Array
    force_n: Array
    arm_m: Array


@dataclass(frozen=True, kw_only=True)
class EnvState:
    """Everything but the physics state. R counts agents, N all robots of the arena.

    Attributes:
        time_s: [B] since the episode's start.
        memory: the task's.
        targets_rad: [B, N, 20] last joint targets sent, canonical order.
        actions: the last two, newest first, [B, R, A] each.
        history: observation history, [B, R, h, size] per term.
        recent: sensor values of the last physics steps before this one, for delays
            longer than a control step: per channel [B, H, R, k].
        pushes: current or next.
        parameters: this episode's draw.
    """

    time_s: Array
    memory: Any
    targets_rad: Array
    actions: tuple[Array, Array]
    history: History
    recent: tuple[Array, ...]
    pushes: Pushes
    parameters: EpisodeParameters


@dataclass(frozen=True, kw_only=True)
class TimeStep:
    """What a step returns to a learner. R counts agents.

    Attributes:
        observation: [B, R, O] float32 to act on next: after a reset, if there was one.
        privileged: [B, R, P] float32, for critics only.
        reward: [B, R] float32, scaled; 0 where the physics exploded.
        terminated: [B] bool, the episode ended and no value follows.
        truncated: [B] bool, the time limit.
        final_observation, final_privileged: as above, before a reset.
        terms: weighted reward terms, [B, R] each, not scaled.
        measures: what the task wants logged, [B, R, ...] each.
        info: "exploded": [B] bool, ended by the guard.
    """

    observation: Array
    privileged: Array
    reward: Array
    terminated: Array
    truncated: Array
    final_observation: Array
    final_privileged: Array
    terms: dict[str, Array]
    measures: dict[str, Array]
    info: dict[str, Array]


def opening(observation: Array, privileged: Array) -> TimeStep:
    """The time step of a reset: nothing has been earned, nobody has ended."""
    xp = observation.__array_namespace__()
    reward = xp.zeros_like(observation[..., 0])
    nobody = xp.zeros(observation.shape[:1], dtype=bool)
    return TimeStep(
        observation=observation,
        privileged=privileged,
        reward=reward,
        terminated=nobody,
        truncated=nobody,
        final_observation=observation,
        final_privileged=privileged,
        terms={},
        measures={},
        info={"exploded": nobody},
    )


def staggered(state: EnvState, share: Array, episode_s: float) -> EnvState:
    """First episodes aged by `share` [B] in [0, 1) of 90 % of their length, so that
    averages over a batch see all phases of an episode."""
    ages = share * (0.9 * episode_s)
    pushes = replace(
        state.pushes,
        start_s=state.pushes.start_s + ages[:, None],
        end_s=state.pushes.end_s + ages[:, None],
    )
    return replace(state, time_s=ages, pushes=pushes)


def map_arrays(function: Callable[..., Array], first: T, *others: T) -> T:
    """`function` over the arrays of equally built values.

    Values are frozen dataclasses, tuples, dicts, None and arrays, nested.
    """
    value: Any = first
    return _mapped(function, value, others)


def _mapped(function: Callable[..., Array], value: Any, others: tuple[Any, ...]) -> Any:
    # First, since most are: resets map dozens of them, several times each.
    if isinstance(value, np.ndarray):
        return function(value, *others)
    if value is None:
        return None
    if is_dataclass(value):
        return type(value)(**_mapped(function, vars(value), tuple(map(vars, others))))
    if isinstance(value, tuple):
        columns = zip(value, *others, strict=True)
        return tuple(_mapped(function, column[0], column[1:]) for column in columns)
    if isinstance(value, dict):
        return {
            name: _mapped(function, member, tuple(other[name] for other in others))
            for name, member in value.items()
        }
    return function(value, *others)


def with_rows(old: T, rows: NDArray[np.int64], fresh: T) -> T:
    """`old` with rows `rows` replaced by `fresh`, whose leading axis counts them.

    For NumPy: copies, then writes.
    """

    def write(kept: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        copy = kept.copy()
        copy[rows] = new
        return copy

    return map_arrays(write, old, fresh)


def chosen(mask: Array, fresh: T, old: T) -> T:
    """`fresh` where `mask` [B] or [B, R] is true, else `old`; for traced code."""

    def pick(new: Array, kept: Array) -> Array:
        xp = mask.__array_namespace__()
        wide = (*mask.shape, *([1] * (kept.ndim - mask.ndim)))
        return xp.where(xp.reshape(mask, wide), new, kept)

    return map_arrays(pick, fresh, old)
