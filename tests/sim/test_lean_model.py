"""The lean model is small and moves as the arena's own."""

import mujoco
import numpy as np

from sim.arena import match_arena
from sim.lean_model import lean_model


def test_it_moves_bit_for_bit_as_the_arenas_model_in_half_the_memory():
    arena = match_arena()
    lean = lean_model(arena)
    assert arena.ball is not None
    # An environment may take 2 MB; beside this the bindings take 0.2 MB per model.
    assert mujoco.mj_sizeModel(lean) < 1.7e6
    assert mujoco.mj_sizeModel(lean) < 0.55 * mujoco.mj_sizeModel(arena.model)
    ends = []
    for model in (arena.model, lean):
        data = mujoco.MjData(model)
        rng = np.random.default_rng(0)
        # Both robots lie on each other and on the floor: hulls of both collide.
        for robot, x_m in zip(arena.robots, (0.0, 0.15), strict=True):
            data.qpos[robot.root_qpos] = [x_m, 0, 0.12, 0.7071, 0, 0.7071, 0]
        data.qpos[arena.ball.qpos[:3]] = [0.5, 0.5, 0.07]
        touching = 0
        for _ in range(100):
            data.ctrl[:] = 0.3 * rng.normal(size=model.nu)
            mujoco.mj_step(model, data)
            touching = max(touching, data.ncon)
        assert touching > 8
        ends.append(data.qpos.copy())
    np.testing.assert_array_equal(*ends)
    _assert_equal_but_for_assets(arena.model, lean)
    names = [
        [model.geom(geom).name for geom in range(model.ngeom)]
        for model in (arena.model, lean)
    ]
    assert names[0] == names[1]


def _assert_equal_but_for_assets(whole: mujoco.MjModel, lean: mujoco.MjModel) -> None:
    """All numbers of bodies, joints, geoms and so on; geoms keep shape and place."""
    kinds = ("body", "jnt", "dof", "geom", "site", "actuator", "sensor", "exclude")
    # Ids of assets: of fewer meshes and of no materials.
    assets = {"geom_dataid", "geom_matid", "site_matid"}
    compared = 0
    for name in dir(whole):
        if name.startswith(tuple(f"{kind}_" for kind in kinds)) and name not in assets:
            expected = getattr(whole, name)
            if isinstance(expected, np.ndarray):
                np.testing.assert_array_equal(getattr(lean, name), expected, name)
                compared += 1
    assert compared > 100
    for geom in range(whole.ngeom):
        meshes = [int(model.geom_dataid[geom]) for model in (whole, lean)]
        assert (meshes[0] < 0) == (meshes[1] < 0)
        if meshes[0] >= 0:
            shapes = [
                model.mesh_vert[model.mesh_vertadr[mesh] :][: model.mesh_vertnum[mesh]]
                for model, mesh in zip((whole, lean), meshes, strict=True)
            ]
            np.testing.assert_array_equal(*shapes)


def test_equal_hulls_are_stored_once():
    # 25 hulls of one OP3, of which the left and right thigh bracket are one part.
    assert lean_model(match_arena()).nmesh == 24
