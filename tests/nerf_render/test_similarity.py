"""Similarity transforms against numbers by hand."""

import numpy as np
import pytest

from nerf_render.similarity import fit_similarity, similarity

QUARTER = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.fixture
def turn():
    return similarity(scale=2.0, rotation=QUARTER, translation=(10.0, 0.0, 1.0))


def test_points_are_turned_then_scaled_then_moved(turn):
    # (1, 0, 0) turns to (0, 1, 0), grows to (0, 2, 0), moves to (10, 2, 1).
    np.testing.assert_allclose(turn.points(np.array([1.0, 0.0, 0.0])), [10, 2, 1])
    np.testing.assert_allclose(turn.directions(np.array([1.0, 0.0, 0.0])), [0, 1, 0])


def test_the_inverse_undoes(turn):
    points = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(turn.inverse.points(turn.points(points)), points)


def test_after_applies_the_right_one_first(turn):
    shift = similarity(scale=1.0, rotation=np.eye(3), translation=(1.0, 0.0, 0.0))
    # Shifted (0,0,0) -> (1,0,0) -> (10, 2, 1).
    np.testing.assert_allclose(turn.after(shift).points(np.zeros(3)), [10, 2, 1])


def test_poses_keep_rigid_rotations(turn):
    pose = np.eye(4)
    pose[:3, 3] = [1, 0, 0]
    moved = turn.poses(pose[None])[0]
    np.testing.assert_allclose(moved[:3, :3], QUARTER)
    np.testing.assert_allclose(moved[:3, 3], [10, 2, 1])


def test_the_fit_finds_what_moved_the_points(turn):
    points = np.random.default_rng(1).normal(size=(6, 3))
    found = fit_similarity(points, turn.points(points))
    assert found.scale == pytest.approx(2.0)
    np.testing.assert_allclose(found.matrix, QUARTER, atol=1e-12)
    np.testing.assert_allclose(found.translation, [10, 0, 1], atol=1e-12)


def test_the_fit_never_mirrors():
    points = np.random.default_rng(2).normal(size=(6, 3))
    found = fit_similarity(points, points * [1.0, 1.0, -1.0])
    assert np.linalg.det(found.matrix) == pytest.approx(1.0)
