"""The kick: its reward by hand, its starts, its interface."""

import math

import numpy as np
import pytest

from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.kick import KickMemory, KickStarts, KickTask
from sim.tasks.task import Actions
from sim.tasks.view import STAND_RAD
from tests.sim.tasks.worlds import (
    NUMPY_AND_COMPILED,
    Replay,
    assert_all_ways_agree,
    world,
)

TASK = KickTask()


def memory(best_m_s: float = 0.0, heading_rad: float = 0.0) -> KickMemory:
    return KickMemory(
        heading_rad=np.full((1, 1), heading_rad), best_m_s=np.full((1, 1), best_m_s)
    )


def judge(robot, before, ball=(0.5, 0.0, 0.07), ball_velocity=(0.0, 0.0, 0.0)):
    none = np.zeros((1, 1, 18))
    actions = Actions(
        now=none, before=none, earlier=none, targets_rad=np.zeros((1, 1, 20))
    )
    view = world(robot, ball=ball, ball_velocity=ball_velocity)
    return TASK.advance(Replay(np), before, np.full(1, 1.0), view, actions)


def test_only_speed_above_the_best_so_far_pays():
    found = judge({}, memory(best_m_s=0.5), ball_velocity=(1.5, 0.0, 0.0))
    assert found.rewards["speed"][0, 0] == pytest.approx(40 * (1.5 - 0.5))
    assert found.memory.best_m_s[0, 0] == pytest.approx(1.5)
    slower = judge({}, found.memory, ball_velocity=(1.2, 0.0, 0.0))
    assert slower.rewards["speed"][0, 0] == 0
    assert slower.memory.best_m_s[0, 0] == pytest.approx(1.5)


def test_ahead_is_where_the_robot_faced_at_the_start():
    faced = math.pi / 2
    found = judge(
        {"heading": faced + 0.2}, memory(heading_rad=faced), ball_velocity=(0.3, 2.0, 0)
    )
    # Seen from a heading of 90 deg: 2.0 m/s ahead, 0.3 m/s to the right.
    assert found.rewards["speed"][0, 0] == pytest.approx(40 * 2.0)
    assert found.rewards["aim"][0, 0] == pytest.approx(-15 * 0.3)
    assert found.rewards["heading"][0, 0] == pytest.approx(-0.5 * 0.2**2)


def test_a_ball_that_rolls_back_or_explodes_pays_nothing_more():
    assert judge({}, memory(), ball_velocity=(-3, 0, 0)).rewards["speed"][0, 0] == 0
    wild = judge({}, memory(), ball_velocity=(50, 0, 0))
    assert wild.rewards["speed"][0, 0] == pytest.approx(40 * 4.0)


def test_standing_pays_once_the_ball_is_gone():
    stand = {"joints": STAND_RAD}
    assert judge(stand, memory(best_m_s=0.4)).rewards["stand"][0, 0] == 0
    assert judge(stand, memory(best_m_s=0.6)).rewards["stand"][0, 0] == 0.4


@pytest.mark.parametrize(
    ("robot", "down"),
    [({}, False), ({"tilt": 0.99}, False), ({"tilt": 1.01}, True), ({"z": 0.14}, True)],
)
def test_a_fall_ends_the_episode_and_costs(robot, down):
    found = judge(robot, memory())
    assert found.terminated.tolist() == [down]
    assert found.rewards["fall"][0, 0] == (-15.0 if down else 0.0)
    assert found.rewards["alive"][0, 0] == (0.0 if down else 0.2)


def test_the_ball_is_seen_from_the_torso_with_a_trackers_noise():
    view = {"x": 1.0, "y": 2.0, "heading": math.pi / 2}
    offsets = np.array(
        [
            judge(view, memory(), ball=(1.0, 2.5, 0.07)).terms["ball_position"][0, 0]
            for _ in range(3)
        ]
    )
    # Half a metre ahead; one draw of 1 cm, the same each time here.
    assert offsets[0] == pytest.approx([0.5, 0.0], abs=0.04)
    assert (offsets[0] != [0.5, 0.0]).all()


def test_the_ball_starts_before_either_foot_and_touches_nothing():
    placement, _ = TASK.begin(Replay(np), 2000)
    w, z = placement.root[:, 0, 3], placement.root[:, 0, 6]
    yaw = 2 * np.arctan2(z, w)
    x, y = placement.ball[:, 0], placement.ball[:, 1]
    ahead = np.cos(yaw) * x + np.sin(yaw) * y
    aside = -np.sin(yaw) * x + np.cos(yaw) * y
    assert (ahead.min(), ahead.max()) == pytest.approx((0.145, 0.21), abs=1e-3)
    assert (abs(aside).min(), abs(aside).max()) == pytest.approx((0.02, 0.08), abs=1e-3)
    assert (aside > 0).mean() == pytest.approx(0.5, abs=0.05)
    config = EnvConfig(num_envs=16, num_threads=1, randomization=NO_RANDOMIZATION)
    still = KickStarts(joint_spread_rad=0.0, drift_m_s=0.0, spin_rad_s=0.0)
    env = Environment(KickTask(starts=still), config, seed=0)
    state, moved = env.reset()
    assert moved.observation.shape == (16, 1, 140)
    # At rest in the stand pose the ball stays where it is.
    for _ in range(4):
        state, moved = env.step(state, np.zeros(env.action_shape))
    assert moved.measures["best_m_s"].max() < 0.1
    env.close()


def test_numpy_and_compiled_jax_agree():
    assert_all_ways_agree(TASK, 1, ball=True, ways=NUMPY_AND_COMPILED)
