"""The lean model is small and moves as the arena's own."""

import mujoco
import numpy as np

from sim.arena import match_arena
from sim.lean_model import lean_model


def test_it_moves_bit_for_bit_as_the_arenas_model_in_half_the_memory():
    arena = match_arena()
    lean = lean_model(arena)
    assert arena.ball is not None
    # Visual meshes aside, an environment may take 2 MB.
    assert mujoco.mj_sizeModel(lean) < 2e6
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
    names = [
        [model.geom(geom).name for geom in range(model.ngeom)]
        for model in (arena.model, lean)
    ]
    assert names[0] == names[1]
