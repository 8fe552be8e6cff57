"""The 1v1 stage: it learns one side, held by its teachers, against its past."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from sim.env import EnvConfig
from sim.tasks.match import MatchTask
from sim.tasks.rise import RiseTask
from sim.tasks.score import ScoreTask
from training.dmpo_config import DmpoConfig
from training.duel import DuelConfig, actor_of_teacher
from training.off_policy import OffPolicyConfig
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder, read_checkpoint
from training.teaching import TeachingConfig, weights
from training.train_dmpo import DmpoRunConfig, train_dmpo
from training.train_task import (
    TaskRunConfig,
    check_start,
    fits_teacher,
    initial_progress,
    train_task,
)

SCORE = TaskRunConfig(task=ScoreTask(), ppo=PpoConfig(hidden=(8,)), seed=5)
RISE = TaskRunConfig(task=RiseTask(), ppo=PpoConfig(hidden=(8,)), seed=6)


def untrained(path, config):
    """A run that has a checkpoint and nothing else."""
    with RunFolder(path, config, resume=False) as folder:
        folder.save(initial_progress(config))
    return str(path)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("teachers")
    return TaskRunConfig(
        task=MatchTask(opponent_id=True),
        env=EnvConfig(num_envs=4, num_threads=1),
        ppo=PpoConfig(
            hidden=(8,), learning_rate=0.02, learning_rate_range=(0.02, 0.02)
        ),
        duel=DuelConfig(
            score_teacher=untrained(path / "score", SCORE),
            getup_teacher=untrained(path / "rise", RISE),
            teaching=TeachingConfig(thresholds=(20.0, 20.0), rate=0.1, ppo_kl=1.0),
            snapshot_every=32,
        ),
        rollout_steps=4,
        total_steps=160,
        report_every=1,
    )


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    path = tmp_path_factory.mktemp("duel")
    with RunFolder(path, config, resume=False) as folder:
        progress = train_task(config, folder)
        return path, progress, folder.history()


def test_it_counts_its_own_side_only_and_keeps_snapshots(finished):
    path, progress, history = finished
    # 4 environments x 4 steps x 1 robot: ten updates.
    assert [row["step"] for row in history] == list(range(16, 161, 16))
    assert int(progress.learner.updates) == 10
    saved = sorted(int(file.stem) for file in (path / "opponents").iterdir())
    assert saved == [32, 64, 96, 128]


def test_the_teachers_weights_are_part_of_the_run(finished, config):
    path, progress, history = finished
    last = history[-1]
    assert {"teacher/kl", "teacher/fallen_value"} <= last.keys()
    assert 0.0 < last["teacher/upright_share"] < 1.0
    # Values far under the thresholds: both teachers stay in full charge.
    assert weights(progress.learner.teaching).tolist() == [1.0, 1.0]
    kept = read_checkpoint(path, initial_progress(config))
    assert kept is not None
    assert kept.learner.teaching.tolist() == progress.learner.teaching.tolist()


def test_its_actor_begins_as_the_score_teachers(config):
    ours = initial_progress(config).learner.params["actor"]
    theirs = initial_progress(SCORE).learner.params["actor"]
    found = actor_of_teacher(config.duel, ours)
    jax.tree.map(np.testing.assert_array_equal, found, theirs)
    wide = jax.tree.map(lambda x: np.zeros((*x.shape, 2)), ours)
    with pytest.raises(RunError, match=r"this run's shape.*from_score_teacher"):
        actor_of_teacher(config.duel, wide)
    assert fits_teacher(config)
    wider = replace(config, ppo=PpoConfig(hidden=(9,)))
    assert not fits_teacher(wider)
    # Asked for before there is a folder.
    with pytest.raises(RunError, match=r"this run's shape.*from_score_teacher"):
        check_start(wider)


def test_imitation_draws_the_pupil_to_its_teachers(finished):
    _, _, history = finished
    assert history[-1]["teacher/kl"] < 0.8 * history[0]["teacher/kl"]


@pytest.mark.slow
def test_dmpo_learns_one_side_too(config, tmp_path):
    small = DmpoConfig(actor_hidden=(8,), critic_hidden=(8,), samples=2, atoms=5)
    learner = OffPolicyConfig(
        dmpo=small,
        unroll=8,
        batch=4,
        length=8,
        capacity=256,
        min_steps=32,
        total_steps=96,
        report_every=32,
    )
    duel = replace(config.duel, from_score_teacher=False)
    run = DmpoRunConfig(task=config.task, env=config.env, learner=learner, duel=duel)
    with RunFolder(tmp_path, run, resume=False) as folder:
        progress = train_dmpo(run, folder)
        last = folder.history()[-1]
    # 4 environments x 8 steps x 1 robot, three times; an update for 8 steps each.
    assert (last["step"], int(progress.learner.updates)) == (96, 12)
    assert {"teacher/kl", "teacher/upright_weight"} <= last.keys()
    assert sorted(file.name for file in (tmp_path / "opponents").iterdir()) == [
        "000000000032.msgpack",
        "000000000064.msgpack",
    ]
    with pytest.raises(ValueError, match="from_score_teacher: expected false"):
        replace(run, duel=config.duel)


def test_another_task_has_no_duel(config):
    with pytest.raises(ValueError, match=r"run.duel: expected MatchTask"):
        replace(config, task=MatchTask())
