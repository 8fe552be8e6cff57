"""What the referee is told about a simulated match, on poses made by hand."""

import math

import mujoco
import numpy as np
import pytest

from robot.contracts.field import FieldSpec
from sim.arena import ArenaConfig, RobotPlace, build_arena, match_arena
from sim.virtual_op3 import MatchWorld
from sim.world_truth import WorldTruth


@pytest.fixture
def world():
    """Home at (-1, 0.5) facing +y, away at (1, 0) facing -x, the ball in a corner."""
    world = MatchWorld(match_arena(FieldSpec()))
    world.place("home", -1.0, 0.5, math.pi / 2)
    world.place("away", 1.0, 0.0, math.pi)
    WorldTruth(world).place_ball(2.0, 1.5)
    return world


def lay(world, name, *, height_m, pitch_rad):
    """Hang a robot in the air, turned forward about its left-right axis."""
    index = world.robots[name].index
    half = pitch_rad / 2
    quat_wxyz = (math.cos(half), 0.0, math.sin(half), 0.0)
    world.data.qpos[index.root_qpos[2:]] = (height_m, *quat_wxyz)
    mujoco.mj_forward(world.model, world.data)


def home_of(truth):
    return next(robot for robot in truth.robots() if robot.name == "home")


def test_poses_are_the_ones_the_robots_were_put_in(world):
    home, away = WorldTruth(world).robots()
    assert (home.name, home.x_m, home.y_m) == ("home", -1.0, 0.5)
    assert home.yaw_rad == pytest.approx(math.pi / 2)
    assert (away.name, away.x_m, away.y_m) == ("away", 1.0, 0.0)
    assert abs(away.yaw_rad) == pytest.approx(math.pi)


def test_a_standing_robot_is_not_fallen(world):
    assert [robot.fallen for robot in WorldTruth(world).robots()] == [False, False]


@pytest.mark.parametrize(
    ("height_m", "pitch_deg", "fallen"),
    [
        (0.08, 90, True),  # on its face
        (0.08, -90, True),  # on its back
        (0.236, 52, False),  # leaning, cos 52 deg = 0.616
        (0.236, 54, True),  # over the limit, cos 54 deg = 0.588
        (0.17, 0, False),  # squatting
        (0.15, 0, True),  # sitting
    ],
)
def test_fallen_is_low_or_tilted(world, height_m, pitch_deg, fallen):
    lay(world, "home", height_m=height_m, pitch_rad=math.radians(pitch_deg))
    home, away = WorldTruth(world).robots()
    assert home.fallen is fallen
    assert away.fallen is False


def test_a_touch_between_two_looks_is_reported_once_and_for_its_robot_only(world):
    truth = WorldTruth(world)
    truth.watch()
    assert not home_of(truth).touching_ball
    # Home stands at (-1, 0.5): the ball in its feet for an instant, then far away.
    truth.place_ball(-1.0, 0.55)
    truth.watch()
    truth.place_ball(2.0, 1.5)
    truth.watch()
    assert [(r.name, r.touching_ball) for r in truth.robots()] == [
        ("home", True),
        ("away", False),
    ]
    truth.watch()
    assert not home_of(truth).touching_ball


def test_a_ball_that_stays_in_contact_is_reported_at_every_look(world):
    truth = WorldTruth(world)
    truth.place_ball(-1.0, 0.55)
    for _ in range(2):
        truth.watch()
        assert home_of(truth).touching_ball


def test_floor_and_robots_without_the_ball_touch_nothing(world):
    truth = WorldTruth(world)
    lay(world, "home", height_m=0.08, pitch_rad=math.pi / 2)
    for _ in range(5):
        world.advance_to(world.time_s + 0.01)
        truth.watch()
    assert [robot.touching_ball for robot in truth.robots()] == [False, False]


def test_a_placed_ball_lies_at_rest_on_the_floor(world):
    ball = world.arena.ball
    world.data.qvel[ball.qvel] = 3.0
    truth = WorldTruth(world)
    truth.place_ball(0.3, -0.4)
    radius_m = FieldSpec().ball_radius_m
    assert truth.ball_xyz_m() == pytest.approx((0.3, -0.4, radius_m))
    world.advance_to(world.time_s + 1.0)
    assert truth.ball_xyz_m() == pytest.approx((0.3, -0.4, radius_m), abs=0.002)


def test_a_world_without_a_ball_is_refused():
    arena = build_arena(ArenaConfig(robots=(RobotPlace(name="home"),), ball=False))
    with pytest.raises(ValueError, match="expected an arena with a ball, found none"):
        WorldTruth(MatchWorld(arena))


def test_a_robot_that_passes_the_limits_for_a_moment_has_not_risen(world):
    truth = WorldTruth(world)
    lay(world, "home", height_m=0.08, pitch_rad=math.pi / 2)
    assert home_of(truth).fallen
    # Up for 0.5 s, down again: one fall, not two.
    lay(world, "home", height_m=0.236, pitch_rad=0.0)
    world.data.time += 0.5
    assert home_of(truth).fallen
    lay(world, "home", height_m=0.12, pitch_rad=0.0)
    assert home_of(truth).fallen
    lay(world, "home", height_m=0.236, pitch_rad=0.0)
    world.data.time += 0.99
    assert home_of(truth).fallen
    world.data.time += 0.02  # 1.01 s above the limits
    assert not home_of(truth).fallen


def test_a_robot_put_on_its_feet_by_hand_is_up_at_once(world):
    truth = WorldTruth(world)
    lay(world, "home", height_m=0.08, pitch_rad=math.pi / 2)
    assert home_of(truth).fallen
    truth.place_robot("home", -1.0, 0.0, 0.0)
    assert not home_of(truth).fallen


def test_robots_in_contact_are_told_once(world):
    truth = WorldTruth(world)
    world.place("away", -1.0, 0.56, -math.pi / 2)  # 6 cm apart: into each other
    truth.watch()
    assert truth.contacts() == (("home", "away"),)
    assert truth.contacts() == ()


def test_robots_apart_are_not_in_contact(world):
    truth = WorldTruth(world)
    truth.watch()
    assert truth.contacts() == ()


@pytest.mark.parametrize(
    ("body", "hand"), [("home_l_el_link", True), ("home_l_ank_roll_link", False)]
)
def test_a_ball_at_the_forearm_is_handled_and_one_at_the_foot_is_not(world, body, hand):
    truth = WorldTruth(world)
    ball = world.arena.ball
    world.data.qpos[ball.qpos[:3]] = world.data.body(body).xipos + np.array(
        [0.0, 0.06, 0.0]
    )
    mujoco.mj_forward(world.model, world.data)
    truth.watch()
    home = home_of(truth)
    assert (home.touching_ball, home.hand_on_ball) == (True, hand)
