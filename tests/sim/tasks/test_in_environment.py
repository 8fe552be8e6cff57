"""The tasks in the environment core, with real physics."""

import numpy as np
import pytest

from robot.contracts.joints import OP3_JOINTS
from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.getup import GetupTask
from sim.tasks.getup_starts import GetupStarts
from sim.tasks.match import MatchTask
from sim.tasks.score import ScoreTask
from sim.tasks.task import Task

STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])


def holding(task: Task) -> np.ndarray:
    """[20] the action whose target is the stand pose."""
    return (STAND - task.action.default_rad) / np.array(task.action.scale_rad)


@pytest.mark.parametrize(
    ("task", "agents", "numbers"),
    [
        (MatchTask(), 2, 267),
        (MatchTask(team_size=2), 4, 271),
        (ScoreTask(), 1, 267),
        (GetupTask(), 1, 268),
        (GetupTask(game_layout=True), 1, 290),
    ],
)
def test_random_actions_give_finite_numbers_of_the_promised_shape(
    task, agents, numbers
):
    env = Environment(task, EnvConfig(num_envs=4, num_threads=1), seed=0)
    rng = np.random.default_rng(0)
    state, moved = env.reset()
    for _ in range(20):
        state, moved = env.step(state, rng.uniform(-1, 1, env.action_shape))
        assert moved.observation.shape == (4, agents, numbers)
        assert moved.privileged.shape == (4, agents, task.privileged.size)
        assert moved.reward.shape == (4, agents)
        for values in (moved.observation, moved.privileged, moved.reward):
            assert np.isfinite(values).all()
    assert env.explosions == 0
    env.close()


def test_a_still_robot_earns_nearly_all_standing_and_half_of_it_lying():
    share = {"tilted_share": 0.0, "joint_spread_rad": 0.0, "poses": (tuple(STAND),)}
    for lying, low, high in ((0.0, 0.95, 1.0), (1.0, 0.40, 0.58)):
        task = GetupTask(
            starts=GetupStarts(lying_share=lying, **share), standing_from_s=0.0
        )
        config = EnvConfig(
            num_envs=8, num_threads=1, randomization=NO_RANDOMIZATION, stagger=False
        )
        env = Environment(task, config, seed=1)
        state, moved = env.reset()
        for _ in range(40):
            state, moved = env.step(
                state, np.broadcast_to(holding(task), env.action_shape)
            )
        reward = moved.terms["target_pose"]
        assert reward.min() > low
        assert reward.max() <= high
        # 0.025 s of it reach the learner.
        np.testing.assert_allclose(moved.reward, 0.025 * reward, rtol=1e-5)
        env.close()


def test_a_standing_agent_keeps_its_upright_reward_and_its_episode():
    config = EnvConfig(
        num_envs=4, num_threads=1, randomization=NO_RANDOMIZATION, stagger=False
    )
    task = ScoreTask(opponent_standing_share=1.0)
    env = Environment(task, config, seed=2)
    state, moved = env.reset()
    for _ in range(40):
        state, moved = env.step(state, np.broadcast_to(holding(task), env.action_shape))
        assert not moved.terminated.any()
    assert moved.terms["upright"] == pytest.approx(0.015)
    # Two bent knees hold the robot with 0.9 N m each.
    assert moved.terms["knee_torque"] == pytest.approx(-0.018, abs=0.004)
    env.close()
