"""The pitch, the ball on it, and a robot that stands on it."""

import mujoco
import numpy as np
import pytest

from robot.contracts.field import FieldSpec
from robot.contracts.joints import OP3_JOINTS
from sim.arena import Arena, match_arena

STAND = np.array([joint.stand_rad for joint in OP3_JOINTS])


@pytest.fixture(scope="module")
def arena() -> Arena:
    return match_arena()


def standing(arena: Arena) -> mujoco.MjData:
    data = mujoco.MjData(arena.model)
    for robot, x in zip(arena.robots, (-1.0, 1.0), strict=True):
        data.qpos[robot.root_qpos] = [x, 0, 0.24, 1, 0, 0, 0]
        data.qpos[robot.joint_qpos] = STAND
        data.ctrl[robot.actuators] = STAND
    return data


def step(arena: Arena, data: mujoco.MjData, seconds: float) -> None:
    mujoco.mj_step(arena.model, data, round(seconds / arena.model.opt.timestep))


def test_physics_step_is_five_milliseconds(arena):
    assert arena.model.opt.timestep == 0.005


def test_both_robots_stand_for_five_seconds(arena):
    data = standing(arena)
    step(arena, data, 5.0)
    for robot in arena.robots:
        assert data.qpos[robot.root_qpos[2]] == pytest.approx(0.236, abs=0.005)
        up = data.sensordata[robot.sensors["up"]]
        assert up[2] > 0.999


def test_a_rolling_ball_slows_down_as_the_field_spec_says(arena):
    data = standing(arena)
    speed, radius = 1.5, arena.config.field.ball_radius_m
    data.qpos[arena.ball.qpos[:3]] = [-1.0, 1.0, radius]
    data.qvel[arena.ball.qvel] = [speed, 0, 0, 0, speed / radius, 0]
    step(arena, data, 1.0)
    lost = speed - data.qvel[arena.ball.qvel[0]]
    # 0.59 m/s^2 for 1 s.
    assert lost == pytest.approx(0.59, abs=0.06)


def test_a_dropped_ball_bounces_as_the_field_spec_says(arena):
    radius = arena.config.field.ball_radius_m
    kept = []
    for height in np.linspace(0.1, 1.0, 12):
        data = standing(arena)
        data.qpos[arena.ball.qpos[:3]] = [0.5, 0.5, radius + height]
        fell = False
        while not fell or data.qpos[arena.ball.qpos[2]] < radius:
            step(arena, data, 0.005)
            fell = fell or data.qpos[arena.ball.qpos[2]] < radius
        speed, above = data.qvel[arena.ball.qvel[2]], data.qpos[arena.ball.qpos[2]]
        left = speed**2 / 2 + 9.81 * (above - radius)
        kept.append(float(left / (9.81 * height)) ** 0.5)
    assert np.mean(kept) == pytest.approx(0.7, abs=0.05)
    # How a bounce falls into the physics steps matters by this much.
    assert min(kept) > 0.6
    assert max(kept) < 0.9


def test_the_border_ramp_returns_the_ball(arena):
    data = standing(arena)
    radius = arena.config.field.ball_radius_m
    data.qpos[arena.ball.qpos[:3]] = [0.5, 1.5, radius]
    data.qvel[arena.ball.qvel] = [0, 2.0, 0, -2.0 / radius, 0, 0]
    step(arena, data, 3.0)
    _, y, z = data.qpos[arena.ball.qpos[:3]]
    assert abs(y) < 2.0
    assert z == pytest.approx(radius, abs=0.01)


def test_a_ball_shot_between_the_posts_stays_in_the_goal(arena):
    data = standing(arena)
    radius = arena.config.field.ball_radius_m
    data.qpos[arena.ball.qpos[:3]] = [1.8, 0.2, radius]
    data.qvel[arena.ball.qvel] = [3.0, 0, 0, 0, 3.0 / radius, 0]
    step(arena, data, 3.0)
    x, y, _ = data.qpos[arena.ball.qpos[:3]]
    assert 2.5 < x < 2.5 + arena.config.field.goal_depth_m
    assert abs(y) < 0.4


def test_the_goal_mouth_is_as_wide_as_the_spec_says(arena):
    left = arena.model.geom("away_goal_post_left")
    right = arena.model.geom("away_goal_post_right")
    inner = left.pos[1] - right.pos[1] - 2 * left.size[0]
    assert inner == pytest.approx(0.8)


def test_a_field_spec_without_extent_is_refused():
    with pytest.raises(ValueError, match="length_m: expected > 0, found 0"):
        FieldSpec(length_m=0)
    with pytest.raises(ValueError, match="goal_width_m: expected < width_m"):
        FieldSpec(goal_width_m=5.0)
