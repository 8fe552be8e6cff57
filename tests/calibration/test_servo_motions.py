"""What is asked of servos while they are identified."""

import mujoco
import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.limbs import selected
from calibration.servo.motions import (
    Motion,
    check_motions,
    checked,
    servo_motions,
)
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from sim.hidden_body import HungWorld
from sim.hidden_dynamics import HiddenDynamics

KNEE = JOINT_NAMES.index("l_knee")


def test_only_the_chosen_joint_moves_and_all_stay_within_their_ranges():
    low = np.array([joint.min_rad for joint in OP3_JOINTS])
    high = np.array([joint.max_rad for joint in OP3_JOINTS])
    for motion in servo_motions(("l_knee",)):
        still = np.ptp(motion.goals_rad, axis=0) == 0
        assert [JOINT_NAMES[i] for i in np.flatnonzero(~still)] == ["l_knee"]
        assert (motion.goals_rad >= low).all()
        assert (motion.goals_rad <= high).all()


def test_steps_saturate_the_servo_and_stay_below_half_a_radian():
    # 2048 / pi ticks * 800 / 128 / 885 = 4.60 duty per rad: full duty from 0.217 rad.
    steps = servo_motions(("l_knee",))[1].goals_rad[:, KNEE]
    largest = np.abs(np.diff(steps)).max()
    assert 0.217 < largest <= 0.42 + 1e-9


def test_every_motion_begins_with_a_rest():
    for motion in servo_motions(JOINT_NAMES):
        # 0.4 s of 8 ms cycles.
        assert np.ptp(motion.goals_rad[:50], axis=0).max() == 0


def test_goals_outside_a_range_are_refused_with_the_joint_named():
    goals = np.zeros((3, 20))
    goals[:, 8:10] = [0.2, -0.2]  # hip rolls within 0.1..0.4 and -0.4..-0.1
    goals[:, 19] = -0.3
    goals[2, KNEE] = 2.5
    with pytest.raises(CalibrationError) as caught:
        checked(Motion(name="bad", goals_rad=goals), "servo")
    assert caught.value.faults == (
        "l_knee: expected goals within -0.2 to 2.2 rad, found 0.000 to 2.500; nothing "
        "was sent",
    )


def test_sides_limbs_and_joints_are_selected_in_servo_order():
    assert selected(["r_el", "head"], "servo") == ("r_el", "head_pan", "head_tilt")
    assert len(selected(["left"], "servo")) == 9
    assert selected(["all"], "servo") == JOINT_NAMES


def test_an_unknown_joint_lists_the_choices():
    with pytest.raises(CalibrationError, match="found l_ellbow"):
        selected(["l_ellbow"], "servo")


def test_no_limb_touches_another_while_all_joints_move():
    """Hung in the air: every pose the goals ask for, as MuJoCo's hulls see it."""
    world = HungWorld(HiddenDynamics())
    world.hang()
    joints = world.body.index.joint_qpos
    touching = []
    for motion in (*servo_motions(JOINT_NAMES), *check_motions()):
        for row in motion.goals_rad[::4]:
            world.data.qpos[joints] = row
            mujoco.mj_fwdPosition(world.model, world.data)
            touching += [motion.name] * (world.data.ncon > 0)
    assert touching == []
