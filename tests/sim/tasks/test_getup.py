"""The get-up: its reward by hand, its targets, its starts."""

import math

import mujoco
import numpy as np
import pytest

from robot import observation
from robot.rotations import gravity_direction
from sim.arena import build_arena
from sim.env_parameters import EpisodeParameters
from sim.random_numbers import NumpyRandom
from sim.tasks.getup import (
    CROUCHING,
    STANDING,
    GetupMemory,
    GetupTask,
    TargetPose,
    pose_reward,
)
from sim.tasks.getup_starts import GetupStarts, StartState
from sim.tasks.poses import CROUCH_RAD, FLAT_RAD
from sim.tasks.view import STAND_RAD
from tests.sim.tasks.worlds import (
    NUMPY_AND_COMPILED,
    WAYS,
    Given,
    Replay,
    assert_all_ways_agree,
    no_actions,
    put,
    random_world,
    world,
)

TASK = GetupTask()
ZERO_POSE = GetupMemory(
    target_rad=np.zeros((1, 20)),
    target_gravity=np.array([[0.0, 0.0, -1.0]]),
    switch_in_s=np.array([1.0]),
)


def joints(*values: float) -> tuple[float, ...]:
    return (*values, *(0.0,) * (20 - len(values)))


def judge(view, memory=ZERO_POSE, time_s=1.0, task=TASK, random=None):
    time = np.full(len(memory.switch_in_s), time_s)
    return task.advance(random or Replay(np), memory, time, view, no_actions())


@pytest.mark.parametrize(
    ("robot", "expected"),
    [
        ({}, 1.0),
        # (pi - 1) / pi = 0.681690.
        ({"joints": joints(1.0)}, 0.681690),
        # 3-4-5: distance 0.5, (pi - 0.5) / pi = 0.840845.
        ({"joints": joints(0.3, -0.4)}, 0.840845),
        # Lying: a right angle of pi, half.
        ({"tilt": math.pi / 2}, 0.5),
        ({"tilt": math.pi / 2, "toward": 2.0}, 0.5),
        # Both: 0.5 x 0.681690.
        ({"tilt": math.pi / 2, "joints": joints(1.0)}, 0.340845),
        # Upside down: nothing.
        ({"tilt": math.pi}, 0.0),
        # (pi - 3.1) / pi = 0.013239, and nothing beyond pi.
        ({"joints": joints(3.1)}, 0.013239),
        ({"joints": joints(3.2)}, 0.0),
        ({"joints": joints(3.2), "tilt": 1.0}, 0.0),
    ],
)
def test_the_reward_is_pose_times_gravity(robot, expected):
    found = judge(world(robot)).rewards
    assert list(found) == ["target_pose"]
    assert found["target_pose"][0, 0] == pytest.approx(expected, abs=1e-6)


def test_lying_is_right_when_lying_is_asked_for():
    on_chest = GetupMemory(
        target_rad=np.zeros((1, 20)),
        target_gravity=np.array([[1.0, 0.0, 0.0]]),
        switch_in_s=np.array([1.0]),
    )
    lying = world({"tilt": math.pi / 2}).robots
    assert pose_reward(on_chest, lying)[0, 0] == pytest.approx(1.0)
    assert pose_reward(on_chest, world({}).robots)[0, 0] == pytest.approx(0.5)


def test_a_step_of_full_reward_is_worth_its_duration():
    found = judge(world({}))
    assert found.scale * found.rewards["target_pose"][0, 0] == pytest.approx(0.025)


def test_nothing_ends_a_get_up_but_time():
    for robot in ({}, {"tilt": 3.0}, {"z": 0.05}):
        assert judge(world(robot)).terminated.tolist() == [False]


@pytest.mark.parametrize(
    ("left_s", "switches"),
    # 25 ms later 15 ms would be left, or 5 ms: the nearest step counts.
    [(0.040, False), (0.030, True), (0.0, True)],
)
def test_a_target_holds_for_its_time(left_s, switches):
    memory = GetupMemory(
        target_rad=np.full((1, 20), 0.1),
        target_gravity=np.array([[0.0, 1.0, 0.0]]),
        switch_in_s=np.array([left_s]),
    )
    found = judge(world({}), memory)
    kept = (found.terms["target_pose"] == 0.1).all()
    assert kept == (not switches)
    if kept:
        assert found.memory.switch_in_s[0] == pytest.approx(left_s - 0.025)
    # This step is judged by the target it was made for.
    assert found.rewards["target_pose"][0, 0] == pytest.approx(
        0.5 * (math.pi - 0.1 * math.sqrt(20)) / math.pi
    )


def test_a_target_lies_between_two_key_poses_of_a_motion():
    lying = TargetPose(name="chest", joint_rad=FLAT_RAD, gravity=(1.0, 0.0, 0.0))
    task = GetupTask(motions=((STANDING,), (lying, CROUCHING, STANDING)))
    # Not standing (0.9), the second motion (0.6), 0.25 of its two pieces: half of the
    # first; 1 - exp(-1) of the exponential: its mean of 1.5 s.
    draw = Given([[0.9, 0.6, 0.25, 1 - math.exp(-1)]])
    memory = GetupMemory(
        target_rad=np.zeros((1, 20)),
        target_gravity=np.array([[0.0, 0.0, -1.0]]),
        switch_in_s=np.array([0.0]),
    )
    found = judge(world({}), memory, task=task, random=draw).memory
    middle = (np.array(FLAT_RAD) + CROUCH_RAD) / 2
    np.testing.assert_allclose(found.target_rad[0], middle)
    # (0.5, 0, -0.5) at length 1.
    half = math.sqrt(0.5)
    np.testing.assert_allclose(found.target_gravity[0], (half, 0, -half))
    assert found.switch_in_s[0] == pytest.approx(1.5)


def test_a_motion_of_one_key_pose_is_that_pose():
    lying = TargetPose(name="chest", joint_rad=FLAT_RAD, gravity=(1.0, 0.0, 0.0))
    task = GetupTask(motions=((lying,),), standing_share=0.0)
    _, memory = task.begin(Replay(np), 5)
    np.testing.assert_allclose(memory.target_rad, np.tile(FLAT_RAD, (5, 1)), atol=1e-6)
    np.testing.assert_allclose(memory.target_gravity, np.tile([1, 0, 0], (5, 1)))


def test_half_of_the_targets_are_standing_and_they_hold_1_5_s_in_the_mean():
    _, memory = TASK.begin(Replay(np), 10000)
    stands = np.isclose(memory.target_rad, STAND_RAD, atol=1e-6).all(axis=1)
    # Sigma of a share sqrt(0.25 / 10000) = 0.005, of a mean 1.5 / 100 = 0.015.
    assert stands.mean() == pytest.approx(0.5, abs=0.02)
    assert memory.switch_in_s.mean() == pytest.approx(1.5, abs=0.06)
    # Exponential: the standard deviation is the mean.
    assert memory.switch_in_s.std() == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(("time_s", "stands"), [(5.9, False), (6.0, True), (9, True)])
def test_late_in_every_episode_the_target_is_standing(time_s, stands):
    found = judge(world({}), time_s=time_s).memory
    assert np.allclose(found.target_rad, STAND_RAD) == stands
    if stands:
        assert found.target_gravity.tolist() == [[0, 0, -1]]
        later = judge(world({}), found, time_s=9.9).memory
        assert np.allclose(later.target_rad, STAND_RAD)


def test_a_trained_get_up_is_asked_to_stand_from_the_start():
    _, memory = GetupTask(standing_from_s=0.0).begin(Replay(np), 100)
    np.testing.assert_allclose(memory.target_rad, np.tile(STAND_RAD, (100, 1)), 1e-5)


@pytest.mark.parametrize(("game_layout", "numbers"), [(False, 268), (True, 290)])
def test_the_observation_is_the_papers_with_or_without_the_game(game_layout, numbers):
    task = GetupTask(game_layout=game_layout)
    memory = GetupMemory(
        target_rad=np.zeros((4, 20)),
        target_gravity=np.tile([0.0, 0.0, -1.0], (4, 1)),
        switch_in_s=np.ones(4),
    )
    view = random_world(1, 4, 1, ball=False)
    sources = judge(view, memory, task=task).terms
    if game_layout:
        assert not sources["ball_position"].any()
        assert sources["own_velocity"].any()
    measured = [term for term in task.observation.terms if term.name not in sources]
    assert [term.name for term in measured] == [
        "joint_position",
        "linear_acceleration",
        "gyro",
        "gravity",
        "previous_target",
    ]
    sources |= {term.name: np.zeros((4, 1, term.size)) for term in measured}
    spec = task.observation
    vector = observation.vector(spec, observation.start(spec, sources))
    assert vector.shape == (4, 1, numbers)


def test_the_critics_group_holds_what_its_table_says():
    found = judge(random_world(1, 1, 1, ball=False)).privileged
    spec = TASK.privileged
    names = {term.name for term in spec.terms}
    # The rest is this episode's randomization, which the core knows.
    assert set(found) <= names
    assert names - set(found) <= set(EpisodeParameters.__dataclass_fields__)
    for term in spec.terms:
        if term.name not in found:
            continue
        assert found[term.name].shape == (1, 1, term.size), term.name


def test_starts_come_in_the_shares_asked_for():
    placement, _ = TASK.begin(Replay(np), 4000)
    w, x, y, z = (placement.root[:, 0, 3 + part] for part in range(4))
    chest, left = 2 * (w * y - x * z), -2 * (y * z + w * x)
    up = 1 - 2 * (x * x + y * y)
    # 0.6 lie, a quarter of them (600, sigma 23) on each side; 0.1 stand.
    for side in (chest > 0.9999, chest < -0.9999, left > 0.9999, left < -0.9999):
        assert side.sum() == pytest.approx(600, abs=100)
    assert (up > 0.999999).sum() == pytest.approx(400, abs=80)
    between = (up > 1e-3) & (up < 0.999999)
    assert between.sum() == pytest.approx(1200, abs=120)
    # Tilts of those are even from 0 to 90 degrees: mean 45.
    assert np.arccos(up[between]).mean() == pytest.approx(math.pi / 4, abs=0.06)


def test_more_of_those_that_lie_do_so_on_a_side_where_asked():
    starts = GetupStarts(lying_share=1.0, tilted_share=0.0, sides_share=0.8)
    placement, _ = GetupTask(starts=starts).begin(NumpyRandom(1), 4000)
    gravity = gravity_direction(placement.root[:, 0, 3:])
    shares = [
        (axis > 0.99).mean()
        for axis in (gravity[:, 0], -gravity[:, 0], gravity[:, 1], -gravity[:, 1])
    ]
    # Chest and back 0.1 each, left and right side 0.4 (sigma 0.008).
    assert shares == pytest.approx([0.1, 0.1, 0.4, 0.4], abs=0.03)


def test_a_recorded_posture_starts_as_it_was():
    state = StartState(height_m=0.2, tilt_rad=0.7, toward_rad=1.0, joint_rad=CROUCH_RAD)
    starts = GetupStarts(
        lying_share=0, tilted_share=0, recorded_share=1, recorded=(state,)
    )
    placement, _ = GetupTask(starts=starts).begin(Replay(np), 10)
    assert placement.root[:, 0, 2] == pytest.approx(0.2)
    np.testing.assert_allclose(
        placement.joint_rad[:, 0], np.tile(CROUCH_RAD, (10, 1)), atol=1e-6
    )
    x, y = placement.root[:, 0, 4], placement.root[:, 0, 5]
    assert 1 - 2 * (x * x + y * y) == pytest.approx(math.cos(0.7))


def test_no_start_penetrates_anything_and_all_soon_lie_or_stand_on_the_floor():
    arena = build_arena(TASK.arena)
    data = mujoco.MjData(arena.model)
    placement, _ = TASK.begin(Replay(np), 300)
    torso_z = arena.robots[0].root_qpos[2]
    floor = arena.model.geom("floor").id
    for row in range(300):
        put(arena, data, placement, row)
        assert max((-contact.dist for contact in data.contact), default=0) < 1e-3
        # 20 mm of air and at most as much from the joints' spread.
        data.qpos[torso_z] -= 0.045
        mujoco.mj_forward(arena.model, data)
        assert any(floor in contact.geom for contact in data.contact)


def test_the_crouch_holds_by_itself_so_it_can_be_a_target():
    starts = GetupStarts(
        lying_share=0, tilted_share=0, poses=(CROUCH_RAD,), joint_spread_rad=0
    )
    task = GetupTask(starts=starts)
    arena = build_arena(task.arena)
    data = mujoco.MjData(arena.model)
    placement, _ = task.begin(Replay(np), 1)
    put(arena, data, placement, 0)
    mujoco.mj_step(arena.model, data, 600)
    assert data.sensordata[arena.robots[0].sensors["up"]][2] > 0.99
    assert data.qpos[arena.robots[0].root_qpos[2]] < 0.20


@pytest.mark.parametrize("game_layout", [False, True])
def test_numpy_jax_and_compiled_jax_agree(game_layout):
    ways = NUMPY_AND_COMPILED if game_layout else WAYS
    task = GetupTask(game_layout=game_layout)
    assert_all_ways_agree(task, 1, ball=False, ways=ways)


def test_impossible_configurations_are_refused():
    with pytest.raises(ValueError, match="motions: expected one or more"):
        GetupTask(motions=())
    with pytest.raises(ValueError, match=r"length 1, found 20 and 0\.500"):
        TargetPose(name="short", joint_rad=STAND_RAD, gravity=(0.5, 0.0, 0.0))
    with pytest.raises(ValueError, match="add up to at most 1, found"):
        GetupStarts(lying_share=0.8, tilted_share=0.3)
    with pytest.raises(ValueError, match=r"sides_share: expected more than 0 and less"):
        GetupStarts(sides_share=1.0)
    with pytest.raises(ValueError, match=r"states for recorded_share 0\.2, found"):
        GetupStarts(recorded_share=0.2, lying_share=0.1)
