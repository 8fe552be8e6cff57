"""The closed-form leg against MuJoCo's forward kinematics of the installed model."""

import mujoco
import numpy as np
import pytest

from robot.contracts.joints import OP3_JOINTS
from robot.scripted.leg_kinematics import LEG_JOINTS, foot_pose, leg_angles
from sim.robot_model import load_op3

SIDES = {"l_": 1, "r_": -1}


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return load_op3().compile()


def random_leg(rng: np.random.Generator, prefix: str) -> np.ndarray:
    """Angles inside the limits, knee bent forward by at least 0.1 rad."""
    limits = {joint.name: (joint.min_rad, joint.max_rad) for joint in OP3_JOINTS}
    angles = np.array([rng.uniform(*limits[prefix + name]) for name in LEG_JOINTS])
    angles[3] = SIDES[prefix] * rng.uniform(0.1, 2.2)
    return angles


def mujoco_sole(
    model: mujoco.MjModel, prefix: str, angles: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    data = mujoco.MjData(model)
    data.qpos[3:7] = [1, 0, 0, 0]
    data.qpos[0:3] = 0
    for name, angle in zip(LEG_JOINTS, angles, strict=True):
        data.qpos[model.joint(prefix + name).qposadr[0]] = angle
    mujoco.mj_forward(model, data)
    body = data.body(f"{prefix}ank_roll_link")
    turn = body.xmat.reshape(3, 3)
    offset = np.array([0.024, 0.0128 * SIDES[prefix], -0.0305])
    return body.xpos + turn @ offset, turn


@pytest.mark.parametrize("prefix", ["l_", "r_"])
def test_forward_kinematics_agree_with_mujoco_to_a_fifth_of_a_millimetre(
    model: mujoco.MjModel, prefix: str
) -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        angles = random_leg(rng, prefix)
        position, turn = foot_pose(angles, SIDES[prefix])
        expected_position, expected_turn = mujoco_sole(model, prefix, angles)
        np.testing.assert_allclose(position, expected_position, atol=2e-4)
        np.testing.assert_allclose(turn, expected_turn, atol=1e-9)


@pytest.mark.parametrize("prefix", ["l_", "r_"])
def test_inverse_kinematics_put_mujocos_foot_where_it_was_asked(
    model: mujoco.MjModel, prefix: str
) -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        position, turn = mujoco_sole(model, prefix, random_leg(rng, prefix))
        angles = leg_angles(position, turn, SIDES[prefix])
        reached, reached_turn = mujoco_sole(model, prefix, angles)
        np.testing.assert_allclose(reached, position, atol=4e-4)
        np.testing.assert_allclose(reached_turn, turn, atol=1e-6)


def test_a_batch_gives_the_same_angles_as_one_leg_at_a_time() -> None:
    rng = np.random.default_rng(3)
    legs = np.stack([random_leg(rng, "r_") for _ in range(6)]).reshape(2, 3, 6)
    position, turn = foot_pose(legs, -1)
    together = leg_angles(position, turn, -1)
    np.testing.assert_allclose(together, legs, atol=1e-6)


def test_a_foot_out_of_reach_gives_a_straight_leg() -> None:
    # Straight leg: 0.0285 + 0.11015 + 0.110 + 0.0305 = 0.279 m below the torso origin.
    position = np.array([0.0, 0.0478, -0.40])
    angles = leg_angles(position, np.eye(3), 1)
    assert angles[3] == pytest.approx(0.0, abs=1e-6)
