"""The 1v1 stage of a run: its teachers and its opponents."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.tasks.task import Task
from training.batch_env import BatchEnv
from training.guide import Distribution, Guide
from training.opponents import Opponents, OpposedEnvironment, SnapshotPool, is_duel
from training.run_folder import RunError
from training.teachers import guide_of, load_teacher
from training.teaching import TeachingConfig
from training.translation import Interface

OPPONENTS = "opponents"
"""Folder of the snapshots in a run folder."""


@dataclass(frozen=True, kw_only=True)
class DuelConfig:
    """A learner that plays one side of a match.

    Attributes:
        score_teacher, getup_teacher: folders of the runs or bundles whose policies hold
            the learner in upright and in fallen states.
        teaching: how strict they are.
        from_score_teacher: the actor starts as the score teacher's, which must be a run
            with a network of the same shape; the critic starts from nothing.
        snapshot_every: control steps between two snapshots (the paper does not say).
        opponent_share: of the snapshots, earliest first, that are opponents.
    """

    score_teacher: str
    getup_teacher: str
    teaching: TeachingConfig = field(default_factory=TeachingConfig)
    from_score_teacher: bool = True
    snapshot_every: int = 500_000
    opponent_share: float = 0.25

    def check(self, task: Task) -> None:
        """Raises ValueError for a task that is no 1v1 match with the opponent's id."""
        if not is_duel(task):
            raise ValueError(
                f"run.duel: expected MatchTask(team_size=1, opponent_id=True), found "
                f"{task}"
            )


def duel_guide(
    config: DuelConfig, observation: ObservationSpec, action: ActionSpec
) -> Guide:
    """The run's teachers.

    Raises:
        RunError: a teacher is missing, or sees what its pupil does not.
    """
    score, getup = (
        load_teacher(Path(run)) for run in (config.score_teacher, config.getup_teacher)
    )
    return guide_of(config.teaching, Interface(observation, action), score, getup)


def check_teachers(config: DuelConfig | None) -> None:
    """Ask before a run folder is made, so that a wrong name leaves none behind.

    Raises:
        RunError: a teacher is missing.
    """
    if config is not None:
        for run in (config.score_teacher, config.getup_teacher):
            load_teacher(Path(run))


def actor_of_teacher(config: DuelConfig, actor: Any) -> Any:
    """The score teacher's actor for one shaped as `actor`.

    Raises:
        RunError: it is shaped otherwise.
    """
    found = load_teacher(Path(config.score_teacher)).params["actor"]
    ours, theirs = (_shapes(tree) for tree in (actor, found))
    if ours != theirs:
        raise RunError(
            f"expected a score teacher whose network has this run's shape in "
            f"{config.score_teacher}, found {theirs} for {ours}; set "
            f"duel.from_score_teacher to false"
        )
    return jax.tree.map(jax.numpy.asarray, found)


def has_shape_of_teacher(config: DuelConfig, actor: Any) -> bool:
    """Whether the score teacher's actor is one shaped as `actor`.

    Raises:
        RunError: there is no such teacher.
    """
    found = load_teacher(Path(config.score_teacher)).params["actor"]
    return _shapes(found) == _shapes(actor)


def _shapes(tree: Any) -> Any:
    return jax.tree.map(lambda x: x.shape, tree)


def opposed(
    config: DuelConfig,
    env: BatchEnv,
    folder: Path,
    policy: Distribution,
    untrained: Any,
    *,
    steps: int,
    seed: int,
) -> tuple[OpposedEnvironment, SnapshotPool]:
    """The environment of one side, and the pool that its opponents come from.

    Args:
        config: of the stage.
        env: of both sides; closed with the result.
        folder: of the run.
        policy: the learner's network.
        untrained: the actor's parameters before any training.
        steps: where the run stands.
        seed: of draws and of the opponents' noise.
    """
    pool = SnapshotPool(
        folder / OPPONENTS,
        untrained,
        every=config.snapshot_every,
        share=config.opponent_share,
        steps=steps,
    )
    return OpposedEnvironment(env, Opponents(pool, policy, seed)), pool
