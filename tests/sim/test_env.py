"""The environment core: shapes, determinism, episode ends, observations, torques."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from robot.contracts.policy import ObservationSpec, ObservationTerm
from sim.env import EnvConfig, EnvError, Environment
from sim.randomization import RandomizationConfig
from sim.tasks.view import STAND_RAD
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask
from tests.sim.env_worlds import STANDING, idle, world

RANDOMIZED = EnvConfig(num_envs=6, num_threads=2)


def trajectory(seed: int, steps: int = 40):
    env = Environment(WalkTask(), RANDOMIZED, seed)
    rng = np.random.default_rng(1)
    state, moved = env.reset()
    seen = [moved.observation]
    for _ in range(steps):
        state, moved = env.step(state, rng.normal(size=env.action_shape) * 0.3)
        seen.append(moved.observation)
    env.close()
    return np.stack(seen), state, moved


def test_shapes_are_those_of_the_specs():
    observations, state, moved = trajectory(0, steps=3)
    # gyro, gravity 3 each, joints and targets 20 each, 3 steps of history, + 3 + 2.
    assert observations.shape == (4, 6, 1, (3 + 3 + 20 + 20) * 3 + 3 + 2)
    # velocity 3, height, lean 2, vertical, contact 2, soles 2, five parameters.
    assert moved.privileged.shape == (6, 1, 3 + 1 + 2 + 1 + 2 + 2 + 5)
    assert moved.reward.shape == (6, 1)
    assert moved.terminated.shape == moved.truncated.shape == (6,)
    assert observations.dtype == moved.reward.dtype == np.float32
    assert state.parameters.joint_offset_rad.shape == (6, 1, 20)
    assert all(term.shape == (6, 1) for term in moved.terms.values())
    assert np.isfinite(observations).all()


def test_equal_seeds_give_equal_trajectories_bit_for_bit():
    first, state, _ = trajectory(3)
    second, again, _ = trajectory(3)
    other, *_ = trajectory(4)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(
        state.parameters.mass_point_m, again.parameters.mass_point_m
    )
    assert not np.array_equal(first, other)


def test_zero_action_keeps_the_robot_standing():
    env = world()
    state, _ = env.reset()
    for _ in range(80):
        state, moved = env.step(state, np.zeros(env.action_shape))
        assert not moved.terminated.any()
    env.close()


def test_a_robot_lying_down_ends_its_episode_only():
    env = world()
    state, _ = env.reset()
    state, _ = idle(env, state, 3)
    root = env.core.arena.robots[0].root_qpos
    env.physics.qpos[2, root] = [0, 0, 0.08, 0.7071, 0, 0.7071, 0]
    state, moved = idle(env, state, 1)
    assert moved.terminated.tolist() == [False, False, True]
    # Row 2 stands again, at time zero; the others are 4 x 25 ms on.
    assert env.physics.qpos[2, root[2]] > 0.2
    np.testing.assert_allclose(state.time_s, [0.1, 0.1, 0.0])
    # Face down: gravity along the torso's x axis, in row 2 before its reset only.
    gravity_x = 3 * 3 + 2 * 3  # after the gyro's history, the newest gravity
    assert moved.final_observation[2, 0, gravity_x] > 4.0  # 1 / 0.2
    assert abs(moved.observation[2, 0, gravity_x]) < 0.1
    np.testing.assert_array_equal(moved.observation[:2], moved.final_observation[:2])


def test_the_time_limit_truncates_and_does_not_terminate():
    env = world(replace(STANDING, config=WalkConfig(episode_s=0.1)))
    state, _ = env.reset()
    state, moved = idle(env, state, 3)
    assert not moved.truncated.any()
    # 4 x 25 ms = 0.1 s.
    state, moved = idle(env, state, 1)
    assert moved.truncated.all()
    assert not moved.terminated.any()
    np.testing.assert_array_equal(state.time_s, 0.0)
    env.close()


def test_staggered_episodes_start_at_any_age():
    env = Environment(WalkTask(), replace(RANDOMIZED, num_envs=64), 0)
    state, _ = env.reset()
    # Uniform over 0.9 x 12 s.
    assert 3.5 < state.time_s.mean() < 7.3
    assert state.time_s.max() < 10.8
    assert (state.pushes.start_s[:, 0] > state.time_s + 1.0).all()


def test_the_observation_is_what_the_robot_would_assemble():
    """Against qpos and qvel read by name, rotated by MuJoCo's matrices."""
    env = world(num_envs=1)
    state, moved = env.reset()
    rng = np.random.default_rng(0)
    for _ in range(4):
        state, moved = env.step(state, rng.normal(size=env.action_shape) * 0.3)
    robot = env.core.arena.robots[0]
    seen = moved.observation[0, 0]
    torso = rotation(env.physics.qpos[0, robot.root_qpos[3:]])
    newest = {"gyro": 6, "gravity": 15, "joint_position": 18 + 40}
    gyro = env.physics.qvel[0, robot.root_qvel[3:]] / 1.5
    gravity = (torso.T @ [0, 0, -1] - [0, 0, -1]) / 0.2
    joints = (env.physics.qpos[0, robot.joint_qpos] - STAND_RAD) / 0.3
    for name, expected in (
        ("gyro", gyro),
        ("gravity", gravity),
        ("joint_position", joints),
    ):
        found = seen[newest[name] : newest[name] + len(expected)]
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=name)


def rotation(quat: np.ndarray) -> np.ndarray:
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, quat)
    return flat.reshape(3, 3)


def test_an_action_of_another_shape_is_refused():
    env = world()
    state, _ = env.reset()
    with pytest.raises(EnvError, match=r"expected shape \(3, 1, 18\).*found \(3, 18\)"):
        env.step(state, np.zeros((3, 18)))


def test_unknown_terms_are_named_with_the_choices():
    term = ObservationTerm(name="smell", size=1, unit="1", frame="none")
    env = world(replace(STANDING, observation_spec=ObservationSpec(terms=(term,))))
    with pytest.raises(EnvError, match=r"'smell': expected one of .*gyro"):
        env.reset()


def test_a_delay_longer_than_a_control_step_is_refused_for_actions():
    with pytest.raises(EnvError, match=r"at most a control step \(5 .*found 6"):
        world(action_delay_steps=(0, 6))


def test_the_torque_is_what_the_servo_gives():
    """Against MuJoCo's own actuator force in the same state."""
    ranges = RandomizationConfig(push_n=(0, 0))
    env = world(num_envs=1, ranges=ranges)
    state, _ = env.reset()
    seen = {}
    task = env.core.task
    advance = type(task).advance

    class Spy(WalkTask):
        def advance(self, random, memory, time_s, view, actions):
            seen["torque"] = view.robots.torque_nm
            return advance(self, random, memory, time_s, view, actions)

    env.core = replace(env.core, task=Spy(**vars(task)))
    rng = np.random.default_rng(0)
    state, _ = env.step(state, rng.normal(size=env.action_shape))
    model, robot = env.physics.models[0], env.core.arena.robots[0]
    data = mujoco.MjData(model)
    data.qpos, data.qvel = env.physics.qpos[0], env.physics.qvel[0]
    data.ctrl = env.physics.control[0, -1, : model.nu]
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(
        seen["torque"][0, 0], data.actuator_force[robot.actuators], rtol=1e-9
    )
    assert np.abs(seen["torque"]).max() > 1.0
