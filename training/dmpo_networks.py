"""Networks of the distributional MPO learner (Table S4 of arXiv:2304.13653)."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from robot.contracts.symmetry import Mirror
from training.mpo_losses import Gaussian
from training.recurrent import Carry, Memory

_SMALL = nn.initializers.variance_scaling(1e-4, "fan_in", "truncated_normal")


class Trunk(nn.Module):
    """First layer with LayerNorm and tanh, ELU after the others.

    Several inputs are concatenated, without repeating those that broadcast over the
    others: each has its own part of the first layer's weights.
    """

    hidden: Sequence[int]
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, *inputs: Float[Array, "*B _"]) -> Float[Array, "*B H"]:
        fan_in = sum(part.shape[-1] for part in inputs)
        init = _first_layer_init(fan_in)
        x = sum(
            nn.Dense(
                self.hidden[0], use_bias=i == 0, kernel_init=init, dtype=self.dtype
            )(part)
            for i, part in enumerate(inputs)
        )
        x = nn.tanh(nn.LayerNorm(dtype=self.dtype)(x))
        for width in self.hidden[1:]:
            x = nn.elu(nn.Dense(width, dtype=self.dtype)(x))
        return x


class DmpoActor(nn.Module):
    """Diagonal Gaussian policy whose standard deviation depends on the state.

    Attributes:
        action_size: A.
        hidden: widths of the trunk.
        init_std, min_std: at the start everywhere, and the smallest ever.
        lstm: width of the memory before the trunk; 0: none.
        mirrors: of observation and action, for a left-right equivariant policy.
        dtype: of trunk and memory; heads and outputs are float32.
    """

    action_size: int
    hidden: Sequence[int] = (256, 256, 128)
    init_std: float = 0.7
    min_std: float = 1e-3
    lstm: int = 0
    mirrors: tuple[Mirror, Mirror] | None = None
    dtype: Any = jnp.float32

    def setup(self):
        self.memory = Memory(self.lstm, self.dtype)
        self.trunk = Trunk(self.hidden, self.dtype)
        self.mean_head = nn.Dense(self.action_size, kernel_init=_SMALL)
        self.std_head = nn.Dense(self.action_size, kernel_init=_SMALL)

    def __call__(
        self,
        carry: Carry,
        observation: Float[Array, "*B N"],
        first: Bool[Array, "B T"] | None = None,
    ) -> tuple[Carry, Gaussian]:
        """Policy at each row; arguments and shapes as in `Memory`."""
        carry, features = self.memory(carry, observation, first)
        mean, raw_std = self._heads(features)
        if self.mirrors is not None:
            seen, done = self.mirrors
            other_mean, other_std = self._heads(seen.of(features))
            unsigned = Mirror(source=done.source, sign=(1.0,) * len(done.sign))
            mean = (mean + done.of(other_mean)) / 2
            raw_std = (raw_std + unsigned.of(other_std)) / 2
        std = nn.softplus(raw_std) * (self.init_std / nn.softplus(0.0))
        return carry, Gaussian(mean, std + self.min_std)

    def _heads(self, features: Array) -> tuple[Array, Array]:
        x = self.trunk(features).astype(jnp.float32)
        return self.mean_head(x), self.std_head(x)


class DmpoCritic(nn.Module):
    """Distribution of the return, as logits of its atoms.

    Attributes:
        atoms: K.
        hidden: widths of the trunk.
        lstm: width of the memory of observations before the trunk; 0: none.
        dtype: of trunk and memory; head and logits are float32.
    """

    atoms: int
    hidden: Sequence[int] = (400, 400, 400, 300)
    lstm: int = 0
    dtype: Any = jnp.float32

    def setup(self):
        self.memory = Memory(self.lstm, self.dtype)
        self.trunk = Trunk(self.hidden, self.dtype)
        self.head = nn.Dense(self.atoms, kernel_init=_SMALL)

    def __call__(
        self,
        carry: Carry,
        observation: Float[Array, "*B N"],
        privileged: Float[Array, "*B P"],
        action: Float[Array, "*B A"],
        first: Bool[Array, "B T"] | None = None,
    ) -> tuple[Carry, Float[Array, "*B K"]]:
        """Logits of one action per row."""
        carry, features = self.remember(carry, observation, privileged, first)
        return carry, self.judge(features, action)

    def remember(
        self,
        carry: Carry,
        observation: Float[Array, "*B N"],
        privileged: Float[Array, "*B P"],
        first: Bool[Array, "B T"] | None = None,
    ) -> tuple[Carry, Float[Array, "*B F"]]:
        """What `judge` needs of the states; arguments as in `Memory`."""
        both = jnp.concatenate([observation, privileged], axis=-1)
        return self.memory(carry, both, first)

    def judge(
        self, features: Float[Array, "*B F"], action: Float[Array, "*B A"]
    ) -> Float[Array, "*B K"]:
        """Logits of actions, which are clipped to [-1, 1]; features may broadcast."""
        x = self.trunk(features, jnp.clip(action, -1.0, 1.0))
        return self.head(x.astype(jnp.float32))


def _first_layer_init(fan_in: int) -> nn.initializers.Initializer:
    """LeCun-uniform by the fan-in of all inputs, not of one part."""

    def init(key, shape, dtype=jnp.float32) -> Array:
        bound = (3.0 / fan_in) ** 0.5
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init
