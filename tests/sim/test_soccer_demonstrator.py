"""The tactics as a script: where it thinks everything is, and that it scores."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robot.policy import load_bundle
from sim.demonstrator import DemonstratorError
from sim.env import EnvConfig, Environment
from sim.soccer_demonstrator import SoccerDemonstrator, seen_pitch
from sim.tasks.rise import RiseTask
from sim.tasks.score import ScoreTask
from sim.tasks.sight import SightConfig
from sim.tasks.soccer_rewards import SoccerRules

POLICIES = Path(__file__).parents[2] / "policies"
TASK = ScoreTask(alone=True, sight=SightConfig(), rules=SoccerRules(areas_closed=False))


@pytest.fixture(scope="module")
def walk():
    return load_bundle(POLICIES / "walk")


def test_the_pitch_is_rebuilt_from_what_the_robot_sees():
    # At (1, -0.5), facing +y: the goals at (-2.5, 0) and (2.5, 0) are 0.5 m ahead,
    # 3.5 m to the left and 1.5 m to the right; a ball at (0, 1) is 1.5 m ahead and 1 m
    # to the left.
    view = seen_pitch(np.array([1.5, 1.0]), np.array([0.5, 3.5]), np.array([0.5, -1.5]))
    assert view.pose is not None
    assert (view.pose.x_m, view.pose.y_m) == pytest.approx((1.0, -0.5))
    assert view.pose.yaw_rad == pytest.approx(math.pi / 2)
    assert view.ball == pytest.approx((0.0, 1.0))


def test_the_robot_walks_to_the_ball_and_brings_it_forward(walk):
    config = EnvConfig(num_envs=4, num_threads=2, stagger=False)
    env = Environment(replace(TASK, episode_s=60.0), config, seed=3)
    player = SoccerDemonstrator(env.core.task, walk, 4)
    _, at = env.core.arena.robots[0], env.core.arena.ball
    assert at is not None
    state, moved = env.reset()
    start = env.physics.qpos[:, at.qpos[0]].copy()
    best, goals = start.copy(), 0
    for _ in range(500):
        seen = np.asarray(moved.observation[:, 0], np.float32)
        state, moved = env.step(state, player(seen)[:, None], push_strength=0.0)
        goals += int(moved.measures["scored"].sum())
        ended = np.asarray(moved.terminated)
        best = np.maximum(best, env.physics.qpos[:, at.qpos[0]])
        player.restart(ended)
    env.close()
    # In 12.5 s, started anywhere: two of four have moved it by half a metre or more.
    assert goals + int((best - start > 0.5).sum()) >= 2


def test_a_new_episode_begins_with_the_foot_on_the_balls_side(walk):
    def first_action(left_m):
        player = SoccerDemonstrator(TASK, walk, 1)
        env = Environment(TASK, EnvConfig(num_envs=1, num_threads=1), seed=5)
        _, moved = env.reset()
        env.close()
        seen, offset = np.asarray(moved.observation[:, 0], np.float32), 0
        for term in TASK.observation.terms:
            if term.name == "ball_position":
                seen[:, offset : offset + 2] = (0.25, left_m / 2)
            offset += term.size * term.history
        return player(seen)

    one, again, other = (first_action(left) for left in (0.3, 0.3, -0.3))
    assert np.array_equal(one, again)
    assert not np.allclose(one, other)


def test_what_does_not_fit_is_refused(walk):
    with pytest.raises(DemonstratorError, match="expected ball_position"):
        SoccerDemonstrator(RiseTask(), walk, 1)
    slow = replace(TASK, control_period_s=0.05)
    with pytest.raises(DemonstratorError, match=r"period of 0\.05 s, found 0\.025 s"):
        SoccerDemonstrator(slow, walk, 1)
