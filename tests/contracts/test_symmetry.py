"""Mirror images: right by hand, and right in the physics."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from robot.contracts.policy import ObservationSpec, ObservationTerm
from robot.contracts.symmetry import action_mirror, observation_mirror
from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.registry import TASKS, make_task
from sim.tasks.view import STAND_RAD
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import STAND_HEIGHT_M, WalkTask
from tests.training.mirrored_starts import MirroredStarts
from training.networks import GaussianActor


@pytest.mark.parametrize("name", TASKS)
def test_mirroring_twice_changes_nothing(name):
    task = make_task(name)
    rng = np.random.default_rng(0)
    for mirror, size in (
        (observation_mirror(task.observation), task.observation.size),
        (action_mirror(task.action), len(task.action.joints)),
    ):
        vector = rng.normal(size=(3, size)).astype(np.float32)
        np.testing.assert_array_equal(mirror.of(mirror.of(vector)), vector)


def test_a_bent_left_knee_becomes_a_bent_right_knee():
    task = WalkConfig()
    joints = task.action.joints
    action = np.zeros(len(joints), np.float32)
    action[joints.index("l_knee")] = 0.7
    mirrored = np.asarray(action_mirror(task.action).of(action))
    assert mirrored[joints.index("r_knee")] == np.float32(-0.7)
    assert np.count_nonzero(mirrored) == 1


def test_the_physics_is_symmetric_under_the_mirror():
    """A robot given mirrored actions sees the mirrored observations."""
    config = EnvConfig(
        num_envs=2, num_threads=1, randomization=NO_RANDOMIZATION, stagger=False
    )
    task = WalkTask(fixed_command=(0.0, 0.0, 0.0))
    env = Environment(task, config, 0)
    robot = env.core.arena.robots[0]
    seen, done = observation_mirror(task.observation), action_mirror(task.action)
    state, _ = env.reset()
    # Both start in the stand, at rest, facing along x.
    env.physics.qpos[:, robot.root_qpos] = [0, 0, STAND_HEIGHT_M, 1, 0, 0, 0]
    env.physics.qpos[:, robot.joint_qpos] = STAND_RAD
    env.physics.qvel[:] = 0
    state = replace(state, targets_rad=np.tile(STAND_RAD, (2, 1, 1)))
    rng = np.random.default_rng(1)
    for _ in range(12):
        left = rng.normal(size=env.action_shape[-1]).astype(np.float32) * 0.4
        actions = np.stack([left, np.asarray(done.of(left))])[:, None]
        state, moved = env.step(state, actions)
    env.close()
    clock = task.observation.size - 2
    mirrored = np.asarray(seen.of(moved.observation[0, 0]))
    np.testing.assert_allclose(
        mirrored[:clock], moved.observation[1, 0][:clock], atol=1e-2
    )


@pytest.mark.parametrize("name", ["getup", "score", "match"])
def test_a_mirrored_world_is_observed_as_the_mirrored_observation(name):
    """The simulator's own observations of a state and of its mirror image."""
    task = MirroredStarts(task=make_task(name))
    config = EnvConfig(
        num_envs=2, num_threads=1, randomization=NO_RANDOMIZATION, stagger=False
    )
    env = Environment(task, config, 3)
    seen, done = observation_mirror(task.observation), action_mirror(task.action)
    state, moved = env.reset()
    one, other = moved.observation
    np.testing.assert_allclose(seen.of(one), other, atol=2e-3)
    assert np.abs(one - other).max() > 0.1
    rng = np.random.default_rng(1)
    for _ in range(3):
        left = rng.uniform(-1, 1, env.action_shape[1:]).astype(np.float32)
        state, moved = env.step(state, np.stack([left, np.asarray(done.of(left))]))
        one, other = moved.observation
        # Rounding grows with every contact; a missing sign is off by 0.1 and more.
        np.testing.assert_allclose(seen.of(one), other, atol=0.05)
        np.testing.assert_allclose(*moved.reward, atol=1e-3)
    env.close()


def test_an_action_with_one_side_only_is_refused():
    action = WalkConfig().action
    arm = replace(
        action,
        joints=("r_el",),
        **{
            name: getattr(action, name)[:1]
            for name in ("default_rad", "scale_rad", "min_rad", "max_rad")
        },
    )
    with pytest.raises(
        ValueError, match="expected joints on both sides, found no l_el"
    ):
        action_mirror(arm)


def test_the_actor_is_equivariant_by_construction():
    task = WalkConfig()
    mirrors = observation_mirror(task.observation), action_mirror(task.action)
    actor = GaussianActor(len(task.action.joints), (16,), 0.3, mirrors)
    rng = np.random.default_rng(0)
    observation = rng.normal(size=(4, task.observation.size)).astype(np.float32)
    params = actor.init(jax.random.key(0), observation)
    mean, _ = actor.apply(params, observation)
    other, _ = actor.apply(params, mirrors[0].of(observation))
    np.testing.assert_allclose(mirrors[1].of(mean), other, atol=1e-6)
    assert np.abs(mean).max() > 1e-4


def test_an_unsymmetric_mean_is_refused():
    term = ObservationTerm(
        name="gyro", size=3, unit="rad/s", frame="torso", mean=(0.5, 0.0, 0.0)
    )
    with pytest.raises(ValueError, match="term gyro: expected a mean that mirrors"):
        observation_mirror(ObservationSpec(terms=(term,)))
