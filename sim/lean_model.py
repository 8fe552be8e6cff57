"""An arena's model without what only pictures need: environments copy it whole."""

import mujoco
import numpy as np

from sim.arena import Arena


def lean_model(arena: Arena) -> mujoco.MjModel:
    """A model that moves as `arena.model` does, with the same ids but for assets.

    Without textures and materials, and with equal hulls stored once: a robot's are
    another robot's, and its left and right thigh bracket are one part. A 1v1 match
    shrinks to half.
    """
    spec = arena.spec.copy()
    _share_meshes(spec, arena.model)
    for geom in spec.geoms:
        geom.material = ""
    for asset in (*spec.materials, *spec.textures):
        spec.delete(asset)
    return spec.compile()


def _share_meshes(spec: mujoco.MjSpec, model: mujoco.MjModel) -> None:
    """Let geoms use the first of equal meshes; `model` is what `spec` compiles to."""
    first: dict[bytes, str] = {}
    same = {}
    for mesh in range(model.nmesh):
        name = model.mesh(mesh).name
        same[name] = first.setdefault(_content(model, mesh), name)
    for geom in spec.geoms:
        geom.meshname = same.get(geom.meshname, geom.meshname)
    used = {geom.meshname for geom in spec.geoms}
    for mesh in list(spec.meshes):
        if mesh.name not in used:
            spec.delete(mesh)


def _content(model: mujoco.MjModel, mesh: int) -> bytes:
    """What tells a mesh from another: its shape, and how compiling it moved that."""
    vertices = model.mesh_vertadr[mesh] + np.arange(model.mesh_vertnum[mesh])
    faces = model.mesh_faceadr[mesh] + np.arange(model.mesh_facenum[mesh])
    parts = (
        model.mesh_vert[vertices],
        model.mesh_face[faces],
        model.mesh_pos[mesh],
        model.mesh_quat[mesh],
        model.mesh_scale[mesh],
    )
    return b"".join(part.tobytes() for part in parts)
