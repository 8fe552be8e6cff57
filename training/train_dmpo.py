"""Train any task with DMPO: `training.off_policy` on the simulator's environments."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
from jaxtyping import PyTree

from sim.env import EnvConfig, Environment
from sim.tasks.task import Task
from training.archive import ArchiveReader, ArchiveWriter
from training.dmpo import Dmpo
from training.off_policy import OffPolicyConfig, OnReport, Progress, train_off_policy
from training.run_folder import RunFolder, read_step
from training.streams import SimStreams
from training.symmetry import Mirror, action_mirror, observation_mirror
from training.train_task import env_seed


@dataclass(frozen=True, kw_only=True)
class DmpoRunConfig:
    """One training run.

    Attributes:
        task: what is learned.
        env: batch of environments and their randomization.
        learner: everything else; counts rows' steps.
        push_ramp: steps between which pushes grow from none to full.
        mirrored: the policy is left-right symmetric by construction.
    """

    task: Task
    env: EnvConfig = field(default_factory=EnvConfig)
    learner: OffPolicyConfig = field(default_factory=OffPolicyConfig)
    push_ramp: tuple[int, int] = (1_500_000, 5_000_000)
    mirrored: bool = True

    @property
    def total_steps(self) -> int:
        return self.learner.total_steps

    @property
    def warm_start(self) -> str:
        return self.learner.warm_start

    @property
    def mirrors(self) -> tuple[Mirror, Mirror] | None:
        """Of observation and action; None for a policy that need not be symmetric."""
        if not self.mirrored:
            return None
        return observation_mirror(self.task.observation), action_mirror(
            self.task.action
        )


def train_dmpo(
    config: DmpoRunConfig,
    folder: RunFolder,
    on_report: OnReport = lambda step, metrics: None,
    *,
    archive: ArchiveWriter | None = None,
    reuse: Sequence[ArchiveReader] = (),
) -> Progress:
    """Train until the learner's `total_steps`; see `train_off_policy`."""
    seed = env_seed(config.learner.seed, read_step(folder.path))
    env = Environment(config.task, config.env, seed)
    streams = SimStreams(env, push_ramp=config.push_ramp)
    try:
        return train_off_policy(
            config.learner,
            make_dmpo(config),
            streams,
            folder,
            on_report,
            archive=archive,
            reuse=reuse,
        )
    finally:
        streams.close()


def make_dmpo(config: DmpoRunConfig) -> Dmpo:
    """The learner of a run, without its state."""
    return Dmpo(config.learner.dmpo, len(config.task.action.joints), config.mirrors)


def dmpo_params(config: DmpoRunConfig) -> PyTree:
    """Fresh parameters, shaped as a checkpoint's."""
    task = config.task
    state = make_dmpo(config).init(
        jax.random.key(0), task.observation.size, task.privileged.size
    )
    return state.params
