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
    """The teachers of upright and of fallen states, in the pupil's terms.

    Attributes:
        config: how strict they are.
        advice: of both: what they would do, of their parameters and the pupil's
            observations.
        params: of both.
        is_upright: which of the two is in charge, of observations [*B, N].
    """

    config: TeachingConfig
    advice: tuple[Distribution, Distribution]
    params: tuple[Any, Any]
    is_upright: Callable[[Any], Array]

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
        upright = self.is_upright(observation)
        score, getup = (
            advise(weights, observation)
            for advise, weights in zip(self.advice, params, strict=True)
        )
        in_charge = upright[..., None]
        return Lesson(
            mean=jnp.where(in_charge, score.mean, getup.mean),
            std=jnp.where(in_charge, score.std, getup.std),
            upright=upright,
            weight=weight_of(raw, upright),
        )

    @partial(jax.jit, static_argnums=0)
    def adapt(
        self, raw: Float[Array, "2"], values: Any, upright: Any
    ) -> tuple[Float[Array, "2"], dict[str, Array]]:
        """Raw weights after a batch of states with these values [*B], and figures."""
        found: SetValues = set_values(values, upright)
        return adapted(raw, found, self.config), watched(raw, found)
