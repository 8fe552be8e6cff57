"""MuJoCo and MJX from equal states, models, servo goals and pushes."""

import numpy as np
import pytest
from mujoco.mjx import warp

from sim.tasks.match import MatchTask
from sim.tasks.walk_task import WalkTask
from tests.sim.mjx_worlds import Pair

pytestmark = pytest.mark.slow

# MJX computes in float32 (2^-24 = 6e-8 relative), MuJoCo in float64, and both stop
# their Newton iterations at a tolerance. Contacts multiply a rounding by their
# stiffness times the step. Measured: 1e-6 and 3e-5 at worst over 12 control steps;
# the bounds leave room for other machines' rounding and are far below what a wrong
# mass, friction or gain makes (a millimetre, a centimetre per second).
BOUNDS = {1: (1e-5, 2e-4), 5: (5e-5, 1e-3)}
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
    pair = Pair(TASKS[name], implementation)
    rng = np.random.default_rng(0)
    for step in range(1, 6):
        expected, found = pair.step(pair.goals(rng), push_n=5.0)
        if step not in BOUNDS:
            continue
        most_qpos, most_qvel = BOUNDS[step]
        np.testing.assert_allclose(found.qpos, expected.qpos, atol=most_qpos)
        np.testing.assert_allclose(found.qvel, expected.qvel, atol=most_qvel)
        np.testing.assert_allclose(found.sensors, expected.sensors, atol=TOUCH_N)
    start = pair.begun.qpos
    assert np.abs(expected.qpos[:, -1] - start).max() > 0.05, "nothing moved"
    feet = [robot.sensors["left_touch"] for robot in pair.core.arena.robots]
    assert expected.sensors[:, -1, np.concatenate(feet)].max() > 1.0, "no contact"
