"""MuJoCo and MJX from equal states, models, servo goals and pushes."""

import numpy as np
import pytest
from mujoco.mjx import warp

from sim.tasks.match import MatchTask
from sim.tasks.walk_task import WalkTask
from tests.sim.mjx_worlds import Pair

pytestmark = pytest.mark.slow

# MJX computes in float32 (6e-8 of a value), MuJoCo in float64, and both stop their
# Newton iterations at a tolerance; contacts, the ball's above all, multiply that by
# their stiffness. Measured at worst 4e-7 and 1e-5 (walk), 2e-6 and 1e-4 (match). Ten
# per cent more friction makes 3e-4 and 3e-2 in the walk's first step; weights of
# constraints as compiled instead of as randomized make 2e-6 and 4e-4.
BOUNDS = {
    "walk": {1: (1e-6, 5e-5), 5: (2e-6, 1e-4)},
    "match": {1: (5e-6, 1e-3), 5: (1e-5, 1e-3)},
}
"""Control steps -> most |difference| of qpos (m, rad) and qvel (m/s, rad/s)."""
TOUCH_N = 0.05
"""Of soles that carry 35 N."""

TASKS = {"walk": WalkTask(), "match": MatchTask(contacts="feet")}
CASES = [
    ("walk", "jax"),
    ("match", "jax"),
    pytest.param(
        "walk",
        "warp",
        marks=pytest.mark.skipif(not warp.WARP_INSTALLED, reason="no warp-lang"),
    ),
]


@pytest.mark.parametrize(("name", "implementation"), CASES)
def test_both_backends_move_alike(name, implementation):
    bounds, pair = BOUNDS[name], Pair(TASKS[name], implementation)
    rng = np.random.default_rng(0)
    for step in range(1, 6):
        expected, found = pair.step(pair.goals(rng), push_n=5.0)
        if step not in bounds:
            continue
        most_qpos, most_qvel = bounds[step]
        np.testing.assert_allclose(found.qpos, expected.qpos, atol=most_qpos)
        np.testing.assert_allclose(found.qvel, expected.qvel, atol=most_qvel)
        np.testing.assert_allclose(found.sensors, expected.sensors, atol=TOUCH_N)
    start = pair.begun.qpos
    assert np.abs(expected.qpos[:, -1] - start).max() > 0.05, "nothing moved"
    feet = [robot.sensors["left_touch"] for robot in pair.core.arena.robots]
    assert expected.sensors[:, -1, np.concatenate(feet)].max() > 1.0, "no contact"
