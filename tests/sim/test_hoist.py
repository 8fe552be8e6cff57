"""A hand that holds the torso, and lets go."""

import numpy as np
import pytest

from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.hoist import Hoist, with_hoist
from sim.virtual_op3 import MatchWorld


def world_with_hoist():
    plain = build_arena(ArenaConfig(robots=(RobotPlace(name="r"),), ball=False))
    world = MatchWorld(with_hoist(plain, "r"))
    return world, world.robots["r"].index.root_qpos


def test_a_limp_robot_hangs_where_it_is_held_and_feels_one_g():
    world, root = world_with_hoist()
    hoist = Hoist(world, "r")
    world.place("r", 0.3, -0.2, 0.5)
    before = world.data.qpos[root].copy()
    hoist.grip()
    assert hoist.holds
    world.advance_to(2.0)
    np.testing.assert_allclose(world.data.qpos[root[:3]], before[:3], atol=0.01)
    _, acceleration = world.robots["r"].imu()
    assert np.linalg.norm(acceleration) == pytest.approx(9.81, abs=0.1)


def test_a_limp_robot_that_is_let_go_sinks():
    world, root = world_with_hoist()
    hoist = Hoist(world, "r")
    world.place("r", 0.0, 0.0, 0.0)
    hoist.grip()
    world.advance_to(0.5)
    held_m = world.data.qpos[root[2]]
    hoist.release()
    assert not hoist.holds
    world.advance_to(2.5)
    assert world.data.qpos[root[2]] < held_m - 0.04


def test_a_robot_that_is_not_there_cannot_be_held():
    plain = build_arena(ArenaConfig(robots=(RobotPlace(name="r"),), ball=False))
    with pytest.raises(KeyError, match="expected one of r, found 's'"):
        with_hoist(plain, "s")
