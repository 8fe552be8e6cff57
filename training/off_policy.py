"""Train with DMPO from replay: collect, archive, mix, update, report, checkpoint.

A checkpoint holds the learner (networks, targets, duals, optimizers, key), the key of
acting and sampling, and the counts of steps and of updates owed. There are no
normalizers: observations are scaled by constants of their spec. Not restored are the
environments (episodes under way are given up) and the replay, which is filled again
from the run's archive, newest rows last; without an archive it starts empty and updates
wait for `min_steps` new ones.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from robot.contracts.symmetry import Mirror
from training.archive import ArchiveReader, ArchiveWriter, newest_rows
from training.dmpo import Dmpo, LearnerState
from training.dmpo_config import DmpoConfig
from training.mixing import MixConfig, Mixture, Reused
from training.off_policy_collector import Collector
from training.replay import Replay, ReplayConfig, sealed
from training.run_folder import RunFolder, read_params
from training.run_rhythm import Averages, Rhythm
from training.streams import Streams
from training.trajectory import Trajectory

OnReport = Callable[[int, dict[str, float]], None]
Policy = Callable[[Any], Any]
"""Observations [B, N] to actions [B, A] without exploration."""
Evaluate = Callable[[Policy], dict[str, float]]
Each = Callable[[int, Any], None]
"""Gets the steps done and the networks' parameters."""


@dataclass(frozen=True, kw_only=True)
class OffPolicyConfig:
    """One training run. Steps count rows: two robots of an environment make two.

    Attributes:
        dmpo: learner.
        unroll: T, steps of every row between two bursts of updates.
        updates_per_step: learner updates per step; 1/8 with batches of 32 x 48 in
            arXiv:2210.04932.
        batch, length: trajectories per update and their steps.
        capacity, min_steps: of the replay; updates begin at `min_steps`.
        mix: how archives given to reuse are mixed in.
        total_steps: in all.
        seed: of networks, acting and sampling.
        warm_start: folder of a run whose networks this one starts from (fine-tuning).
        report_every, save_every, evaluate_every: in steps.
    """

    dmpo: DmpoConfig = field(default_factory=DmpoConfig)
    unroll: int = 16
    updates_per_step: float = 0.125
    batch: int = 256
    length: int = 48
    capacity: int = 1_000_000
    min_steps: int = 10_000
    mix: MixConfig = field(default_factory=MixConfig)
    total_steps: int = 10_000_000
    seed: int = 0
    warm_start: str = ""
    report_every: int = 10_000
    save_every: int = 100_000
    evaluate_every: int = 100_000

    def __post_init__(self) -> None:
        least = self.dmpo.burn_in + self.dmpo.n_step + 1
        if self.length < least:
            raise ValueError(
                f"length: expected burn_in + n_step + 1 = {least} steps or more, so "
                f"that some have a target, found {self.length}"
            )


class Progress(NamedTuple):
    """What a checkpoint holds."""

    learner: LearnerState
    key: Any
    steps: Any
    owed: Any


def train_off_policy(
    config: OffPolicyConfig,
    dmpo: Dmpo,
    streams: Streams,
    folder: RunFolder,
    on_report: OnReport = lambda step, metrics: None,
    *,
    archive: ArchiveWriter | None = None,
    reuse: Sequence[ArchiveReader] = (),
    evaluate: Evaluate | None = None,
    each: Each = lambda steps, params: None,
) -> Progress:
    """Train until `total_steps`; Ctrl-C saves and returns what there is.

    Args:
        config: of the run.
        dmpo: of `make_learner`; runs that share it share its compiled functions.
        streams: environments; the caller closes them.
        folder: its folder; a checkpoint in it is gone on with.
        on_report: gets the step and every report.
        archive: gets all data; what is in it fills the replay on resume.
        reuse: earlier archives to mix in, of the streams' interface.
        evaluate: measures a policy, every `evaluate_every` steps.
        each: called before every burst of new data, e.g. to take pictures.

    Raises:
        ArchiveError: an archive to reuse does not fit, or one cannot be written.
        RunError: networks to start from do not fit.
    """
    progress = load_progress(config, dmpo, streams, folder)
    folder.rewind(int(progress.steps))
    run = _Run(config, dmpo, streams, archive, reuse, int(progress.steps))
    due = Rhythm(
        int(progress.steps),
        report=config.report_every,
        save=config.save_every,
        evaluate=config.evaluate_every,
    )
    try:
        while progress.steps < config.total_steps:
            each(int(progress.steps), progress.learner.params)
            progress = run.advance(progress)
            step = int(progress.steps)
            if evaluate is not None and due.now("evaluate", step):
                run.add(evaluate(dmpo_policy(dmpo, progress.learner.params)))
            if due.now("report", step):
                metrics = run.report()
                folder.report(step, metrics)
                on_report(step, metrics)
            if due.now("save", step):
                folder.save(progress)
    except KeyboardInterrupt:
        if progress.steps >= config.total_steps:
            raise  # not to be taken for an end that nobody interrupted
    finally:
        folder.save(progress)
        run.close()
    return progress


def make_learner(
    config: OffPolicyConfig,
    streams: Streams,
    mirrors: tuple[Mirror, Mirror] | None = None,
) -> Dmpo:
    """The learner of a run; `mirrors` of observation and action make it symmetric."""
    return Dmpo(config.dmpo, streams.sizes.action, mirrors)


def dmpo_policy(dmpo: Dmpo, params: Any) -> Policy:
    """The policy without exploration, of a feed-forward actor."""
    return lambda observation: dmpo.mean_action(params, observation)


def load_progress(
    config: OffPolicyConfig, dmpo: Dmpo, streams: Streams, folder: RunFolder
) -> Progress:
    """The folder's checkpoint, or a fresh start.

    Raises:
        RunError: the run to start from has none, or networks of another shape.
    """
    key, init_key = jax.random.split(jax.random.key(config.seed))
    sizes = streams.sizes
    learner = dmpo.init(init_key, sizes.observation, sizes.privileged)
    learner = learner._replace(key=jax.random.key_data(learner.key))
    fresh = Progress(learner, jax.random.key_data(key), steps=0, owed=0.0)
    found = folder.load(fresh)
    if found is not None or not config.warm_start:
        return found or fresh
    params = read_params(Path(config.warm_start), learner.params)
    target = jax.tree.map(jnp.copy, params)
    return fresh._replace(learner=learner._replace(params=params, target=target))


class _Run:
    """What a run needs beside its `Progress`: environments, replay, archives."""

    def __init__(
        self,
        config: OffPolicyConfig,
        dmpo: Dmpo,
        streams: Streams,
        archive: ArchiveWriter | None,
        reuse: Sequence[ArchiveReader],
        steps: int,
    ):
        self._config, self._dmpo = config, dmpo
        self._archive, self._streams = archive, streams
        self._averages = Averages()
        rows = config.mix.reused(config.batch) if reuse else 0
        sizes = streams.sizes
        self._replay = Replay(
            ReplayConfig(
                environments=sizes.rows,
                capacity=config.capacity,
                length=config.length,
                batch=config.batch - rows,
                min_steps=config.min_steps,
            )
        )
        memory = jax.tree.map(lambda x: x[0], dmpo.empty_memory(1))
        self._data = self._replay.init(*sizes[1:], memory)
        self._mixture = Mixture(self._replay, _reused(config, reuse, steps), rows)
        self._collector = Collector(dmpo, streams, config.unroll)
        if steps and archive is not None:
            self._refill(archive)

    def advance(self, progress: Progress) -> Progress:
        """T steps of every row, and the updates they allow."""
        started = time.perf_counter()
        steps = int(progress.steps)
        key, act_key, sample_key = jax.random.split(
            jax.random.wrap_key_data(progress.key), 3
        )
        steps_now, memory = self._collector.collect(
            progress.learner.params, act_key, steps
        )
        self._data = self._replay.add(self._data, steps_now, memory)
        if self._archive is not None:
            self._archive.add(steps_now, step=steps)
        done = steps_now.reward.size
        owed = 0.0
        if self._replay.ready(self._data):
            owed = float(progress.owed) + done * self._config.updates_per_step
        learner = self._update(progress.learner, sample_key, int(owed))
        self._averages.add({"steps_per_s": done / (time.perf_counter() - started)})
        return Progress(
            learner=learner,
            key=jax.random.key_data(key),
            steps=steps + done,
            owed=owed - int(owed),
        )

    def add(self, values: dict[str, float]) -> None:
        """More numbers for the next report."""
        self._averages.add(values)

    def report(self) -> dict[str, float]:
        """Averages since the last report."""
        return self._streams.report() | self._averages.take()

    def close(self) -> None:
        self._mixture.close()

    def _update(self, learner: LearnerState, key: Any, count: int) -> LearnerState:
        if not count:
            return learner
        learner = learner._replace(key=jax.random.wrap_key_data(learner.key))
        metrics: dict[str, Any] = {}
        for sample_key in jax.random.split(key, count):
            batch, memory = self._mixture.sample(self._data, sample_key)
            learner, metrics = self._dmpo.update(learner, batch, memory)
        # One wait per burst: the burst's last update speaks for it.
        self._averages.add({name: float(value) for name, value in metrics.items()})
        self._averages.add({"updates_per_burst": float(count)})
        return learner._replace(key=jax.random.key_data(learner.key))

    def _refill(self, archive: ArchiveWriter) -> None:
        """The newest rows of the run's archive, oldest first, into the replay."""
        if not archive.progress.rows:
            return
        rows, times = self._streams.sizes.rows, self._config.capacity
        times //= rows
        memory = self._collector.no_memory
        for part, follows in _parts(archive.location, rows, times, self._config.unroll):
            steps = part if follows else sealed(part)
            self._data = self._replay.add(self._data, steps, memory)


def _parts(
    location: str, rows: int, times: int, unroll: int
) -> Iterator[tuple[Trajectory, bool]]:
    """Steps of all rows in pieces of `unroll`, and whether the next piece follows."""
    for steps, follows in newest_rows(ArchiveReader(location), rows, times):
        length = steps.reward.shape[1]
        ends = range(unroll, length + 1, unroll)
        for end in ends:
            piece = Trajectory(*(part[:, end - unroll : end] for part in steps))
            yield piece, end + unroll <= length or (follows and end == length)


def _reused(
    config: OffPolicyConfig, reuse: Sequence[ArchiveReader], steps: int
) -> Reused | None:
    """A resumed run draws anew: the seed follows from the count of steps too."""
    if not reuse:
        return None
    seed = int(np.random.SeedSequence((config.seed, steps)).generate_state(1)[0])
    return Reused(reuse, config.length, seed=seed, cache_bytes=config.mix.cache_bytes)
