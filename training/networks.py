"""Actor and critic networks (Flax linen), written per batch of observations."""

from collections.abc import Sequence
from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from robot.contracts.symmetry import Mirror

FIRST, SECOND = "first", "second"
"""Names of the parameters of an actor of `TwoSkills`."""


class Mlp(nn.Module):
    """Dense layers with ELU between them and a linear output."""

    hidden: Sequence[int]
    out: int
    out_scale: float = 1.0

    @nn.compact
    def __call__(self, x: Float[Array, "*B N"]) -> Float[Array, "*B M"]:
        for width in self.hidden:
            x = nn.elu(nn.Dense(width, kernel_init=_orthogonal(2**0.5))(x))
        return nn.Dense(self.out, kernel_init=_orthogonal(self.out_scale))(x)


class GaussianActor(nn.Module):
    """Diagonal Gaussian policy; its standard deviation does not depend on the state.

    With `mirrors` (of observation and action) the mean is left-right equivariant by
    construction: mean(s) = (f(s) + M f(M s)) / 2, one network seen from both sides.
    """

    action_size: int
    hidden: Sequence[int] = (256, 128)
    init_std: float = 0.37
    mirrors: tuple[Mirror, Mirror] | None = None

    @nn.compact
    def __call__(
        self, observation: Float[Array, "*B N"]
    ) -> tuple[Float[Array, "*B A"], Float[Array, "A"]]:
        net = Mlp(self.hidden, self.action_size, out_scale=0.01)
        mean = net(observation)
        if self.mirrors is not None:
            seen, done = self.mirrors
            other = net(seen.of(observation))
            mean = (mean + done.of(other)) / 2
        log_std = self.param(
            "log_std",
            nn.initializers.constant(jnp.log(self.init_std)),
            (self.action_size,),
        )
        return mean, log_std


class TwoSkills(nn.Module):
    """Two Gaussian policies in one actor: which of them acts, the observation says.

    It is the first one's, then the second one's, then 1 where the second acts, else 0.

    Attributes:
        action_size: of both.
        observation_sizes: of the two.
        mirrors: of the first, see `GaussianActor`.
    """

    action_size: int
    observation_sizes: tuple[int, int]
    hidden: Sequence[int] = (256, 128)
    init_std: float = 0.37
    mirrors: tuple[Mirror, Mirror] | None = None

    @nn.compact
    def __call__(
        self, observation: Float[Array, "*B N"]
    ) -> tuple[Float[Array, "*B A"], Float[Array, "*B A"]]:
        first, second = self.observation_sizes
        skill = partial(GaussianActor, self.action_size, self.hidden, self.init_std)
        mean, log_std = skill(self.mirrors, name=FIRST)(observation[..., :first])
        other, other_log_std = skill(None, name=SECOND)(
            observation[..., first : first + second]
        )
        acts = observation[..., -1:] > 0.5
        return jnp.where(acts, other, mean), jnp.where(acts, other_log_std, log_std)


class Critic(nn.Module):
    """State value from the actor's observation and privileged state."""

    hidden: Sequence[int] = (256, 128)

    @nn.compact
    def __call__(
        self,
        observation: Float[Array, "*B N"],
        privileged: Float[Array, "*B P"],
    ) -> Float[Array, "*B"]:
        both = jnp.concatenate([observation, privileged], axis=-1)
        return Mlp(self.hidden, 1)(both)[..., 0]


def _orthogonal(scale: float) -> nn.initializers.Initializer:
    return nn.initializers.orthogonal(scale)
