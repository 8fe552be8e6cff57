"""The walking environment: shapes, determinism, randomization, rewards."""

from dataclasses import replace

import numpy as np
import pytest

from sim.randomization import NO_RANDOMIZATION, RandomizationConfig, sample_parameters
from sim.tasks import walk
from sim.walk_env import PRIVILEGED_SIZE, WalkEnv, WalkEnvConfig

SMALL = WalkEnvConfig(num_envs=6, num_threads=1)


def rollout(seed: int, steps: int = 40, config: WalkEnvConfig = SMALL):
    env = WalkEnv(config, seed)
    rng = np.random.default_rng(1)
    state, observation, privileged = env.reset()
    seen = [observation]
    for _ in range(steps):
        action = rng.normal(size=(config.num_envs, env.action_size)) * 0.3
        state, moved = env.step(state, action)
        seen.append(moved.observation)
    env.close()
    return np.stack(seen), moved, privileged


def test_shapes_are_those_of_the_specs():
    observations, moved, privileged = rollout(0, steps=3)
    # gyro, gravity 3 each, joints and targets 20 each, 3 steps of history, + 3 + 2.
    assert SMALL.task.observation.size == (3 + 3 + 20 + 20) * 3 + 3 + 2 == 143
    assert observations.shape == (4, 6, 143)
    assert privileged.shape == (6, PRIVILEGED_SIZE)
    assert moved.reward.shape == (6,)
    assert np.isfinite(observations).all()


def test_equal_seeds_give_equal_trajectories_bit_for_bit():
    first, *_ = rollout(3)
    second, *_ = rollout(3)
    other, *_ = rollout(4)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_zero_action_keeps_the_robot_standing():
    config = replace(SMALL, randomization=NO_RANDOMIZATION, pushes=False)
    env = WalkEnv(config, 0)
    state, *_ = env.reset()
    for _ in range(80):
        state, moved = env.step(state, np.zeros((6, env.action_size)))
        assert not moved.terminated.any()
    env.close()


def test_a_robot_lying_down_ends_its_episode_only():
    env = WalkEnv(replace(SMALL, randomization=NO_RANDOMIZATION, pushes=False), 0)
    state, *_ = env.reset()
    env.physics.qpos[2, env.index.root_qpos] = [0, 0, 0.08, 0.7071, 0, 0.7071, 0]
    state, moved = env.step(state, np.zeros((6, env.action_size)))
    assert moved.terminated.tolist() == [False, False, True, False, False, False]
    # Row 2 stands again.
    assert env.physics.qpos[2, env.index.root_qpos[2]] > 0.2


def test_parameters_stay_in_their_ranges_and_reach_the_models():
    env = WalkEnv(SMALL, 5)
    state, *_ = env.reset()
    ranges, drawn = SMALL.randomization, state.parameters
    for name in ("floor_friction", "added_mass_kg", "servo_gain", "torque_limit"):
        low, high = getattr(ranges, name)
        assert (getattr(drawn, name) >= low).all()
        assert (getattr(drawn, name) <= high).all()
    floor = env.arena.model.geom("floor").id
    for row, model in enumerate(env.physics.models):
        assert model.geom_friction[floor, 0] == drawn.floor_friction[row]
        total = env.arena.model.body_mass.sum() + drawn.added_mass_kg[row]
        assert model.body_mass.sum() == pytest.approx(total)
        servo = env.index.actuators[0]
        gain = 21.1 * drawn.servo_gain[row]
        assert model.actuator_gainprm[servo, 0] == pytest.approx(gain)
    env.close()


def test_a_one_point_range_switches_its_axis_off():
    drawn = sample_parameters(NO_RANDOMIZATION, np.random.default_rng(0), 5)
    np.testing.assert_array_equal(drawn.floor_friction, np.full(5, 0.8))
    np.testing.assert_array_equal(drawn.joint_offset_rad, np.zeros((5, 20)))
    some = sample_parameters(RandomizationConfig(), np.random.default_rng(0), 5)
    assert np.ptp(some.floor_friction) > 0


def view(**changes) -> walk.WalkView:
    base = {
        "velocity": np.zeros((1, 3)),
        "height_m": np.array([0.236]),
        "gravity": np.array([[0.0, 0.0, -1.0]]),
        "gyro": np.zeros((1, 3)),
        "vertical_m_s": np.zeros(1),
        "contact": np.array([[True, True]]),
        "sole_height_m": np.zeros((1, 2)),
        "sole_speed_m_s": np.zeros((1, 2)),
        "position_rad": np.array([list(walk.WalkConfig().action.default_rad)]),
        "torque_nm": np.zeros((1, 18)),
    }
    return walk.WalkView(**(base | changes))


def terms(seen: walk.WalkView, command, phase=np.pi / 2):
    config = walk.WalkConfig()
    still = np.zeros((1, 18))
    return walk.reward_terms(
        config, seen, np.array([command]), np.array([phase]), (still, still, still)
    )


def test_reaching_the_command_earns_the_full_velocity_terms():
    got = terms(view(velocity=np.array([[0.5, 0.0, 0.0]])), [0.5, 0.0, 0.0])
    weights = walk.WalkRewards()
    assert got["velocity"][0] == pytest.approx(weights.velocity)
    assert got["progress"][0] == pytest.approx(weights.progress)


def test_half_the_commanded_speed_earns_half_the_progress():
    got = terms(view(velocity=np.array([[0.25, 0.0, 0.0]])), [0.5, 0.0, 0.0])
    # share = 0.25 * 0.5 / 0.5 / 0.5 = 0.5; kernel exp(-0.25^2 / (0.015 + 0.15 * 0.25)).
    assert got["progress"][0] == pytest.approx(0.5 * walk.WalkRewards().progress)
    kernel = np.exp(-0.0625 / 0.0525)
    assert got["velocity"][0] == pytest.approx(kernel * walk.WalkRewards().velocity)


def test_left_foot_up_in_its_half_of_the_clock_matches_the_gait():
    lifted = view(contact=np.array([[False, True]]))
    walking = [0.5, 0.0, 0.0]
    weight = walk.WalkRewards().gait
    assert terms(lifted, walking, phase=np.pi / 2)["gait"][0] == weight
    assert terms(lifted, walking, phase=-np.pi / 2)["gait"][0] == 0.0


def test_standing_still_is_wanted_when_nothing_is_commanded():
    both = terms(view(), [0.0, 0.0, 0.0])
    assert both["gait"][0] == walk.WalkRewards().gait


@pytest.mark.parametrize(
    ("height", "tilt_z", "expected"),
    [
        (0.236, -1.0, False),
        (0.149, -1.0, True),
        (0.151, -0.51, False),
        (0.2, -0.49, True),
    ],
)
def test_a_fall_is_low_or_tilted(height, tilt_z, expected):
    side = np.sqrt(1 - tilt_z**2)
    seen = view(height_m=np.array([height]), gravity=np.array([[side, 0.0, tilt_z]]))
    assert walk.fallen(walk.WalkConfig(), seen)[0] == expected


def test_every_direction_is_commanded_often_enough():
    uniform = np.random.default_rng(0).uniform(size=(20_000, 4))
    commands = walk.sample_commands(walk.WalkConfig(), uniform)
    assert (commands == 0).all(axis=1).mean() == pytest.approx(0.10, abs=0.01)
    sideways = (commands[:, 0] == 0) & (commands[:, 1] != 0) & (commands[:, 2] == 0)
    assert sideways.mean() == pytest.approx(0.13, abs=0.01)
    spec = walk.WalkConfig().command
    assert (commands >= spec.low).all()
    assert (commands <= spec.high).all()
