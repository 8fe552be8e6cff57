"""Proximal Policy Optimization (arXiv:1707.06347) for quick teachers.

Notation: T steps, B environments, N observation, P privileged, A action. Pure
functions: `init` makes a `LearnerState`, `update` consumes a `Batch`.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from robot.contracts.symmetry import Mirror
from training.guide import Guide
from training.mpo_losses import Gaussian
from training.networks import Critic, GaussianActor, TwoSkills
from training.teaching import Lesson, gaussian_kl


@dataclass(frozen=True, kw_only=True)
class PpoConfig:
    """Hyper-parameters.

    Attributes:
        epochs, minibatches: passes over a batch, and its parts per pass.
        clip: of the probability ratio.
        discount, gae: gamma and lambda.
        learning_rate: at the start; then adapted to keep the policy's KL near `kl`.
        learning_rate_range: bounds of the adaptation.
        kl: wanted KL between the policies before and after an update.
        entropy: weight of the entropy bonus.
        value: weight of the value loss.
        grad_norm: global clip.
        hidden: widths of actor and critic.
        critic_hidden: of the critic, where they are others.
        critic_rate: factor on the learning rate for the critic. Where the policy may
            only learn slowly, the critic need not.
        init_std: of the actions.
        critic_first: updates at the start that train the critic alone. Where the actor
            can already do something, a critic that knows nothing yet would ruin it.
        average_updates: the policy that comes of it has the mean of the weights after
            about so many updates, in which what they do by chance averages out
            (arXiv:1803.05407); 0: the newest weights.
    """

    epochs: int = 4
    minibatches: int = 4
    clip: float = 0.2
    discount: float = 0.97
    gae: float = 0.95
    learning_rate: float = 1e-3
    learning_rate_range: tuple[float, float] = (1.5e-4, 2e-3)
    kl: float = 0.01
    entropy: float = 0.003
    value: float = 1.0
    grad_norm: float = 1.0
    hidden: tuple[int, ...] = (256, 128)
    critic_hidden: tuple[int, ...] | None = None
    critic_rate: float = 1.0
    init_std: float = 0.37
    critic_first: int = 0
    average_updates: int = 0

    def __post_init__(self) -> None:
        if self.average_updates < 0:
            raise ValueError(
                f"ppo.average_updates: expected 0 or more, found {self.average_updates}"
            )


class Batch(NamedTuple):
    """One rollout of T steps in B environments.

    `next_values` are of the state reached, before any reset; `ended` marks falls (value
    zero follows), `cut` any episode end (advantages stop there).
    """

    observation: Float[Array, "T B N"]
    privileged: Float[Array, "T B P"]
    action: Float[Array, "T B A"]
    log_prob: Float[Array, "T B"]
    reward: Float[Array, "T B"]
    value: Float[Array, "T B"]
    next_value: Float[Array, "T B"]
    ended: Float[Array, "T B"]
    cut: Float[Array, "T B"]


class Kept(NamedTuple):
    """What a policy does where its environments do not lead it, to be kept.

    Attributes:
        observation: [M, N].
        action: [M, A] the mean there.
        weight: of the squared distance from it, summed over A.
        rows: drawn for each minibatch.
    """

    observation: Float[Array, "M N"]
    action: Float[Array, "M A"]
    weight: float = 1.0
    rows: int = 2048


class LearnerState(NamedTuple):
    """Everything that changes: parameters, optimizer, learning rate, key, count, the
    teachers' raw weights where there are teachers, and the mean of the actor's weights
    where one is kept."""

    params: Any
    optimizer: Any
    learning_rate: Float[Array, ""]
    key: PRNGKeyArray
    updates: Any
    teaching: Any = ()
    averaged: Any = ()


class Ppo:
    """The learner: networks and configuration, no state."""

    def __init__(
        self,
        config: PpoConfig,
        action_size: int,
        mirrors: tuple[Mirror, Mirror] | None = None,
        guide: Guide | None = None,
        *,
        actor: TwoSkills | None = None,
        kept: Kept | None = None,
    ):
        """`mirrors` (of observation and action) make the policy left-right equivariant;
        `guide` holds it to teachers; `actor` is another network than the usual one;
        `kept` is what it shall not forget."""
        self.config = config
        self.guide = guide
        self.kept = kept
        usual = GaussianActor(action_size, config.hidden, config.init_std, mirrors)
        self.actor = actor or usual
        self.critic = Critic(config.critic_hidden or config.hidden)
        self._optimizer = optax.chain(
            optax.clip_by_global_norm(config.grad_norm), optax.scale_by_adam(eps=1e-5)
        )

    def init(
        self, key: PRNGKeyArray, observation: int, privileged: int
    ) -> LearnerState:
        """Fresh networks for observation and privileged sizes."""
        key, actor_key, critic_key = jax.random.split(key, 3)
        blank, extra = jnp.zeros((1, observation)), jnp.zeros((1, privileged))
        params = {
            "actor": self.actor.init(actor_key, blank),
            "critic": self.critic.init(critic_key, blank, extra),
        }
        return LearnerState(
            params=params,
            optimizer=self._optimizer.init(params),
            learning_rate=jnp.asarray(self.config.learning_rate),
            key=key,
            updates=jnp.zeros((), jnp.int32),
            teaching=() if self.guide is None else self.guide.start(),
            averaged=params["actor"] if self.config.average_updates else (),
        )

    def beginning_as(self, state: LearnerState, params: Any) -> LearnerState:
        """A fresh state with other networks."""
        averaged = params["actor"] if self.config.average_updates else ()
        return state._replace(params=params, averaged=averaged)

    def policy_params(self, state: LearnerState) -> Any:
        """Of the policy that comes of it: `PpoConfig.average_updates`."""
        if not self.config.average_updates:
            return state.params
        return state.params | {"actor": state.averaged}

    @partial(jax.jit, static_argnums=0)
    def act(
        self,
        params: Any,
        key: PRNGKeyArray,
        observation: Float[Array, "B N"],
        privileged: Float[Array, "B P"],
    ) -> tuple[Float[Array, "B A"], Float[Array, "B"], Float[Array, "B"]]:
        """Sampled actions, their log-probabilities, and state values."""
        mean, log_std = self.distribution(params, observation)
        noise = jax.random.normal(key, mean.shape)
        action = mean + jnp.exp(log_std) * noise
        value = self._state_value(params, observation, privileged)
        return action, gaussian_log_prob(action, mean, log_std), value

    @partial(jax.jit, static_argnums=0)
    def value(
        self,
        params: Any,
        observation: Float[Array, "*B N"],
        privileged: Float[Array, "*B P"],
    ) -> Float[Array, "*B"]:
        """State values."""
        return self._state_value(params, observation, privileged)

    @partial(jax.jit, static_argnums=0)
    def mean_action(
        self, params: Any, observation: Float[Array, "*B N"]
    ) -> Float[Array, "*B A"]:
        """The action without exploration noise."""
        return self.distribution(params, observation)[0]

    def distribution(
        self, params: Any, observation: Float[Array, "*B N"]
    ) -> tuple[Float[Array, "*B A"], Float[Array, "*#B A"]]:
        """Mean and log standard deviation of the action."""
        # `apply` may also return mutated collections, which these networks have not.
        output = self.actor.apply(params["actor"], observation)
        return cast(tuple[Array, Array], output)

    def _state_value(
        self,
        params: Any,
        observation: Float[Array, "*B N"],
        privileged: Float[Array, "*B P"],
    ) -> Float[Array, "*B"]:
        output = self.critic.apply(params["critic"], observation, privileged)
        return cast(Array, output)

    def update(
        self, state: LearnerState, batch: Batch
    ) -> tuple[LearnerState, dict[str, Array]]:
        """All epochs over one batch."""
        if self.guide is None:
            return self._update(state, batch, None)
        lesson = self.guide.lesson(state.teaching, batch.observation)
        state, metrics = self._update(state, batch, lesson)
        raw, more = self.guide.adapt(state.teaching, batch.value, lesson.first)
        return state._replace(teaching=raw), metrics | more

    @partial(jax.jit, static_argnums=0)
    def _update(
        self, state: LearnerState, batch: Batch, lesson: Lesson | None
    ) -> tuple[LearnerState, dict[str, Array]]:
        config = self.config
        advantage = generalized_advantage(batch, config.discount, config.gae)
        target = advantage + batch.value
        flat = _flatten((batch, advantage, target, lesson))
        size = flat[1].shape[0]
        # The optimizer's averages of the actor's gradients are kept up meanwhile, so
        # that its first step is none of an optimizer without a past.
        alone = state.updates < config.critic_first
        rates = {
            "actor": jnp.where(alone, 0.0, state.learning_rate),
            "critic": config.critic_rate * state.learning_rate,
        }

        def minibatch(carry, drawn):
            params, optimizer = carry
            rows, kept = drawn
            part = jax.tree.map(lambda x: x[rows], flat)
            grads, metrics = jax.grad(self._loss, has_aux=True)(params, *part, kept)
            moved, optimizer = self._optimizer.update(grads, optimizer, params)
            step = cast(dict[str, Any], moved)
            step = {
                name: jax.tree.map(lambda x, rate=rate: -rate * x, step[name])
                for name, rate in rates.items()
            }
            return (optax.apply_updates(params, step), optimizer), metrics

        def epoch(carry, key):
            order = jax.random.permutation(key, size)
            rows = order.reshape(config.minibatches, -1)
            return jax.lax.scan(minibatch, carry, (rows, self._kept_rows(key)))

        key, *keys = jax.random.split(state.key, config.epochs + 1)
        (params, optimizer), metrics = jax.lax.scan(
            epoch, (state.params, state.optimizer), jnp.stack(keys)
        )
        metrics = jax.tree.map(jnp.mean, metrics)
        adapted = self._adapted_rate(state.learning_rate, metrics["kl"])
        state = LearnerState(
            params=params,
            optimizer=optimizer,
            learning_rate=jnp.where(alone, state.learning_rate, adapted),
            key=key,
            updates=state.updates + 1,
            teaching=state.teaching,
            averaged=self._averaged(state, params),
        )
        return state, metrics | {"learning_rate": state.learning_rate}

    def _averaged(self, state: LearnerState, params: Any) -> Any:
        """With these newest weights; all of the first updates count alike."""
        if not self.config.average_updates:
            return ()
        last = jnp.minimum(state.updates + 1, self.config.average_updates)
        return jax.tree.map(
            lambda mean, new: mean + (new - mean) / last,
            state.averaged,
            params["actor"],
        )

    def _kept_rows(self, key: PRNGKeyArray) -> Array | None:
        """For each minibatch of an epoch with this key."""
        if self.kept is None:
            return None
        shape = self.config.minibatches, self.kept.rows
        count = self.kept.observation.shape[0]
        return jax.random.randint(jax.random.fold_in(key, 1), shape, 0, count)

    def _adapted_rate(self, rate: Array, kl: Array) -> Array:
        """Slower when updates moved the policy too far, faster when not enough."""
        low, high = self.config.learning_rate_range
        factor = jnp.where(kl > 2 * self.config.kl, 1 / 1.5, 1.0)
        factor = jnp.where(kl < 0.5 * self.config.kl, 1.5, factor)
        return jnp.clip(rate * factor, low, high)

    def _loss(
        self,
        params: Any,
        batch: Batch,
        advantage: Array,
        target: Array,
        lesson: Lesson | None,
        kept: Array | None,
    ):
        config = self.config
        mean, log_std = self.distribution(params, batch.observation)
        log_prob = gaussian_log_prob(batch.action, mean, log_std)
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
        own = 1.0 if lesson is None else 1 - lesson.weight
        policy = clipped_surrogate(
            log_prob - batch.log_prob, own * advantage, config.clip
        )
        value = self._state_value(params, batch.observation, batch.privileged)
        value_loss = jnp.mean((value - target) ** 2)
        each = log_std + 0.5 * math.log(2 * math.pi * math.e)
        entropy = jnp.mean(jnp.sum(each, axis=-1))
        loss = policy + config.value * value_loss - config.entropy * entropy
        ratio = log_prob - batch.log_prob
        metrics = {
            "kl": jnp.mean(jnp.exp(ratio) - 1 - ratio),
            "policy_loss": policy,
            "value_loss": value_loss,
            "std": jnp.mean(jnp.exp(log_std)),
        }
        if kept is not None and self.kept is not None:
            now, _ = self.distribution(params, self.kept.observation[kept])
            apart = jnp.sum((now - self.kept.action[kept]) ** 2, axis=-1)
            loss += self.kept.weight * jnp.mean(apart)
            metrics |= {"kept": jnp.mean(apart)}
        if lesson is None or self.guide is None:
            return loss, metrics
        apart = gaussian_kl(
            Gaussian(mean, jnp.exp(log_std)), Gaussian(lesson.mean, lesson.std)
        )
        loss += self.guide.config.ppo_kl * jnp.mean(lesson.weight * apart)
        return loss, metrics | {"teacher/kl": jnp.mean(apart)}


def gaussian_log_prob(
    action: Float[Array, "*B A"],
    mean: Float[Array, "*B A"],
    log_std: Float[Array, "*#B A"],
) -> Float[Array, "*B"]:
    """Log-density of a diagonal Gaussian."""
    scaled = (action - mean) * jnp.exp(-log_std)
    density = -0.5 * scaled**2 - log_std - 0.5 * math.log(2 * math.pi)
    return jnp.sum(density, axis=-1)


def clipped_surrogate(
    log_ratio: Float[Array, "B"], advantage: Float[Array, "B"], clip: float
) -> Float[Array, ""]:
    """-mean min(r A, clip(r, 1 - eps, 1 + eps) A), equation 7 of arXiv:1707.06347."""
    ratio = jnp.exp(log_ratio)
    limited = jnp.clip(ratio, 1 - clip, 1 + clip)
    return -jnp.mean(jnp.minimum(ratio * advantage, limited * advantage))


def generalized_advantage(
    batch: Batch, discount: float, gae: float
) -> Float[Array, "T B"]:
    """Generalized advantage estimate (arXiv:1506.02438, equation 16)."""
    delta = batch.reward + discount * (1 - batch.ended) * batch.next_value - batch.value

    def back(later, step):
        error, cut = step
        now = error + discount * gae * (1 - cut) * later
        return now, now

    _, advantage = jax.lax.scan(
        back, jnp.zeros_like(delta[0]), (delta, batch.cut), reverse=True
    )
    return advantage


def _flatten(tree: Any) -> Any:
    """Merge the T and B axes."""
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), tree)
