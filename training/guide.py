"""Two teachers and how strict they are: what a learner with teachers holds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from training.mpo_losses import Gaussian
from training.teaching import (
    SETS,
    Lesson,
    SetValues,
    TeachingConfig,
    adapted,
    first_weights,
    set_values,
    watched,
    weight_of,
)

Distribution = Callable[[Any, Any], Gaussian]
"""Parameters and observations [*B, N] to a policy's action; not jitted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Guide:
    """Two teachers, each of its own set of states, in the pupil's terms.

    Attributes:
        config: how strict they are.
        advice: of both: what they would do, of their parameters and the pupil's
            observations.
        params: of both.
        is_first: whether the first of the two is in charge, of observations [*B, N].
        names: of both sets of states.
    """

    config: TeachingConfig
    advice: tuple[Distribution, Distribution]
    params: tuple[Any, Any]
    is_first: Callable[[Any], Array]
    names: tuple[str, str] = SETS

    def start(self) -> Float[Array, "2"]:
        """Raw weights at the start; they are part of the learner's state."""
        return first_weights(self.config)

    def lesson(
        self, raw: Float[Array, "2"], observation: Float[Array, "*B N"]
    ) -> Lesson:
        """What the teacher in charge would do at each state, and its weight."""
        return self._lesson(self.params, raw, observation)

    # The teachers' parameters are an argument, lest they be compiled in.
    @partial(jax.jit, static_argnums=0)
    def _lesson(self, params: tuple[Any, Any], raw: Any, observation: Any) -> Lesson:
        first = self.is_first(observation)
        one, other = (
            advise(weights, observation)
            for advise, weights in zip(self.advice, params, strict=True)
        )
        in_charge = first[..., None]
        return Lesson(
            mean=jnp.where(in_charge, one.mean, other.mean),
            std=jnp.where(in_charge, one.std, other.std),
            first=first,
            weight=weight_of(raw, first),
        )

    @partial(jax.jit, static_argnums=0)
    def adapt(
        self, raw: Float[Array, "2"], values: Any, first: Any
    ) -> tuple[Float[Array, "2"], dict[str, Array]]:
        """Raw weights after a batch of states with these values [*B], and figures."""
        found: SetValues = set_values(values, first)
        return adapted(raw, found, self.config), watched(raw, found, self.names)
