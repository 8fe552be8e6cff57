"""Few faces around many vertices."""

import numpy as np
import pytest

from sim.convex_faces import box_faces, enclosing_faces, padded, prism_faces

CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 2)], float)


def volume_share(normals, offsets, low, high):
    """Of the box low..high that lies within all faces, by a fine grid."""
    axes = [np.linspace(a, b, 40) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return ((points @ normals.T) <= offsets + 1e-9).all(1).mean()


def test_a_boxs_faces():
    normals, offsets = box_faces(np.array([1.0, 2.0, 3.0]))
    assert normals.tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [-1, 0, 0],
        [0, -1, 0],
        [0, 0, -1],
    ]
    assert offsets.tolist() == [1, 2, 3, 1, 2, 3]


def test_a_prism_has_the_cylinders_cross_section():
    normals, offsets = prism_faces(0.5, 1.0, sides=10)
    assert normals.shape == (12, 3)
    # Regular polygon of n sides and apothem a: area n a^2 tan(pi / n).
    area = 10 * offsets[0] ** 2 * np.tan(np.pi / 10)
    assert area == pytest.approx(np.pi * 0.5**2)
    assert offsets[-2:].tolist() == [1.0, 1.0]


def test_six_faces_enclose_a_box_exactly():
    normals, offsets = enclosing_faces(CUBE, 6)
    assert (CUBE @ normals.T - offsets).max() < 1e-9
    # The box is all of its own bounding box, and a third of one thrice as high.
    assert volume_share(normals, offsets, [0, 0, 0], [1, 1, 2]) == 1.0
    assert volume_share(normals, offsets, [0, 0, -2.025], [1, 1, 3.975]) == (
        pytest.approx(1 / 3, abs=0.03)
    )


def test_more_faces_cut_a_pyramid_out_of_its_box():
    pyramid = np.array([[1, 1, 0], [1, -1, 0], [-1, 1, 0], [-1, -1, 0], [0, 0, 1.0]])
    normals, offsets = enclosing_faces(pyramid, 10)
    assert (pyramid @ normals.T - offsets).max() < 1e-9
    # Volume 4 / 3 in a box of 2 x 2 x 1.
    share = volume_share(normals, offsets, [-1, -1, 0], [1, 1, 1])
    assert share == pytest.approx(1 / 3, abs=0.04)


def test_padding_repeats_the_first_face():
    normals, offsets = padded(*box_faces(np.ones(3)), 8)
    assert normals.shape == (8, 3)
    assert normals[6:].tolist() == [[1, 0, 0]] * 2
    assert offsets[6:].tolist() == [1, 1]
