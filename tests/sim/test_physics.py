"""CPU physics: what one environment measures does not depend on what ran before."""

import numpy as np

from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.physics import CpuPhysics

STAND_M = 0.238


def test_a_placed_robots_sensors_forget_what_the_thread_stepped_before():
    robot = RobotPlace(name="op3")
    arena = build_arena(ArenaConfig(robots=(robot,), field=None, ball=False))
    torso = arena.robots[0].torso_body
    qpos = np.tile(arena.model.qpos0, (1, 1))
    qpos[0, arena.robots[0].root_qpos[2]] = STAND_M
    qvel = np.zeros((1, arena.model.nv))
    found = []
    for pushed_before in (False, True):
        physics = CpuPhysics(arena.model, 2, 1, pushed_bodies=(torso,))
        if pushed_before:
            goals = np.full((2, 5, arena.model.nu), 0.3)
            physics.step(goals, np.full((2, 5, 1, 6), 10.0))
        found.append(physics.place(np.array([0]), qpos, qvel))
        physics.close()
    np.testing.assert_array_equal(*found)
    # Not all zero: the accelerometer feels the floor hold the robot, or its fall.
    assert np.abs(found[0]).max() > 0.1


def test_commands_under_way_to_the_servos_are_forgotten_by_a_new_episode():
    robot = RobotPlace(name="op3")
    arena = build_arena(ArenaConfig(robots=(robot,), field=None, ball=False))
    spec = arena.spec.copy()
    for actuator in spec.actuators:
        # 12 ms: under way for three steps of 5 ms.
        actuator.delay, actuator.nsample, actuator.interp = 0.012, 6, 0
    physics = CpuPhysics(spec.compile(), 1, 1)
    qpos = np.tile(arena.model.qpos0, (1, 1))
    qpos[0, arena.robots[0].root_qpos[2]] = STAND_M
    qvel = np.zeros((1, arena.model.nv))
    ends = []
    for left_over in (0.1, 0.9):
        physics.step(np.full((1, 5, arena.model.nu), left_over))
        physics.place(np.array([0]), qpos, qvel)
        frames = physics.step(np.full((1, 5, arena.model.nu), 0.1))
        ends.append(frames.qpos.copy())
    physics.close()
    np.testing.assert_array_equal(*ends)
