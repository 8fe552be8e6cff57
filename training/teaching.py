"""Teachers that hold a learner until it is good: KL with adaptive weights.

After arXiv:2304.13653 (stage 2): in the improvement step Q gives way, at every state,
to (1 - lam) Q - lam KL(pi || teacher). Two teachers, each for its own set of states:
upright (the score teacher) and fallen (the get-up teacher), each with a weight of its
own. lam does gradient descent on c(lam) = lam (E[Q] - Q_thr) over its set: below the
threshold it grows to 1 (imitation alone), above it falls to 0 (reinforcement alone).

Notation: *B states, M sampled actions, A action. Sets: 0 upright, 1 fallen.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from training.mpo_losses import Gaussian

SETS = ("upright", "fallen")
_LEAST_RAW = -6.0
"""softplus of it is 0.0025, which counts as none; below, the gradient is too small to
come back when the value falls again."""
_MOST_RAW = math.log(math.e - 1)
"""softplus of it is 1."""


@dataclass(frozen=True, kw_only=True)
class TeachingConfig:
    """How strict the teachers are. The paper gives none of these numbers.

    Attributes:
        thresholds: value (of the critic, in rewards) of upright and of fallen states
            above which their teacher is let go.
        start: weights at the start.
        rate: of the descent on the weights' raw values, per update of the learner.
        upright_tilt_rad: tilt up to which a state belongs to the upright set.
        least_std: teachers' actions spread at least so much: the KL to a teacher that
            is sure of itself would drown all else.
        ppo_kl: weight of a nat beside PPO's surrogate, whose advantages have a standard
            deviation of 1. DMPO's values and nats are compared as they are.
    """

    thresholds: tuple[float, float] = (1.0, -0.5)
    start: float = 1.0
    rate: float = 1e-3
    upright_tilt_rad: float = 0.8
    least_std: float = 0.1
    ppo_kl: float = 0.02

    def __post_init__(self) -> None:
        if not 0.0 < self.start <= 1.0:
            raise ValueError(
                f"teaching.start: expected more than 0, at most 1, found {self.start}"
            )


class Lesson(NamedTuple):
    """What the teacher in charge of each state would do, and how much it counts.

    Attributes:
        mean, std: of its action.
        first: whether it is the first of the two teachers.
        weight: lam.
    """

    mean: Float[Array, "*B A"]
    std: Float[Array, "*B A"]
    first: Bool[Array, "*B"]
    weight: Float[Array, "*B"]


class SetValues(NamedTuple):
    """Mean value of a batch's states in each set, and how many there are."""

    value: Float[Array, "2"]
    states: Float[Array, "2"]


def first_weights(config: TeachingConfig) -> Float[Array, "2"]:
    """Raw weights whose softplus is `config.start`."""
    return jnp.full(2, math.log(math.expm1(config.start)), jnp.float32)


def weights(raw: Float[Array, "2"]) -> Float[Array, "2"]:
    """lam of both teachers, 0 to 1."""
    return jnp.clip(jax.nn.softplus(raw), 0.0, 1.0)


def adapted(
    raw: Float[Array, "2"], found: SetValues, config: TeachingConfig
) -> Float[Array, "2"]:
    """One step of descent on c(lam) = lam (E[Q] - Q_thr) through lam = softplus(raw).

    A set without states in the batch keeps its weight. Raw weights stay where lam is
    in [0, 1] and its gradient does not vanish.
    """

    def cost(raw: Array) -> Array:
        over = found.value - jnp.asarray(config.thresholds)
        return jnp.sum(jnp.where(found.states > 0, jax.nn.softplus(raw) * over, 0.0))

    moved = raw - config.rate * jax.grad(cost)(raw)
    return jnp.clip(moved, _LEAST_RAW, _MOST_RAW)


def set_values(values: Float[Array, "*B"], first: Bool[Array, "*B"]) -> SetValues:
    """Means over the first set of states and over the other; 0 where there is none."""
    sets = jnp.stack([first, ~first]).reshape(2, -1).astype(values.dtype)
    count = jnp.sum(sets, axis=-1)
    total = sets @ values.reshape(-1)
    return SetValues(value=total / jnp.maximum(count, 1.0), states=count)


def weight_of(raw: Float[Array, "2"], first: Bool[Array, "*B"]) -> Float[Array, "*B"]:
    """lam of the teacher in charge of each state."""
    one, other = weights(raw)
    return jnp.where(first, one, other)


def taught_scores(
    scores: Float[Array, "*B M"],
    log_ratio: Float[Array, "*B M"],
    weight: Float[Array, "*B"],
) -> Float[Array, "*B M"]:
    """(1 - lam) Q(s, a) - lam log(pi(a|s) / teacher(a|s)), a sample at a time.

    The mean over actions of pi is (1 - lam) E[Q] - lam KL(pi || teacher), so the
    E-step's q ~ pi exp(this / eta) climbs the regularized objective.
    """
    weight = weight[..., None]
    return (1 - weight) * scores - weight * log_ratio


def gaussian_kl(policy: Gaussian, teacher: Gaussian) -> Float[Array, "*B"]:
    """KL(policy || teacher) of diagonal normals, in nats."""
    ratio = policy.std / teacher.std
    apart = (policy.mean - teacher.mean) / teacher.std
    each = 0.5 * (ratio**2 + apart**2 - 1.0) - jnp.log(ratio)
    return jnp.sum(each, axis=-1)


def watched(
    raw: Float[Array, "2"], found: SetValues, names: tuple[str, str] = SETS
) -> dict[str, Array]:
    """Figures for a report, by the names of the sets."""
    lam = weights(raw)
    figures: dict[str, Array] = {}
    for number, name in enumerate(names):
        figures[f"teacher/{name}_weight"] = lam[number]
        figures[f"teacher/{name}_value"] = found.value[number]
    total = jnp.maximum(jnp.sum(found.states), 1.0)
    return figures | {f"teacher/{names[0]}_share": found.states[0] / total}
