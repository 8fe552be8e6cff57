"""The compiled OP3 holds the numbers its sources state."""

import mujoco
import numpy as np
import pytest

from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from sim.arena import ArenaConfig, RobotPlace, build_arena, match_arena
from sim.robot_model import ModelError, RobotModelConfig, load_op3, model_hash

TABLE_S1_LEFT = {
    # arXiv:2304.13653, Table S1, left side, rad.
    "l_hip_pitch": (-1.6, 0.5),
    "l_hip_roll": (-0.4, -0.1),
    "l_hip_yaw": (-0.3, 0.3),
    "l_knee": (-0.2, 2.2),
    "l_ank_pitch": (-0.4, 1.8),
    "l_ank_roll": (-0.4, 0.4),
    "l_sho_pitch": (-2.2, 2.2),
    "l_sho_roll": (-0.8, 1.6),
    "l_el": (-1.4, 0.2),
    "head_pan": (-0.79, 0.79),
    "head_tilt": (-0.63, -0.16),
}
TABLE_S1_RIGHT = {
    "r_hip_pitch": (-0.5, 1.6),
    "r_hip_roll": (0.1, 0.4),
    "r_hip_yaw": (-0.3, 0.3),
    "r_knee": (-2.2, 0.2),
    "r_ank_pitch": (-1.8, 0.4),
    "r_ank_roll": (-0.4, 0.4),
    "r_sho_pitch": (-2.2, 2.2),
    "r_sho_roll": (-1.6, 0.8),
    "r_el": (-0.2, 1.4),
}


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return load_op3().compile()


@pytest.mark.parametrize(
    ("name", "bounds"), (TABLE_S1_LEFT | TABLE_S1_RIGHT).items(), ids=str
)
def test_joint_ranges_are_those_of_table_s1(model, name, bounds):
    joint = model.joint(name)
    np.testing.assert_allclose(joint.range, bounds)
    actuator = model.actuator(f"{name}_act")
    np.testing.assert_allclose(actuator.ctrlrange, bounds)


def test_servos_are_the_identified_position_servo(model):
    # Table of arXiv:2304.13653: gain 21.1, damping 1.084, armature 0.045, friction
    # 0.03, torque limit 4.1 Nm.
    for name in JOINT_NAMES:
        actuator, joint = model.actuator(f"{name}_act"), model.joint(name)
        np.testing.assert_allclose(actuator.gainprm[0], 21.1)
        np.testing.assert_allclose(actuator.biasprm[1], -21.1)
        np.testing.assert_allclose(actuator.forcerange, [-4.1, 4.1])
        np.testing.assert_allclose(joint.damping, 1.084)
        np.testing.assert_allclose(joint.armature, 0.045)
        np.testing.assert_allclose(joint.frictionloss, 0.03)


def test_bodies_weigh_3147_grams(model):
    assert model.body_mass.sum() == pytest.approx(3.147, abs=5e-4)


def test_servo_ids_are_one_to_twenty_with_the_right_side_odd():
    assert [joint.servo_id for joint in OP3_JOINTS] == list(range(1, 21))
    for joint in OP3_JOINTS:
        if joint.name.startswith("r_"):
            assert joint.servo_id % 2 == 1


def test_no_visual_mesh_is_left_in_the_fast_model(model):
    # The visual meshes hold 929 k triangles; the hulls about 300 per part.
    assert model.mesh_facenum.sum() < 20_000
    assert not np.any(model.geom_group == 2)


def test_visual_meshes_can_be_asked_for():
    detailed = load_op3(RobotModelConfig(visuals="meshes", contacts="feet")).compile()
    assert detailed.mesh_facenum.sum() > 900_000


def test_feet_only_model_collides_with_its_soles_only():
    arena = build_arena(
        ArenaConfig(
            robots=(RobotPlace(name="op3", config=RobotModelConfig(contacts="feet")),),
            field=None,
            ball=False,
        )
    )
    names = [
        arena.model.geom(geom).name
        for geom in range(arena.model.ngeom)
        if arena.model.geom_contype[geom] or arena.model.geom_conaffinity[geom]
    ]
    assert sorted(names) == [
        "floor",
        "op3_left_sole_long",
        "op3_left_sole_wide",
        "op3_right_sole_long",
        "op3_right_sole_wide",
    ]


def test_a_folder_without_the_model_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("OP3_MODEL_DIR", str(tmp_path))
    with pytest.raises(ModelError, match=r"expected op3\.xml in .*set OP3_MODEL_DIR"):
        load_op3()


def test_model_hash_is_a_sha256_that_does_not_change():
    assert len(model_hash()) == 64
    assert model_hash() == model_hash()


def test_index_maps_by_name_although_orders_differ():
    arena = match_arena()
    away = arena.robots[1]
    knee = JOINT_NAMES.index("l_knee")
    expected = arena.model.joint("away_l_knee").qposadr[0]
    assert away.joint_qpos[knee] == expected
    assert away.actuators[knee] == arena.model.actuator("away_l_knee_act").id
    # MuJoCo lists the head first, servo ids last.
    assert not np.all(np.diff(away.joint_qpos) > 0)
