"""The walking task: rewards, falls, commands, and what `WalkTask` makes of them."""

from dataclasses import replace

import numpy as np
import pytest

from sim.tasks import walk
from sim.tasks.walk_task import WalkTask
from tests.sim.env_worlds import STANDING, idle, world


def test_a_fixed_command_is_seen_and_never_changes():
    env = world(replace(STANDING, fixed_command=(0.4, -0.1, 0.5)), num_envs=2)
    state, moved = env.reset()
    # Scaled by 0.4 m/s, 0.2 m/s, 1 rad/s; before the two numbers of the clock.
    expected = np.array([[1.0, -0.5, 0.5]] * 2, np.float32)
    np.testing.assert_allclose(moved.observation[:, 0, -5:-2], expected)
    state, moved = idle(env, state, 10)
    np.testing.assert_allclose(moved.observation[:, 0, -5:-2], expected)
    np.testing.assert_array_equal(moved.measures["command"][0, 0], [0.4, -0.1, 0.5])


def test_commands_change_when_their_time_is_over():
    env = world(WalkTask(), num_envs=64)
    state, _ = env.reset()
    before = state.memory.command
    assert state.memory.command_left_s.min() >= 2.0
    assert state.memory.command_left_s.max() <= 5.0
    left = state.memory.command_left_s[:, 0]
    state = replace(
        state, memory=replace(state.memory, command_left_s=np.full((64, 1), 0.03))
    )
    state, _ = idle(env, state, 1)
    np.testing.assert_array_equal(state.memory.command, before)
    state, _ = idle(env, state, 1)
    changed = (state.memory.command != before).any(axis=(1, 2))
    # One in a hundred is "stand" both times.
    assert changed.sum() > 55
    assert np.ptp(left) > 1.0


def test_the_gait_clock_runs_at_its_frequency():
    env = world(num_envs=4)
    state, moved = env.reset()
    start = np.arctan2(moved.observation[:, 0, -2], moved.observation[:, 0, -1])
    state, moved = idle(env, state, 10)
    sine, cosine = moved.observation[:, 0, -2], moved.observation[:, 0, -1]
    # 2.8 Hz x 10 x 25 ms = 0.70 turns; starts differ between episodes.
    turned = (np.arctan2(sine, cosine) - start) / (2 * np.pi) % 1.0
    np.testing.assert_allclose(turned, 0.70, atol=1e-5)
    assert np.ptp(start) > 0.1


def test_the_velocity_is_filtered_and_in_the_heading_frame():
    env = world(num_envs=2)
    state, _ = env.reset()
    robot = env.core.arena.robots[0]
    # Facing along y, sliding along y: forward.
    turned = [0, 0, 1.0, np.sqrt(0.5), 0, 0, np.sqrt(0.5)]
    env.physics.qpos[1] = env.physics.qpos[0]
    env.physics.qpos[:, robot.root_qpos] = turned
    env.physics.qvel[:] = 0.0
    env.physics.qvel[0, robot.root_qvel[1]] = 0.5
    _, moved = idle(env, state, 1)
    # One step of 25 ms with a time constant of 0.25 s: 1 - exp(-0.1) = 0.0952.
    gained = moved.measures["velocity"][0, 0] - moved.measures["velocity"][1, 0]
    np.testing.assert_allclose(gained[:2], [0.0952 * 0.5, 0.0], atol=2e-3)


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


def terms(seen: walk.WalkView, command, phase=np.pi / 2, config=None):
    config = config or walk.WalkConfig()
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
    # share = 0.25 * 0.5 / 0.5^2 = 0.5; kernel exp(-0.25^2 / (0.010 + 0.15 * 0.25)).
    assert got["progress"][0] == pytest.approx(0.5 * walk.WalkRewards().progress)
    kernel = np.exp(-0.0625 / 0.0475)
    assert got["velocity"][0] == pytest.approx(kernel * walk.WalkRewards().velocity)


def test_more_than_a_slow_command_earns_no_more_progress_than_reaching_it():
    weight = walk.WalkRewards().progress
    for speed in (0.2, 0.3):
        got = terms(view(velocity=np.array([[speed, 0.0, 0.0]])), [0.2, 0.0, 0.0])
        # 0.2 m/s of the 0.4 m/s that pay in full.
        assert got["progress"][0] == pytest.approx(0.5 * weight)


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
    ("command", "share"),
    [
        # Brisk from 0.6 m/s or 1.5 rad/s on, not at all up to half of that.
        ([0.8, 0.0, 0.0], 1.0),
        ([0.45, 0.0, 0.0], 0.5),
        ([0.3, 0.0, 0.75], 0.0),
        ([0.0, 0.0, -1.5], 1.0),
        # 2 x 0.9 / 1.5 - 1 = 0.2.
        ([0.2, 0.0, 0.9], 0.2),
    ],
)
def test_brisk_commands_need_no_gait(command, share):
    rewards = walk.WalkRewards(brisk=(0.6, 1.5))
    turned = np.array([list(walk.WalkConfig().action.default_rad)]) + 0.1
    sliding = view(sole_speed_m_s=np.array([[0.5, 0.0]]), position_rad=turned)
    free, strict = (
        terms(sliding, command, phase=-np.pi / 2, config=walk.WalkConfig(rewards=found))
        for found in (rewards, walk.WalkRewards())
    )
    for name in ("gait", "slip", "hip_pose"):
        assert strict[name][0] != 0.0
        assert free[name][0] == pytest.approx((1 - share) * strict[name][0])
    for name in ("velocity", "turn", "tilt", "arm_pose"):
        assert free[name][0] == strict[name][0]


@pytest.mark.parametrize(
    ("asked", "reached", "pace"),
    [
        # 2 per m/s from 0.6 m/s asked on, half of that at 0.45, none at 0.3.
        (0.9, 0.5, 2 * 0.5),
        (0.45, 0.4, 0.5 * 2 * 0.4),
        (0.3, 0.3, 0.0),
        # No more than asked for; backward costs.
        (0.9, 1.2, 2 * 0.9),
        (0.9, -0.1, 2 * -0.1),
    ],
)
def test_pace_pays_for_the_speed_itself_where_a_command_is_brisk(asked, reached, pace):
    config = walk.WalkConfig(rewards=walk.WalkRewards(pace=2.0, brisk=(0.6, 1.5)))
    seen = view(velocity=np.array([[reached, 0.0, 0.0]]))
    found = terms(seen, (asked, 0.0, 0.0), config=config)
    assert found["pace"][0] == pytest.approx(pace)


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
