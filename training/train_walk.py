"""Train the velocity-command walk with PPO: rollouts, updates, reports, checkpoints."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from sim.env import EnvConfig, Environment, EnvState, TimeStep
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask
from training.ppo import Batch, LearnerState, Ppo, PpoConfig
from training.run_folder import (
    RunError,
    RunFolder,
    has_checkpoint,
    read_checkpoint,
)
from training.symmetry import action_mirror, observation_mirror


@dataclass(frozen=True, kw_only=True)
class WalkRunConfig:
    """One training run.

    Attributes:
        env: batch of environments and their randomization.
        task: rewards, commands, timing.
        ppo: learner.
        rollout_steps: control steps per environment between updates.
        total_steps: control steps in all.
        push_ramp: control steps between which pushes grow from none to full.
        seed: of environments and networks.
        warm_start: folder of an earlier run whose networks this one starts from.
        report_every, save_every: in updates.
    """

    env: EnvConfig = field(default_factory=EnvConfig)
    task: WalkConfig = field(default_factory=WalkConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)
    rollout_steps: int = 32
    total_steps: int = 30_000_000
    push_ramp: tuple[int, int] = (1_500_000, 5_000_000)
    seed: int = 0
    warm_start: str = ""
    report_every: int = 10
    save_every: int = 50


class Progress(NamedTuple):
    """What a checkpoint holds: the learner, the key of acting, and steps done."""

    learner: LearnerState
    key: Any
    steps: Any


def train_walk(
    config: WalkRunConfig,
    folder: RunFolder,
    on_report: Callable[[int, dict[str, float]], None] = lambda step, metrics: None,
) -> Progress:
    """Train until `total_steps`; Ctrl-C saves and returns what there is."""
    progress = load_progress(config, folder)
    seed = config.seed + int(progress.steps) % 1_000_003
    env = Environment(WalkTask(config=config.task), config.env, seed)
    ppo = make_learner(config)
    collector = _Collector(env, ppo, *env.reset())
    meter = _Meter(config.task.control_period_s)
    try:
        while progress.steps < config.total_steps:
            progress = _one_update(config, ppo, collector, progress, meter)
            count = int(progress.learner.updates)
            if count % config.report_every == 0:
                metrics = meter.take()
                folder.report(int(progress.steps), metrics)
                on_report(int(progress.steps), metrics)
            if count % config.save_every == 0:
                folder.save(progress)
    except KeyboardInterrupt:
        pass
    finally:
        folder.save(progress)
        env.close()
    return progress


def make_learner(config: WalkRunConfig) -> Ppo:
    """The learner of a run, without its state."""
    task = config.task
    mirrors = (observation_mirror(task.observation), action_mirror(task.action))
    return Ppo(config.ppo, len(task.action.joints), mirrors)


def initial_progress(config: WalkRunConfig) -> Progress:
    """Fresh networks, nothing done."""
    key, init_key = jax.random.split(jax.random.key(config.seed))
    task = WalkTask(config=config.task)
    learner = make_learner(config).init(
        init_key, task.observation.size, task.privileged.size
    )
    return _plain_keys(Progress(learner=learner, key=key, steps=0))


def load_progress(config: WalkRunConfig, folder: RunFolder) -> Progress:
    """The folder's checkpoint, or a fresh start."""
    fresh = initial_progress(config)
    found = folder.load(fresh)
    if found is not None or not config.warm_start:
        return found or fresh
    check_warm_start(config)
    earlier = read_checkpoint(Path(config.warm_start), fresh)
    assert earlier is not None
    params = earlier.learner.params
    return fresh._replace(learner=fresh.learner._replace(params=params))


def check_warm_start(config: WalkRunConfig) -> None:
    """Ask before a run folder is made, so that a wrong name leaves none behind.

    Raises:
        RunError: the run to start from has no checkpoint.
    """
    if config.warm_start and not has_checkpoint(Path(config.warm_start)):
        raise RunError(
            f"expected checkpoint.msgpack in {config.warm_start} to start from, found "
            f"none; name the folder of a run"
        )


def _plain_keys(progress: Progress) -> Progress:
    """Typed PRNG keys as plain arrays, which a file can hold."""
    learner = progress.learner
    return Progress(
        learner=learner._replace(key=jax.random.key_data(learner.key)),
        key=jax.random.key_data(progress.key),
        steps=progress.steps,
    )


def _one_update(
    config: WalkRunConfig,
    ppo: Ppo,
    collector: "_Collector",
    progress: Progress,
    meter: "_Meter",
) -> Progress:
    started = time.perf_counter()
    pushing = _ramp(int(progress.steps), config.push_ramp)
    learner = progress.learner._replace(
        key=jax.random.wrap_key_data(progress.learner.key)
    )
    key, act_key = jax.random.split(jax.random.wrap_key_data(progress.key))
    batch = collector.collect(
        learner.params, act_key, config.rollout_steps, pushing, meter
    )
    learner, metrics = ppo.update(learner, batch)
    done = config.rollout_steps * config.env.num_envs
    meter.add({name: float(value) for name, value in metrics.items()})
    meter.add({"steps_per_s": done / (time.perf_counter() - started)})
    return _plain_keys(
        Progress(learner=learner, key=key, steps=int(progress.steps) + done)
    )


def _ramp(step: int, between: tuple[int, int]) -> float:
    low, high = between
    return float(np.clip((step - low) / max(high - low, 1), 0.0, 1.0))


class _Collector:
    """Rolls the policy out, remembering where the environments stand."""

    def __init__(self, env: Environment, ppo: Ppo, state: EnvState, first: TimeStep):
        self._env, self._ppo, self._state = env, ppo, state
        self._observation = _flat(first.observation)
        self._privileged = _flat(first.privileged)

    def collect(
        self, params: Any, key: Any, steps: int, pushing: float, meter: "_Meter"
    ) -> Batch:
        """[T, B] transitions; robots of one environment are rows of their own."""
        rows: list[dict[str, Any]] = []
        for step_key in jax.random.split(key, steps):
            action, log_prob, value = self._ppo.act(
                params, step_key, self._observation, self._privileged
            )
            row = {
                "observation": self._observation,
                "privileged": self._privileged,
                "action": action,
                "log_prob": log_prob,
                "value": value,
            }
            action = np.asarray(action).reshape(self._env.action_shape)
            self._state, moved = self._env.step(
                self._state, action, push_strength=pushing
            )
            self._observation = _flat(moved.observation)
            self._privileged = _flat(moved.privileged)
            robots = moved.reward.shape[1]
            cut = np.logical_or(moved.terminated, moved.truncated)
            row |= {
                "reward": _flat(moved.reward),
                "ended": np.repeat(moved.terminated, robots),
                "cut": np.repeat(cut, robots),
                "final": _flat(moved.final_observation),
                "final_privileged": _flat(moved.final_privileged),
            }
            rows.append(row)
            meter.add_transition(moved)
        # One conversion per field: the learner's arrays are float32 throughout.
        stacked = {
            name: jnp.asarray(np.stack([row[name] for row in rows]), jnp.float32)
            for name in rows[0]
        }
        final, extra = stacked.pop("final"), stacked.pop("final_privileged")
        next_value = self._ppo.value(params, final, extra)
        return Batch(next_value=next_value, **stacked)


def _flat(values: Any) -> Any:
    """[B, R, ...] as [B x R, ...]."""
    return values.reshape(-1, *values.shape[2:])


class _Meter:
    """Averages of whatever is added, until taken."""

    def __init__(self, control_period_s: float) -> None:
        self._period_s = control_period_s
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def add_transition(self, moved: TimeStep) -> None:
        """Rewards by term, falls, and the speeds reached by kind of command."""
        values = {f"reward/{name}": float(v.mean()) for name, v in moved.terms.items()}
        values["reward/total"] = float(moved.reward.mean())
        values["falls_per_min"] = float(moved.terminated.mean()) * 60 / self._period_s
        self.add(values | _speeds(moved))

    def take(self) -> dict[str, float]:
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return means


def _speeds(moved: TimeStep) -> dict[str, float]:
    """Mean speed reached, as a share of what was asked, per direction."""
    command, velocity = (
        _flat(moved.measures[name]) for name in ("command", "velocity")
    )
    picks = {
        "forward": command[:, 0] > 0.4,
        "backward": command[:, 0] < -0.15,
        "left": command[:, 1] > 0.12,
        "turn": np.abs(command[:, 2]) > 0.8,
    }
    axes = {"forward": 0, "backward": 0, "left": 1, "turn": 2}
    shares = {}
    for name, rows in picks.items():
        if rows.any():
            axis = axes[name]
            share = velocity[rows, axis].mean() / command[rows, axis].mean()
            if name == "turn":
                signs = np.sign(command[rows, axis])
                share = (velocity[rows, axis] * signs).mean()
                share /= np.abs(command[rows, axis]).mean()
            shares[f"share/{name}"] = float(share)
    return shares
