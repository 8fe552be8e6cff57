"""A task small enough to learn in seconds; also a program that trains on it."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dm_env
import numpy as np
from dm_env import specs

from training.archive import ArchiveHeader, ArchiveWriter
from training.dm_env_batch import DmEnvBatch
from training.dmpo_config import DmpoConfig
from training.mixing import MixConfig
from training.mpo_losses import MpoConfig
from training.off_policy import OffPolicyConfig, make_learner, train_off_policy
from training.run_folder import RunFolder

EPISODE = 20


class Point(dm_env.Environment):
    """x moves by 0.2 a; reward 1 - |x|; `terminal` ends on x > 0.9 with no value."""

    def __init__(self, seed: int = 0, *, terminal: bool = False):
        self._random, self._terminal = np.random.default_rng(seed), terminal
        self._x, self._steps = 0.0, 0

    def reset(self) -> dm_env.TimeStep:
        self._x, self._steps = float(self._random.uniform(-1, 1)), 0
        return dm_env.restart(self._seen())

    def step(self, action) -> dm_env.TimeStep:
        # Bounds of 0 and 10: the adapter stretches -1 to 1 onto them.
        self._x = float(np.clip(self._x + 0.04 * (action[0] - 5.0), -1.0, 1.0))
        self._steps += 1
        reward, seen = 1.0 - abs(self._x), self._seen()
        if self._terminal and self._x > 0.9:
            return dm_env.termination(reward, seen)
        if self._steps == EPISODE:
            return dm_env.truncation(reward, seen)
        return dm_env.transition(reward, seen)

    def observation_spec(self) -> Any:
        return {
            "x": specs.Array((), np.float64, "x"),
            "more": specs.Array((2,), np.float64, "more"),
        }

    def action_spec(self) -> Any:
        return specs.BoundedArray((1,), np.float64, 0.0, 10.0, "push")

    def _seen(self):
        return {"x": np.float64(self._x), "more": np.array([self._x**2, 1.0])}


def streams(rows: int = 4, **arguments) -> DmEnvBatch:
    return DmEnvBatch([Point(seed) for seed in range(rows)], "point", **arguments)


TINY = OffPolicyConfig(
    dmpo=DmpoConfig(
        mpo=MpoConfig(epsilon_mean=0.01, init_temperature=1.0, init_alpha_mean=0.1),
        samples=8,
        n_step=3,
        discount=0.9,
        value_low=0.0,
        value_high=10.0,
        atoms=21,
        learning_rate=2e-3,
        actor_period=10,
        critic_period=20,
        actor_hidden=(16,),
        critic_hidden=(32,),
        init_std=0.5,
    ),
    unroll=5,
    updates_per_step=0.1,
    batch=16,
    length=5,
    capacity=4_000,
    min_steps=200,
    mix=MixConfig(share=0.5),
    total_steps=400,
    report_every=100,
    save_every=200,
    evaluate_every=200,
)


def header() -> ArchiveHeader:
    return ArchiveHeader(interface=streams().interface)


def train(path: Path, config: OffPolicyConfig, learner=None, *, resume=False, **more):
    """A run with an archive in `path`."""
    rows = streams()
    with (
        RunFolder(path / "run", config, resume=resume) as folder,
        ArchiveWriter(
            path / "archive", header(), resume=resume, chunk_rows=4, row_steps=10
        ) as archive,
    ):
        return train_off_policy(
            config, learner or make_learner(config, rows), rows, folder,
            archive=archive, **more,
        )  # fmt: skip


ENDLESS = replace(TINY, total_steps=10_000_000)

if __name__ == "__main__":
    # Never reaches its end: the test kills it.
    train(Path(sys.argv[1]), ENDLESS)
