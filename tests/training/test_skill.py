"""A frozen walk under a learner: the right joints move, and the whole is exported."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from robot.action import filtered_targets
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.symmetry import action_mirror, observation_mirror
from robot.policy import load_bundle
from sim.demonstrator import newest
from sim.env import EnvConfig, Environment
from sim.tasks.rise import RiseTask
from sim.tasks.score import ScoreTask
from training.archive import ArchiveError, open_for_reuse
from training.duel import DuelConfig
from training.export import export_policy
from training.ppo import PpoConfig
from training.run_archive import archive_of
from training.run_folder import RunError, RunFolder
from training.skill import COMMAND_MIRROR, load_skill
from training.skill_env import SkillEnvironment
from training.streams import task_interface
from training.teachers import UNTOLD_STD, load_teacher
from training.train_task import TaskRunConfig, make_learner, skill_of, train_task

POLICIES = Path(__file__).parents[2] / "policies"
TASK = ScoreTask(alone=True, clock_hz=2.8)
RUN = TaskRunConfig(
    task=TASK,
    env=EnvConfig(num_envs=4, num_threads=1),
    ppo=PpoConfig(hidden=(8,)),
    rollout_steps=4,
    total_steps=16,
    seed=3,
    skill="walk",
    reach=((-0.4, -0.3, -3.0), (0.9, 0.3, 3.0)),
)


@pytest.fixture(scope="module")
def skill():
    """With bounds of the tests' own, not those of the shipped walk of the day."""
    reach = ((-0.4, -0.3, -3.5), (1.0, 0.3, 3.5))
    return load_skill("walk", TASK.observation, TASK.action, reach)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("score")
    with RunFolder(path, RUN, resume=False) as folder:
        progress = train_task(RUN, folder)
    return path, progress.learner.params


def test_a_reach_scales_the_commands_of_the_same_walk(skill):
    reach = ((-0.2, -0.1, -1.0), (0.6, 0.1, 1.0))
    near = load_skill("walk", TASK.observation, TASK.action, reach)
    seen, wish = observed(), np.tile([0.5, 0.05, -0.75], (5, 1))
    # 0.5 m/s: 0.3 beyond the middle of -0.2 and 0.6, of 0.4 at most.
    np.testing.assert_allclose(near.command_for(wish)[0], [0.75, 0.5, -0.75])
    # The same velocity, so the same joints.
    np.testing.assert_allclose(
        near.act(seen, near.command_for(wish)),
        skill.act(seen, skill.command_for(wish)),
        atol=1e-5,
    )


def observed(steps=3):
    """Observations after some steps of chance."""
    env = Environment(TASK, EnvConfig(num_envs=5, num_threads=1), seed=2)
    rng = np.random.default_rng(0)
    state, moved = env.reset()
    for _ in range(steps):
        state, moved = env.step(state, 0.1 * rng.normal(size=env.action_shape))
    env.close()
    return np.asarray(moved.observation[:, 0], np.float32)


def test_the_joints_get_the_targets_that_the_walk_on_board_would_send(skill):
    seen = observed()
    walk = load_bundle(POLICIES / "walk")
    spec, sources = walk.spec, newest(TASK.observation, seen)
    # Of the range: -0.4 + 0.75 x 1.4, -0.3 + 0.25 x 0.6, -3.5 + 0.5 x 7.
    sources["velocity_command"] = np.tile((0.65, -0.15, 0.0), (5, 1))
    command = np.tile(np.float32([0.5, -0.5, 0.0]), (5, 1))
    rows, offset = [], 0
    histories = {}
    for term in TASK.observation.terms:
        width = term.size * term.history
        raw = seen[:, offset : offset + width].reshape(5, term.history, term.size)
        histories[term.name] = raw * (term.std or 1.0) + (term.mean or 0.0)
        offset += width
    for term in spec.observation.terms:
        if term.name == "velocity_command":
            value = sources["velocity_command"][:, None]
        else:
            value = histories[term.name][:, -term.history :]
        scaled = (value - (term.mean or 0.0)) / (term.std or 1.0)
        rows.append(scaled.reshape(5, -1))
    vector = np.concatenate(rows, axis=-1).astype(np.float32)
    asked = np.stack([walk.act(row, ())[0] for row in vector])
    limbs = [JOINT_NAMES.index(name) for name in spec.action.joints]
    before = sources["previous_target"]
    wanted = filtered_targets(spec.action, asked.astype(float), before[:, limbs])
    got = filtered_targets(
        TASK.action, np.asarray(skill.act(seen, command), float), before
    )[:, limbs]
    # Where the slower filter of the task cannot follow, the wish is at its limit.
    low, high = (
        0.8 * before + 0.2 * np.array(end)
        for end in (TASK.action.min_rad, TASK.action.max_rad)
    )
    reached = np.clip(wanted, low[:, limbs], high[:, limbs])
    np.testing.assert_allclose(got, reached, atol=1e-4)


def test_commands_and_wishes_are_each_others_inverse(skill):
    wish = np.array([[1.0, -0.3, 0.875], [0.3, 0.0, 9.0]])
    # (1.0 - 0.3) / 0.7, -0.3 / 0.3, 0.875 / 3.5; 9 rad/s is cut to 3.5.
    np.testing.assert_allclose(
        skill.command_for(wish), [[1.0, -1.0, 0.25], [0.0, 0.0, 1.0]], atol=1e-6
    )


def test_a_mirrored_world_and_command_give_the_mirrored_action(skill):
    seen = observed()
    command = np.tile(np.float32([0.5, 0.3, -0.8]), (5, 1))
    image = observation_mirror(TASK.observation).of(jnp.asarray(seen))
    found = skill.act(image, COMMAND_MIRROR.of(jnp.asarray(command)))
    wanted = action_mirror(TASK.action).of(skill.act(seen, command))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_head_looks_at_the_ball(skill):
    seen, offset = observed(), 0
    for term in TASK.observation.terms:
        if term.name == "ball_position":
            # 1 m ahead and 0.5 m to the left, scaled by 2 m.
            seen[:, offset : offset + 2] = (0.5, 0.25)
        offset += term.size * term.history
    action = np.asarray(skill.act(seen, np.zeros((5, 3), np.float32)))
    spec = TASK.action
    wish = np.array(spec.default_rad) + np.array(spec.scale_rad) * action
    pan, tilt = JOINT_NAMES.index("head_pan"), JOINT_NAMES.index("head_tilt")
    np.testing.assert_allclose(wish[:, pan], math.atan2(0.5, 1.0), atol=1e-5)
    # The camera is 0.45 m up, the ball sqrt(1.25) m away.
    np.testing.assert_allclose(
        wish[:, tilt], -math.atan2(0.45, math.sqrt(1.25)), atol=1e-5
    )


def test_the_environment_takes_commands(skill):
    config = EnvConfig(num_envs=3, num_threads=1, stagger=False)
    env = SkillEnvironment(Environment(TASK, config, seed=1), skill)
    assert env.action_shape == (3, 1, 3)
    state, moved = env.reset()
    plain = Environment(TASK, config, seed=1)
    other, seen = plain.reset()
    command = np.full((3, 1, 3), 0.4, np.float32)
    for _ in range(3):
        state, moved = env.step(state, command)
        joints = np.asarray(skill.act(seen.observation, command))
        other, seen = plain.step(other, joints)
    np.testing.assert_array_equal(moved.observation, seen.observation)
    env.close()
    plain.close()


def test_a_held_command_is_so_many_control_steps(skill):
    # Episodes of 0.15 s are six control steps: the second step of four ends within.
    task = replace(TASK, episode_s=0.15)
    config = EnvConfig(num_envs=3, num_threads=1, stagger=False)
    held = SkillEnvironment(Environment(task, config, seed=1), skill, hold=4)
    plain = SkillEnvironment(Environment(task, config, seed=1), skill)
    command = np.full((3, 1, 3), 0.4, np.float32)
    state, _ = held.reset()
    other, _ = plain.reset()
    rewards, forward = [], []
    for _ in range(8):
        other, seen = plain.step(other, command)
        rewards.append(seen.reward)
        forward.append(seen.terms["forward_velocity"])
        if len(rewards) == 6:
            last = seen
    state, first = held.step(state, command)
    np.testing.assert_allclose(first.reward, sum(rewards[:4]), rtol=1e-5)
    np.testing.assert_allclose(
        first.terms["forward_velocity"], sum(forward[:4]) / 4, rtol=1e-5
    )
    assert not first.truncated.any()
    state, second = held.step(state, command)
    assert second.truncated.all()
    np.testing.assert_allclose(second.reward, rewards[4] + rewards[5], rtol=1e-5)
    np.testing.assert_array_equal(second.final_observation, last.final_observation)
    np.testing.assert_array_equal(second.observation, seen.observation)
    held.close()
    plain.close()


def test_what_is_exported_moves_the_joints(trained, tmp_path):
    path, params = trained
    export_policy(path, RUN, tmp_path / "score", "score", "a test")
    policy = load_bundle(tmp_path / "score")
    assert (policy.spec.role, policy.spec.clock_hz) == ("score", 2.8)
    assert policy.spec.action.joints == JOINT_NAMES
    seen = observed()
    command = make_learner(RUN).mean_action(params, seen)
    wanted = np.asarray(skill_of(RUN).act(seen, command))
    for row, action in zip(seen, wanted, strict=True):
        np.testing.assert_allclose(policy.act(row, ())[0], action, atol=1e-4)


def test_it_teaches_a_pupil_that_moves_the_joints(trained):
    path, params = trained
    teacher = load_teacher(path)
    seen = observed()
    found = teacher.distribution(teacher.params, seen)
    wanted = skill_of(RUN).act(seen, make_learner(RUN).mean_action(params, seen))
    np.testing.assert_allclose(found.mean, wanted, atol=1e-4)
    np.testing.assert_allclose(found.std, UNTOLD_STD, atol=1e-6)


def test_an_archive_of_commands_is_none_of_joints(tmp_path):
    with (
        archive_of(str(tmp_path / "a"), RUN, made_by="a test", resume=False) as archive,
        RunFolder(tmp_path / "run", RUN, resume=False) as folder,
    ):
        train_task(RUN, folder, on_batch=archive.add)
    with pytest.raises(ArchiveError, match="action"):
        open_for_reuse([str(tmp_path / "a")], task_interface(TASK))


def test_a_clone_of_commands_teaches_like_a_run_of_commands(trained, tmp_path):
    clone = shutil.copytree(trained[0], tmp_path / "clone")
    config = json.loads((clone / "config.json").read_text())
    config["config"] = {"run": config["config"], "script": "tactics"}
    (clone / "config.json").write_text(json.dumps(config))
    seen = observed()
    one, other = load_teacher(trained[0]), load_teacher(clone)
    np.testing.assert_array_equal(
        one.distribution(one.params, seen).mean,
        other.distribution(other.params, seen).mean,
    )


def test_a_teacher_whose_commands_have_no_known_reach_is_refused(trained, tmp_path):
    old = shutil.copytree(trained[0], tmp_path / "old")
    config = json.loads((old / "config.json").read_text())
    del config["config"]["reach"]
    (old / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"expected the reach .* add it to config.json"):
        load_teacher(old)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"found no policy\.onnx"):
        load_skill(str(tmp_path), TASK.observation, TASK.action)
    with pytest.raises(RunError, match=r"expected a walk that takes .* found getup"):
        load_skill("getup", TASK.observation, TASK.action)
    blind = RiseTask()
    skill = load_skill("walk", blind.observation, blind.action)
    with pytest.raises(RunError, match="also needs gait_clock"):
        skill.act(np.zeros((1, blind.observation.size), np.float32), np.zeros((1, 3)))
    with pytest.raises(RunError, match=r"skill walk, [0-9.]+ Hz; found 1\.5 Hz"):
        skill_of(replace(RUN, task=replace(TASK, clock_hz=1.5)))
    duel = DuelConfig(score_teacher="a", getup_teacher="b")
    with pytest.raises(ValueError, match="expected"):
        replace(RUN, duel=duel)
    for partly in ({"reach": None}, {"skill": ""}):
        with pytest.raises(ValueError, match=r"run\.reach: expected .* with a skill"):
            replace(RUN, **partly)
    with pytest.raises(ValueError, match="expected 1, or more with a skill, found 2"):
        replace(RUN, skill="", reach=None, hold=2)
