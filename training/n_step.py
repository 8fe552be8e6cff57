"""Windows of n steps inside trajectories, and where they bootstrap."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Windows(NamedTuple):
    """For each row: value target = reward + discount * value(state `bootstrap`).

    Attributes:
        reward: discounted sum of the window's rewards.
        discount: of the bootstrap value; zero after a termination.
        bootstrap: row of the state that the value is taken at.
        valid: False where that state was not observed.
    """

    reward: Float[Array, "*B T"]
    discount: Float[Array, "*B T"]
    bootstrap: Int[Array, "*B T"]
    valid: Bool[Array, "*B T"]


def n_step_windows(
    reward: Float[Array, "*B T"],
    ended: Bool[Array, "*B T"],
    cut: Bool[Array, "*B T"],
    steps: int,
    discount: float,
) -> Windows:
    """Windows of `steps` rewards, shorter where an episode is over before.

    A termination closes a window with value zero. The state after a time limit is
    never observed, so a window that meets one ends before the limit's row, at the last
    observed state; the limit's row itself has no target. Windows that reach past the
    trajectory are invalid, not shortened: the share of short windows stays that of the
    episodes' ends, however short the trajectories are.
    """
    length = reward.shape[-1]
    total, factor = jnp.zeros_like(reward), jnp.ones_like(reward)
    taken = jnp.zeros(reward.shape, jnp.int32)
    growing = jnp.ones(reward.shape, bool)
    for step in range(steps):
        now_ended = _ahead(ended, step, False)
        # Beyond the trajectory nothing closes a window, so that it stays invalid.
        now_limit = _ahead(cut & ~ended, step, False)
        growing = growing & ~now_limit
        gain = jnp.where(growing, factor * _ahead(reward, step, 0.0), 0.0)
        total = total + gain
        factor = jnp.where(growing, factor * discount * ~now_ended, factor)
        taken = taken + growing
        growing = growing & ~now_ended
    place = jnp.arange(length) + taken
    terminal = factor == 0.0
    # `terminal` windows need no state after them.
    valid = terminal | ((taken > 0) & (place < length))
    return Windows(total, factor, jnp.minimum(place, length - 1), valid)


def at_rows(values: Array, rows: Int[Array, "B T"]) -> Array:
    """values[b, rows[b, t]] for values of any trailing shape."""
    return jax.vmap(lambda value, row: value[row])(values, rows)


def _ahead(values: Array, step: int, fill: float | bool) -> Array:
    """values[..., t + step], `fill` beyond the end."""
    beyond = jnp.full((*values.shape[:-1], step), fill, values.dtype)
    return jnp.concatenate([values[..., step:], beyond], axis=-1)
