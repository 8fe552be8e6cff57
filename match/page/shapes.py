"""Meshes of the page's scene, from measures: boxes, tubes and rounded bodies."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Point = tuple[float, float, float]

_ROUNDNESS = 5.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One mesh of one colour.

    Attributes:
        name: in the scene, unique among its siblings.
        vertices: float [V, 3], m.
        faces: int [F, 3], counter-clockwise from outside.
        colour: 0 to 255 each.
        opacity: 0 to 1; None for solid.
        flat: edges are to be seen.
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    colour: Colour
    opacity: float | None = None
    flat: bool = True


def shape(
    name: str,
    colour: Colour,
    meshes: Iterable[trimesh.Trimesh],
    *,
    opacity: float | None = None,
    flat: bool = True,
) -> Shape:
    """Several meshes as one."""
    whole = trimesh.util.concatenate(list(meshes))
    assert isinstance(whole, trimesh.Trimesh)
    return Shape(
        name=name,
        vertices=np.asarray(whole.vertices, dtype=np.float64),
        faces=np.asarray(whole.faces, dtype=np.int64),
        colour=colour,
        opacity=opacity,
        flat=flat,
    )


def box(centre: Point, size: Point, yaw_rad: float = 0.0) -> trimesh.Trimesh:
    """Edges along the axes, turned by `yaw_rad` about z."""
    pose = trimesh.transformations.rotation_matrix(yaw_rad, (0, 0, 1))
    pose[:3, 3] = centre
    return trimesh.creation.box(extents=size, transform=pose)


def slope(corners: Iterable[Point]) -> trimesh.Trimesh:
    """A flat piece with four corners, in order around it, seen from both sides."""
    faces = [(0, 1, 2), (0, 2, 3), (2, 1, 0), (3, 2, 0)]
    return trimesh.Trimesh(vertices=list(corners), faces=faces, process=False)


def tube(start: Point, end: Point, radius_m: float) -> trimesh.Trimesh:
    """A cylinder from point to point."""
    return trimesh.creation.cylinder(radius=radius_m, segment=(start, end), sections=20)


def ball(radius_m: float) -> trimesh.Trimesh:
    """A sphere about the origin."""
    return trimesh.creation.icosphere(subdivisions=3, radius=radius_m)


def rounded(low: Point, high: Point) -> trimesh.Trimesh:
    """A box with soft edges between two corners (a superellipsoid)."""
    middle = (np.asarray(low) + np.asarray(high)) / 2
    return _soft(np.asarray(high) - np.asarray(low), np.eye(3), middle)


def limb(start: Point, end: Point, width_m: float, depth_m: float) -> trimesh.Trimesh:
    """A soft box along a line: `depth_m` fore and aft, `width_m` across.

    Its ends reach half a depth beyond `start` and `end`, so that joints look closed.
    """
    line = np.asarray(end) - np.asarray(start)
    length_m = float(np.linalg.norm(line))
    along = line / length_m
    across = np.cross(along, (1.0, 0.0, 0.0))
    across /= np.linalg.norm(across)
    axes = np.stack([np.cross(across, along), across, along], axis=1)
    middle = (np.asarray(start) + np.asarray(end)) / 2
    return _soft(np.array([depth_m, width_m, length_m + depth_m]), axes, middle)


def _soft(
    size: NDArray[np.float64], axes: NDArray[np.float64], middle: NDArray[np.float64]
) -> trimesh.Trimesh:
    sphere = trimesh.creation.icosphere(subdivisions=3)
    outward = np.asarray(sphere.vertices)
    norm = np.linalg.norm(outward, ord=_ROUNDNESS, axis=1, keepdims=True)
    points = (outward / norm * (size / 2)) @ axes.T + middle
    faces = np.asarray(sphere.faces)
    if np.linalg.det(axes) < 0:
        faces = faces[:, ::-1]
    return trimesh.Trimesh(vertices=points, faces=faces, process=False)


def disc(radius_m: float, height_m: float) -> trimesh.Trimesh:
    """Flat and round about z at `height_m`, seen from above."""
    return arc(radius_m / 2, radius_m, height_m)


def arc(
    radius_m: float, width_m: float, height_m: float, pieces: int = 48
) -> trimesh.Trimesh:
    """A flat ring about z, its top at `height_m`."""
    angles = np.linspace(0.0, 2 * math.pi, pieces, endpoint=False)
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rings = [around * (radius_m + sign * width_m / 2) for sign in (-1, 1)]
    points = np.column_stack([np.concatenate(rings), np.full(2 * pieces, height_m)])
    here = np.arange(pieces)
    there = (here + 1) % pieces
    faces = np.concatenate(
        [
            np.stack([here, here + pieces, there + pieces], axis=1),
            np.stack([here, there + pieces, there], axis=1),
        ]
    )
    return trimesh.Trimesh(vertices=points, faces=faces, process=False)
