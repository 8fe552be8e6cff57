"""How likely a ball ends in the goal, by hand and by MuJoCo's own ball."""

import math

import mujoco
import numpy as np
import pytest

from sim.arena import ArenaConfig, build_arena
from sim.tasks.shot_chance import ChanceConfig, goal_chance, rolling_m_s

CONFIG = ChanceConfig()


def chance(ball, velocity, *, time_s=0.0, friction=1.0, config=CONFIG):
    """Of a ball that rolls already."""
    speed = np.array([velocity], float)
    found = goal_chance(config, np.array([ball], float), speed, speed, friction, time_s)
    return float(found[0])


def odds(margin):
    return 1 / (1 + math.exp(-margin))


def test_a_ball_along_the_middle_by_hand():
    # It slows by 0.95 x 0.59 = 0.5605 m/s2, so at 2 m/s it gets 4 / 1.121 = 3.5682 m
    # far; behind the line it is after 2.5 + 0.07 = 2.57 m. It arrives at
    # sqrt(4 - 1.121 x 2.57) = 1.0578 m/s, after 0.9422 / 0.5605 = 1.6810 s.
    wanted = (
        odds((3.5682 - 2.57) / 0.12) * odds(0.34 / 0.06) * odds((10 - 1.6810) / 0.25)
    )
    assert chance((0, 0), (2, 0)) == pytest.approx(wanted, abs=1e-4)
    assert wanted == pytest.approx(0.9963, abs=1e-3)


@pytest.mark.parametrize(
    ("ball", "velocity", "time_s"),
    [
        ((0, 0), (1.4, 0), 0.0),  # 1.96 / 1.121 = 1.75 m: stops short
        ((0, 0), (2.5, 0.6), 0.0),  # 0.62 m aside at the line
        ((0, 0), (-2.5, 0), 0.0),  # the wrong way
        ((0, 0), (2.5, 0), 9.9),  # 1.1 s too late
        ((0, 0), (0, 0), 0.0),
    ],
)
def test_balls_that_miss(ball, velocity, time_s):
    assert chance(ball, velocity, time_s=time_s) < 0.02


def test_more_friction_and_a_longer_way_make_it_less_likely():
    assert chance((0, 0), (1.8, 0), friction=1.5) < chance((0, 0), (1.8, 0))
    assert chance((-0.3, 0), (1.8, 0)) < chance((0, 0), (1.8, 0))


def test_what_a_sliding_shell_keeps():
    # 0.6 x 2 + 0.4 x 0.07 x 10 = 1.48; a spin about x carries it the other way along y.
    found = rolling_m_s(np.array([[2.0, 0.0]]), np.array([[5.0, 10.0]]), 0.07)
    np.testing.assert_allclose(found, [[1.48, -0.14]])


@pytest.mark.parametrize("speed", [1.5, 2.0, 2.55])
def test_mujocos_ball_gets_as_far_as_is_told(speed):
    arena = build_arena(ArenaConfig(robots=(), field=None, ball=True))
    assert arena.ball is not None
    data = mujoco.MjData(arena.model)
    data.qpos[arena.ball.qpos[:3]] = 0.0, 0.0, 0.07
    data.qvel[arena.ball.qvel[0]] = speed
    first = np.array([[speed, 0.0]])
    rolling = rolling_m_s(first, np.zeros((1, 2)), 0.07)
    for _ in range(round(8.0 / arena.model.opt.timestep)):
        mujoco.mj_step(arena.model, data)
    stopped_m = float(data.qpos[arena.ball.qpos[0]])
    # The odds are even where a ball just reaches the line.
    ball = np.array([[2.57 - stopped_m, 0.0]])
    far = ChanceConfig(limit_s=100.0)
    found = goal_chance(far, ball, first, rolling, 1.0, 0.0)
    margin_m = 0.12 * math.log(found[0] / (1 - found[0]))
    assert abs(margin_m) < 0.05
