"""Values as categorical distributions over fixed atoms (C51, arXiv:1707.06887).

Notation: K atoms, equally spaced; *B any leading axes.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def support(low: float, high: float, atoms: int) -> Float[Array, "K"]:
    """The atoms' values."""
    return jnp.linspace(low, high, atoms)


def expectation(
    logits: Float[Array, "*B K"], atoms: Float[Array, "K"]
) -> Float[Array, "*B"]:
    """Mean value of the distribution."""
    return jax.nn.softmax(logits, axis=-1) @ atoms


def project(
    values: Float[Array, "*B M"],
    probabilities: Float[Array, "*B M"],
    atoms: Float[Array, "K"],
) -> Float[Array, "*B K"]:
    """Move probability from arbitrary values to the atoms (equation 7).

    A value between two atoms splits by distance; one beyond the support goes to its
    end. Linear in `probabilities`: the mean of projections from the same values is the
    projection of the mean.
    """
    spacing = atoms[1] - atoms[0]
    place = (jnp.clip(values, atoms[0], atoms[-1]) - atoms[0]) / spacing
    index = jnp.arange(atoms.shape[0])
    share = jnp.clip(1.0 - jnp.abs(place[..., None, :] - index[:, None]), 0.0, 1.0)
    return jnp.einsum("...km,...m->...k", share, probabilities)


def bootstrap(
    reward: Float[Array, "*B"],
    discount: Float[Array, "*B"],
    probabilities: Float[Array, "*B K"],
    atoms: Float[Array, "K"],
) -> Float[Array, "*B K"]:
    """Distribution of reward + discount Z on the atoms, Z having `probabilities`."""
    values = reward[..., None] + discount[..., None] * atoms
    return project(values, probabilities, atoms)


def cross_entropy(
    target: Float[Array, "*B K"], logits: Float[Array, "*B K"]
) -> Float[Array, "*B"]:
    """-sum_k target_k log softmax(logits)_k."""
    return -jnp.sum(target * jax.nn.log_softmax(logits, axis=-1), axis=-1)
