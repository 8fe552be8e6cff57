"""Convex bodies as faces (outward normal, offset), few of them around many vertices."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

Floats = NDArray[np.float64]
_PROBES = 4000
_AXES = np.concatenate([np.eye(3), -np.eye(3)])


def box_faces(half_size: Floats) -> tuple[Floats, Floats]:
    """[6, 3] and [6] of a box about the origin."""
    return _AXES.copy(), np.concatenate([half_size, half_size])


def prism_faces(radius: float, half_height: float, sides: int) -> tuple[Floats, Floats]:
    """[sides + 2, 3] and [sides + 2] of a cylinder along z.

    The sides lie so that the prism's cross-section has the circle's area.
    """
    angle = 2 * np.pi * np.arange(sides) / sides
    around = np.stack([np.cos(angle), np.sin(angle), np.zeros(sides)], axis=-1)
    step = np.pi / sides
    apothem = radius * np.sqrt(step / np.tan(step))
    normals = np.concatenate([around, [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]])
    offsets = np.concatenate([np.full(sides, apothem), [half_height, half_height]])
    return normals, offsets


def enclosing_faces(vertices: Floats, count: int) -> tuple[Floats, Floats]:
    """At most `count` faces whose intersection encloses `vertices` closely.

    Starts from the bounding box in the vertices' own axes, then takes, one by one, the
    face of their hull that cuts most of what is still too much. Deterministic.

    Args:
        vertices: [V, 3], not all in a plane.
        count: 6 or more.
    """
    hull = ConvexHull(vertices)
    corners = vertices[hull.vertices]
    candidates = np.unique(hull.equations[:, :3].round(6), axis=0)
    candidates /= np.linalg.norm(candidates, axis=1, keepdims=True)
    centred = corners - corners.mean(0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    normals = np.concatenate([axes, -axes])
    offsets = (corners @ normals.T).max(0)
    low, high = -offsets[3:], offsets[:3]
    unit = np.random.default_rng(0).uniform(size=(_PROBES, 3))
    probes = (low + unit * (high - low)) @ axes
    reach = (corners @ candidates.T).max(0)
    outside = probes @ candidates.T > reach
    while len(normals) < count:
        best = int(outside.sum(0).argmax())
        if not outside[:, best].any():
            break
        normals = np.concatenate([normals, candidates[best : best + 1]])
        offsets = np.append(offsets, reach[best])
        outside = outside[~outside[:, best]]
    return normals, offsets


def padded(normals: Floats, offsets: Floats, count: int) -> tuple[Floats, Floats]:
    """Exactly `count` faces: the first is repeated."""
    missing = count - len(normals)
    return (
        np.concatenate([normals, np.repeat(normals[:1], missing, axis=0)]),
        np.concatenate([offsets, np.repeat(offsets[:1], missing)]),
    )
