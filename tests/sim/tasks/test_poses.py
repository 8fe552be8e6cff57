"""Where a tilted robot touches the floor, and draws without overlap."""

import math

import numpy as np
import pytest

from robot import rotations
from sim.tasks.draws import Disc, draw_index, scatter
from sim.tasks.poses import (
    FLAT_RAD,
    fall_gravity,
    fall_quaternion,
    joint_pose,
    resting_height,
)
from sim.tasks.view import JOINT_COLUMN, STAND_RAD
from tests.sim.tasks.worlds import Given, Replay


@pytest.mark.parametrize("heading", [-2.5, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("tilt", [0.0, 0.6, math.pi / 2])
@pytest.mark.parametrize("toward", [0.0, 1.0, math.pi, -math.pi / 2])
def test_orientation_gravity_and_heading_of_a_fall_agree(heading, tilt, toward):
    angles = [np.array(value) for value in (heading, tilt, toward)]
    quat = fall_quaternion(*angles)
    assert np.linalg.norm(quat) == pytest.approx(1)
    np.testing.assert_allclose(
        rotations.gravity_direction(quat), fall_gravity(*angles[1:]), atol=1e-12
    )
    found = rotations.heading(quat)
    assert math.cos(found - heading) == pytest.approx(1)


def test_yaw_and_heading_agree_for_a_robot_that_leans_forward():
    quat = fall_quaternion(np.array(0.8), np.array(0.5), np.array(0.0))
    assert rotations.yaw(quat) == pytest.approx(0.8)
    assert rotations.heading(quat) == pytest.approx(0.8)


def test_who_lies_on_the_chest_has_gravity_along_the_torsos_x_axis():
    half = np.array(math.pi / 2)
    np.testing.assert_allclose(fall_gravity(half, np.array(0.0)), (1, 0, 0), atol=1e-9)
    np.testing.assert_allclose(fall_gravity(half, half), (0, 1, 0), atol=1e-9)


def test_a_robot_stands_on_its_soles_and_lies_on_its_hull():
    gravity = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    stand, chest, back = resting_height(gravity, (STAND_RAD, FLAT_RAD))[:, 0]
    # The tests of the arena let it stand at 0.236 with loaded joints and soles level.
    assert stand == pytest.approx(0.24, abs=0.005)
    assert 0.05 < chest < 0.12
    assert 0.05 < back < 0.12
    # Straight legs are longer.
    assert resting_height(gravity, (FLAT_RAD,))[0, 0] > stand + 0.02


def test_a_pose_name_without_a_side_moves_both_mirrored():
    pose = joint_pose({"knee": 0.5, "l_el": -1.0, "head_pan": 0.2})
    assert pose[JOINT_COLUMN["l_knee"]] == 0.5
    assert pose[JOINT_COLUMN["r_knee"]] == -0.5
    assert pose[JOINT_COLUMN["l_el"]] == -1.0
    assert pose[JOINT_COLUMN["r_el"]] == STAND_RAD[JOINT_COLUMN["r_el"]]
    assert pose[JOINT_COLUMN["head_pan"]] == 0.2
    with pytest.raises(ValueError, match="unknown joints elbow"):
        joint_pose({"elbow": 1.0})


def test_scatter_takes_the_first_draw_that_is_free():
    disc = Disc(radius_m=0.5, half_x_m=2.0, half_y_m=1.0)
    # The first lies at (0, 0). For the second: (0.4, 0) and (0, 0.8) are nearer than
    # 1 m, (-1, 0.5) is free, (2, 1) comes too late.
    spots = [
        [[0.5, 0.5], [0.1, 0.1], [0.1, 0.1], [0.1, 0.1]],
        [[0.6, 0.5], [0.5, 0.9], [0.25, 0.75], [1.0, 1.0]],
    ]
    found = scatter(Given([spots]), 1, (disc, disc), tries=4)
    np.testing.assert_allclose(found, [[(0, 0), (-1, 0.5)]], atol=1e-12)


def test_scatter_takes_the_least_overlap_when_nothing_is_free():
    disc = Disc(radius_m=5.0, half_x_m=2.0, half_y_m=1.0)
    spots = [[[0.5, 0.5], [0.5, 0.5]], [[0.6, 0.5], [0.75, 0.5]]]
    found = scatter(Given([spots]), 1, (disc, disc), tries=2)
    np.testing.assert_allclose(found, [[(0, 0), (1, 0)]], atol=1e-12)


def test_an_index_is_even_and_stays_below_the_count():
    found = draw_index(Replay(np).uniform((4000,)), 4)
    # Sigma sqrt(4000 x 3/16) = 27.
    assert np.bincount(found).tolist() == pytest.approx([1000] * 4, abs=120)
    largest = np.array([np.nextafter(np.float32(1), np.float32(0))])
    assert draw_index(largest, 3).tolist() == [2]
