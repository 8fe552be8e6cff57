"""Poses from `qpos` in JAX, against MuJoCo's own."""

import jax
import mujoco
import numpy as np
import pytest

from sim.arena import match_arena
from sim.forward_kinematics import KinematicsError, kinematics_of


@pytest.fixture(scope="module")
def arena():
    return match_arena()


def random_qpos(model, seed):
    random = np.random.default_rng(seed)
    qpos = model.qpos0 + random.uniform(-1, 1, model.nq)
    for joint in range(model.njnt):
        if model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE:
            first = model.jnt_qposadr[joint] + 3
            # Not of unit length: MuJoCo normalizes, and so must we.
            qpos[first : first + 4] = random.normal(size=4)
    return qpos


def test_bodies_and_cameras_lie_where_mujoco_has_them(arena):
    model = arena.model
    states = np.stack([random_qpos(model, seed) for seed in range(4)])
    poses = jax.jit(jax.vmap(kinematics_of(model)))(states.astype(np.float32))
    data = mujoco.MjData(model)
    for row, qpos in enumerate(states):
        data.qpos[:] = qpos
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        pairs = (
            (poses.body_position[row], data.xpos),
            (poses.body_rotation[row].reshape(-1, 9), data.xmat),
            (poses.camera_position[row], data.cam_xpos),
            (poses.camera_rotation[row].reshape(-1, 9), data.cam_xmat),
        )
        for found, expected in pairs:
            np.testing.assert_allclose(found, expected, atol=2e-5)


def test_a_ball_joint_is_refused_by_name_of_the_kind():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><body><joint type='ball'/><geom size='1'/></body>"
        "</worldbody></mujoco>"
    )
    with pytest.raises(KinematicsError, match="found a ball joint; change the model"):
        kinematics_of(model)
