"""Behaviour cloning: an actor learns to do what a policy does, for PPO to go on from.

The policy acts in the task's randomized environments with some noise on its actions, so
that its corrections are seen too. What leads to a failure teaches nothing and is left
out: the whole episode, or where failing ends it, its last seconds.
The actor's mean is then regressed on the actions the policy asked for, without the
noise (behaviour cloning with injected noise: arXiv:1703.09327).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float
from numpy.typing import NDArray

from sim.demonstrator import Demonstrator, newest
from sim.env import Environment
from sim.motion_world import BatchPolicy
from sim.tactics_script import TacticsScript
from sim.tasks.task import Task
from training.batch_env import BatchEnv
from training.ppo import Ppo
from training.run_folder import RunError, RunFolder
from training.skill_env import SkillEnvironment
from training.train_task import (
    OnReport,
    Progress,
    TaskRunConfig,
    initial_progress,
    make_learner,
    skill_of,
)

Floats = NDArray[np.float32]
Acts = Callable[[Floats], Floats]
"""Observations [B, N] of one control step to actions [B, A]; may remember."""

Restart = Callable[[NDArray[np.bool_]], None]
"""Hears in which environments [B] a new episode begins."""

TACTICS = "tactics"
"""The script that plays soccer: the robot's tactics, whose wishes are the commands of
the run's skill."""

_NOISE_KEPT = 0.8
"""Share of the noise that stays from one control step to the next: a joint is then off
for long enough to move, about 5 steps."""


@dataclass(frozen=True, kw_only=True)
class CloneConfig:
    """How a policy is cloned.

    Attributes:
        run: whose networks learn, and where: its task begins the episodes that are
            shown, its `env` says in how many environments and how randomized.
        script: name of the scripted skill that is cloned, or `TACTICS`.
        noise: one rollout of all environments for each; the largest standard deviation
            of the noise in units of the action. Each environment draws its own share.
        seconds: of every episode.
        success: a measure of the task, true or false, that a good episode has at the
            end,
        success_s: all through this last time.
        failure: a measure, true or false, for episodes that follow each other all
            through `seconds`, and are all good but for
        failure_s: this last time before one that ends with a failure. Empty: one
            episode each, good as a whole or not.
        still_rad, still_s: a step is a wait if no joint and no target moves by more
            than `still_rad` in the `still_s` after it. Waits before the success are
            left out: the actor has no clock, so it would learn to wait for ever.
        total_steps: of the regression.
        batch: rows of each step.
        learning_rate: at the start; it falls to 0 along half a cosine.
        huber: error of an action from which the loss is linear.
        report_every: in steps.
    """

    run: TaskRunConfig
    script: str
    noise: tuple[float, ...] = (0.0, 0.05, 0.1, 0.1, 0.15, 0.15, 0.2)
    seconds: float = 5.75
    success: str = "up"
    success_s: float = 0.2
    failure: str = ""
    failure_s: float = 1.5
    still_rad: float = 0.08
    still_s: float = 0.125
    total_steps: int = 4000
    batch: int = 1024
    learning_rate: float = 1.5e-3
    huber: float = 0.5
    report_every: int = 100

    def __post_init__(self) -> None:
        if not self.failure and not self.seconds < self.run.task.episode_s:
            raise ValueError(
                f"clone.seconds: expected less than the {self.run.task.episode_s} s of "
                f"the task's episodes, found {self.seconds}"
            )
        if len(self.run.task.agents) != 1:
            raise ValueError(
                f"clone.run: expected a task of one robot, found "
                f"{len(self.run.task.agents)}"
            )
        if (self.script == TACTICS) != bool(self.run.skill):
            raise ValueError(
                f"clone: expected the script {TACTICS!r} with a skill that it "
                f"commands, and no other script with one, found {self.script!r} and "
                f"the skill {self.run.skill!r}"
            )

    @property
    def task(self) -> Task:
        """Of the run."""
        return self.run.task


class Episodes(NamedTuple):
    """What a policy did: T steps of B episodes."""

    observation: Float[np.ndarray, "T B N"]
    action: Float[np.ndarray, "T B A"]
    success: Bool[np.ndarray, "T B"]
    ended: Bool[np.ndarray, "T B"]
    failure: Bool[np.ndarray, "T B"]


class Lessons(NamedTuple):
    """Rows to learn from, and the share of episodes they come from."""

    observation: Float[np.ndarray, "M N"]
    action: Float[np.ndarray, "M A"]
    succeeded: float


def clone(
    config: CloneConfig,
    folder: RunFolder,
    policy: BatchPolicy | None,
    on_report: OnReport = lambda step, metrics: None,
) -> Progress | None:
    """Clone `policy` into a checkpoint that a run's `warm_start` takes.

    Args:
        config: of the cloning.
        folder: gets reports and, at the end, the checkpoint; one that is there already
            is returned.
        policy: what is cloned; the caller loads `config.script`; None for `TACTICS`.
        on_report: gets the step of the regression and what is known so far.

    Returns:
        What the checkpoint holds: an actor, a critic that knows nothing, no steps done.
        None after Ctrl-C, which leaves no checkpoint: the cloning begins anew.

    Raises:
        RunError: no episode succeeded.
    """
    progress = initial_progress(config.run)
    found = folder.load(progress)
    if found is not None:
        return found

    def report(step: int, metrics: dict[str, float]) -> None:
        folder.report(step, metrics)
        on_report(step, metrics)

    learner = make_learner(config.run)
    params = progress.learner.params
    try:
        lessons = show(config, policy, report)
        actor = imitate(config, learner, params["actor"], lessons, report)
        params = params | {"actor": actor}
        mean = _acting(learner, params)
        trial = perform(config, mean, noise=0.0, seed=len(config.noise))
        report(config.total_steps, {"clone/succeeds": succeeded(config, trial)})
    except KeyboardInterrupt:
        return None
    progress = progress._replace(learner=learner.beginning_as(progress.learner, params))
    folder.save(progress)
    return progress


def show(
    config: CloneConfig, policy: BatchPolicy | None, on_report: OnReport
) -> Lessons:
    """All rollouts of the policy, and what there is to learn from them.

    Raises:
        RunError: no episode succeeded.
    """
    parts: list[Lessons] = []
    for number, noise in enumerate(config.noise):
        acts, restart = _script(config, policy)
        episodes = perform(config, acts, noise, seed=number, restart=restart)
        parts.append(lessons_of(config, episodes))
        share = float(np.mean([part.succeeded for part in parts]))
        shown = {"clone/rollouts": number + 1.0, "clone/script_succeeds": share}
        on_report(0, shown)
    if not any(len(part.action) for part in parts):
        raise RunError(
            f"expected episodes in which the script {config.script} ends with "
            f"{config.success!r}, found none of "
            f"{len(config.noise) * config.run.env.num_envs}"
        )
    return Lessons(
        observation=np.concatenate([part.observation for part in parts]),
        action=np.concatenate([part.action for part in parts]),
        succeeded=float(np.mean([part.succeeded for part in parts])),
    )


def perform(
    config: CloneConfig,
    acts: Acts,
    noise: float,
    seed: int,
    restart: Restart = lambda rows: None,
) -> Episodes:
    """One rollout in all environments; `action` is without the noise.

    Args:
        config: of the cloning.
        acts: what is to be done.
        noise: its largest standard deviation, in units of the action.
        seed: of this rollout; the run's is added.
        restart: what `acts` must hear.
    """
    run, task = config.run, config.task
    rng = np.random.default_rng((run.seed, seed))
    world = replace(run.env, stagger=False)
    env: BatchEnv = Environment(task, world, int(rng.integers(2**31)))
    skill = skill_of(run)
    if skill is not None:
        env = SkillEnvironment(env, skill)
    shape = (world.num_envs, env.action_shape[-1])
    level = noise * rng.uniform(size=(world.num_envs, 1))
    off, rows = np.zeros(shape), []
    try:
        state, moved = env.reset()
        for _ in range(round(config.seconds / task.control_period_s)):
            seen = np.asarray(moved.observation[:, 0], np.float32)
            action = np.asarray(acts(seen), np.float32)
            fresh = (1 - _NOISE_KEPT**2) ** 0.5 * rng.normal(size=shape)
            off = _NOISE_KEPT * off + fresh * level
            state, moved = env.step(state, (action + off)[:, None], push_strength=0.0)
            success = moved.measures[config.success][:, 0]
            ended = np.logical_or(moved.terminated, moved.truncated)
            failure = np.zeros_like(ended)
            if config.failure:
                failure = np.logical_and(ended, moved.measures[config.failure][:, 0])
                if ended.any():
                    restart(ended)
            rows.append((seen, action, success, ended, failure))
    finally:
        env.close()
    return Episodes(*(np.stack(column) for column in zip(*rows, strict=True)))


def good(config: CloneConfig, episodes: Episodes) -> NDArray[np.bool_]:
    """[B] whether an episode never ended early and was a success at its end."""
    last = _steps(config, config.success_s)
    lost = np.any(episodes.ended, axis=0)
    return np.logical_and(~lost, np.all(episodes.success[-last:], axis=0))


def succeeded(config: CloneConfig, episodes: Episodes) -> float:
    """Share of the episodes that are good; of those that ended, where they follow each
    other."""
    if not config.failure:
        return float(good(config, episodes).mean())
    ends = episodes.ended.sum()
    won = np.logical_and(episodes.ended, episodes.success).sum()
    return float(won / max(ends, 1))


def lessons_of(config: CloneConfig, episodes: Episodes) -> Lessons:
    """The steps of good episodes, but for waits; or all that lead to no failure."""
    if config.failure:
        rows = ~_just_before(episodes.failure, _steps(config, config.failure_s))
        return Lessons(
            observation=episodes.observation[rows],
            action=episodes.action[rows],
            succeeded=succeeded(config, episodes),
        )
    kept = good(config, episodes)
    seen, success = episodes.observation[:, kept], episodes.success[:, kept]
    now = newest(config.task.observation, seen)
    places = np.concatenate([now["joint_position"], now["previous_target"]], axis=-1)
    steps = _steps(config, config.still_s)
    rows = success.copy()
    # The last steps have no future to compare with; they are part of the success.
    moves = np.abs(places[steps:] - places[:-steps]).max(axis=-1) > config.still_rad
    rows[:-steps] |= moves
    return Lessons(
        observation=seen[rows],
        action=episodes.action[:, kept][rows],
        succeeded=float(kept.mean()),
    )


def imitate(
    config: CloneConfig, learner: Ppo, actor: Any, lessons: Lessons, on_report: OnReport
) -> Any:
    """The actor's parameters after the regression of its mean on the lessons."""
    schedule = optax.cosine_decay_schedule(config.learning_rate, config.total_steps)
    optimizer = optax.adam(schedule)

    @jax.jit
    def step(actor: Any, memory: Any, seen: Array, wanted: Array):
        def loss(actor: Any) -> Array:
            mean, _ = learner.distribution({"actor": actor}, seen)
            return jnp.mean(optax.huber_loss(mean, wanted, delta=config.huber))

        error, grads = jax.value_and_grad(loss)(actor)
        change, memory = optimizer.update(grads, memory, actor)
        return optax.apply_updates(actor, change), memory, error

    memory, errors = optimizer.init(actor), []
    rng = np.random.default_rng(config.run.seed)
    for count in range(1, config.total_steps + 1):
        rows = rng.integers(len(lessons.action), size=config.batch)
        actor, memory, error = step(
            actor, memory, lessons.observation[rows], lessons.action[rows]
        )
        errors.append(error)
        if count % config.report_every == 0 or count == config.total_steps:
            on_report(count, {"clone/error": float(np.mean(errors))})
            errors = []
    return actor


def _script(config: CloneConfig, policy: BatchPolicy | None) -> tuple[Acts, Restart]:
    """What is cloned, at the beginning of episodes."""
    count = config.run.env.num_envs
    if policy is not None:
        return Demonstrator(config.task, policy, count), lambda rows: None
    player, skill = TacticsScript(config.task, count), skill_of(config.run)
    assert skill is not None
    return lambda seen: skill.command_for(player(seen)), player.restart


def _steps(config: CloneConfig, seconds: float) -> int:
    return max(1, round(seconds / config.task.control_period_s))


def _just_before(events: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """[T, B] where an event comes within so many steps, its own one counted."""
    near = events.copy()
    for ahead in range(1, steps):
        near[:-ahead] |= events[ahead:]
    return near


def _acting(learner: Ppo, params: Any) -> Acts:
    return lambda seen: np.asarray(learner.mean_action(params, seen))
