"""Losses of Maximum a Posteriori Policy Optimization, decoupled and per dimension.

Notation: *B states, N actions sampled per state from the target policy, A dimensions.
Online policy N(mu, sig), target policy N(mu', sig'). `rows` weighs states; zero leaves
a state out. Duals are kept raw: softplus(raw) + 1e-8 is the multiplier.

Sources: arXiv:1806.06920 (MPO), arXiv:1812.02256 (decoupled M-step), arXiv:2005.07513
(several objectives, each with a temperature of its own).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

# Below this, softplus is numerically zero and its gradient with it.
_LOWEST_RAW_DUAL = -18.0


@dataclass(frozen=True, kw_only=True)
class MpoConfig:
    """Bounds and starting points of the policy step.

    Attributes:
        epsilon: KL bound of the E-step, in nats per state.
        epsilon_penalty: the same for the objective of staying inside [-1, 1].
        epsilon_mean, epsilon_std: KL bounds of the M-step for each action dimension.
        action_penalty: whether actions outside [-1, 1] are an objective at all.
        init_temperature, init_alpha_mean, init_alpha_std: raw duals at the start.
    """

    epsilon: float = 0.1
    epsilon_penalty: float = 0.001
    epsilon_mean: float = 0.0025
    epsilon_std: float = 1e-6
    action_penalty: bool = True
    init_temperature: float = 10.0
    init_alpha_mean: float = 10.0
    init_alpha_std: float = 1000.0


class Gaussian(NamedTuple):
    """Diagonal normal distributions over actions."""

    mean: Float[Array, "*B A"]
    std: Float[Array, "*B A"]


class Duals(NamedTuple):
    """Raw Lagrange multipliers; see `positive`."""

    temperature: Float[Array, ""]
    penalty_temperature: Float[Array, ""]
    alpha_mean: Float[Array, "A"]
    alpha_std: Float[Array, "A"]


def init_duals(config: MpoConfig, action_size: int) -> Duals:
    """Raw duals at the start of training."""
    # Floats also where a configuration file had whole numbers.
    temperature = jnp.asarray(config.init_temperature, jnp.float32)
    return Duals(
        temperature=temperature,
        penalty_temperature=temperature,
        alpha_mean=jnp.full(action_size, config.init_alpha_mean, jnp.float32),
        alpha_std=jnp.full(action_size, config.init_alpha_std, jnp.float32),
    )


def clip_duals(duals: Duals) -> Duals:
    """Raw duals kept where their gradients do not vanish."""
    return Duals(*(jnp.maximum(raw, _LOWEST_RAW_DUAL) for raw in duals))


def positive(raw: Float[Array, "*D"]) -> Float[Array, "*D"]:
    """The multiplier of a raw dual."""
    return jax.nn.softplus(raw) + 1e-8


def weighted_mean(values: Float[Array, "*B"], rows: Float[Array, "*B"]) -> Array:
    """Mean over states by weight; zero if no state counts."""
    return jnp.sum(values * rows) / jnp.maximum(jnp.sum(rows), 1e-8)


def e_step(
    scores: Float[Array, "*B N"], temperature: Float[Array, ""]
) -> Float[Array, "*B N"]:
    """Improved policy as weights on sampled actions, w_ij = softmax_j(Q_ij / eta).

    No gradient flows through it.
    """
    return jax.lax.stop_gradient(jax.nn.softmax(scores / temperature, axis=-1))


def temperature_loss(
    scores: Float[Array, "*B N"],
    temperature: Float[Array, ""],
    epsilon: float,
    rows: Float[Array, "*B"],
) -> Float[Array, ""]:
    """eta (eps + mean_i[logsumexp_j(Q_ij / eta)] - log N), the E-step's dual."""
    spread = jax.nn.logsumexp(jax.lax.stop_gradient(scores) / temperature, axis=-1)
    excess = weighted_mean(spread - math.log(scores.shape[-1]), rows)
    return temperature * (epsilon + excess)


def e_step_kl(
    weights: Float[Array, "*B N"], rows: Float[Array, "*B"]
) -> Float[Array, ""]:
    """mean_i KL(w_i || uniform): what `epsilon` bounds, as it came out."""
    kl = jnp.sum(jax.scipy.special.xlogy(weights, weights), axis=-1)
    return weighted_mean(kl + math.log(weights.shape[-1]), rows)


def bound_scores(actions: Float[Array, "*B N A"]) -> Float[Array, "*B N"]:
    """-||a - clip(a, -1, 1)||_2: zero inside the bounds, falling outside."""
    beyond = actions - jnp.clip(actions, -1.0, 1.0)
    return -jnp.sqrt(jnp.sum(beyond**2, axis=-1))


def log_prob(actions: Float[Array, "*B A"], policy: Gaussian) -> Float[Array, "*B"]:
    """Log-density of actions under a diagonal normal."""
    scaled = (actions - policy.mean) / policy.std
    density = -0.5 * scaled**2 - jnp.log(policy.std) - 0.5 * math.log(2 * math.pi)
    return jnp.sum(density, axis=-1)


def fit_loss(
    weights: Float[Array, "*B N"],
    actions: Float[Array, "*B N A"],
    policy: Gaussian,
    rows: Float[Array, "*B"],
) -> Float[Array, ""]:
    """-mean_i sum_j w_ij log N(a_ij; policy_i): weighted maximum likelihood."""
    each = Gaussian(policy.mean[..., None, :], policy.std[..., None, :])
    likelihood = log_prob(jax.lax.stop_gradient(actions), each)
    return -weighted_mean(jnp.sum(weights * likelihood, axis=-1), rows)


def kl_of_means(
    target: Gaussian, online: Gaussian, rows: Float[Array, "*B"]
) -> Float[Array, "A"]:
    """mean_i KL(N(mu', sig') || N(mu, sig')) for each dimension."""
    kl = 0.5 * ((target.mean - online.mean) / target.std) ** 2
    return _per_dimension(kl, rows)


def kl_of_stds(
    target: Gaussian, online: Gaussian, rows: Float[Array, "*B"]
) -> Float[Array, "A"]:
    """mean_i KL(N(mu', sig') || N(mu', sig)) for each dimension."""
    ratio = target.std / online.std
    return _per_dimension(0.5 * ratio**2 - 0.5 - jnp.log(ratio), rows)


def trust_region_loss(
    kl: Float[Array, "A"], alpha: Float[Array, "A"], epsilon: float
) -> Float[Array, ""]:
    """sum_d sg(alpha_d) KL_d + alpha_d (eps - sg(KL_d)).

    The first part moves the policy, the second the multipliers.
    """
    fixed = jax.lax.stop_gradient
    return jnp.sum(fixed(alpha) * kl + alpha * (epsilon - fixed(kl)))


def policy_loss(
    duals: Duals,
    config: MpoConfig,
    actions: Float[Array, "*B N A"],
    scores: Float[Array, "*B N"],
    target: Gaussian,
    online: Gaussian,
    rows: Float[Array, "*B"],
) -> tuple[Float[Array, ""], dict[str, Array]]:
    """The whole policy step: E-step, M-step, trust regions and their duals.

    Args:
        duals: raw.
        config: bounds.
        actions: samples of the target policy.
        scores: their value by the target critic.
        target, online: policies at the states.
        rows: weights of the states.

    Returns:
        Loss, with gradients to `online` and `duals` only, and figures to watch.
    """
    actions, scores, target = jax.lax.stop_gradient((actions, scores, target))
    weights, loss, metrics = _improve(duals, config, actions, scores, rows)
    # Decoupled: each part of the policy is fitted beside the target's other part.
    loss += fit_loss(weights, actions, Gaussian(online.mean, target.std), rows)
    loss += fit_loss(weights, actions, Gaussian(target.mean, online.std), rows)
    kl_mean = kl_of_means(target, online, rows)
    kl_std = kl_of_stds(target, online, rows)
    alpha_mean, alpha_std = positive(duals.alpha_mean), positive(duals.alpha_std)
    loss += trust_region_loss(kl_mean, alpha_mean, config.epsilon_mean)
    loss += trust_region_loss(kl_std, alpha_std, config.epsilon_std)
    return loss, metrics | {
        "kl_mean_of_bound": jnp.mean(kl_mean) / config.epsilon_mean,
        "kl_std_of_bound": jnp.mean(kl_std) / config.epsilon_std,
        "alpha_mean": jnp.mean(alpha_mean),
        "alpha_std": jnp.mean(alpha_std),
    }


def _improve(
    duals: Duals, config: MpoConfig, actions: Array, scores: Array, rows: Array
) -> tuple[Array, Array, dict[str, Array]]:
    """Weights of all objectives together, their temperatures' loss, metrics."""
    temperature = positive(duals.temperature)
    weights = e_step(scores, temperature)
    loss = temperature_loss(scores, temperature, config.epsilon, rows)
    metrics = {
        "temperature": temperature,
        "kl_q_of_bound": e_step_kl(weights, rows) / config.epsilon,
    }
    if config.action_penalty:
        temperature = positive(duals.penalty_temperature)
        scores = bound_scores(actions)
        # A plain sum, so the weights of one state add up to two.
        weights += e_step(scores, temperature)
        loss += temperature_loss(scores, temperature, config.epsilon_penalty, rows)
        metrics["penalty_temperature"] = temperature
    return weights, loss, metrics


def _per_dimension(kl: Float[Array, "*B A"], rows: Array) -> Float[Array, "A"]:
    return jax.vmap(weighted_mean, in_axes=(-1, None))(kl, rows)
