"""Train any task with DMPO: `training.off_policy` on the simulator's environments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import jax
from jaxtyping import PyTree

from robot.contracts.symmetry import Mirror, action_mirror, observation_mirror
from sim.env import EnvConfig, Environment
from sim.tasks.task import Task
from training.archive import ArchiveReader, ArchiveWriter
from training.batch_env import BatchEnv
from training.dmpo import Dmpo
from training.duel import DuelConfig, duel_guide, opposed
from training.film import Film, FilmConfig
from training.guide import Guide
from training.off_policy import OffPolicyConfig, OnReport, Progress, train_off_policy
from training.opponents import SnapshotPool
from training.run_folder import RunFolder, read_step
from training.streams import SimStreams
from training.teachers import dmpo_policy
from training.train_task import OnNotice, env_seed


@dataclass(frozen=True, kw_only=True)
class DmpoRunConfig:
    """One training run.

    Attributes:
        task: what is learned.
        env: batch of environments and their randomization.
        learner: everything else; counts rows' steps.
        push_ramp: steps between which pushes grow from none to full.
        mirrored: the policy is left-right symmetric by construction.
        duel: teachers and opponents of a 1v1 stage; None: all agents learn, and meet
            each other.
    """

    task: Task
    env: EnvConfig = field(default_factory=EnvConfig)
    learner: OffPolicyConfig = field(default_factory=OffPolicyConfig)
    push_ramp: tuple[int, int] = (1_500_000, 5_000_000)
    mirrored: bool = True
    duel: DuelConfig | None = None

    def __post_init__(self) -> None:
        if self.duel is None:
            return
        self.duel.check(self.task)
        if self.duel.from_score_teacher:
            raise ValueError(
                "run.duel.from_score_teacher: expected false with DMPO, whose teachers "
                "may have networks of any shape, found true"
            )

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
    on_notice: OnNotice = lambda text: None,
    film: FilmConfig | None = None,
) -> Progress:
    """Train until the learner's `total_steps`; see `train_off_policy`.

    Args:
        config: of the run.
        folder, on_report, archive, reuse: see there.
        on_notice: gets words for the user, such as that no pictures can be drawn.
        film: pictures of the run's own policy; None for none, and none of a policy with
            a memory.
    """
    steps, duel = read_step(folder.path), config.duel
    seed = env_seed(config.learner.seed, steps)
    guide = None
    if duel is not None:
        guide = duel_guide(duel, config.task.observation, config.task.action)
    dmpo = make_dmpo(config, guide)
    camera = Film(film or FilmConfig(), folder.path / "film", on_notice)
    env: BatchEnv = Environment(config.task, config.env, seed)
    pool: SnapshotPool | None = None
    if duel is not None:
        policy, untrained = dmpo_policy(dmpo), dmpo_params(config)["actor"]
        env, pool = opposed(
            duel, env, folder.path, policy, untrained, steps=steps, seed=seed
        )

    def each(steps: int, params: PyTree) -> None:
        if pool is not None:
            pool.offer(steps, params["actor"])
        if not config.learner.dmpo.lstm and camera.is_due(steps):
            acts = partial(dmpo.mean_action, params)
            camera.shoot(steps, config.task, config.env, acts)

    streams = SimStreams(env, push_ramp=config.push_ramp)
    try:
        return train_off_policy(
            config.learner,
            dmpo,
            streams,
            folder,
            on_report,
            archive=archive,
            reuse=reuse,
            each=each,
        )
    finally:
        streams.close()


def make_dmpo(config: DmpoRunConfig, guide: Guide | None = None) -> Dmpo:
    """The learner of a run, without its state; only training needs the guide."""
    size = len(config.task.action.joints)
    return Dmpo(config.learner.dmpo, size, config.mirrors, guide)


def dmpo_params(config: DmpoRunConfig) -> PyTree:
    """Fresh parameters, shaped as a checkpoint's."""
    task = config.task
    state = make_dmpo(config).init(
        jax.random.key(0), task.observation.size, task.privileged.size
    )
    return state.params
