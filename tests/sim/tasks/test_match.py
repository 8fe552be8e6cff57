"""The match: what each side sees and earns, when it ends, how it starts."""

import math
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from robot import observation
from robot.contracts.joints import OP3_JOINTS
from sim.arena import build_arena
from sim.env_parameters import EpisodeParameters
from sim.tasks.match import MatchTask
from sim.tasks.sight import Looks, first_looks
from sim.tasks.view import WorldView, view_world
from tests.sim.tasks.worlds import (
    NUMPY_AND_COMPILED,
    WAYS,
    Replay,
    assert_all_ways_agree,
    no_actions,
    put,
    random_world,
    world,
)

TASK = MatchTask()
PROPRIOCEPTION = {
    "joint_position": 20,
    "linear_acceleration": 3,
    "gyro": 3,
    "gravity": 3,
    "previous_target": 20,
}


def judge(view: WorldView, before: WorldView | None = None, task=TASK, time_s=1.0):
    earlier = before or view
    memory = first_looks(TASK.sight, earlier.robots.position_m, earlier.ball.position_m)
    count = len(view.robots.position_m)
    time = np.full(count, time_s)
    return task.advance(Replay(np), memory, time, view, no_actions())


# One robot at (1, 1) facing +y, the other at (0, 1) facing +x, the ball at (1, 2).
SCENE = (
    {"x": 1.0, "y": 1.0, "heading": math.pi / 2},
    {"x": 0.0, "y": 1.0},
)


@pytest.mark.parametrize(
    ("name", "home", "away"),
    [
        # One metre straight ahead; from (0, 1): one ahead, one to the left.
        ("ball_position", (1, 0), (1, 1)),
        # The other is 1 m toward -x: to the left of who faces +y.
        ("opponent_position", (0, 1), (1, 0)),
        # Home's goal (-2.5, 0) is (-3.5, -1) away: ahead -1, left 3.5.
        # Away's goal (2.5, 0) is (2.5, -1) away.
        ("own_goal_position", (-1, 3.5), (2.5, -1)),
        ("opponent_goal_position", (-1, -1.5), (-2.5, -1)),
    ],
)
def test_places_are_seen_from_the_robots_heading(name, home, away):
    found = judge(world(*SCENE, ball=(1, 2, 0.07))).terms[name]
    np.testing.assert_allclose(found[0], [home, away], atol=1e-9)


def test_velocities_are_position_differences_in_the_robots_heading():
    now = world(*SCENE, ball=(1, 2, 0.07))
    memory = Looks(
        # Home came 10 mm along +y, away 5 mm along +x, the ball 20 mm along +x.
        robots_m=np.array([[[[1.0, 0.99], [-0.005, 1.0]]]]),
        ball_m=np.array([[[0.98, 2.0]]]),
    )
    found = TASK.advance(Replay(np), memory, np.ones(1), now, no_actions()).terms
    # Over 25 ms: 0.4, 0.2 and 0.8 m/s. Who faces +y has +x on the right.
    expected = {
        "own_velocity": [(0.4, 0), (0.2, 0)],
        "opponent_velocity": [(0, -0.2), (0, 0.4)],
        "ball_velocity": [(0, -0.8), (0.8, 0)],
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name][0], value, atol=1e-9)


def test_in_a_team_the_nearest_mate_and_the_nearest_opponent_are_seen():
    task = MatchTask(team_size=3)
    # All face +x and x tells who is who; the opponents stand 1 m to the left.
    places = [(0.0, 0.0), (0.5, 0.0), (1.2, 0.0), (0.0, 1.0), (0.6, 1.0), (1.4, 1.0)]
    view = world(*({"x": x, "y": y} for x, y in places), ball=(0, -1, 0.07))
    # Everyone came 10 mm along +x, times the number of the robot: 0.4 m/s each.
    back = np.array([[(0.01 * number, 0.0) for number in range(6)]])
    memory = Looks(
        robots_m=np.array([[places]]) - back[:, None], ball_m=np.zeros((1, 1, 2))
    )
    found = task.advance(Replay(np), memory, np.ones(1), view, no_actions()).terms
    expected = {
        # Home 0 sees home 1, 1 sees 0, 2 sees 1; away likewise.
        "teammate_position": [
            *((0.5, 0), (-0.5, 0), (-0.7, 0)),
            *((0.6, 0), (-0.6, 0), (-0.8, 0)),
        ],
        "teammate_velocity": [(0.4, 0), (0, 0), (0.4, 0), (1.6, 0), (1.2, 0), (1.6, 0)],
        # Home 0 is nearest to away 3, home 1 to 4, home 2 to 5, each on its left.
        "opponent_position": [
            *((0, 1), (0.1, 1), (0.2, 1)),
            *((0, -1), (-0.1, -1), (-0.2, -1)),
        ],
        "opponent_velocity": [(1.2, 0), (1.6, 0), (2.0, 0), (0, 0), (0.4, 0), (0.8, 0)],
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name][0], value, atol=1e-9, err_msg=name)


def test_nothing_moves_in_the_first_observation():
    view = world(*SCENE, ball=(1, 2, 0.07))
    elsewhere = Looks(robots_m=np.ones((1, 1, 2, 2)), ball_m=np.ones((1, 1, 2)))
    found = TASK.first(elsewhere, view)
    for name in ("own_velocity", "opponent_velocity", "ball_velocity"):
        assert not found["terms"][name].any()
    assert found["privileged"]["time_left"].tolist() == [[[1.0], [1.0]]]


def test_the_critic_sees_time_ball_and_opponent_as_they_are():
    robots = ({**SCENE[0], "tilt": 0.5}, {**SCENE[1], "velocity": (0, 0.3, 0.1)})
    view = world(*robots, ball=(1, 2, 0.17), ball_velocity=(0.5, 0, 1))
    found = judge(view, time_s=12.5).privileged
    # 12.5 of 50 s are gone.
    assert found["time_left"][0, 0, 0] == pytest.approx(0.75)
    # Home's own pitch is the world; away sees it turned by 180 degrees.
    np.testing.assert_allclose(found["pitch_position"][0], [(1, 1), (0, -1)])
    np.testing.assert_allclose(found["pitch_heading"][0], [(0, 1), (-1, 0)], atol=1e-9)
    # z counts from the floor; the ball's (0.5, 0) m/s go to the right of home.
    np.testing.assert_allclose(found["ball_offset"][0, 0], (1, 0, 0.17), atol=1e-9)
    np.testing.assert_allclose(found["ball_motion"][0, 0], (0, -0.5, 1), atol=1e-9)
    # Away faces 90 degrees to the right of home and moves along home's heading.
    np.testing.assert_allclose(found["opponent_facing"][0, 0], (0, -1), atol=1e-9)
    np.testing.assert_allclose(found["opponent_motion"][0, 0], (0.3, 0, 0.1), atol=1e-9)
    # Away sees home's tilt: gravity (sin 0.5, 0, -cos 0.5).
    np.testing.assert_allclose(
        found["opponent_upright"][0, 1], (0.479426, 0, -0.877583), atol=1e-6
    )


@pytest.mark.parametrize("size", [1, 2, 3])
def test_turning_the_world_and_swapping_teams_swaps_what_all_see_and_earn(size):
    task = MatchTask(team_size=size)
    now = random_world(1, 64, 2 * size, ball=True)
    before = random_world(2, 64, 2 * size, ball=True)
    swap = [*range(size, 2 * size), *range(size)]
    found = judge(now, before, task)
    turned = judge(
        turned_and_swapped(now, swap), turned_and_swapped(before, swap), task
    )
    for group in ("rewards", "terms", "privileged"):
        straight, other = getattr(found, group), getattr(turned, group)
        for name, value in straight.items():
            np.testing.assert_allclose(
                other[name], value[:, swap], atol=2e-4, err_msg=name
            )
    assert (found.terminated == turned.terminated).all()
    assert found.terminated.sum() >= 32


def turned_and_swapped(view: WorldView, swap: list[int]) -> WorldView:
    half_turn = np.array([-1, -1, 1], np.float32)
    robots = {name: value[:, swap] for name, value in vars(view.robots).items()}
    robots["position_m"] = robots["position_m"] * half_turn
    robots["velocity_m_s"] = robots["velocity_m_s"] * half_turn
    robots["heading_rad"] = robots["heading_rad"] + np.float32(math.pi)
    return WorldView(
        robots=replace(view.robots, **robots),
        ball=replace(
            view.ball,
            position_m=view.ball.position_m * half_turn,
            velocity_m_s=view.ball.velocity_m_s * half_turn,
        ),
    )


def test_goals_end_the_episode_and_falls_do_not():
    fallen = world({"tilt": 1.5}, {"x": 2.6}, ball=(0, 0, 0.07))
    assert judge(fallen).terminated.tolist() == [False]
    for x in (2.6, -2.6):
        assert judge(world(*SCENE, ball=(x, 0, 0.07))).terminated.tolist() == [True]


def test_a_fallen_robot_pays_and_gains_nothing_not_even_a_goal():
    robots = ({"tilt": 1.2, "velocity": (0.4, 0)}, {"x": -1, "velocity": (-0.4, 0)})
    found = {
        name: value[0].tolist()
        for name, value in judge(world(*robots, ball=(2.6, 0, 0.07))).rewards.items()
    }
    assert found["termination"] == [-0.5, 0]
    assert found["scoring"] == [0, 0]
    assert found["conceding"] == [0, -1000]
    assert found["forward_velocity"] == [0, pytest.approx(-0.04)]
    assert found["velocity_to_ball"] == [0, pytest.approx(-0.02)]
    assert found["upright"] == [0, 0.02]


def test_a_goal_is_worth_25_after_scaling():
    found = judge(world(*SCENE, ball=(2.6, 0, 0.07)))
    # 1000 x 0.025 s.
    assert found.scale * found.rewards["scoring"][0, 0] == pytest.approx(25)


@pytest.mark.parametrize(("size", "numbers"), [(1, 267), (2, 271), (4, 271)])
def test_the_observation_has_the_numbers_of_the_paper(size, numbers):
    task = MatchTask(team_size=size)
    view = random_world(3, 5, 2 * size, ball=True)
    sources = judge(view, task=task).terms | {
        name: np.zeros((5, 2 * size, width)) for name, width in PROPRIOCEPTION.items()
    }
    spec = task.observation
    vector = observation.vector(spec, observation.start(spec, sources))
    assert vector.shape == (5, 2 * size, numbers)
    assert spec.size == numbers
    assert [fault for term in spec.terms for fault in term.faults()] == []


def test_the_critic_knows_which_soles_touch_and_how_high_the_torso_is():
    view = world(*SCENE, ball=(1, 2, 0.07))
    lifted = replace(view.robots, contact=np.array([[[True, False], [False, True]]]))
    found = judge(WorldView(robots=lifted, ball=view.ball)).privileged
    assert found["contact"].tolist() == [[[1, 0], [0, 1]]]
    assert found["height"].tolist() == [[[0.236], [0.236]]]


def test_proprioception_makes_245_of_them_with_five_steps_of_history():
    terms = {term.name: term for term in TASK.observation.terms}
    found = sum(terms[name].size * terms[name].history for name in PROPRIOCEPTION)
    # 5 x (20 + 3 + 3 + 3 + 20).
    assert found == 245
    assert terms["own_velocity"].history == 5
    assert terms["ball_velocity"].history == 1


def test_the_critics_group_holds_what_its_table_says():
    found = judge(random_world(3, 5, 2, ball=True)).privileged
    spec = TASK.privileged
    names = {term.name for term in spec.terms}
    # The rest is this episode's randomization, which the core knows.
    assert set(found) <= names
    assert names - set(found) <= set(EpisodeParameters.__dataclass_fields__)
    for term in spec.terms:
        if term.name not in found:
            continue
        assert found[term.name].shape == (5, 2, term.size), term.name
        assert term.faults() == []


def test_an_action_of_one_is_the_upper_joint_limit_and_minus_one_the_lower():
    action = TASK.action
    assert action.faults() == []
    assert action.filter_keep == 0.8
    for number, joint in enumerate(OP3_JOINTS):
        middle, half = action.default_rad[number], action.scale_rad[number]
        assert middle + half == pytest.approx(joint.max_rad)
        assert middle - half == pytest.approx(joint.min_rad)


def test_a_third_starts_on_the_chest_a_third_on_the_back_a_third_standing():
    placement, _ = TASK.begin(Replay(np), 3000)
    height = placement.root[..., 2]
    # 6000 robots: 2000 each, sigma sqrt(6000 x 2/9) = 37.
    assert (height > 0.2).sum() == pytest.approx(2000, abs=150)
    data = [placement.root[..., 3 + part] for part in range(4)]
    w, x, y, z = data
    chest_down = 2 * (w * y - x * z) > 0.99
    assert chest_down.sum() == pytest.approx(2000, abs=150)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_nobody_starts_out_of_bounds_or_too_near_another(size):
    task = MatchTask(team_size=size)
    placement, memory = task.begin(Replay(np), 500)
    spots = placement.root[..., :2]
    assert np.abs(spots[..., 0]).max() <= 1.9
    assert np.abs(spots[..., 1]).max() <= 1.67
    things = np.concatenate([spots, placement.ball[:, None, :2]], axis=1)
    apart = np.linalg.norm(things[:, :, None] - things[:, None], axis=-1)
    apart[:, range(2 * size + 1), range(2 * size + 1)] = np.inf
    # 2 x 0.33 between robots, 0.33 + 0.14 to the ball.
    assert apart[:, :-1, :-1].min() >= 0.66 - 1e-5
    assert apart[:, -1].min() >= 0.47 - 1e-5
    # Spread over the pitch, not in a corner of it.
    assert spots.reshape(-1, 2).std(axis=0) == pytest.approx((1.1, 0.96), abs=0.1)
    assert (memory.ball_m[:, 0] == placement.ball[:, :2]).all()


@pytest.mark.parametrize("size", [1, 3])
def test_no_start_penetrates_anything_and_the_floor_is_near(size):
    task = MatchTask(team_size=size)
    arena = build_arena(task.arena)
    data = mujoco.MjData(arena.model)
    placement, _ = task.begin(Replay(np), 60)
    floor = arena.model.geom("floor").id
    for row in range(60):
        put(arena, data, placement, row)
        assert deepest(data) < 1e-3
        for robot in arena.robots:
            # 2 mm of air: 3 mm lower each robot touches.
            data.qpos[robot.root_qpos[2]] -= 0.003
        mujoco.mj_forward(arena.model, data)
        robots_on_floor = {
            arena.model.body_rootid[arena.model.geom_bodyid[geom]]
            for contact in data.contact
            if floor in contact.geom
            for geom in contact.geom
            if geom != floor
        }
        torsos = {robot.torso_body for robot in arena.robots}
        assert torsos <= robots_on_floor


def deepest(data: mujoco.MjData) -> float:
    return max((-contact.dist for contact in data.contact), default=0.0)


def test_starts_settle_without_a_jump_and_stay_standing_or_lying():
    arena = build_arena(TASK.arena)
    data = mujoco.MjData(arena.model)
    placement, memory = TASK.begin(Replay(np), 6)
    for row in range(6):
        put(arena, data, placement, row)
        mujoco.mj_step(arena.model, data, 200)
        for number, robot in enumerate(arena.robots):
            stood = placement.root[row, number, 2] > 0.2
            up = data.sensordata[robot.sensors["up"]][2]
            assert (up > 0.99) == stood
            drift = data.qpos[robot.root_qpos[:2]] - memory.robots_m[row, 0, number]
            assert np.linalg.norm(drift) < 0.05
        assert data.qpos[arena.ball.qpos[2]] == pytest.approx(0.07, abs=0.005)


def test_a_real_view_of_a_lying_robot_has_the_heading_it_will_rise_to():
    arena = build_arena(TASK.arena)
    data = mujoco.MjData(arena.model)
    placement, _ = TASK.begin(Replay(np), 8)
    for row in range(8):
        put(arena, data, placement, row)
        view = view_world(
            arena,
            data.qpos[None],
            data.qvel[None],
            data.sensordata[None],
            np.zeros((1, 2, 20)),
        )
        terms = TASK.first(Looks(robots_m=0, ball_m=0), view)["terms"]
        quat = placement.root[row, :, 3:]
        heading = 2 * np.arctan2(quat[:, 3], quat[:, 0])
        offset = placement.ball[row, :2] - placement.root[row, :, :2]
        ahead = offset[:, 0] * np.cos(heading) + offset[:, 1] * np.sin(heading)
        np.testing.assert_allclose(terms["ball_position"][0, :, 0], ahead, atol=1e-6)


@pytest.mark.parametrize(("size", "ways"), [(1, NUMPY_AND_COMPILED), (2, WAYS)])
def test_numpy_jax_and_compiled_jax_agree(size, ways):
    task = MatchTask(team_size=size)
    assert_all_ways_agree(task, 2 * size, ball=True, ways=ways)


def test_a_team_of_none_is_refused():
    with pytest.raises(ValueError, match="team_size: expected 1 to 5, found 0"):
        MatchTask(team_size=0)
