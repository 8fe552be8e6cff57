"""How fast environments step, beside the bare physics, and what memory they take.

An environment and a bare `mujoco.rollout` take turns, step by step, in one process: on
a machine with other work each pair meets the same load, so their ratio is far steadier
than either time.
"""

import gc
import multiprocessing
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

from sim.env import EnvConfig, Environment
from sim.tasks.task import Task

ACTION_SPREAD = 0.3
"""Standard deviation of the random actions; they make robots fall, so reset."""
_WARM_UP_STEPS = 60
"""Until robots that fall have begun to: one and a half seconds."""
_LEAST_STEPS = 5
_BLOCK_STEPS = 16
"""Steps whose times are added before they are compared: environments prepare new
episodes several at once, so a single step may hold none of that work, or all."""
_STATM = Path("/proc/self/statm")
_RESIDENT_PAGES = 1
"""Column of the resident set in `_STATM`, proc(5)."""


class ThroughputError(Exception):
    """Something cannot be measured here; says what and why."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """An environment beside its bare physics.

    Attributes:
        num_envs: B.
        threads: of physics.
        ratio: bare time over environment time, per block of steps; 1 is no overhead.
        env_steps_per_s: control steps of single environments per second, in the median
            block; observation, reward, resets, randomization, pushes.
        raw_steps_per_s: the same number for the bare physics.
        substeps: physics steps in a control step.
        pairs: steps measured.
        resets_per_step: share of environments that started anew in a step.
    """

    num_envs: int
    threads: int
    ratio: Spread
    env_steps_per_s: float
    raw_steps_per_s: float
    substeps: int
    pairs: int
    resets_per_step: float


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What one more environment takes.

    Attributes:
        bytes_per_env: growth of the resident set per environment.
        model_bytes: of these, MuJoCo's buffer of the environment's own model.
        batches: the two batch sizes that were compared.
    """

    bytes_per_env: int
    model_bytes: int
    batches: tuple[int, int]


class BareRollout:
    """`mujoco.rollout` of an environment's last step, and nothing else.

    Same models, same states, same servo targets, same sensors and threads. Pushes are
    the environment's own doing: the bare physics is driven without them.
    """

    def __init__(self, env: Environment, threads: int):
        """`env` must have stepped once, threads are the bare rollout's own."""
        physics, model = env.physics, env.physics.models[0]
        self._physics = physics
        self._data = [mujoco.MjData(model) for _ in range(threads)]
        self._pool = rollout.Rollout(nthread=threads)
        self._nu = model.nu
        shape = physics.control.shape[:2]
        self._states = np.zeros((*shape, physics.state.shape[-1]))
        self._sensors = np.zeros((*shape, model.nsensordata))

    @property
    def states(self) -> NDArray[np.float64]:
        """[B, S, n] where the last `seconds` led."""
        return self._states

    def seconds(self, state: NDArray[np.float64]) -> float:
        """Wall time of the step from `state`, a copy taken before the environment's."""
        control = np.ascontiguousarray(self._physics.control[..., : self._nu])
        started = time.perf_counter()
        self._pool.rollout(
            self._physics.models,
            self._data,
            state,
            control,
            nstep=control.shape[1],
            state=self._states,
            sensordata=self._sensors,
            skip_checks=True,
        )
        return time.perf_counter() - started

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()


def throughput(
    task: Task,
    num_envs: int,
    *,
    seconds: float,
    threads: int | None = None,
    seed: int = 0,
) -> Throughput:
    """Step an environment and its bare physics in turns, under random actions.

    Args:
        task: what is stepped, with the default randomization.
        num_envs: B.
        seconds: to measure for, at least 5 pairs, after a warm-up of at most as long.
        threads: of physics, all cores if None.
        seed: of environment and actions.
    """
    threads = threads or os.cpu_count() or 1
    env = Environment(task, EnvConfig(num_envs=num_envs, num_threads=threads), seed)
    random = np.random.default_rng(seed)
    state, _ = env.reset()
    # Ages over the whole episode, so that the share that ends is the long run's.
    ages = env.core.task.episode_s * random.uniform(size=num_envs)
    state = replace(state, time_s=ages)
    begin = time.perf_counter()
    for step in range(_WARM_UP_STEPS):
        if step and time.perf_counter() - begin > seconds:
            break
        action = ACTION_SPREAD * random.normal(size=env.action_shape)
        state, _ = env.step(state, action)
    bare = BareRollout(env, threads)
    times, resets, begin = [], 0, time.perf_counter()
    while len(times) < _LEAST_STEPS or time.perf_counter() - begin < seconds:
        action = ACTION_SPREAD * random.normal(size=env.action_shape)
        before = env.physics.state.copy()
        started = time.perf_counter()
        state, moved = env.step(state, action)
        env_s = time.perf_counter() - started
        times.append((env_s, bare.seconds(before)))
        resets += int(np.logical_or(moved.terminated, moved.truncated).sum())
    bare.close()
    env.close()
    both = block_means(np.array(times), _BLOCK_STEPS)
    env_s, bare_s = np.median(both, axis=0)
    return Throughput(
        num_envs=num_envs,
        threads=threads,
        ratio=spread(both[:, 1] / both[:, 0]),
        env_steps_per_s=float(num_envs / env_s),
        raw_steps_per_s=float(num_envs / bare_s),
        substeps=env.core.substeps,
        pairs=len(times),
        resets_per_step=resets / (len(times) * num_envs),
    )


def block_means(times: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """[N, k] means over N blocks of `steps` or a few more of the rows of `times`."""
    blocks = np.array_split(times, max(1, len(times) // steps))
    return np.array([block.mean(axis=0) for block in blocks])


def spread(values: NDArray[np.float64]) -> Spread:
    """Median and quartiles of a sample."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return Spread(median=float(median), low=float(low), high=float(high))


def memory(task: Task, batches: tuple[int, int] = (32, 256)) -> Memory:
    """Grow a batch and see by how much the process grows, each in a fresh process.

    Raises:
        ThroughputError: this system does not tell a process's resident set, or a
            process ended early.
    """
    if not _STATM.exists():
        raise ThroughputError(f"memory: expected Linux's {_STATM}, found none")
    small, large = (_in_fresh_process(task, count) for count in batches)
    growth = (large[0] - small[0]) / (batches[1] - batches[0])
    return Memory(bytes_per_env=round(growth), model_bytes=small[1], batches=batches)


def _in_fresh_process(task: Task, num_envs: int) -> tuple[int, int]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        try:
            return pool.submit(resident, task, num_envs).result()
        except BrokenProcessPool:
            raise ThroughputError(
                f"memory: expected a process with {num_envs} environments to finish, "
                "it ended early; out of memory?"
            ) from None


def resident(task: Task, num_envs: int, steps: int = 5) -> tuple[int, int]:
    """Bytes of this process with a stepped batch in it, and of one model's buffer."""
    env = Environment(task, EnvConfig(num_envs=num_envs), 0)
    state, _ = env.reset()
    for _ in range(steps):
        state, _ = env.step(state, np.zeros(env.action_shape))
    gc.collect()
    pages = int(_STATM.read_text().split()[_RESIDENT_PAGES])
    env.close()
    return pages * os.sysconf("SC_PAGE_SIZE"), env.physics.models[0].nbuffer


def processor() -> str:
    """The CPU's name."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
