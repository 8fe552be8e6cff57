"""The kick: its reward by hand, its starts, its interface."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.kick import KickMemory, KickTask
from sim.tasks.kick_starts import KickStarts
from sim.tasks.task import Actions
from sim.tasks.view import STAND_RAD
from sim.tasks.walking_starts import WalkingState
from tests.sim.tasks.worlds import (
    NUMPY_AND_COMPILED,
    Replay,
    assert_all_ways_agree,
    world,
)

TASK = KickTask()
STRIDE = WalkingState(
    height_m=0.25,
    tilt_rad=0.1,
    toward_rad=0.0,
    velocity=(0.5, 0.1, 0.0, 0.2, 0.3, 0.4),
    joint_rad=tuple(0.01 * column for column in range(20)),
    joint_velocity_rad_s=tuple(0.1 * column for column in range(20)),
    target_rad=tuple(0.02 * column for column in range(20)),
    clock_s=0.123,
)


def memory(
    best_m_s: float = 0.0,
    aim_rad: float = 0.0,
    touched_s: float = 0.0,
    ball_m_s: tuple[float, float] = (0.0, 0.0),
) -> KickMemory:
    return KickMemory(
        aim_rad=np.full((1, 1), aim_rad),
        best_m_s=np.full((1, 1), best_m_s),
        touched_s=np.full((1, 1), touched_s),
        ball_m_s=np.array([ball_m_s]),
        clock_s=np.zeros((1, 1)),
    )


def judge(robot, before, ball=(0.5, 0.0, 0.07), ball_velocity=(0.0, 0.0, 0.0)):
    none = np.zeros((1, 1, 18))
    actions = Actions(
        now=none, before=none, earlier=none, targets_rad=np.zeros((1, 1, 20))
    )
    view = world(robot, ball=ball, ball_velocity=ball_velocity)
    return TASK.advance(Replay(np), before, np.full(1, 1.0), view, actions)


def test_only_speed_above_the_best_so_far_pays():
    found = judge({}, memory(best_m_s=0.5), ball_velocity=(1.5, 0.0, 0.0))
    assert found.rewards["speed"][0, 0] == pytest.approx(60 * (1.5 - 0.5))
    assert found.memory.best_m_s[0, 0] == pytest.approx(1.5)
    slower = judge({}, found.memory, ball_velocity=(1.2, 0.0, 0.0))
    assert slower.rewards["speed"][0, 0] == 0
    assert slower.memory.best_m_s[0, 0] == pytest.approx(1.5)


def test_ahead_is_where_the_ball_shall_go():
    aim = math.pi / 2
    found = judge(
        {"heading": aim + 0.2}, memory(aim_rad=aim), ball_velocity=(0.3, 2.0, 0)
    )
    # Seen from an aim of 90 deg: 2.0 m/s there, 0.3 m/s to the right of it.
    assert found.rewards["speed"][0, 0] == pytest.approx(60 * 2.0)
    assert found.rewards["aim"][0, 0] == pytest.approx(-40 * 0.3)
    assert found.rewards["heading"][0, 0] == pytest.approx(-0.3 * 0.2**2)


def test_a_ball_that_rolls_back_or_explodes_pays_nothing_more():
    assert judge({}, memory(), ball_velocity=(-3, 0, 0)).rewards["speed"][0, 0] == 0
    wild = judge({}, memory(), ball_velocity=(50, 0, 0))
    assert wild.rewards["speed"][0, 0] == pytest.approx(60 * 5.0)


def test_the_kick_is_over_soon_after_the_first_touch():
    """A rolling ball slows by 0.015 m/s in a step; only a touch changes more."""
    rolling = judge({}, memory(ball_m_s=(0.3, 0.0)), ball_velocity=(0.285, 0.0, 0.0))
    assert rolling.memory.touched_s[0, 0] == 0
    touched = judge({}, memory(ball_m_s=(0.3, 0.0)), ball_velocity=(1.0, 0.0, 0.0))
    assert touched.memory.touched_s[0, 0] == pytest.approx(0.025)
    # 0.125 s after it the sixth step still counts, the one after it does not.
    last = judge({}, memory(1.0, touched_s=0.125), ball_velocity=(1.5, 0.0, 0.0))
    assert last.rewards["speed"][0, 0] == pytest.approx(60 * 0.5)
    late = judge({}, memory(1.0, touched_s=0.15), ball_velocity=(1.5, 0.0, 0.0))
    assert late.rewards["speed"][0, 0] == 0
    assert late.memory.best_m_s[0, 0] == 1.0


def test_standing_calmly_pays_once_the_ball_is_gone():
    assert judge({}, memory(best_m_s=0.4)).rewards["stand"][0, 0] == 0
    assert judge({}, memory(best_m_s=0.6)).rewards["stand"][0, 0] == 0.2
    # 0.2 m/s of drift: exp(-0.04 / 0.1) of it is left.
    drifting = judge({"velocity": (0.2, 0.0)}, memory(best_m_s=0.6))
    assert drifting.rewards["stand"][0, 0] == pytest.approx(0.2 * math.exp(-0.4))


@pytest.mark.parametrize(
    ("robot", "down"),
    [({}, False), ({"tilt": 0.99}, False), ({"tilt": 1.01}, True), ({"z": 0.14}, True)],
)
def test_a_fall_ends_the_episode_and_costs(robot, down):
    found = judge(robot, memory())
    assert found.terminated.tolist() == [down]
    assert found.rewards["fall"][0, 0] == (-20.0 if down else 0.0)
    assert found.rewards["alive"][0, 0] == (0.0 if down else 0.2)


def test_ball_and_aim_are_seen_from_the_torso_with_a_trackers_noise():
    view = {"x": 1.0, "y": 2.0, "heading": math.pi / 2}
    aim = math.pi / 2 + 0.3
    terms = judge(view, memory(aim_rad=aim), ball=(1.0, 2.5, 0.07)).terms
    # Half a metre ahead, to be sent 0.3 rad to the left of it.
    assert terms["ball_position"][0, 0] == pytest.approx([0.5, 0.0], abs=0.04)
    assert (terms["ball_position"][0, 0] != [0.5, 0.0]).all()
    wanted = [math.cos(0.3), math.sin(0.3)]
    assert terms["kick_direction"][0, 0] == pytest.approx(wanted, abs=0.08)
    assert terms["kick_direction"][0, 0, 1] != wanted[1]


def test_the_ball_starts_ahead_and_touches_nothing():
    placement, start = TASK.begin(Replay(np), 2000)
    w, z = placement.root[:, 0, 3], placement.root[:, 0, 6]
    yaw = 2 * np.arctan2(z, w)
    x, y = placement.ball[:, 0], placement.ball[:, 1]
    ahead = np.cos(yaw) * x + np.sin(yaw) * y
    aside = -np.sin(yaw) * x + np.cos(yaw) * y
    assert (ahead.min(), ahead.max()) == pytest.approx((0.145, 0.24), abs=1e-3)
    assert (abs(aside).min(), abs(aside).max()) == pytest.approx((0.0, 0.09), abs=1e-3)
    assert (aside > 0).mean() == pytest.approx(0.5, abs=0.05)
    off = np.remainder(start.aim_rad[:, 0] - yaw + math.pi, 2 * math.pi) - math.pi
    assert (off.min(), off.max()) == pytest.approx((-0.25, 0.25), abs=5e-3)
    speed = np.linalg.norm(placement.ball_velocity, axis=-1)
    assert (speed > 0).mean() == pytest.approx(0.1, abs=0.03)
    assert speed.max() == pytest.approx(0.3, abs=0.01)
    config = EnvConfig(num_envs=16, num_threads=1, randomization=NO_RANDOMIZATION)
    still = KickStarts(
        joint_spread_rad=0.0, drift_m_s=0.0, spin_rad_s=0.0, rolling_share=0.0
    )
    env = Environment(KickTask(starts=still), config, seed=0)
    state, moved = env.reset()
    # 3 x 46 of proprioception, clock 2, five times the ball 2, aim 2.
    assert moved.observation.shape == (16, 1, 152)
    # At rest in the stand pose the ball stays where it is.
    for _ in range(4):
        state, moved = env.step(state, np.zeros(env.action_shape))
    assert moved.measures["best_m_s"].max() < 0.1
    env.close()


def test_a_kick_out_of_the_walk_begins_in_its_stride():
    starts = KickStarts(walking_share=1.0, walking=(STRIDE,), rolling_share=0.0)
    task = KickTask(starts=starts)
    placement, memory = task.begin(Replay(np), 200)
    root, velocity = placement.root[:, 0], placement.root_velocity[:, 0]
    limbs = placement.joint_rad[:, 0, :18]
    assert limbs == pytest.approx(np.tile(STRIDE.joint_rad[:18], (200, 1)), abs=1e-6)
    targets = np.tile(STRIDE.target_rad[:18], (200, 1))
    assert placement.target_rad[:, 0, :18] == pytest.approx(targets, abs=1e-6)
    assert memory.clock_s == pytest.approx(np.full((200, 1), 0.123))
    assert root[:, 2] == pytest.approx(np.full(200, 0.25))
    # 0.5 m/s ahead and 0.1 m/s to the left, whichever way it faces.
    heading = 2 * np.arctan2(root[:, 6], root[:, 3])
    ahead = np.cos(heading) * velocity[:, 0] + np.sin(heading) * velocity[:, 1]
    left = np.cos(heading) * velocity[:, 1] - np.sin(heading) * velocity[:, 0]
    assert ahead == pytest.approx(np.full(200, 0.5), abs=1e-5)
    assert left == pytest.approx(np.full(200, 0.1), abs=1e-5)
    assert velocity[:, 2:] == pytest.approx(np.tile((0.0, 0.2, 0.3, 0.4), (200, 1)))
    distance = np.linalg.norm(placement.ball[:, :2], axis=-1)
    # Ahead 0.2 to 0.4 m, aside up to 0.09 m.
    assert distance.min() >= 0.2
    assert distance.max() <= math.hypot(0.4, 0.09)
    config = EnvConfig(num_envs=2, num_threads=1, randomization=NO_RANDOMIZATION)
    env = Environment(task, config, seed=0)
    env.reset()
    turning = env.physics.qvel[:, env.core.arena.robots[0].joint_qvel]
    expected = np.tile(STRIDE.joint_velocity_rad_s, (2, 1))
    assert turning == pytest.approx(expected, abs=1e-6)
    env.close()


def test_walking_starts_without_any_moment_are_refused():
    with pytest.raises(ValueError, match="expected states for walking_share"):
        KickStarts(walking_share=0.5)


def test_a_lone_stride_is_one_of_many_starts():
    starts = KickStarts(walking_share=0.25, walking=(STRIDE,))
    placement, _ = KickTask(starts=starts).begin(Replay(np), 2000)
    walking = placement.joint_rad[:, 0, 17] == np.float32(STRIDE.joint_rad[17])
    assert walking.mean() == pytest.approx(0.25, abs=0.03)


def test_numpy_and_compiled_jax_agree():
    starts = replace(TASK.starts, walking_share=0.5, walking=(STRIDE,))
    for task in (TASK, replace(TASK, starts=starts)):
        assert_all_ways_agree(task, 1, ball=True, ways=NUMPY_AND_COMPILED)


def test_stand_pose_is_where_standing_starts_stand():
    placement, _ = TASK.begin(Replay(np), 500)
    off = placement.joint_rad[:, 0, :18] - np.array(STAND_RAD[:18])
    assert np.abs(off).max() <= 0.04 + 1e-6
