"""Servos whose battery sags under all of them: the true law explains what was read."""

import math

import numpy as np
import pytest

from calibration.motion_player import MotionPlayer
from calibration.servo import parameters
from calibration.servo.fit import angle_errors
from calibration.servo.limb_model import LimbModel
from calibration.servo.motions import servo_motions
from calibration.servo.supply import Seen, plug_v, sag_torque, winding_a
from cli.hidden_robot import HiddenRobot
from robot.contracts.actuator import NOMINAL_SERVOS
from robot.contracts.joints import JOINT_NAMES
from robot.joint_map import default_joint_map, with_zeros
from sim.actuator_fields import stack_servos
from sim.hidden_dynamics import draw_dynamics

SERVOS = stack_servos(NOMINAL_SERVOS)
SEED = 6


def table(**values):
    """One servo."""
    kept = {name: getattr(SERVOS, name)[:1] for name in vars(SERVOS)}
    return type(SERVOS)(**kept | {n: np.array([v]) for n, v in values.items()})


def test_a_servos_own_share_is_put_back_and_the_others_counted():
    # R + R_supply = 0.9 + 0.1 = 1 ohm, kt = 1 Nm/A, at rest, full duty. The board reads
    # 10 V, what all servos leave: a battery of 11.11 V gives this one
    # 11.11 A through 1 ohm, of which 0.1 ohm takes 1.11 V: 11.11 - 1.11 = 10.
    servo = table(
        torque_constant_nm_a=1.0, resistance_ohm=0.9, supply_resistance_ohm=0.1
    )
    board, far, rest = np.array([[10.0]]), np.array([[1.0]]), np.array([[0.0]])
    assert plug_v(servo, board, far, rest) == pytest.approx(10 / 0.9)
    assert winding_a(servo, board, far, rest) == pytest.approx(10 / 0.9)
    # The model holds the law at 12 V: 12 Nm, where the battery gives 11.11 Nm.
    seen = Seen(supply_v=board, angle_rad=rest, speed_rad_s=rest)
    assert sag_torque(servo, 12.0, far, seen) == pytest.approx(10 / 0.9 - 12)
    assert sag_torque(servo, 12.0, rest, seen) == 0


def test_the_true_law_explains_steps_of_all_joints_to_the_noise():
    truth = draw_dynamics(SEED)
    zeros = dict(zip(JOINT_NAMES, truth.zero_rad.tolist(), strict=True))
    robot = HiddenRobot(truth, SEED, with_zeros(default_joint_map(), zeros))
    robot.world.hang()
    (steps,) = [
        m for m in servo_motions(JOINT_NAMES, seconds=2.0) if m.name == "steps bent"
    ]
    with MotionPlayer(robot.devices, robot, "servo") as player:
        player.go_to(steps.goals_rad[0])
        recording = player.play(steps.goals_rad)
    # The voltage falls by 1 V and more: without it these errors are twice the noise.
    assert np.ptp(recording.supply_v) > 1.0
    floor = math.hypot(truth.angle_noise_rad, np.pi / 2048 / math.sqrt(12))
    with LimbModel("left_arm") as limb:
        law = parameters.nominal(truth.servos, limb.joints)
        law[:, parameters.NAMES.index("delay_s")] += truth.joint_age_s
        law[:, parameters.NAMES.index("zero_rad")] = 0.0
        _, errors = angle_errors(limb, [recording], truth.servos, law)
    assert errors == pytest.approx([floor] * 3, rel=0.15)
