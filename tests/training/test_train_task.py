"""A run of any task: goes on where it stopped, hands out its data, draws itself."""

from dataclasses import replace

import imageio.v2 as imageio
import jax
import numpy as np
import pytest

from sim.env import EnvConfig
from sim.tasks.getup import GetupTask
from sim.tasks.getup_starts import GetupStarts
from sim.tasks.match import MatchTask
from sim.tasks.registry import TASKS, make_task
from training import film as film_module
from training.curriculum import CurriculumConfig
from training.film import FilmConfig
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder
from training.train_task import (
    TaskRunConfig,
    check_start,
    check_warm_start,
    env_seed,
    initial_progress,
    make_learner,
    train_task,
)

TINY = TaskRunConfig(
    task=GetupTask(episode_s=0.2),
    env=EnvConfig(num_envs=4, num_threads=1),
    ppo=PpoConfig(hidden=(16,), minibatches=2, epochs=1),
    curriculum=CurriculumConfig(
        push_ramp=(0, 64),
        easy=GetupTask(episode_s=0.2, starts=GetupStarts(lying_share=0.0)),
        measure="mean/up",
        harder_above=-1.0,
        step=0.125,
    ),
    rollout_steps=8,
    total_steps=64,
    report_every=1,
    save_every=1,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two updates of 32 steps, and what the callbacks got."""
    path = tmp_path_factory.mktemp("run")
    batches = []
    with RunFolder(path, TINY, resume=False) as folder:
        progress = train_task(
            TINY,
            folder,
            on_batch=lambda trajectory, *, step: batches.append((trajectory, step)),
        )
        history = folder.history()
    return path, progress, batches, history


def test_reports_hold_rewards_success_and_the_learner(finished):
    *_, history = finished
    assert [row["step"] for row in history] == [32, 64]
    expected = {"reward/target_pose", "mean/up", "end/up", "episode/return", "kl"}
    assert expected <= history[-1].keys()


def test_the_curriculum_is_in_the_checkpoint(finished):
    _, progress, _, history = finished
    # Every report lies above -1: 2 x 0.125.
    assert float(progress.curriculum.difficulty) == 0.25
    # Pushes as the second update found them: 32 of 64 steps.
    assert float(progress.curriculum.pushes) == 0.5
    assert history[-1]["curriculum/difficulty"] == 0.125


def test_without_an_easy_task_no_difficulty_is_reported(tmp_path):
    config = replace(
        TINY, curriculum=CurriculumConfig(push_ramp=(0, 64)), total_steps=32
    )
    with RunFolder(tmp_path, config, resume=False) as folder:
        train_task(config, folder)
        (row,) = folder.history()
    assert row["curriculum/pushes"] == 0.0
    assert "curriculum/difficulty" not in row


def test_every_rollout_is_handed_out_with_the_steps_before_it(finished):
    _, _, batches, _ = finished
    assert [step for _, step in batches] == [0, 32]
    assert batches[0][0].observation.shape == (4, 8, 268)
    assert not np.array_equal(batches[0][0].action, batches[1][0].action)


def test_two_resumes_of_one_checkpoint_are_equal(finished, tmp_path):
    path, _, _, _ = finished
    longer = replace(TINY, total_steps=96)
    rows, params = [], []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        checkpoint = (path / "checkpoint.msgpack").read_bytes()
        (tmp_path / name / "checkpoint.msgpack").write_bytes(checkpoint)
        with RunFolder(tmp_path / name, longer, resume=True) as folder:
            after = train_task(longer, folder)
            (row,) = folder.history()
        row.pop("steps_per_s")
        rows.append(row)
        params.append(jax.tree.leaves(after.learner.params))
    assert rows[0] == rows[1]
    assert rows[0]["step"] == 96
    assert all(np.array_equal(a, b) for a, b in zip(*params, strict=True))
    # Other environments than those the run began with.
    assert env_seed(0, 64) != env_seed(0, 0) != env_seed(1, 0)


def test_ctrl_c_saves_what_there_is(tmp_path):
    endless = replace(TINY, total_steps=10**9)

    def stop(step, metrics):
        if step == 64:
            raise KeyboardInterrupt

    with RunFolder(tmp_path, endless, resume=False) as folder:
        progress = train_task(endless, folder, stop)
        saved = folder.load(initial_progress(endless))
    assert saved is not None
    assert int(progress.steps) == 64
    assert int(saved.steps) == 64
    assert int(saved.learner.updates) == 2


def test_a_film_strip_shows_the_runs_own_policy(tmp_path):
    film = FilmConfig(
        every=64, seconds=0.1, frames=3, columns=2, frame_px=(48, 32), video=True
    )
    notes = []
    with RunFolder(tmp_path, TINY, resume=False) as folder:
        train_task(TINY, folder, film=film, on_notice=notes.append)
    if notes:
        pytest.skip(notes[0])
    strip = imageio.imread(tmp_path / "film" / "0000000064.png")
    # Two rows of 32, two columns of 48; the fourth place stays white.
    assert strip.shape == (64, 96, 3)
    assert (strip[32:, 48:] == 255).all()
    assert strip[:32, :48].std() > 5
    assert (tmp_path / "film" / "0000000064.mp4").stat().st_size > 500


def test_without_opengl_a_run_goes_on_and_says_so_once(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no display")

    monkeypatch.setattr(film_module, "ArenaRenderer", broken)
    notes = []
    film = FilmConfig(every=32, seconds=0.05)
    config = replace(TINY, total_steps=128)
    with RunFolder(tmp_path, config, resume=False) as folder:
        progress = train_task(config, folder, film=film, on_notice=notes.append)
    assert int(progress.steps) == 128
    (note,) = notes
    assert "no film strips: OpenGL does not start here (no display)" in note


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_symmetric_learner(name):
    config = replace(TINY, task=make_task(name), curriculum=CurriculumConfig())
    learner = make_learner(config)
    assert learner.actor.mirrors is not None


def test_robots_that_do_not_fill_minibatches_are_refused():
    with pytest.raises(ValueError, match="1 x 1 environments x 2 agents"):
        TaskRunConfig(task=MatchTask(), env=EnvConfig(num_envs=1), rollout_steps=1)


def test_an_easy_task_seen_otherwise_is_refused():
    easy = GetupTask(episode_s=0.1)
    with pytest.raises(ValueError, match="expected the task's own episode_s"):
        replace(TINY, curriculum=CurriculumConfig(easy=easy))


def test_a_wrong_run_to_start_from_is_named(tmp_path):
    with pytest.raises(RunError, match=r"none to start from, found none"):
        check_warm_start(str(tmp_path / "none"))
    check_warm_start("")


def test_a_run_of_another_shape_is_refused_before_its_folder_is_made(tmp_path):
    config = replace(TINY, total_steps=0)
    with RunFolder(tmp_path / "old", config, resume=False) as folder:
        train_task(config, folder)
    start = replace(TINY, warm_start=str(tmp_path / "old"))
    check_start(start)
    wider = replace(start, ppo=replace(TINY.ppo, hidden=(5,)))
    with pytest.raises(RunError, match="expected networks of this run's shape"):
        check_start(wider)


def test_an_interrupt_after_the_last_update_is_no_end_that_nobody_interrupted(tmp_path):
    def interrupted(step, metrics):
        if step >= TINY.total_steps:
            raise KeyboardInterrupt

    with RunFolder(tmp_path, TINY, resume=False) as folder:
        with pytest.raises(KeyboardInterrupt):
            train_task(TINY, folder, interrupted)
        # All is saved: going on, there is nothing left to do.
        progress = train_task(TINY, folder)
    assert progress.steps >= TINY.total_steps
