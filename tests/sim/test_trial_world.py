"""A world drawn for one trial: what differs from the nominal one, and how."""

from dataclasses import replace

import numpy as np
import pytest

from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.imperfect_op3 import Imperfections, ImperfectOp3
from sim.randomization import NO_RANDOMIZATION, RandomizationConfig
from sim.tasks.poses import STAND_RAD
from sim.trial_world import Fall, TrialWorld
from sim.virtual_op3 import MatchWorld, VirtualOp3
from sim.world_truth import WorldTruth

NAME = "home"
FULL = RandomizationConfig()


@pytest.fixture(scope="module")
def arena():
    return build_arena(ArenaConfig(robots=(RobotPlace(name=NAME),), field=None))


def world_of(arena, seed=1, **ranges):
    world = TrialWorld(arena, NAME, replace(NO_RANDOMIZATION, **ranges), seed)
    WorldTruth(world).place_ball(50.0, 50.0)
    world.hold(NAME)
    return world


def test_a_world_with_nothing_drawn_moves_as_a_match_world(arena):
    plain, drawn = MatchWorld(arena), world_of(arena)
    WorldTruth(plain).place_ball(50.0, 50.0)
    body = plain.robots[NAME]
    body.drive(np.array(STAND_RAD), np.ones(20, bool), np.full(20, 800))
    for world in (plain, drawn):
        world.advance_to(0.5)
    np.testing.assert_allclose(drawn.data.qpos, plain.data.qpos, atol=1e-9)
    for mine, theirs in zip(drawn.robots[NAME].joints(), body.joints(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-9)
    for mine, theirs in zip(drawn.robots[NAME].imu(), body.imu(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-9)


def test_the_arena_itself_stays_as_it_was(arena):
    floor = arena.model.geom("floor").id
    before = float(arena.model.geom_friction[floor, 0])
    world = world_of(arena, floor_friction=(0.55, 0.55), added_mass_kg=(0.4, 0.4))
    assert float(arena.model.geom_friction[floor, 0]) == before
    assert float(world.model.geom_friction[floor, 0]) == 0.55
    torso = world.robots[NAME].index.torso_body
    added = world.model.body_mass[torso] - arena.model.body_mass[torso]
    assert added == pytest.approx(0.4)


def test_servo_gain_battery_and_torque_reach_the_driven_servos(arena):
    world = world_of(
        arena, servo_gain=(1.1, 1.1), battery=(0.9, 0.9), torque_limit=(0.95, 0.95)
    )
    actuators = world.robots[NAME].index.actuators
    before, after = arena.model, world.model
    gain = after.actuator_gainprm[actuators, 0] / before.actuator_gainprm[actuators, 0]
    assert gain == pytest.approx(1.1 * 0.9)
    limit = after.actuator_forcerange[actuators, 1]
    limit = limit / before.actuator_forcerange[actuators, 1]
    assert limit == pytest.approx(0.95 * 0.9)
    # Of the 12 V the factor refers to.
    assert world.robots[NAME].supply_v() == pytest.approx(10.8)


def test_equal_seeds_draw_equal_worlds_and_others_others(arena):
    first, same, other = (TrialWorld(arena, NAME, FULL, seed) for seed in (3, 3, 4))
    for world in (first, same, other):
        world.hold(NAME)
        world.begin()
        world.advance_to(0.3)
    assert first.data.qpos.tolist() == same.data.qpos.tolist()
    assert first.data.qpos.tolist() != other.data.qpos.tolist()


def test_pushes_begin_with_the_start_signal_and_come_and_go(arena):
    world = world_of(
        arena, push_n=(10.0, 10.0), push_s=(0.1, 0.1), push_every_s=(0.2, 0.2)
    )
    torso = world.robots[NAME].index.torso_body
    world.advance_to(1.0)
    assert not world.data.xfrc_applied[torso].any()
    world.begin()
    sizes = []
    for step in range(1, 121):
        world.advance_to(1.0 + 0.005 * step)
        sizes.append(float(np.linalg.norm(world.data.xfrc_applied[torso, :3])))
    # 0.6 s: a pause of 0.2 s and a push of 0.1 s, twice; 10 N each, 20 steps of 5 ms.
    assert set(np.round(sizes, 9)) == {0.0, 10.0}
    assert 38 <= sum(size > 0 for size in sizes) <= 42
    assert not any(sizes[:38])


def test_a_robot_lies_where_it_was_laid(arena):
    world = world_of(arena)
    world.lay(NAME, 1.0, -1.0, 0.0, Fall(toward_rad=0.0, pose=STAND_RAD))
    world.advance_to(0.5)
    recorder = world.begin()
    trace = recorder.trace()
    assert trace.fallen.tolist() == [True]
    # Held limply or not, it lies: the shoulders stand at 0.347 m.
    assert trace.shoulder_m[0] < 0.15
    # Chest down: the torso's x axis points at the floor.
    up = world.data.sensordata[world.robots[NAME].index.sensors["forward"]]
    assert up[2] < -0.9


def test_the_trace_has_a_row_per_physics_step_and_knows_who_touches_the_ball(arena):
    world = world_of(arena)
    WorldTruth(world).place_ball(0.12, 0.05)
    world.begin()
    world.advance_to(0.1)
    trace = world.trace
    # At the start and after each of 20 steps of 5 ms.
    assert trace.time_s == pytest.approx(0.005 * np.arange(21))
    assert trace.touch.any()
    assert not trace.bump.any()
    with pytest.raises(ValueError, match="a trial that has begun"):
        _ = world_of(arena).trace


FAULTLESS = Imperfections(
    joint_offset_rad=np.zeros(20),
    imu_tilt_rad=np.zeros(3),
    supply_v=12.0,
    sensor_delay=0,
    goal_delay=0,
    sensor_jitter=0,
    goal_jitter=0,
    joint_noise_rad=0.0,
    gyro_noise_rad_s=0.0,
    acceleration_noise_m_s2=0.0,
)


def body_of(arena, **faults):
    world = MatchWorld(arena)
    WorldTruth(world).place_ball(50.0, 50.0)
    index = arena.robots[0]
    rng = np.random.default_rng(0)
    changed = replace(FAULTLESS, **faults)
    return world, ImperfectOp3(world.model, world.data, index, changed, rng)


def on(body, goal):
    for torque_on in (False, True):
        body.drive(goal, np.full(20, torque_on), np.full(20, 800))


def test_a_zero_error_shows_in_what_is_measured_and_in_where_goals_lead(arena):
    offset = np.linspace(-0.05, 0.05, 20)
    world, body = body_of(arena, joint_offset_rad=offset)
    assert body.joints()[0] == pytest.approx(np.array(STAND_RAD) + offset)
    on(body, np.array(STAND_RAD))
    goals = world.data.ctrl[body.index.actuators]
    assert goals == pytest.approx(np.array(STAND_RAD) - offset)


def test_goals_arrive_after_their_delay(arena):
    world, body = body_of(arena, goal_delay=2)
    on(body, np.zeros(20))
    body.drive(np.full(20, 0.1), np.ones(20, bool), np.full(20, 800))
    seen = []
    for _ in range(3):
        body.before_step()
        seen.append(float(world.data.ctrl[body.index.actuators[0]]))
        body.after_step()
    # Driven before step 0, due at step 2.
    assert seen == [0.0, 0.0, 0.1]


def test_sensors_are_as_old_as_drawn(arena):
    world, body = body_of(arena, sensor_delay=3)
    joint = body.index.joint_qpos[0]
    seen = []
    for step in range(1, 6):
        world.data.qpos[joint] = 0.01 * step
        body.after_step()
        seen.append(round(float(body.joints()[0][0]), 6))
    # Three steps behind: the stand's 0 rad until step 3, then steps 1 and 2.
    assert seen == [0.0, 0.0, 0.0, 0.01, 0.02]
    body.moved()
    assert body.joints()[0][0] == pytest.approx(0.05)


def test_a_tilted_imu_sees_gravity_aside(arena):
    # Turned by 0.03 rad about its x axis.
    world, body = body_of(arena, imu_tilt_rad=np.array([0.03, 0.0, 0.0]))
    straight = VirtualOp3(world.model, world.data, arena.robots[0])
    world.data.sensordata[body.index.sensors["accelerometer"]] = (0.0, 0.0, 9.81)
    body.moved()
    assert straight.imu()[1] == pytest.approx([0.0, 0.0, 9.81])
    # (0, 0, g) x (t, 0, 0) = (0, g t, 0).
    assert body.imu()[1] == pytest.approx([0.0, 9.81 * 0.03, 9.81])


def test_noise_has_the_drawn_sigma(arena):
    _, body = body_of(arena, joint_noise_rad=0.004, gyro_noise_rad_s=0.05)
    joints = np.stack([body.joints()[0] for _ in range(400)])
    gyro = np.stack([body.imu()[0] for _ in range(400)])
    # 8,000 and 1,200 draws: within 5 % and 10 %.
    assert joints.std(axis=0).mean() == pytest.approx(0.004, rel=0.05)
    assert gyro.std() == pytest.approx(0.05, rel=0.1)


def test_the_trace_knows_who_runs_into_another_robot():
    places = tuple(RobotPlace(name=name) for name in (NAME, "away"))
    arena = build_arena(ArenaConfig(robots=places, field=None))
    world = world_of(arena)
    world.hold("away")
    world.place("away", 0.15, 0.0, 3.14)
    world.place(NAME, 0.0, 0.0, 0.0)
    world.begin()
    world.advance_to(0.1)
    assert world.trace.bump.any()
    assert not world.trace.touch.any()
