"""The fast get-up: its reward by hand, its starts, its interface."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.env import EnvConfig, Environment
from sim.randomization import NO_RANDOMIZATION
from sim.tasks.getup_starts import GetupStarts
from sim.tasks.poses import T_POSE_RAD
from sim.tasks.rise import RiseMemory, RiseRewards, RiseTask
from sim.tasks.task import Actions
from sim.tasks.view import JOINT_COLUMN, STAND_RAD
from tests.sim.tasks.worlds import (
    NUMPY_AND_COMPILED,
    Replay,
    assert_all_ways_agree,
    world,
)

TASK = RiseTask()
NEVER_UP = RiseMemory(stood_s=np.zeros((1, 1)))


def still() -> Actions:
    none = np.zeros((1, 1, 18))
    return Actions(
        now=none, before=none, earlier=none, targets_rad=np.zeros((1, 1, 20))
    )


def judge(view, memory=NEVER_UP, actions=None, task=TASK):
    time = np.full(1, 1.0)
    return task.advance(Replay(np), memory, time, view, actions or still())


def test_standing_still_in_the_stand_pose_earns_every_gain():
    found = judge(world({"joints": STAND_RAD})).rewards
    gains = {name: float(value[0, 0]) for name, value in found.items() if value.any()}
    # Height, upright, rise and stand at their weights, two soles of 0.25 each.
    assert gains == pytest.approx(
        {"height": 0.5, "upright": 0.5, "rise": 1.5, "stand": 2.0, "soles": 0.5}
    )


def test_half_way_up_and_leaning_earns_its_share():
    # z = 0.148: (0.148 - 0.06) / 0.176 = 0.5. Tilt 90 deg: (1 + 0) / 2 = 0.5.
    found = judge(world({"z": 0.148, "tilt": math.pi / 2})).rewards
    assert found["height"][0, 0] == pytest.approx(0.5 * 0.5)
    assert found["upright"][0, 0] == pytest.approx(0.5 * 0.5)
    assert found["rise"][0, 0] == pytest.approx(1.5 * 0.5 * 0.25)
    assert found["stand"][0, 0] == found["soles"][0, 0] == 0


def test_leaning_once_up_costs_what_it_is_weighed_with():
    task = replace(TASK, rewards=RiseRewards(lean=-8.0))
    lying, leaning = ({"tilt": tilt} for tilt in (1.0, 0.3))
    assert judge(world(lying), task=task).rewards["lean"][0, 0] == 0
    # sin(0.3)^2 = 0.08733.
    found = judge(world(leaning), task=task).rewards["lean"][0, 0]
    assert found == pytest.approx(-8 * 0.08733, abs=1e-4)


def test_a_limb_away_from_the_stand_costs_the_stand_and_a_turned_head_nothing():
    pose = list(STAND_RAD)
    pose[JOINT_COLUMN["l_el"]] += 1.0
    pose[JOINT_COLUMN["head_pan"]] = 0.7
    found = judge(world({"joints": pose})).rewards
    # One limb 1 rad off: 2 exp(-1 / 1.5) = 1.02683.
    assert found["stand"][0, 0] == pytest.approx(1.02683, abs=1e-5)


def test_effort_costs():
    one = np.ones((1, 1, 18))
    actions = Actions(
        now=one, before=0 * one, earlier=one, targets_rad=np.zeros((1, 1, 20))
    )
    found = judge(world({"torque": {3: 2.0, 4: -1.0}}), actions=actions).rewards
    # Rate 18 x 1; jerk (1 - 0 + 1)^2 x 18 = 72; torque 4 + 1.
    assert found["action_rate"][0, 0] == pytest.approx(-0.01 * 18)
    assert found["action_jerk"][0, 0] == pytest.approx(-0.003 * 72)
    assert found["torque"][0, 0] == pytest.approx(-0.001 * 5)


@pytest.mark.parametrize(
    ("robot", "up"),
    [
        ({}, True),
        # 36 / 41 of 0.236 m = 0.2072 m.
        ({"z": 0.208}, True),
        ({"z": 0.206}, False),
        # acos(0.9) = 0.451 rad.
        ({"tilt": 0.44}, True),
        ({"tilt": 0.46}, False),
    ],
)
def test_up_means_tall_and_upright(robot, up):
    found = judge(world(robot), RiseMemory(stood_s=np.full((1, 1), 0.5)))
    assert found.measures["up"].tolist() == [[up]]
    # Time on its feet adds up, and begins anew after a fall.
    assert found.memory.stood_s[0, 0] == pytest.approx(0.525 if up else 0.0)


def test_nothing_ends_a_get_up_but_time():
    for robot in ({}, {"tilt": 3.0}, {"z": 0.05}):
        assert judge(world(robot)).terminated.tolist() == [False]


def test_the_head_may_look_anywhere_at_the_start():
    placement, _ = TASK.begin(Replay(np), 500)
    head = placement.target_rad[:, 0, -2:]
    assert head.min(0) == pytest.approx([-0.79, -0.63], abs=0.02)
    assert head.max(0) == pytest.approx([0.79, -0.16], abs=0.02)
    np.testing.assert_array_equal(placement.joint_rad, placement.target_rad)


def test_numpy_and_compiled_jax_agree():
    assert_all_ways_agree(TASK, 1, ball=False, ways=NUMPY_AND_COMPILED)


def test_a_robot_in_t_pose_lies_flat_until_it_acts():
    starts = GetupStarts(
        lying_share=1.0, tilted_share=0.0, poses=(T_POSE_RAD,), joint_spread_rad=0.0
    )
    task = RiseTask(starts=starts)
    config = EnvConfig(
        num_envs=8, num_threads=1, randomization=NO_RANDOMIZATION, stagger=False
    )
    env = Environment(task, config, seed=0)
    state, moved = env.reset()
    limbs = np.array(T_POSE_RAD)[:18]
    hold = (limbs - task.action.default_rad) / np.array(task.action.scale_rad)
    for _ in range(40):
        state, moved = env.step(state, np.broadcast_to(hold, env.action_shape))
    assert moved.observation.shape == (8, 1, 138)
    assert not moved.measures["up"].any()
    env.close()
