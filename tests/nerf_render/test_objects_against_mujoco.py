"""Objects against MuJoCo's segmentation; at length: `benchmarks.dynamic_objects`."""

import numpy as np
import pytest

from benchmarks.dynamic_objects import match_states, measure
from sim.arena import match_arena


@pytest.fixture(scope="module")
def agreement():
    arena = match_arena()
    return measure(arena, match_states(arena, 10, seed=5))


def test_the_ball_covers_the_same_pixels(agreement):
    assert len(agreement.ball_iou) >= 4
    assert np.mean(agreement.ball_iou) >= 0.95
    assert np.min(agreement.ball_iou) >= 0.8  # one pixel of six


def test_robots_cover_the_same_pixels(agreement):
    assert len(agreement.robot_iou) >= 4
    assert np.mean(agreement.robot_iou) >= 0.9


def test_what_is_nearer_is_in_front(agreement):
    assert agreement.compared >= 20
    assert agreement.order >= 0.99
