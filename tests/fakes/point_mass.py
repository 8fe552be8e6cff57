"""A point mass on a plane, its LQR controller, and an off-policy run, all in JAX.

Position and speed (x, y, vx, vy); actions are accelerations of `GAIN` m/s^2 each,
clipped to [-1, 1]. Reward 1 - |position|^2 / 2 - 0.05 |action|^2 of what was clipped:
nothing but the learner keeps actions inside. Episodes are `LIMIT` steps long and end by
that limit only.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import solve_discrete_are

from training.dmpo import Dmpo
from training.replay import Replay
from training.trajectory import Trajectory

STEP_S, GAIN, LIMIT = 0.1, 2.0, 40


class World(NamedTuple):
    """State [B, 4], steps since the start [B]."""

    state: Any
    age: Any


def start(key, batch: int) -> World:
    """At rest, up to 1 m away in x and y; episodes staggered."""
    place = jax.random.uniform(key, (batch, 2), minval=-1.0, maxval=1.0)
    age = jnp.arange(batch) * LIMIT // batch
    return World(jnp.concatenate([place, jnp.zeros((batch, 2))], axis=-1), age)


def step(world: World, action, key) -> tuple[World, Any, Any]:
    """Next world, reward, and whether the time is up."""
    action = jnp.clip(action, -1.0, 1.0)
    speed = world.state[:, 2:] + STEP_S * GAIN * action
    place = world.state[:, :2] + STEP_S * speed
    cost = 0.5 * jnp.sum(place**2, axis=-1) + 0.05 * jnp.sum(action**2, axis=-1)
    over = world.age + 1 >= LIMIT
    fresh = start(key, len(action)).state
    state = jnp.where(over[:, None], fresh, jnp.concatenate([place, speed], axis=-1))
    return World(state, jnp.where(over, 0, world.age + 1)), 1.0 - cost, over


def lqr_gain() -> np.ndarray:
    """Feedback [2, 4] for the cost |position|^2 + 0.05 |speed|^2 + 0.05 |action|^2."""
    a, b = np.eye(4), np.zeros((4, 2))
    a[0, 2] = a[1, 3] = STEP_S
    b[2, 0] = b[3, 1] = STEP_S * GAIN
    b[0, 0] = b[1, 1] = STEP_S**2 * GAIN
    q, r = np.diag([1.0, 1.0, 0.05, 0.05]), 0.05 * np.eye(2)
    p = solve_discrete_are(a, b, q, r)
    return np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)


def episode_return(policy, key, batch: int = 256) -> float:
    """Mean return of `policy(state) -> action` over whole episodes."""
    world = start(key, batch)
    world = world._replace(age=jnp.zeros(batch, jnp.int32))

    def one(world, _):
        world, reward, _ = step(world, policy(world.state), key)
        return world, reward

    _, rewards = jax.lax.scan(one, world, None, length=LIMIT)
    return float(jnp.sum(rewards, axis=0).mean())


@partial(jax.jit, static_argnums=(0, 1, 2, 3, 4))
def learn(dmpo: Dmpo, replay: Replay, chunk: int, chunks: int, updates: int, key):
    """`chunks` times: `chunk` steps in each environment, then `updates` updates.

    Returns the learner's last state, its last metrics, and the share of action
    components sent outside [-1, 1] in the last tenth.
    """
    batch = replay.config.environments
    keys = jax.random.split(key, 4)
    learner = dmpo.init(keys[0], 4, 0)
    carry = learner, replay.init(4, 0, 2), start(keys[1], batch)

    def act(params, carry, key):
        world = carry
        act_key, reset_key = jax.random.split(key)
        blank = jnp.zeros((batch, 0))
        action, log_prob, _ = dmpo.act(params, act_key, world.state, blank)
        after, reward, over = step(world, action, reset_key)
        ended = jnp.zeros_like(over)
        row = Trajectory(world.state, blank, action, reward, ended, over, log_prob)
        return after, row

    def improve(learner, buffer, key):
        return dmpo.update(learner, replay.sample(buffer, key).trajectory)

    def turn(carry, key):
        learner, buffer, world = carry
        act_key, sample_key = jax.random.split(key)
        world, rows = jax.lax.scan(
            partial(act, learner.params), world, jax.random.split(act_key, chunk)
        )
        rows = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), rows)
        buffer = replay.add(buffer, rows)
        learner, metrics = jax.lax.scan(
            lambda state, key: improve(state, buffer, key),
            learner,
            jax.random.split(sample_key, updates),
        )
        outside = jnp.mean(jnp.abs(rows.action) > 1)
        return (learner, buffer, world), (metrics, outside)

    carry, (metrics, outside) = jax.lax.scan(
        turn, carry, jax.random.split(keys[2], chunks)
    )
    last = jax.tree.map(lambda x: x[-1, -1], metrics)
    return carry[0], last, jnp.mean(outside[-chunks // 10 :])
