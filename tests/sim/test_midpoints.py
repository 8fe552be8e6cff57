"""An axis at its mid-point changes how a robot stands and falls only a little.

Ranges are meant to surround the nominal robot: whatever sits in the middle of one must
stand under the scripted controller, and land on its feet after a drop of 0.5 m, where
the plain robot does.

Bounds. Height: 3 mm. The legs give 1.5 mm under the robot's 3.1 kg
(`sim.tasks.walk_task.STAND_HEIGHT_M`); the heaviest mid-point adds 0.25 kg, 8 % of
that, so twice the whole give means another posture, and a fall costs over 100 mm.
Uprightness: 0.01, a lean of 8 degrees (1 - cos 8 deg = 0.0097), where a fall loses
about 1.
The ball: 0.1 mm, for its radius is the only thing that its height at rest depends on.

Delays and noise act on what a policy sees and when its targets arrive. The controller
that stands balances by its gyro, so there they reach the robot; dropped robots hold a
pose, which late targets and noise must not disturb.
"""

import numpy as np
import pytest

from sim.randomization import (
    AXES,
    NO_RANDOMIZATION,
    Axis,
    RandomizationConfig,
    midpoint,
)
from tests.sim.drops import DROPPED, STANDING, Rest, come_to_rest

MOST_HEIGHT_M = 3e-3
MOST_LEAN = 0.01
MOST_BALL_M = 1e-4
BALL_RADIUS_M = 0.07
STAND_M = 0.2365
"""0.238 m, soles on the floor, less 1.5 mm of give."""
PUSH = ("push_n", "push_s")


@pytest.fixture(scope="module")
def plain() -> Rest:
    return come_to_rest()


def at_midpoint(axis: Axis) -> dict[str, tuple[float, float]]:
    """The axis at its mid-point; a push needs both force and duration."""
    names = PUSH if axis.name in (*PUSH, "push_every_s") else ()
    wanted = {axis.name, *names}
    return {
        each.name: (midpoint(each, RandomizationConfig()),) * 2
        for each in AXES
        if each.name in wanted
    }


def test_without_randomization_robots_stand_and_land_on_their_feet(plain):
    for group in (STANDING, DROPPED):
        np.testing.assert_allclose(plain.height_m[group], STAND_M, atol=2e-3)
        np.testing.assert_allclose(plain.up_z[group], 1.0, atol=2e-3)
    np.testing.assert_allclose(plain.ball_m, BALL_RADIUS_M, atol=1e-3)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_an_axis_at_its_midpoint_changes_little(axis, plain):
    found = come_to_rest(**at_midpoint(axis))
    for name, most in (
        ("height_m", MOST_HEIGHT_M),
        ("up_z", MOST_LEAN),
        ("ball_m", MOST_BALL_M),
    ):
        np.testing.assert_allclose(
            getattr(found, name), getattr(plain, name), rtol=0, atol=most, err_msg=name
        )


@pytest.mark.parametrize(
    "axes",
    [{"torque_limit": (0.1, 0.1)}, {"push_n": (150.0, 150.0), "push_s": (0.1, 0.1)}],
    ids=["a tenth of the torque", "ten times the push"],
)
def test_what_fells_a_robot_is_far_outside_the_bounds(axes, plain):
    found = come_to_rest(**axes)
    change = np.abs(found.height_m - plain.height_m)
    assert change.max() > 10 * MOST_HEIGHT_M


def test_the_axes_at_their_midpoints_together_change_little(plain):
    middle = {axis.name: (midpoint(axis, RandomizationConfig()),) * 2 for axis in AXES}
    assert set(middle) == set(vars(NO_RANDOMIZATION))
    found = come_to_rest(**middle)
    np.testing.assert_allclose(found.height_m, plain.height_m, atol=MOST_HEIGHT_M)
    np.testing.assert_allclose(found.up_z, plain.up_z, atol=MOST_LEAN)
