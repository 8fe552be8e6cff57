"""An actor that begins as a shipped policy, and the moments of a walk."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robot.policy import load_bundle
from sim.env import EnvConfig, Environment
from sim.tasks.kick import KickTask
from sim.tasks.kick_starts import KickStarts
from sim.tasks.rise import RiseTask
from training.borrowed import actor_of_bundle
from training.ppo import PpoConfig
from training.run_folder import RunError, RunFolder
from training.train_task import (
    TaskRunConfig,
    check_start,
    initial_progress,
    load_progress,
    make_learner,
)
from training.walk_recordings import record_walks

WALK = Path(__file__).parents[2] / "policies" / "walk"
TASK = KickTask()
RUN = TaskRunConfig(task=TASK, env=EnvConfig(num_envs=4, num_threads=1))


def test_the_actor_does_what_the_walk_does_when_told_to_stand():
    """Beside the walk on board, fed with the same observations and command 0."""
    fresh = initial_progress(RUN).learner.params
    actor = actor_of_bundle("walk", TASK.observation, TASK.action, fresh["actor"])
    learner = make_learner(RUN)
    env = Environment(TASK, EnvConfig(num_envs=4, num_threads=1), seed=1)
    rng = np.random.default_rng(0)
    state, moved = env.reset()
    for _ in range(5):
        state, moved = env.step(state, rng.normal(size=env.action_shape))
    env.close()
    seen = np.asarray(moved.observation[:, 0], np.float32)
    mine = np.asarray(learner.mean_action({"actor": actor}, seen))
    walk = load_bundle(WALK)
    # Proprioception first, 3 x 46 numbers, then the command, then the clock.
    theirs = np.concatenate([seen[:, :138], np.zeros((4, 3)), seen[:, 138:140]], -1)
    wanted = [walk.act(row.astype(np.float32), ())[0] for row in theirs]
    assert mine == pytest.approx(np.array(wanted), abs=1e-5)
    # Its spread is the run's own.
    assert np.exp(actor["params"]["log_std"]) == pytest.approx(np.full(18, 0.37))


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (replace(RUN, ppo=PpoConfig(hidden=(8,))), "expected layers"),
        (replace(RUN, task=replace(TASK, filter_keep=0.3)), "the action of this task"),
        (replace(RUN, task=replace(TASK, history=2)), "history=2"),
    ],
)
def test_a_walk_that_does_not_fit_is_refused(run, words):
    fresh = initial_progress(run).learner.params["actor"]
    with pytest.raises(RunError, match=words):
        actor_of_bundle("walk", run.task.observation, run.task.action, fresh)


def test_a_policy_learns_on_from_its_own_bundle(tmp_path):
    run = TaskRunConfig(
        task=RiseTask(), env=EnvConfig(num_envs=4, num_threads=1), begins_as="getup"
    )
    check_start(run)
    with RunFolder(tmp_path, run, resume=False) as folder:
        params = load_progress(run, folder).learner.params
    golden = np.load(WALK.parent / "getup" / "golden.npz")
    mine = make_learner(run).mean_action(params, golden["observation"])
    np.testing.assert_allclose(mine, golden["action"], atol=1e-4)


def test_a_policy_that_commands_another_is_refused_before_anything_is_made():
    run = TaskRunConfig(task=TASK, begins_as="score")
    with pytest.raises(RunError, match="expected layers with ELU between them"):
        check_start(run)


def test_networks_of_a_walk_and_of_a_run_at_once_are_refused():
    with pytest.raises(ValueError, match="expected it or warm_start, found both"):
        replace(RUN, begins_as="walk", warm_start="runs/kick")


def test_recorded_moments_are_a_walk_in_mid_stride_that_goes_on():
    states, robots = record_walks("walk", worlds=6, seconds=3.0, seed=3)
    # Noted at 1.5, 1.825, 2.15, 2.475 and 2.8 s.
    assert len(states) == 6 * 5
    # Each with the robot it is of, noted again every six: none fell meanwhile.
    offsets = robots.joint_offset_rad[:, 0]
    assert offsets.shape == (30, 20)
    assert len(np.unique(offsets[:6, 0])) == 6
    np.testing.assert_array_equal(offsets[:6], offsets[-6:])
    assert max(state.velocity[0] for state in states) > 0.3
    assert all(0 <= state.clock_s < 1 / 2.8 for state in states)
    assert all(0.2 < state.height_m < 0.3 for state in states)
    # Leaning, not falling: a fall counts from 1.05 rad on.
    assert max(abs(state.tilt_rad) for state in states) < 0.7
    starts = KickStarts(walking_share=1.0, walking=states, walking_ahead_m=(2.0, 2.0))
    task = replace(TASK, starts=starts)
    env = Environment(task, EnvConfig(num_envs=16, stagger=False), seed=0)
    fresh = initial_progress(RUN).learner.params
    actor = actor_of_bundle("walk", TASK.observation, TASK.action, fresh["actor"])
    learner = make_learner(RUN)
    state, moved = env.reset()
    fell = np.zeros(16, bool)
    for _ in range(60):
        action = np.asarray(learner.mean_action({"actor": actor}, moved.observation))
        state, moved = env.step(state, action, push_strength=0.0)
        fell |= moved.terminated
    env.close()
    # Told to stand from mid-stride, a walk stays on its feet.
    assert fell.sum() <= 1
