"""Dynamic objects as convex bodies and capsules, and how they lie before a camera.

A convex body is the set normal . p <= offset over its faces. Seen from a camera at the
origin along the ray p = (x, y, 1) / w, a face bounds the inverse depth w by a function
that is affine in x and y: w >= n . (x, y, 1) / offset where the camera is behind the
face (offset > 0), w <= the same where it is before it. So a ray meets a convex body
without division or root, and the nearest hit is the largest admitted w.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.spatial import ConvexHull

from nerf_render.cameras import CameraPose
from nerf_render.shading import albedo_of

_LEAST_OFFSET_M = 1e-6


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "normal",
        "offset_m",
        "body",
        "albedo",
        "alpha",
        "label",
        "centre",
        "reach_m",
        "shade_radius_m",
    ],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class Convexes:
    """C convex bodies of K faces, each in the frame of the body that carries it.

    Attributes:
        normal, offset_m: [C, K, 3] outward unit vectors and [C, K].
        body: [C] which of the posed bodies.
        albedo: [C, 3] linear.
        alpha: [C] opacity.
        label: [C].
        centre, reach_m: [C, 3] and [C] of a sphere that encloses it.
        shade_radius_m: [C] of the sphere of equal volume; 0 for what belongs to the
            scene (body 0), whose shade is not drawn.
    """

    normal: Float[Array, "C K 3"]
    offset_m: Float[Array, "C K"]
    body: Int[Array, "C"]
    albedo: Float[Array, "C 3"]
    alpha: Float[Array, "C"]
    label: Int[Array, "C"]
    centre: Float[Array, "C 3"]
    reach_m: Float[Array, "C"]
    shade_radius_m: Float[Array, "C"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["ends", "radius_m", "body", "albedo", "label"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class Capsules:
    """N capsules; a sphere is one whose `ends` [N, 2, 3] coincide."""

    ends: Float[Array, "N 2 3"]
    radius_m: Float[Array, "N"]
    body: Int[Array, "N"]
    albedo: Float[Array, "N 3"]
    label: Int[Array, "N"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["solid", "sheets", "capsules"],
    meta_fields=["labels"],
)
@dataclass(frozen=True, kw_only=True)
class Primitives:
    """Everything that is drawn over a scene.

    Attributes:
        solid: opaque convex bodies.
        sheets: translucent ones (goal nets), blended over what lies behind.
        capsules: opaque.
        labels: what labels stand for.
    """

    solid: Convexes
    sheets: Convexes
    capsules: Capsules
    labels: tuple[str, ...]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["position", "rotation"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class BodyPoses:
    """Poses of all bodies in the pitch frame: [..., N, 3] m and [..., N, 3, 3]."""

    position: Float[Array, "*B N 3"]
    rotation: Float[Array, "*B N 3 3"]


def primitives_from(arrays: Any) -> Primitives:
    """From plain arrays, such as `sim.primitives_of_model` makes.

    Args:
        arrays: body 0 is the world. Has `face_normal` [C, K, 3], `face_offset_m`
            [C, K], `convex_body` [C], `convex_rgba` [C, 4] (display-encoded),
            `convex_label` [C],
            `capsule_ends_m` [N, 2, 3], `capsule_radius_m` [N], `capsule_body` [N],
            `capsule_rgba` [N, 4], `capsule_label` [N] and `labels`.
    """
    opaque = arrays.convex_rgba[:, 3] >= 1

    def convexes(which: np.ndarray) -> Convexes:
        normal, offset = arrays.face_normal[which], arrays.face_offset_m[which]
        spheres = [_spheres(*one) for one in zip(normal, offset, strict=True)]
        centres = np.array([sphere[0] for sphere in spheres]).reshape(-1, 3)
        reaches = np.array([sphere[1] for sphere in spheres])
        radii = np.array([sphere[2] for sphere in spheres])
        radii[arrays.convex_body[which] == 0] = 0
        return Convexes(
            normal=_float(normal),
            offset_m=_float(offset),
            body=jnp.asarray(arrays.convex_body[which]),
            albedo=_float(albedo_of(arrays.convex_rgba[which, :3])),
            alpha=_float(arrays.convex_rgba[which, 3]),
            label=jnp.asarray(arrays.convex_label[which]),
            centre=_float(centres),
            reach_m=_float(reaches),
            shade_radius_m=_float(radii),
        )

    return Primitives(
        solid=convexes(opaque),
        sheets=convexes(~opaque),
        capsules=Capsules(
            ends=_float(arrays.capsule_ends_m),
            radius_m=_float(arrays.capsule_radius_m),
            body=jnp.asarray(arrays.capsule_body),
            albedo=_float(albedo_of(arrays.capsule_rgba[:, :3])),
            label=jnp.asarray(arrays.capsule_label),
        ),
        labels=tuple(arrays.labels),
    )


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["bound", "before", "visible", "normal_w"],
    meta_fields=[],
)
@dataclass(frozen=True, kw_only=True)
class SeenConvexes:
    """Convex bodies before one camera.

    Attributes:
        bound: [C, K, 3] the affine bound on inverse depth, over (x, y, 1).
        before: [C, K] whether the camera is before the face (an upper bound).
        visible: [C] whether any of it can be in the picture.
        normal_w: [C, K, 3] in the pitch frame, for shading.
    """

    bound: Float[Array, "C K 3"]
    before: Bool[Array, "C K"]
    visible: Bool[Array, "C"]
    normal_w: Float[Array, "C K 3"]


def seen_convexes(
    convexes: Convexes,
    poses: BodyPoses,
    camera: CameraPose,
    window: Float[Array, "2 2"],
) -> SeenConvexes:
    """Transform to one camera's frame and find what the picture can hold.

    Args:
        window: least and largest (x / z, y / z) of the picture.
    """
    turn = poses.rotation[convexes.body]
    shift = poses.position[convexes.body] - camera.position
    normal_w = jnp.einsum("cij,ckj->cki", turn, convexes.normal)
    offset = convexes.offset_m + jnp.einsum("cki,ci->ck", normal_w, shift)
    near_zero = jnp.abs(offset) < _LEAST_OFFSET_M
    offset = jnp.where(near_zero, _LEAST_OFFSET_M, offset)
    bound = (normal_w @ camera.rotation) / offset[..., None]
    before = offset < 0
    centre = shift + jnp.einsum("cij,cj->ci", turn, convexes.centre)
    inside = in_window(centre @ camera.rotation, convexes.reach_m, window)
    return SeenConvexes(
        bound=bound,
        before=before,
        visible=inside & jnp.any(before, axis=-1),
        normal_w=normal_w,
    )


def seen_capsules(
    capsules: Capsules,
    poses: BodyPoses,
    camera: CameraPose,
    window: Float[Array, "2 2"],
) -> tuple[Float[Array, "N 2 3"], Bool[Array, "N"]]:
    """[N, 2, 3] ends in the camera's frame, and [N] what the picture can hold."""
    turn = poses.rotation[capsules.body]
    shift = poses.position[capsules.body] - camera.position
    ends = jnp.einsum("nij,nej->nei", turn, capsules.ends) + shift[:, None]
    ends = ends @ camera.rotation
    middle = ends.mean(1)
    reach = jnp.linalg.norm(ends[:, 1] - middle, axis=-1) + capsules.radius_m
    return ends, in_window(middle, reach, window)


def in_window(
    centre: Float[Array, "N 3"], reach_m: Float[Array, "N"], window: Float[Array, "2 2"]
) -> Bool[Array, "N"]:
    """Whether a sphere in the camera frame touches the cone of the picture."""
    x, y, z = centre[:, 0], centre[:, 1], centre[:, 2]
    touching = z > -reach_m
    for low, high, across in (
        (window[0, 0], window[1, 0], x),
        (window[0, 1], window[1, 1], y),
    ):
        touching &= (low * z - across) / jnp.sqrt(1 + low * low) <= reach_m
        touching &= (across - high * z) / jnp.sqrt(1 + high * high) <= reach_m
    return touching


def occluders(
    primitives: Primitives, poses: BodyPoses
) -> tuple[Float[Array, "O 3"], Float[Array, "O"]]:
    """Centres [O, 3], pitch frame, and radii of spheres that shade the floor."""
    solid, capsules = primitives.solid, primitives.capsules
    bodies = jnp.concatenate([solid.body, capsules.body])
    centres = jnp.concatenate([solid.centre, capsules.ends.mean(1)])
    radii = jnp.concatenate([solid.shade_radius_m, capsules.radius_m])
    turn = poses.rotation[bodies]
    placed = poses.position[bodies] + jnp.einsum("oij,oj->oi", turn, centres)
    return placed, jnp.where(bodies > 0, radii, 0.0)


def _spheres(normal: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Centre and radius about the corners, and radius of the sphere of equal volume."""
    corners = _corners(normal.astype(np.float64), offset.astype(np.float64))
    centre = (corners.min(0) + corners.max(0)) / 2
    reach = float(np.linalg.norm(corners - centre, axis=1).max())
    volume = ConvexHull(corners, qhull_options="QJ").volume
    return centre, reach, float((3 * volume / (4 * np.pi)) ** (1 / 3))


def _corners(normal: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Where three faces meet and no other cuts off."""
    normal, first = np.unique(normal.round(7), axis=0, return_index=True)
    offset = offset[first]
    count = len(normal)
    triples = np.array(
        [(a, b, c) for a in range(count) for b in range(a) for c in range(b)]
    )
    systems = normal[triples]
    solvable = np.abs(np.linalg.det(systems)) > 1e-4
    points = np.linalg.solve(systems[solvable], offset[triples[solvable]][..., None])
    points = points[..., 0]
    return points[(points @ normal.T <= offset + 1e-6).all(1)]


def _float(array: Any) -> Float[Array, "..."]:
    return jnp.asarray(array, jnp.float32)
