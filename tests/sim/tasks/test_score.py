"""The soccer teacher: one agent, a passive opponent, four ways to end."""

import math

import mujoco
import numpy as np
import pytest

from sim.arena import build_arena
from sim.tasks.score import ScoreTask
from sim.tasks.sight import SightConfig, first_looks
from sim.tasks.soccer_rewards import SoccerRules, SoccerWeights
from tests.sim.tasks.worlds import (
    NUMPY_AND_COMPILED,
    Replay,
    assert_all_ways_agree,
    no_actions,
    put,
    world,
)

TASK = ScoreTask()


def judge(agent, opponent, ball=(0.5, 0.5, 0.07), task=TASK):
    view = world(agent, opponent, ball=ball)
    memory = first_looks(TASK.sight, view.robots.position_m, view.ball.position_m)
    return task.advance(Replay(np), memory, np.ones(1), view, no_actions())


@pytest.mark.parametrize(
    ("agent", "ball", "ends"),
    [
        ({}, (0.5, 0.5, 0.07), False),
        ({"tilt": 1.1}, (0.5, 0.5, 0.07), True),
        ({"z": 0.12}, (0.5, 0.5, 0.07), True),
        ({"y": 2.1}, (0.5, 0.5, 0.07), True),
        ({"x": 2.0}, (0.5, 0.5, 0.07), True),
        ({}, (2.6, 0.0, 0.07), True),
        # An own goal ends it too.
        ({}, (-2.6, 0.0, 0.07), True),
    ],
)
def test_the_episode_ends_by_a_goal_or_the_agents_own_foul(agent, ball, ends):
    assert judge(agent, {"x": -1}, ball).terminated.tolist() == [ends]


def test_the_opponent_may_lie_wherever_it_likes():
    assert not judge({}, {"x": 2.0, "tilt": 1.5}).terminated.any()


def test_only_the_agent_is_rewarded_by_the_soccer_column():
    agent = {"velocity": (0.4, 0.0)}
    found = judge(agent, {"x": 0.5, "tilt": 1.5}, (2.6, 0.0, 0.07)).rewards
    assert {name: value.shape for name, value in found.items()} == dict.fromkeys(
        found, (1, 1)
    )
    values = {name: value[0, 0] for name, value in found.items()}
    assert values == pytest.approx(
        {
            "scoring": 1000,
            "conceding": 0,
            # 0.05 x 0.4 and 0.1 x 0.4.
            "velocity_to_ball": 0.02,
            "forward_velocity": 0.04,
            # Straight at the opponent, 0.5 m ahead.
            "interference": -1,
            "termination": 0,
            "upright": 0.015,
            "knee_torque": 0,
            "ball_to_goal": 0,
        }
    )


def test_an_own_goal_costs_nothing_itself():
    found = judge({}, {"x": -1}, (-2.6, 0.0, 0.07)).rewards
    assert found["conceding"][0, 0] == 0
    assert found["scoring"][0, 0] == 0


def test_the_agent_observes_267_numbers_of_itself_and_the_game():
    assert TASK.observation.size == 267
    found = judge({"heading": math.pi / 2}, {"x": -1})
    # Half a metre ahead along +y, half a metre to the right.
    np.testing.assert_allclose(found.terms["ball_position"], [[[0.5, -0.5]]], atol=1e-9)
    assert {value.shape[:2] for value in found.terms.values()} == {(1, 1)}
    assert {value.shape[:2] for value in found.privileged.values()} == {(1, 1)}
    assert set(found.privileged) <= {term.name for term in TASK.privileged.terms}


def test_the_agent_always_stands_and_the_opponent_in_half_of_the_episodes():
    placement, _ = TASK.begin(Replay(np), 2000)
    stands = placement.root[..., 2] > 0.2
    assert stands[:, 0].all()
    # Sigma sqrt(2000 x 0.25) = 22.
    assert stands[:, 1].sum() == pytest.approx(1000, abs=90)
    w, x, y, z = (placement.root[:, 1, 3 + part] for part in range(4))
    down = 2 * (w * y - x * z)
    assert (down > 0.99).sum() == pytest.approx(500, abs=80)
    assert (down < -0.99).sum() == pytest.approx(500, abs=80)


@pytest.mark.parametrize(("share", "standing"), [(0.0, 0), (1.0, 200)])
def test_the_share_of_standing_opponents_is_a_choice(share, standing):
    placement, _ = ScoreTask(opponent_standing_share=share).begin(Replay(np), 200)
    assert (placement.root[:, 1, 2] > 0.2).sum() == standing


def test_no_start_penetrates_anything_or_ends_at_once():
    arena = build_arena(TASK.arena)
    data = mujoco.MjData(arena.model)
    placement, _ = TASK.begin(Replay(np), 60)
    for row in range(60):
        put(arena, data, placement, row)
        assert max((-contact.dist for contact in data.contact), default=0) < 1e-3
        x, y = np.abs(data.qpos[arena.robots[0].root_qpos[:2]])
        assert x <= 1.9
        assert y <= 1.67


def test_numpy_jax_and_compiled_jax_agree():
    assert_all_ways_agree(TASK, 2, ball=True, ways=NUMPY_AND_COMPILED)


def test_a_world_without_a_ball_is_refused():
    view = world({}, {"x": 1})
    with pytest.raises(ValueError, match="expected an arena with a ball, found none"):
        TASK.first(TASK.begin(Replay(np), 1)[1], view)


def test_a_share_beyond_one_is_refused():
    with pytest.raises(ValueError, match=r"expected 0 to 1, found 1\.5"):
        ScoreTask(opponent_standing_share=1.5)


def test_open_penalty_areas_end_nothing_but_falls_still_do():
    task = ScoreTask(rules=SoccerRules(areas_closed=False))
    ends = [
        judge({"x": 2.0, **more}, {"x": -1}, task=task).terminated.tolist()
        for more in ({}, {"tilt": 1.1})
    ]
    assert ends == [[False], [True]]


def test_the_balls_way_to_the_goal_pays_where_it_is_asked_to():
    task = ScoreTask(weights=SoccerWeights(ball_to_goal=2.0))
    # From (0.5, 1.5) to (2.5, 0): 2 and -1.5 of 2.5 m; 0.8 x 1 - 0.6 x -0.5 = 1.1 m/s.
    view = world({}, {"x": -1}, ball=(0.5, 1.5, 0.07), ball_velocity=(1.0, -0.5, 0))
    memory = first_looks(task.sight, view.robots.position_m, view.ball.position_m)
    found = task.advance(Replay(np), memory, np.ones(1), view, no_actions()).rewards
    assert found["ball_to_goal"].tolist() == [[pytest.approx(2.2)]]


def test_alone_the_opponent_is_seen_in_its_own_goal():
    task = ScoreTask(alone=True)
    assert len(task.arena.robots) == 1
    view = world({"x": 1.0, "heading": math.pi / 2}, ball=(0.5, 0.5, 0.07))
    memory = task.begin(Replay(np), 1)[1]
    assert memory.robots_m.shape == (1, 1, 1, 2)
    found = task.advance(Replay(np), memory, np.ones(1), view, no_actions())
    # 1.5 m along +x lie to the right of who faces +y.
    np.testing.assert_allclose(
        found.terms["opponent_position"], [[[0, -1.5]]], atol=1e-9
    )
    assert not found.terms["opponent_velocity"].any()
    assert found.rewards["interference"].tolist() == [[0.0]]
    names = {term.name for term in task.observation.terms}
    assert set(found.terms) <= names


def test_alone_numpy_jax_and_compiled_jax_agree():
    task = ScoreTask(alone=True, sight=SightConfig())
    assert_all_ways_agree(task, 1, ball=True, ways=NUMPY_AND_COMPILED)


def off_the_line(start, end, place):
    """[B] distance of places from the segments."""
    way = end - start
    share = np.sum((place - start) * way, -1) / np.sum(way * way, -1)
    foot = start + np.clip(share, 0, 1)[:, None] * way
    return np.linalg.norm(place - foot, axis=-1)


def test_opponents_in_the_way_stand_near_the_line_to_the_ball_or_the_goal():
    count = 2000
    task = ScoreTask(opponent_in_way_share=1.0)
    often, _ = task.begin(Replay(np), count)
    never, _ = TASK.begin(Replay(np), count)
    agent, opponent = often.root[:, 0, :2], often.root[:, 1, :2]
    ball = often.ball[:, :2]
    np.testing.assert_array_equal(agent, never.root[:, 0, :2])
    moved = np.any(opponent != never.root[:, 1, :2], axis=-1)
    # Half of all lines are too short for a robot of 0.33 m between two others.
    assert 0.4 < moved.mean() < 0.9
    goal = np.broadcast_to((2.5, 0.0), ball.shape)
    nearer = np.minimum(
        off_the_line(agent, ball, opponent), off_the_line(ball, goal, opponent)
    )
    assert nearer[moved].max() <= 0.15 + 1e-6
    assert np.linalg.norm(opponent - agent, axis=-1).min() > 0.65
    assert np.linalg.norm(opponent - ball, axis=-1).min() > 0.45


def test_a_share_in_the_way_is_a_share():
    count = 2000
    never, _ = TASK.begin(Replay(np), count)
    moved = [
        np.any(
            ScoreTask(opponent_in_way_share=share)
            .begin(Replay(np), count)[0]
            .root[:, 1, :2]
            != never.root[:, 1, :2],
            axis=-1,
        ).mean()
        for share in (0.5, 1.0)
    ]
    # Sigma sqrt(0.25 / 2000) = 0.011.
    assert moved[0] == pytest.approx(moved[1] / 2, abs=0.05)


def test_starts_in_the_way_agree_in_numpy_and_jax():
    task = ScoreTask(opponent_in_way_share=1.0)
    assert_all_ways_agree(task, 2, ball=True, ways=NUMPY_AND_COMPILED)


def test_a_share_in_the_way_beyond_one_is_refused():
    with pytest.raises(ValueError, match=r"opponent_in_way_share: expected 0 to 1"):
        ScoreTask(opponent_in_way_share=-0.1)
