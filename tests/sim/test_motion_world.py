"""Worlds in which motions are judged, with robots drawn as episodes draw them."""

from dataclasses import replace

import numpy as np
import pytest

from robot.contracts.joints import JOINT_NAMES
from sim.env_parameters import EpisodeParameters, joined, sample_parameters, taken
from sim.motion_world import STAND_RAD, MotionWorld, MotionWorldConfig
from sim.random_numbers import NumpyRandom
from sim.randomization import NO_RANDOMIZATION, RandomizationConfig

HEAD = JOINT_NAMES.index("head_pan")


def flawless(count: int) -> EpisodeParameters:
    """Robots without faults."""
    return sample_parameters(NO_RANDOMIZATION, NumpyRandom(0), count, 1)


def with_offset(offset_rad: float) -> EpisodeParameters:
    """One whose head's zero is off."""
    robots = flawless(1)
    offsets = robots.joint_offset_rad.copy()
    offsets[..., HEAD] = offset_rad
    return replace(robots, joint_offset_rad=offsets)


def test_a_joint_off_its_zero_goes_elsewhere_and_does_not_know() -> None:
    robots = joined([flawless(1), with_offset(0.3)])
    world = MotionWorld(MotionWorldConfig(count=8, robots=robots, seed=2))
    for _ in range(40):
        world.step(np.tile(STAND_RAD, (8, 1)))
    true = world.qpos[:, world.index.joint_qpos][:, HEAD] - STAND_RAD[HEAD]
    felt = world.sources()["joint_position"][:, HEAD] - STAND_RAD[HEAD]
    off = np.abs(true) > 0.15
    assert 0 < off.sum() < 8
    # Goals and what is measured are both off by it: it turns to 0 - 0.3.
    np.testing.assert_allclose(true[off], -0.3, atol=0.02)
    np.testing.assert_allclose(true[~off], 0.0, atol=0.02)
    np.testing.assert_allclose(felt, 0.0, atol=0.02)


def turned_in_a_step(delay: int) -> np.ndarray:
    """How far the head comes in the first control step of a turn."""
    robots = flawless(1)
    late = np.full_like(robots.action_delay_steps, delay)
    robots = replace(robots, action_delay_steps=late)
    world = MotionWorld(MotionWorldConfig(count=2, robots=robots, seed=0))
    target = np.tile(STAND_RAD, (2, 1))
    for _ in range(20):
        world.step(target)
    before = world.qpos[:, world.index.joint_qpos][:, HEAD].copy()
    target[:, HEAD] += 0.5
    world.step(target)
    return world.qpos[:, world.index.joint_qpos][:, HEAD] - before


def test_goals_come_late() -> None:
    # Of 25 ms, 20 to 25 are left, 5 to 10 with three physics steps of delay: it
    # accelerates, so half the time is much less than half the way.
    prompt, late = turned_in_a_step(0), turned_in_a_step(3)
    assert (late > 0).all()
    assert (prompt > 2 * late).all()


def test_senses_come_late() -> None:
    robots = flawless(1)
    old = np.full_like(robots.observation_delay_steps, 4)
    robots = replace(robots, observation_delay_steps=old)
    prompt = MotionWorld(MotionWorldConfig(count=2, robots=flawless(1), seed=0))
    tardy = MotionWorld(MotionWorldConfig(count=2, robots=robots, seed=0))
    target = np.tile(STAND_RAD, (2, 1))
    target[:, HEAD] += 0.5
    for world in (prompt, tardy):
        world.step(target)
    now = prompt.sources()["joint_position"][:, HEAD]
    then = tardy.sources()["joint_position"][:, HEAD]
    # It turns by about 0.02 rad; 4 or 5 of the 5 physics steps ago it hardly had.
    assert (now - then > 0.01).all()


def test_robots_are_drawn_as_episodes_draw_them() -> None:
    ranges = RandomizationConfig()
    robots = sample_parameters(ranges, NumpyRandom(3), 64, 1)
    world = MotionWorld(MotionWorldConfig(count=16, robots=robots, seed=4, ball=True))
    for _ in range(20):
        world.step(np.tile(STAND_RAD, (16, 1)))
    # Up to 2.9 degrees off in each joint, with up to 0.5 kg more, they still stand.
    assert (world.uprightness > 0.9).all()
    felt = world.sources()["joint_position"]
    true = world.qpos[:, world.index.joint_qpos]
    assert 0.02 < np.abs(felt - true).mean() < 0.03  # of +-0.05 rad, evenly drawn


def test_worlds_repeat_their_robots_in_turn() -> None:
    robots = sample_parameters(RandomizationConfig(), NumpyRandom(3), 64, 1)
    config = MotionWorldConfig(count=8, distinct=4, robots=robots, seed=4)
    world = MotionWorld(config)
    for _ in range(20):
        world.step(np.tile(STAND_RAD, (8, 1)))
    joints = world.qpos[:, world.index.joint_qpos]
    np.testing.assert_array_equal(joints[:4], joints[4:])
    assert len(np.unique(joints[:4, 0])) == 4


def test_robots_later_than_a_control_step_are_refused() -> None:
    robots = flawless(1)
    late = np.full_like(robots.observation_delay_steps, 5)
    robots = replace(robots, observation_delay_steps=late)
    with pytest.raises(ValueError, match="less than 5 physics steps, found 5"):
        MotionWorld(MotionWorldConfig(count=1, robots=robots))


def test_rows_of_draws_are_taken_and_joined() -> None:
    robots = sample_parameters(RandomizationConfig(), NumpyRandom(0), 5, 1)
    two = taken(robots, np.array([3, 1]))
    np.testing.assert_array_equal(two.servo_gain, robots.servo_gain[[3, 1]])
    both = joined([two, robots])
    assert both.joint_offset_rad.shape == (7, 1, 20)
    np.testing.assert_array_equal(both.floor_friction[2:], robots.floor_friction)
