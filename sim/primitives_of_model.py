"""A compiled model's geoms as convex bodies and capsules, for renderers.

Arrays and names only: whoever draws them needs no MuJoCo. Boxes keep their six faces; a
mesh becomes a convex body of few faces around its hull; a cylinder a prism. The turf
and the painted lines are left out: they are the scene's, or drawn onto it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.arena import Arena
from sim.convex_faces import box_faces, enclosing_faces, padded, prism_faces

BALL, GOALS, WALLS, OTHER = "ball", "goals", "walls", "other"
_DRAWN_GROUPS = (0, 3)
_GEOM = mujoco.mjtGeom
_NET_ALPHA = 0.5


class PrimitivesError(ValueError):
    """A model has geoms that cannot be drawn as primitives."""


@dataclass(frozen=True, kw_only=True)
class ModelPrimitives:
    """C convex bodies of K faces and N capsules, each fixed to a body of the model.

    A convex body is where normal . p <= offset for all its faces; surplus faces repeat
    others. A capsule whose ends coincide is a sphere.

    Attributes:
        face_normal, face_offset_m: [C, K, 3] outward unit vectors and [C, K], in the
            body's frame.
        convex_body: [C] body ids.
        convex_rgba: [C, 4] display colours.
        convex_label: [C] indices into `labels`.
        capsule_ends_m: [N, 2, 3] in the body's frame.
        capsule_radius_m: [N].
        capsule_body, capsule_rgba, capsule_label: as for convex bodies.
        labels: what primitives belong to: the robots' names, "ball", "goals", "walls",
            "other".
        geoms: [C + N] geom ids, convex bodies first.
    """

    face_normal: NDArray[np.float32]
    face_offset_m: NDArray[np.float32]
    convex_body: NDArray[np.int32]
    convex_rgba: NDArray[np.float32]
    convex_label: NDArray[np.int32]
    capsule_ends_m: NDArray[np.float32]
    capsule_radius_m: NDArray[np.float32]
    capsule_body: NDArray[np.int32]
    capsule_rgba: NDArray[np.float32]
    capsule_label: NDArray[np.int32]
    labels: tuple[str, ...]
    geoms: NDArray[np.int32]


def primitives_of(
    arena: Arena, *, faces: int = 12, parts: Sequence[str] | None = None
) -> ModelPrimitives:
    """All that is drawn over a scene.

    Args:
        arena: compiled; its robots' hulls or, without them, their meshes' hulls.
        faces: of a convex body at most, 6 or more.
        parts: labels to keep; None for all. Leave out what the scene itself shows.

    Raises:
        PrimitivesError: unknown parts, or geoms of a kind that is not covered.
    """
    model = arena.model
    labels = (*(place.name for place in arena.config.robots), BALL, GOALS, WALLS, OTHER)
    unknown = sorted(set(parts or ()) - set(labels))
    if unknown:
        raise PrimitivesError(
            f"parts: expected any of {', '.join(labels)}; found {', '.join(unknown)}"
        )
    kept = labels if parts is None else tuple(parts)
    found = [
        (geom, labels.index(label))
        for geom in _drawn(arena)
        if (label := _label(arena, geom)) in kept
    ]
    round_kinds = (int(_GEOM.mjGEOM_SPHERE), int(_GEOM.mjGEOM_CAPSULE))
    capsules = [one for one in found if model.geom_type[one[0]] in round_kinds]
    convexes = [one for one in found if model.geom_type[one[0]] not in round_kinds]
    hulls = [padded(*_faces(model, geom, faces), faces) for geom, _ in convexes]
    ends = [_ends(model, geom) for geom, _ in capsules]
    round_ids, flat_ids = _ids(capsules), _ids(convexes)
    return ModelPrimitives(
        face_normal=_stacked([hull[0] for hull in hulls], (faces, 3)),
        face_offset_m=_stacked([hull[1] for hull in hulls], (faces,)),
        convex_body=model.geom_bodyid[flat_ids].astype(np.int32),
        convex_rgba=_rgba(model, flat_ids),
        convex_label=np.array([label for _, label in convexes], np.int32),
        capsule_ends_m=_stacked(ends, (2, 3)),
        capsule_radius_m=model.geom_size[round_ids, 0].astype(np.float32),
        capsule_body=model.geom_bodyid[round_ids].astype(np.int32),
        capsule_rgba=_rgba(model, round_ids),
        capsule_label=np.array([label for _, label in capsules], np.int32),
        labels=labels,
        geoms=np.concatenate([flat_ids, round_ids]).astype(np.int32),
    )


def _ids(found: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    return np.array([geom for geom, _ in found], np.int64)


def _stacked(rows: list[NDArray[np.float64]], shape: tuple[int, ...]) -> NDArray:
    return np.array(rows, np.float32).reshape(len(rows), *shape)


def _drawn(arena: Arena) -> list[int]:
    """Robots by their hulls (their meshes where they have none), the rest as it is."""
    model = arena.model
    chosen = []
    robots_of = {body: robot for robot in arena.robots for body in robot.bodies}
    meshes_only = {
        robot.prefix
        for robot in arena.robots
        if not any(
            model.geom_bodyid[geom] in robot.bodies
            and model.geom_group[geom] == 3
            and model.geom_type[geom] == int(_GEOM.mjGEOM_MESH)
            for geom in range(model.ngeom)
        )
    }
    for geom in range(model.ngeom):
        robot = robots_of.get(int(model.geom_bodyid[geom]))
        groups = _DRAWN_GROUPS
        if robot is not None and robot.prefix in meshes_only:
            groups = (2, 3)
        is_plane = model.geom_type[geom] == int(_GEOM.mjGEOM_PLANE)
        if model.geom_group[geom] in groups and not is_plane:
            chosen.append(geom)
    return chosen


def _label(arena: Arena, geom: int) -> str:
    model = arena.model
    body = int(model.geom_bodyid[geom])
    for robot, place in zip(arena.robots, arena.config.robots, strict=True):
        if body in robot.bodies:
            return place.name
    if arena.ball is not None and body == arena.ball.body:
        return BALL
    if "_goal_" in model.geom(geom).name or model.geom_rgba[geom, 3] < _NET_ALPHA:
        return GOALS
    return WALLS if body == 0 else OTHER


def _faces(
    model: mujoco.MjModel, geom: int, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outward normals and offsets in the body's frame."""
    kind, size = model.geom_type[geom], model.geom_size[geom]
    if kind == int(_GEOM.mjGEOM_BOX):
        normals, offsets = box_faces(size)
    elif kind == int(_GEOM.mjGEOM_CYLINDER):
        normals, offsets = prism_faces(size[0], size[1], sides=count - 2)
    elif kind == int(_GEOM.mjGEOM_MESH):
        mesh = int(model.geom_dataid[geom])
        first = model.mesh_vertadr[mesh]
        vertices = model.mesh_vert[first : first + model.mesh_vertnum[mesh]]
        normals, offsets = enclosing_faces(vertices.astype(np.float64), count)
    else:
        raise PrimitivesError(
            f"geom {geom} ({model.geom(geom).name or 'no name'}): expected a sphere, "
            f"capsule, cylinder, box or mesh, found {_GEOM(int(kind)).name}; build it "
            "from those"
        )
    turned = normals @ _rotation(model, geom).T
    return turned, offsets + turned @ model.geom_pos[geom]


def _ends(model: mujoco.MjModel, geom: int) -> NDArray[np.float64]:
    half = 0.0
    if model.geom_type[geom] == int(_GEOM.mjGEOM_CAPSULE):
        half = model.geom_size[geom, 1]
    axis = _rotation(model, geom)[:, 2] * half
    return np.stack([model.geom_pos[geom] - axis, model.geom_pos[geom] + axis])


def _rotation(model: mujoco.MjModel, geom: int) -> NDArray[np.float64]:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, model.geom_quat[geom])
    return matrix.reshape(3, 3)


def _rgba(model: mujoco.MjModel, geoms: NDArray[np.int64]) -> NDArray[np.float32]:
    rgba = model.geom_rgba[geoms].astype(np.float32)
    material = model.geom_matid[geoms]
    painted = material >= 0
    rgba[painted] = model.mat_rgba[material[painted]]
    return rgba
