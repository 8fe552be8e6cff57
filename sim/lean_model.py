"""An arena's model without what only pictures need: environments copy it whole."""

import mujoco

from sim.arena import Arena


def lean_model(arena: Arena) -> mujoco.MjModel:
    """A model that moves as `arena.model` does, with the same ids but for assets.

    Without textures, materials and a further copy of the hulls for each robot; a 1v1
    match shrinks to half.
    """
    spec = arena.spec.copy()
    _share_meshes(spec, [place.prefix for place in arena.config.robots])
    for geom in spec.geoms:
        geom.material = ""
    for asset in (*spec.materials, *spec.textures):
        spec.delete(asset)
    return spec.compile()


def _share_meshes(spec: mujoco.MjSpec, prefixes: list[str]) -> None:
    """Let all robots use the first one's meshes where it has them."""
    known = {mesh.name for mesh in spec.meshes}
    first, *others = prefixes
    for geom in spec.geoms:
        for prefix in others:
            if geom.meshname.startswith(prefix):
                shared = first + geom.meshname.removeprefix(prefix)
                if shared in known:
                    geom.meshname = shared
    used = {geom.meshname for geom in spec.geoms}
    for mesh in list(spec.meshes):
        if mesh.name not in used:
            spec.delete(mesh)
