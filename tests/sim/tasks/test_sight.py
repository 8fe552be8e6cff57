"""How a player sees the pitch: noise of the stated size, velocities over a while."""

import numpy as np
import pytest

from sim.tasks.score import ScoreTask
from sim.tasks.sight import EXACT, SightConfig, first_looks, look, looked
from tests.sim.tasks.worlds import Replay, no_actions, random_world, world


def test_noise_has_the_stated_size_and_leaves_heights_alone():
    view = random_world(3, 4000, 2, ball=True)
    robots, ball = look(SightConfig(), Replay(np), view.robots, view.ball)
    off = robots.position_m - view.robots.position_m
    # 4000 x 2 draws: sigma of the standard deviation is 0.8 %.
    np.testing.assert_allclose(off[..., :2].std(axis=(0, 1)), 0.005, rtol=0.04)
    np.testing.assert_allclose(
        (robots.heading_rad - view.robots.heading_rad).std(), 0.01, rtol=0.04
    )
    ball_off = ball.position_m - view.ball.position_m
    np.testing.assert_allclose(ball_off[:, :2].std(axis=0), 0.005, rtol=0.05)
    assert not off[..., 2].any()
    assert not ball_off[:, 2].any()


def test_exact_sight_is_the_truth():
    view = random_world(3, 5, 2, ball=True)
    robots, ball = look(EXACT, Replay(np), view.robots, view.ball)
    np.testing.assert_array_equal(robots.position_m, view.robots.position_m)
    np.testing.assert_array_equal(robots.heading_rad, view.robots.heading_rad)
    np.testing.assert_array_equal(ball.position_m, view.ball.position_m)


def test_velocities_are_differences_over_all_looks():
    task = ScoreTask(sight=SightConfig(steps=4, place_m=0.0, turn_rad=0.0))
    memory, found = None, {}
    # The robot walks 10 mm a step along its heading, the ball rolls 20 mm to its left.
    for step in range(6):
        view = world({"x": 0.01 * step}, {"x": -1}, ball=(0.5, 0.5 + 0.02 * step, 0.07))
        if memory is None:
            place = view.robots.position_m, view.ball.position_m
            memory = first_looks(task.sight, *place)
            continue
        out = task.advance(Replay(np), memory, np.ones(1), view, no_actions())
        memory, found[step] = out.memory, out.terms
    # The first look is 1 and 2 steps old and counts as 4: 10 and 20 mm in 0.1 s.
    assert found[1]["own_velocity"].ravel() == pytest.approx([0.1, 0])
    assert found[2]["own_velocity"].ravel() == pytest.approx([0.2, 0])
    # From then on 40 mm and 80 mm in 0.1 s.
    assert found[5]["own_velocity"].ravel() == pytest.approx([0.4, 0])
    assert found[5]["ball_velocity"].ravel() == pytest.approx([0, 0.8])


def test_the_oldest_look_is_forgotten():
    view = world({"x": 1.0}, {"x": -1}, ball=(0.5, 0.5, 0.07))
    start = first_looks(SightConfig(steps=3), np.zeros((1, 2, 2)), np.zeros((1, 2)))
    after = looked(start, view.robots, view.ball)
    assert after.ball_m.tolist() == [[[0, 0], [0, 0], [0.5, 0.5]]]
    assert after.robots_m[0, :, 0, 0].tolist() == [0, 0, 1]


def test_no_steps_are_refused():
    with pytest.raises(ValueError, match="expected at least 1, found 0"):
        SightConfig(steps=0)
