"""The tactics as a script: where they think everything is, and what they wish."""

import math

import numpy as np
import pytest

from sim.demonstrator import DemonstratorError
from sim.tactics_script import DRIBBLING, TacticsScript, seen_pitch
from sim.tasks.rise import RiseTask
from sim.tasks.score import ScoreTask

TASK = ScoreTask(alone=True)


def seen(*robots):
    """Observations of robots at (x, y, heading) with the ball at (bx, by)."""
    rows = []
    for x, y, heading, ball in robots:
        turn = np.array(
            [
                [math.cos(heading), math.sin(heading)],
                [-math.sin(heading), math.cos(heading)],
            ]
        )
        places = {
            "ball_position": ball,
            "own_goal_position": (-2.5, 0.0),
            "opponent_goal_position": (2.5, 0.0),
        }
        row, offset = np.zeros(TASK.observation.size, np.float32), 0
        for term in TASK.observation.terms:
            if term.name in places:
                offset_m = turn @ (np.array(places[term.name]) - (x, y))
                row[offset : offset + 2] = offset_m / term.std
            offset += term.size * term.history
        rows.append(row)
    return np.stack(rows)


def test_the_pitch_is_rebuilt_from_what_the_robot_sees():
    # At (1, -0.5), facing +y: the goals at (-2.5, 0) and (2.5, 0) are 0.5 m ahead,
    # 3.5 m to the left and 1.5 m to the right; a ball at (0, 1) is 1.5 m ahead and 1 m
    # to the left.
    view = seen_pitch(np.array([1.5, 1.0]), np.array([0.5, 3.5]), np.array([0.5, -1.5]))
    assert view.pose is not None
    assert (view.pose.x_m, view.pose.y_m) == pytest.approx((1.0, -0.5))
    assert view.pose.yaw_rad == pytest.approx(math.pi / 2)
    assert view.ball == pytest.approx((0.0, 1.0))


def test_each_robot_goes_to_its_own_ball():
    script = TacticsScript(TASK, 3)
    wishes = script(
        seen(
            # Far behind the ball, facing it: straight on at full speed.
            (-1.5, 0.0, 0.0, (0.5, 0.0)),
            # The ball is to the left, then to the right: turn first.
            (0.0, -1.0, 0.0, (0.0, 1.5)),
            (0.0, 1.0, 0.0, (0.0, -1.5)),
        )
    )
    assert wishes[0] == pytest.approx((DRIBBLING.steering.forward_m_s, 0, 0), abs=1e-6)
    assert wishes[1, 2] == pytest.approx(DRIBBLING.steering.turn_rad_s)
    assert wishes[2, 2] == pytest.approx(-DRIBBLING.steering.turn_rad_s)
    assert not wishes[1:, 0].any()


def test_a_robot_behind_the_ball_dribbles_until_its_episode_ends():
    script = TacticsScript(TASK, 2)
    behind = (0.0, 0.0, 0.0, (0.32, 0.0))
    # A ball 0.5 m off is still dribbled by who was at it, and approached by who begins.
    farther = (0.0, 0.1, 0.0, (0.45, 0.0))
    first = script(seen(behind, behind))
    assert first[:, 0] == pytest.approx(DRIBBLING.dribble_m_s)
    script.restart(np.array([False, True]))
    after = script(seen(farther, farther))
    assert after[0, 0] == pytest.approx(DRIBBLING.dribble_m_s)
    assert after[1, 0] != pytest.approx(DRIBBLING.dribble_m_s)


def test_a_task_without_a_game_is_refused():
    with pytest.raises(DemonstratorError, match="expected ball_position"):
        TacticsScript(RiseTask(), 1)
