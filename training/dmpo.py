"""Distributional MPO (arXiv:1806.06920, 1707.06887), as used for the OP3's soccer.

Notation: B trajectories, T steps, M sampled actions, N observation, P privileged,
A action. Pure functions: `init` makes a `LearnerState`, `update` consumes a batch of
`Trajectory` [B, T, ...]; rows are weighed by what their trajectory shows of the future.
"""

from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from robot.contracts.symmetry import Mirror
from training import categorical
from training.dmpo_config import DmpoConfig
from training.dmpo_networks import DmpoActor, DmpoCritic
from training.guide import Guide
from training.mpo_losses import (
    Duals,
    Gaussian,
    clip_duals,
    init_duals,
    log_prob,
    policy_loss,
    weighted_mean,
)
from training.n_step import at_rows, n_step_windows
from training.recurrent import Carry, empty_carry
from training.sharding import over_devices, replicated
from training.teaching import Lesson, gaussian_kl, taught_scores
from training.trajectory import Trajectory


class Memories(NamedTuple):
    """What actor and critic remember; empty without an LSTM."""

    actor: Carry
    critic: Carry


class LearnerState(NamedTuple):
    """Everything that changes: parameters, targets, duals, optimizers, key, count, and
    the teachers' raw weights where there are teachers."""

    params: Any
    target: Any
    duals: Duals
    optimizer: Any
    dual_optimizer: Any
    key: PRNGKeyArray
    updates: Any
    teaching: Any = ()


class Choice(NamedTuple):
    """Actions, their log-densities, and the memory after them."""

    action: Float[Array, "B A"]
    log_prob: Float[Array, "B"]
    memory: Memories


class Dmpo:
    """The learner: networks and configuration, no state."""

    def __init__(
        self,
        config: DmpoConfig,
        action_size: int,
        mirrors: tuple[Mirror, Mirror] | None = None,
        guide: Guide | None = None,
    ):
        """`mirrors` (of observation and action) make the policy left-right equivariant;
        `guide` holds it to teachers.

        Raises:
            ValueError: mirrors with an LSTM, whose memory has no mirror image.
        """
        if mirrors is not None and config.lstm:
            raise ValueError(
                f"mirrors: expected none with an LSTM (width {config.lstm}), whose "
                "memory has no mirror image; train feed-forward or without mirrors"
            )
        self.config = config
        self.guide = guide
        self.action_size = action_size
        self.atoms = categorical.support(
            config.value_low, config.value_high, config.atoms
        )
        dtype = config.compute_dtype
        self.actor = DmpoActor(
            action_size=action_size,
            hidden=config.actor_hidden,
            init_std=config.init_std,
            min_std=config.min_std,
            lstm=config.lstm,
            mirrors=mirrors,
            dtype=dtype,
        )
        self.critic = DmpoCritic(config.atoms, config.critic_hidden, config.lstm, dtype)
        self._optimizer = optax.chain(
            optax.clip_by_global_norm(config.grad_norm),
            optax.adam(config.learning_rate),
        )
        self._dual_optimizer = optax.adam(config.dual_learning_rate)

    def init(
        self, key: PRNGKeyArray, observation: int, privileged: int
    ) -> LearnerState:
        """Fresh networks for observation and privileged sizes."""
        state = self._init(key, observation, privileged)
        return replicated(state) if self.config.shard else state

    @partial(jax.jit, static_argnums=(0, 2, 3))
    def _init(
        self, key: PRNGKeyArray, observation: int, privileged: int
    ) -> LearnerState:
        key, actor_key, critic_key = jax.random.split(key, 3)
        seen = jnp.zeros((1, 1, observation))
        extra = jnp.zeros((1, 1, privileged))
        action = jnp.zeros((1, 1, self.action_size))
        memory = self.empty_memory(1)
        params = {
            "actor": self.actor.init(actor_key, memory.actor, seen),
            "critic": self.critic.init(critic_key, memory.critic, seen, extra, action),
        }
        duals = init_duals(self.config.mpo, self.action_size)
        return LearnerState(
            params=params,
            target=params,
            duals=duals,
            optimizer=self._optimizer.init(params),
            dual_optimizer=self._dual_optimizer.init(duals),
            key=key,
            updates=jnp.zeros((), jnp.int32),
            teaching=() if self.guide is None else self.guide.start(),
        )

    def empty_memory(self, batch: int) -> Memories:
        """Memories at the start of episodes."""
        width = self.config.lstm
        return Memories(empty_carry(batch, width), empty_carry(batch, width))

    @partial(jax.jit, static_argnums=0)
    def act(
        self,
        params: Any,
        key: PRNGKeyArray,
        observation: Float[Array, "B N"],
        privileged: Float[Array, "B P"],
        memory: Memories | None = None,
        first: Bool[Array, "B"] | None = None,
    ) -> Choice:
        """Sampled actions.

        Args:
            params: of a `LearnerState`.
            key: of the noise.
            observation, privileged: of B environments; privileged only keeps the
                critic's memory up to date.
            memory: from the step before; needed by an LSTM only.
            first: environments that begin an episode, whose memory is emptied.
        """
        memory = self.empty_memory(len(observation)) if memory is None else memory
        # One row of time.
        observation, privileged = observation[:, None], privileged[:, None]
        first = None if first is None else first[:, None]
        actor_carry, policy = self._policy(params, memory.actor, observation, first)
        critic_carry, _ = self._remember(
            params, memory.critic, observation, privileged, first
        )
        action = policy.mean + policy.std * jax.random.normal(key, policy.mean.shape)
        return Choice(
            action=action[:, 0],
            log_prob=log_prob(action, policy)[:, 0],
            memory=Memories(actor_carry, critic_carry),
        )

    @partial(jax.jit, static_argnums=0)
    def mean_action(
        self, params: Any, observation: Float[Array, "*B N"]
    ) -> Float[Array, "*B A"]:
        """The action without noise, of a feed-forward actor."""
        return self.distribution(params, observation)[1].mean

    def distribution(
        self,
        params: Any,
        observation: Float[Array, "*B N"],
        carry: Carry = (),
        first: Bool[Array, "B T"] | None = None,
    ) -> tuple[Carry, Gaussian]:
        """The policy; with an LSTM over [B, T, N] from a carry (see `Memory`)."""
        return self._policy(params, carry, observation, first)

    def update(
        self,
        state: LearnerState,
        batch: Trajectory,
        memory: Memories | None = None,
    ) -> tuple[LearnerState, dict[str, Array]]:
        """One gradient step on B trajectories of T steps.

        Args:
            state: learner.
            batch: [B, T, ...]; T of at least burn_in + n_step + 1 for a value target.
            memory: at the first rows, from when they were recorded; empty by default.

        Returns:
            The next state, and figures to watch.
        """
        memory = self.empty_memory(len(batch.reward)) if memory is None else memory
        if self.config.shard:
            batch, memory = over_devices((batch, memory))
        if self.guide is None:
            return self._update(state, batch, memory, None)[:2]
        lesson = self.guide.lesson(state.teaching, jnp.asarray(batch.observation))
        state, metrics, values = self._update(state, batch, memory, lesson)
        first = lesson.first[:, self.config.burn_in :]
        raw, more = self.guide.adapt(state.teaching, values, first)
        return state._replace(teaching=raw), metrics | more

    @partial(jax.jit, static_argnums=0)
    def _update(
        self,
        state: LearnerState,
        batch: Trajectory,
        memory: Memories,
        lesson: Lesson | None,
    ) -> tuple[LearnerState, dict[str, Array], Float[Array, "B T"]]:
        """Also E[Q] of the rows learned from, for the teachers' weights."""
        config = self.config
        key, sample_key = jax.random.split(state.key)
        (_, (metrics, values)), grads = jax.value_and_grad(self._loss, has_aux=True)(
            (state.params, state.duals), state.target, batch, memory, sample_key, lesson
        )
        step, optimizer = self._optimizer.update(grads[0], state.optimizer)
        dual_step, dual_optimizer = self._dual_optimizer.update(
            grads[1], state.dual_optimizer
        )
        params = cast(dict, optax.apply_updates(state.params, step))
        duals = clip_duals(cast(Duals, optax.apply_updates(state.duals, dual_step)))
        updates = state.updates + 1
        periods = {"actor": config.actor_period, "critic": config.critic_period}
        target = {
            name: optax.periodic_update(params[name], state.target[name], updates, each)
            for name, each in periods.items()
        }
        metrics["grad_norm"] = optax.tree.norm(grads[0])
        state = LearnerState(
            params,
            target,
            duals,
            optimizer,
            dual_optimizer,
            key,
            updates,
            state.teaching,
        )
        return state, metrics, values

    def _loss(
        self,
        learned: tuple[Any, Duals],
        target: Any,
        batch: Trajectory,
        memory: Memories,
        key: PRNGKeyArray,
        lesson: Lesson | None,
    ) -> tuple[Array, tuple[dict[str, Array], Array]]:
        params, duals = learned
        batch, first, carries = self._burn_in(params, target, batch, memory)
        online_carry, target_carry = carries
        actions, old, logits = self._sample(target, target_carry, batch, first, key)
        value, critic_metrics = self._critic_loss(
            params, online_carry, batch, first, logits
        )
        _, policy = self._policy(params, online_carry.actor, batch.observation, first)
        # Every row is a state that was really met.
        rows = jnp.ones(batch.reward.shape)
        scores = categorical.expectation(logits, self.atoms)
        values, taught = jnp.mean(scores, axis=-1), {}
        if lesson is not None:
            scores, taught = self._taught(lesson, actions, scores, old)
        loss, metrics = policy_loss(
            duals, self.config.mpo, actions, scores, old, policy, rows
        )
        outside = jnp.any(jnp.abs(actions) > 1, axis=-1)
        metrics |= critic_metrics | {
            "policy_loss": loss,
            "std": jnp.mean(policy.std),
            "out_of_bounds": jnp.mean(outside),
        }
        return loss + value, (metrics | taught, values)

    def _taught(
        self, lesson: Lesson, actions: Array, scores: Array, old: Gaussian
    ) -> tuple[Array, dict[str, Array]]:
        """Scores of the regularized objective, and how far the teachers are."""
        lesson = jax.tree.map(lambda x: x[:, self.config.burn_in :], lesson)
        teacher = Gaussian(lesson.mean, lesson.std)
        ours, theirs = (
            log_prob(actions, Gaussian(each.mean[..., None, :], each.std[..., None, :]))
            for each in (old, teacher)
        )
        scores = taught_scores(scores, ours - theirs, lesson.weight)
        return scores, {"teacher/kl": jnp.mean(gaussian_kl(old, teacher))}

    def _burn_in(
        self, params: Any, target: Any, batch: Trajectory, memory: Memories
    ) -> tuple[Trajectory, Array, tuple[Memories, Memories]]:
        """The rows to learn from, where episodes begin, and memories before them."""
        first = jnp.pad(batch.cut[:, :-1], ((0, 0), (1, 0)))
        length = self.config.burn_in
        if length == 0:
            return batch, first, (memory, memory)
        before = jax.tree.map(lambda x: x[:, :length], batch)

        def warm(weights: Any) -> Memories:
            seen, begins = before.observation, first[:, :length]
            actor, _ = self._policy(weights, memory.actor, seen, begins)
            critic, _ = self._remember(
                weights, memory.critic, seen, before.privileged, begins
            )
            return jax.lax.stop_gradient(Memories(actor, critic))

        rest = jax.tree.map(lambda x: x[:, length:], batch)
        return rest, first[:, length:], (warm(params), warm(target))

    def _sample(
        self,
        target: Any,
        memory: Memories,
        batch: Trajectory,
        first: Array,
        key: PRNGKeyArray,
    ) -> tuple[Float[Array, "B T M A"], Gaussian, Float[Array, "B T M K"]]:
        """Actions of the target policy, that policy, and the target critic's logits."""
        _, policy = self._policy(target, memory.actor, batch.observation, first)
        *lead, size = policy.mean.shape
        noise = jax.random.normal(key, (*lead, self.config.samples, size))
        actions = policy.mean[..., None, :] + policy.std[..., None, :] * noise
        _, features = self._remember(
            target, memory.critic, batch.observation, batch.privileged, first
        )
        return actions, policy, self._judge(target, features[..., None, :], actions)

    def _critic_loss(
        self,
        params: Any,
        memory: Memories,
        batch: Trajectory,
        first: Array,
        target_logits: Float[Array, "B T M K"],
    ) -> tuple[Array, dict[str, Array]]:
        """Cross-entropy to the n-step target, over rows that have one."""
        config = self.config
        windows = n_step_windows(
            jnp.asarray(batch.reward),
            jnp.asarray(batch.ended),
            jnp.asarray(batch.cut),
            config.n_step,
            config.discount,
        )
        # The projection is linear: average over actions first, project once.
        values = jnp.mean(jax.nn.softmax(target_logits, axis=-1), axis=-2)
        wanted = categorical.bootstrap(
            windows.reward,
            windows.discount,
            at_rows(values, windows.bootstrap),
            self.atoms,
        )
        _, features = self._remember(
            params, memory.critic, batch.observation, batch.privileged, first
        )
        logits = self._judge(params, features, jnp.asarray(batch.action))
        error = categorical.cross_entropy(jax.lax.stop_gradient(wanted), logits)
        rows = windows.valid.astype(jnp.float32)
        loss = weighted_mean(error, rows)
        value = categorical.expectation(logits, self.atoms)
        return loss, {
            "critic_loss": loss,
            "value": weighted_mean(value, rows),
            "value_error": weighted_mean(jnp.abs(value - wanted @ self.atoms), rows),
            "rows_with_target": jnp.mean(rows),
        }

    # `apply` may also return mutated collections, which these networks have not.

    def _policy(
        self, params: Any, carry: Carry, observation: Any, first: Any
    ) -> tuple[Carry, Gaussian]:
        output = self.actor.apply(params["actor"], carry, observation, first)
        return cast(tuple[Carry, Gaussian], output)

    def _remember(
        self, params: Any, carry: Carry, observation: Any, privileged: Any, first: Any
    ) -> tuple[Carry, Array]:
        output = self.critic.apply(
            params["critic"], carry, observation, privileged, first, method="remember"
        )
        return cast(tuple[Carry, Array], output)

    def _judge(self, params: Any, features: Array, action: Array) -> Array:
        output = self.critic.apply(params["critic"], features, action, method="judge")
        return cast(Array, output)
