"""An LSTM that remembers within episodes and forgets between them."""

from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

# Cell and hidden state, [B, H] each; empty for networks without memory.
Carry = tuple[Array, Array] | tuple[()]


def empty_carry(batch: int, width: int) -> Carry:
    """Memory at the start of an episode; nothing at all for width 0."""
    if width == 0:
        return ()
    # Two arrays, not one twice: each may be donated.
    return jnp.zeros((batch, width)), jnp.zeros((batch, width))


class Memory(nn.Module):
    """LayerNorm-tanh layer, then an LSTM over time; the identity for width 0.

    Attributes:
        width: of both, H.
        dtype: of the computation; parameters and carry stay float32.
    """

    width: int
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(
        self,
        carry: Carry,
        features: Float[Array, "*B F"],
        first: Bool[Array, "B T"] | None = None,
    ) -> tuple[Carry, Float[Array, "*B G"]]:
        """Unroll.

        Args:
            carry: memory before the first row.
            features: [B, T, F]; any leading axes for width 0.
            first: rows that begin an episode: the memory is emptied before them.

        Returns:
            Memory after the last row, and features [B, T, H].
        """
        if self.width == 0:
            return (), features
        if not carry:
            raise ValueError("an LSTM needs its carry; found none, see `empty_carry`")
        x = nn.tanh(nn.LayerNorm(dtype=self.dtype)(self._dense(features)))
        if first is None:
            first = jnp.zeros(features.shape[:2], bool)
        scan = nn.scan(
            _ResettingCell,
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=1,
            out_axes=1,
        )
        return scan(self.width, self.dtype)(carry, (x, first))

    def _dense(self, features: Array) -> Array:
        return nn.Dense(self.width, dtype=self.dtype, name="encoder")(features)


class _ResettingCell(nn.Module):
    width: int
    dtype: Any

    @nn.compact
    def __call__(self, carry: Carry, row: tuple[Array, Array]) -> tuple[Carry, Array]:
        features, first = row
        carry = jax.tree.map(lambda c: jnp.where(first[:, None], 0.0, c), carry)
        cell = nn.OptimizedLSTMCell(self.width, dtype=self.dtype)
        carry, out = cell(cast(tuple[Array, Array], carry), features)
        return jax.tree.map(lambda c: c.astype(jnp.float32), carry), out
