"""Cloning: what is learned from, that it is learned, and that a run goes on from it."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from robot.policy import load_bundle
from sim.env import EnvConfig
from sim.tasks.getup_starts import GetupStarts
from sim.tasks.match import MatchTask
from sim.tasks.rise import RiseTask
from sim.tasks.view import STAND_RAD
from training.clone import (
    CloneConfig,
    Episodes,
    Lessons,
    clone,
    good,
    imitate,
    lessons_of,
    perform,
)
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder
from training.train_task import (
    TaskRunConfig,
    initial_progress,
    load_progress,
    make_learner,
)

SCRIPT = load_bundle(Path(__file__).parents[2] / "policies" / "scripted" / "getup")
STANDING = GetupStarts(
    lying_share=0.0, tilted_share=0.0, poses=(STAND_RAD,), joint_spread_rad=0.0
)
TINY = CloneConfig(
    run=TaskRunConfig(
        task=RiseTask(starts=STANDING, episode_s=20.0),
        env=EnvConfig(num_envs=4, num_threads=1),
        ppo=PpoConfig(hidden=(16,), init_std=0.12),
    ),
    script="getup",
    noise=(0.0, 0.1),
    seconds=0.5,
    total_steps=60,
    batch=64,
    report_every=20,
)
JOINT_POSITION = slice(18, 78)
"""After 3 x 3 numbers of gyro and of gravity: 3 x 20 angles."""


@pytest.fixture(scope="module")
def cloned(tmp_path_factory):
    """The script cloned while it stands, and what was reported."""
    path, reports = tmp_path_factory.mktemp("clone"), []
    with RunFolder(path, TINY, resume=False) as folder:
        progress = clone(TINY, folder, SCRIPT, lambda *report: reports.append(report))
    assert progress is not None
    return path, progress, reports


def test_the_clone_acts_as_the_script(cloned):
    _, _, reports = cloned
    errors = [
        metrics["clone/error"] for _, metrics in reports if "clone/error" in metrics
    ]
    assert len(errors) == 3
    assert errors[-1] < errors[0] / 3
    assert reports[0] == (0, {"clone/rollouts": 1.0, "clone/script_succeeds": 1.0})
    assert reports[-1] == (60, {"clone/succeeds": 1.0})


def test_a_run_starts_from_the_clone(cloned, tmp_path):
    path, progress, _ = cloned
    config = replace(
        TINY.run,
        warm_start=str(path),
        ppo=PpoConfig(hidden=(16,), kl=0.006, critic_first=25),
    )
    with RunFolder(tmp_path, config, resume=False) as folder:
        started = load_progress(config, folder)
    actor = started.learner.params["actor"]["params"]
    wanted = progress.learner.params["actor"]["params"]
    for ours, theirs in zip(
        jax.tree.leaves(actor), jax.tree.leaves(wanted), strict=True
    ):
        assert np.array_equal(ours, theirs)
    # The clone's spread, not the one this run would begin with: ln 0.12 = -2.1203.
    np.testing.assert_allclose(actor["log_std"], np.full(18, -2.1203), atol=1e-4)
    assert int(started.steps) == 0


def test_a_finished_clone_is_not_made_again(cloned):
    path, progress, _ = cloned
    with RunFolder(path, TINY, resume=True) as folder:
        again = clone(TINY, folder, SCRIPT, lambda *_: pytest.fail("worked again"))
    assert again is not None
    for one, other in zip(
        jax.tree.leaves(again.learner.params),
        jax.tree.leaves(progress.learner.params),
        strict=True,
    ):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("step", [0, 20])
def test_ctrl_c_leaves_no_half_clone(tmp_path, step):
    def stop(at, metrics):
        if at == step:
            raise KeyboardInterrupt

    with RunFolder(tmp_path, TINY, resume=False) as folder:
        assert clone(TINY, folder, SCRIPT, stop) is None
    assert not (tmp_path / "checkpoint.msgpack").exists()


def test_a_script_that_never_succeeds_is_refused(tmp_path):
    starts = GetupStarts(lying_share=1.0, tilted_share=0.0)
    task = RiseTask(starts=starts, episode_s=20.0)
    config = replace(TINY, run=replace(TINY.run, task=task))
    with (
        RunFolder(tmp_path, config, resume=False) as folder,
        pytest.raises(RunError, match=r"ends with 'up', found none of 8"),
    ):
        clone(config, folder, SCRIPT)


def episodes(steps: int, success, ended=None) -> Episodes:
    """Episodes that never move; action and gyro say which episode and step."""
    success = np.array(success, bool)
    count = success.shape[1]
    seen = np.zeros((steps, count, RiseTask().observation.size), np.float32)
    action = np.arange(steps * count).reshape(steps, count, 1).repeat(18, axis=-1)
    return Episodes(
        observation=seen,
        action=action.astype(np.float32),
        success=success,
        ended=np.zeros_like(success) if ended is None else np.array(ended, bool),
        failure=np.zeros_like(success),
    )


def test_only_episodes_that_end_well_are_learned_from():
    # 0.05 s are two steps: the second episode is up too late, the third fell again,
    # the fourth began anew on the way.
    config = replace(TINY, success_s=0.05)
    shown = episodes(
        3,
        [[0, 0, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1]],
        [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]],
    )
    assert good(config, shown).tolist() == [True, False, False, False]
    lessons = lessons_of(config, shown)
    assert lessons.succeeded == 0.25
    # Steps 1 and 2 of episode 0; step 0 is a wait.
    assert lessons.action[:, 0].tolist() == [4.0, 8.0]


def test_waits_are_left_out_until_the_success():
    config = replace(TINY, success_s=0.025, still_s=0.05, still_rad=0.08)
    shown = episodes(6, [[0], [0], [0], [0], [0], [1]])
    # One knee angle jumps by 0.3 rad (one unit of its scale) before step 3: within the
    # two steps after steps 1 and 2.
    shown.observation[3:, 0, JOINT_POSITION.stop - 20 + 12] = 1.0
    assert lessons_of(config, shown).action[:, 0].tolist() == [1.0, 2.0, 5.0]


def test_where_episodes_follow_each_other_only_what_leads_to_a_failure_is_left_out():
    # 0.05 s are two steps. The first robot fails at step 3, the second succeeds at
    # step 2, the third runs into its time limit at step 4.
    config = replace(TINY, failure="fallen", failure_s=0.05)
    shown = episodes(
        5,
        [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]],
    )
    shown.failure[3, 0] = True
    lessons = lessons_of(config, shown)
    # Actions count the rows, three a step; without 2 x 3 + 0 and 3 x 3 + 0.
    assert lessons.action[:, 0].tolist() == [
        *(0, 1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14)
    ]
    # One of the three episodes that ended.
    assert lessons.succeeded == pytest.approx(1 / 3)


def test_a_script_hears_that_its_robot_fell():
    task = RiseTask(starts=STANDING, episode_s=0.1)
    config = replace(TINY, run=replace(TINY.run, task=task), failure="up", success="up")
    heard = []

    def still(seen):
        return np.zeros((len(seen), 18), np.float32)

    perform(config, still, 0.0, seed=0, restart=lambda rows: heard.append(rows.sum()))
    # 0.5 s of episodes of 0.1 s in four environments.
    assert sum(heard) == 20


def test_a_linear_function_is_learned():
    config = replace(
        TINY,
        run=replace(TINY.run, mirrored=False, ppo=PpoConfig(hidden=(64,))),
        total_steps=400,
        batch=256,
        learning_rate=5e-3,
    )
    learner, fresh = make_learner(config.run), initial_progress(config.run)
    rng = np.random.default_rng(3)
    size = config.task.observation.size
    seen = np.zeros((4096, size), np.float32)
    seen[:, :4] = rng.uniform(-1, 1, (4096, 4))
    matrix = rng.uniform(-1, 1, (4, 18))
    wanted = (seen[:, :4] @ matrix).astype(np.float32)
    before = fresh.learner.params
    actor = imitate(
        config, learner, before["actor"], Lessons(seen, wanted, 1.0), lambda *_: None
    )
    got = learner.mean_action({"actor": actor}, seen)
    # The variance of each target is 4 x 1/3 x 1/3 = 0.44 on average.
    assert float(np.mean((got - wanted) ** 2)) < 0.01
    assert np.array_equal(
        actor["params"]["log_std"], before["actor"]["params"]["log_std"]
    )


def test_noise_moves_the_robot_but_is_not_learned():
    def still(seen):
        return np.zeros((len(seen), 18), np.float32)

    config = replace(TINY, seconds=0.25)
    calm, shaken = (perform(config, still, noise, seed=0) for noise in (0.0, 0.3))
    assert not shaken.action.any()
    assert calm.observation.shape == shaken.observation.shape == (10, 4, 138)
    moved = np.abs(calm.observation - shaken.observation)[-1, :, JOINT_POSITION]
    assert moved.max() > 0.1


def test_episodes_longer_than_the_tasks_and_teams_are_refused():
    with pytest.raises(ValueError, match=r"expected less than the 20.0 s .* found 20"):
        replace(TINY, seconds=20.0)
    with pytest.raises(ValueError, match="expected a task of one robot, found 2"):
        replace(TINY, run=replace(TINY.run, task=MatchTask()))
