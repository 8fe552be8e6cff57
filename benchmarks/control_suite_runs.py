"""DMPO and PPO on dm_control's suite: the runs behind rae.py and dmpo_control_suite.py.

A job is one training run in a process of its own. Its result is one JSON file; a job
whose file is there is not run again, and one that was killed goes on from its
checkpoint, with its archive.
"""

import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from dm_control import suite

from training.archive import ArchiveHeader, ArchiveWriter, open_for_reuse
from training.dm_env_batch import DmEnvBatch, episode_returns
from training.dmpo_config import DmpoConfig
from training.mpo_losses import MpoConfig
from training.off_policy import OffPolicyConfig, make_learner, train_off_policy
from training.ppo import Batch, Ppo, PpoConfig
from training.run_folder import RunFolder

_SUITE_EPISODE_STEPS = 1000
"""Control steps of an episode as the suite has it; rewards are at most 1 a step, so
returns on this scale are at most 1000."""
_HELD_OUT = 7_000_000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A task of the suite, and how it is learned.

    Attributes:
        domain, task: the suite's names.
        actions: of an episode.
        actions_per_s: of simulated time.
        control_s: asked of the suite; None for its own.
        repeat: control steps that an action lasts; their rewards add up.
        rows: environments stepped together.
        run: the learner's run.
        evaluations: episodes of each evaluation.
    """

    domain: str
    task: str
    actions: int
    actions_per_s: int
    run: OffPolicyConfig
    control_s: float | None = None
    repeat: int = 1
    rows: int = 4
    evaluations: int = 3

    @property
    def name(self) -> str:
        return f"{self.domain}_{self.task}"

    @property
    def scale(self) -> float:
        """From our returns to those of the suite's 1000 control steps."""
        return _SUITE_EPISODE_STEPS / (self.actions * self.repeat)

    def rows_of(self, count: int, seed: int) -> DmEnvBatch:
        """Environments for learning, their first episodes of different lengths."""
        return DmEnvBatch(
            self.environments(count, seed),
            self.name,
            repeat=self.repeat,
            stagger=self.actions,
        )

    def environments(self, count: int, seed: int) -> list[Any]:
        """Equal but for their starts."""
        asked = {} if self.control_s is None else {"control_timestep": self.control_s}
        return [
            suite.load(
                self.domain,
                self.task,
                task_kwargs={"random": seed + number},
                environment_kwargs=asked,
            )
            for number in range(count)
        ]

    def measure(self, policy: Any) -> float:
        """Mean return without exploration on held-out starts, on the suite's scale."""
        held_out = self.environments(self.evaluations, _HELD_OUT)
        returns = episode_returns(held_out, self.name, policy, repeat=self.repeat)
        return self.scale * float(np.mean(returns))


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run.

    Attributes:
        name: of its folder and result.
        setting: task and learner; its seed counts.
        learner: "dmpo" or "ppo".
        archive: whether to record.
        reuse: names of jobs whose archives to mix in.
    """

    name: str
    setting: Setting
    learner: str = "dmpo"
    archive: bool = False
    reuse: tuple[str, ...] = field(default=())


def run_all(jobs: Iterable[Job], out: Path, processes: int) -> dict[str, Any]:
    """Run what has no result yet, several at a time; results by name."""
    jobs = list(jobs)
    missing = [job for job in jobs if not _result(out, job).exists()]
    # One thread each: with small networks, more only wait for each other.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in pool.map(_run_job, missing, [out] * len(missing)):
            print(done, flush=True)
    return {job.name: json.loads(_result(out, job).read_text()) for job in jobs}


def versions() -> dict[str, str]:
    """Of what the numbers depend on."""
    return {
        name: version(name)
        for name in ("op3-soccer", "dm_control", "mujoco", "jax", "zarr")
    }


def write_result(path: Path, content: dict[str, Any]) -> None:
    """Beside, then renamed."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(content, indent=1) + "\n")
    beside.replace(path)


def mean_and_ci(values: Any) -> tuple[Any, Any]:
    """Mean over the first axis, and half the width of its 95 % t-interval."""
    values = np.asarray(values, float)
    count = len(values)
    if count < 2:
        return values.mean(0), np.zeros_like(values.mean(0))
    # Two-sided 95 % quantiles of Student's t for 1 to 9 degrees of freedom.
    quantiles = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
    quantile = quantiles[count - 2] if count <= 10 else 1.96
    return values.mean(0), quantile * values.std(0, ddof=1) / count**0.5


def _result(out: Path, job: Job) -> Path:
    return out / f"{job.name}.json"


def _run_job(job: Job, out: Path) -> str:
    started = time.perf_counter()
    curve = (_ppo if job.learner == "ppo" else _dmpo)(job, out)
    seconds = round(time.perf_counter() - started, 1)
    write_result(
        _result(out, job),
        {
            "job": job.name,
            "task": job.setting.name,
            "learner": job.learner,
            "reuse": list(job.reuse),
            "warm_start": job.setting.run.warm_start,
            "seed": job.setting.run.seed,
            "seconds": seconds,
            "steps": [step for step, _ in curve],
            "returns": [round(value, 2) for _, value in curve],
        },
    )
    last = f"{curve[-1][1]:.0f}" if curve else "none"
    return f"{job.name}: return {last} after {seconds} s"


def _dmpo(job: Job, out: Path) -> list[tuple[int, float]]:
    setting, config = job.setting, job.setting.run
    place = out / "runs" / job.name
    rows = setting.rows_of(setting.rows, 1000 * config.seed)
    reuse = [str(out / "runs" / name / "archive") for name in job.reuse]
    readers = open_for_reuse(reuse, rows.interface) if reuse else []
    header = ArchiveHeader(
        interface=rows.interface, learner="dmpo", made_by=job.name, reused=tuple(reuse)
    )
    with RunFolder(place / "run", config, resume=True) as folder:
        archive = None
        if job.archive:
            archive = ArchiveWriter(place / "archive", header, resume=True)
        try:
            train_off_policy(
                config,
                make_learner(config, rows),
                rows,
                folder,
                archive=archive,
                reuse=readers,
                evaluate=lambda policy: {"eval/return": setting.measure(policy)},
            )
        finally:
            if archive is not None:
                archive.close()
            rows.close()
        return [
            (int(row["step"]), row["eval/return"])
            for row in folder.history()
            if "eval/return" in row
        ]


def _ppo(job: Job, out: Path) -> list[tuple[int, float]]:
    """Our PPO on the same environments, evaluated at the same steps."""
    import jax

    setting, run = job.setting, job.setting.run
    rows = setting.rows_of(_PPO_ROWS, 1000 * run.seed)
    sizes = rows.sizes
    ppo = Ppo(replace(_PPO, hidden=run.dmpo.actor_hidden), sizes.action)
    key, init_key = jax.random.split(jax.random.key(run.seed))
    state = ppo.init(init_key, sizes.observation, 1)
    # Nothing privileged here; our PPO wants a column of it.
    blank = np.zeros((sizes.rows, 1), np.float32)
    seen, curve, steps = (rows.reset()[0], blank), [], 0
    while steps < run.total_steps:
        key, act_key = jax.random.split(key)
        seen, batch = _rollout(ppo, state.params, act_key, rows, seen)
        state, _ = ppo.update(state, batch)
        before, steps = steps, steps + batch.reward.size
        if steps // run.evaluate_every > before // run.evaluate_every:
            params = state.params
            curve.append(
                (steps, setting.measure(lambda o, p=params: ppo.mean_action(p, o)))
            )
    rows.close()
    return curve


_PPO_ROWS, _PPO_STEPS = 8, 64
_PPO = PpoConfig(discount=0.99, init_std=0.5)


def _rollout(
    ppo: Ppo, params: Any, key: Any, rows: DmEnvBatch, seen: Any
) -> tuple[Any, Batch]:
    """T steps; a time limit bootstraps from its own last state's value."""
    import jax
    import jax.numpy as jnp

    kept: list[tuple[Any, ...]] = []
    for step_key in jax.random.split(key, _PPO_STEPS):
        action, log_prob, value = ppo.act(params, step_key, *seen)
        moved = rows.step(np.asarray(action))
        kept.append((*seen, action, log_prob, moved.reward, value, moved.ended,
                     moved.cut))  # fmt: skip
        seen = moved.observation, seen[1]
    names = (
        "observation", "privileged", "action", "log_prob", "reward", "value", "ended",
        "cut",
    )  # fmt: skip
    columns = zip(*kept, strict=True)
    stacked = {
        name: jnp.asarray(np.stack(column), jnp.float32)
        for name, column in zip(names, columns, strict=True)
    }
    last = ppo.value(params, *seen)
    following = jnp.concatenate([stacked["value"][1:], last[None]])
    # The state behind a limit is not observed: the one before it is nearest.
    limit = (stacked["cut"] - stacked["ended"]) > 0
    following = jnp.where(limit, stacked["value"], following)
    return seen, Batch(next_value=following, **stacked)


def small(run: OffPolicyConfig, steps: int, evaluations: int) -> OffPolicyConfig:
    """The run with another length, evaluated and reported so many times."""
    every = max(1, steps // evaluations)
    return replace(
        run, total_steps=steps, report_every=every, evaluate_every=every,
        save_every=max(1, steps // 4),
    )  # fmt: skip


CARTPOLE = Setting(
    domain="cartpole",
    task="swingup",
    actions=250,
    actions_per_s=25,
    control_s=0.04,
    run=OffPolicyConfig(
        dmpo=DmpoConfig(
            mpo=MpoConfig(epsilon_mean=0.01, init_temperature=1.0, init_alpha_mean=0.1),
            samples=16,
            discount=0.99,
            # Rewards lie in 0 to 1: 1 / (1 - 0.99) = 100.
            value_low=0.0,
            value_high=100.0,
            learning_rate=1e-3,
            actor_period=10,
            critic_period=50,
            actor_hidden=(64, 64),
            critic_hidden=(64, 64),
            init_std=0.5,
        ),
        unroll=8,
        updates_per_step=1.0,
        batch=32,
        length=12,
        capacity=200_000,
        min_steps=1_000,
    ),
)
WALKER = replace(
    CARTPOLE,
    domain="walker",
    task="walk",
    actions=500,
    actions_per_s=20,
    control_s=None,
    repeat=2,
    run=replace(
        CARTPOLE.run,
        dmpo=replace(
            CARTPOLE.run.dmpo,
            # Two rewards an action.
            value_high=200.0,
            actor_hidden=(128, 128),
            critic_hidden=(128, 128),
        ),
    ),
)


def described(setting: Setting) -> dict[str, Any]:
    """The setting as plain values, for the report."""
    return json.loads(json.dumps(asdict(setting)))
