"""DMPO on a task of the simulator: a run, its archive, and its bundle."""

import jax
import numpy as np
import pytest

from robot.policy import load_bundle
from sim.env import EnvConfig
from sim.tasks.rise import RiseTask
from training.archive import ArchiveReader, open_for_reuse
from training.dmpo_config import DmpoConfig
from training.export import export_policy
from training.film import FilmConfig
from training.off_policy import OffPolicyConfig
from training.run_archive import archive_of
from training.run_folder import RunFolder
from training.streams import task_interface
from training.train_dmpo import DmpoRunConfig, make_dmpo, train_dmpo

TINY = DmpoRunConfig(
    task=RiseTask(),
    env=EnvConfig(num_envs=4, num_threads=1),
    learner=OffPolicyConfig(
        dmpo=DmpoConfig(actor_hidden=(16,), critic_hidden=(16,), samples=2, atoms=5),
        unroll=8,
        batch=4,
        length=8,
        capacity=256,
        min_steps=32,
        total_steps=64,
        report_every=32,
    ),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    with (
        RunFolder(path / "run", TINY, resume=False) as folder,
        archive_of(
            str(path / "archive"), TINY, made_by="a test", resume=False
        ) as archive,
    ):
        film = FilmConfig(every=32, seconds=0.05, video=True)
        progress = train_dmpo(TINY, folder, archive=archive, film=film)
        history = folder.history()
    return path, progress, history


def test_a_run_reports_what_the_task_measures(finished):
    _, progress, history = finished
    # Rollouts of 4 rows x 8 steps.
    assert [row["step"] for row in history] == [32, 64]
    assert {"reward/total", "mean/up"} <= history[-1].keys()
    assert int(progress.learner.updates) > 0


def test_it_is_filmed_too(finished):
    path, _, _ = finished
    # Every 32 of 64 steps, but never at the start.
    films = sorted(file.name for file in (path / "run" / "film").iterdir())
    assert films == ["0000000032.mp4", "0000000032.png"]


def test_its_archive_may_be_reused_by_the_same_task(finished):
    path, _, _ = finished
    (reader,) = open_for_reuse([path / "archive"], task_interface(RiseTask()))
    assert reader.progress.steps == 64
    header = ArchiveReader(path / "archive").header
    assert (header.learner, header.made_by) == ("dmpo", "a test")


def test_its_bundle_acts_as_the_learner_does(finished, tmp_path):
    path, progress, _ = finished
    export_policy(path / "run", TINY, tmp_path / "bundle", "mine", made_by="a test")
    policy = load_bundle(tmp_path / "bundle")
    observation = np.random.default_rng(0).normal(size=138).astype(np.float32)
    action, _ = policy.act(observation, ())
    expected = make_dmpo(TINY).mean_action(progress.learner.params, observation)
    np.testing.assert_allclose(action, jax.device_get(expected), atol=1e-5)
