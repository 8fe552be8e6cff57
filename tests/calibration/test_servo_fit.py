"""Servos identified over the emulated bus; only these tests know the true values."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.motion_player import MotionPlayer, Recording
from calibration.servo import parameters
from calibration.servo.limb_model import _goals
from calibration.servo.motions import servo_motions
from calibration.servo.session import (
    identify,
    measure,
    missing,
    recorded,
    servo_fits,
)
from calibration.store import Store
from cli.hidden_robot import HiddenRobot
from cli.main import main
from robot.contracts.actuator import NOMINAL_SERVOS
from robot.contracts.calibration import Provenance, ServoPart
from robot.contracts.joints import JOINT_NAMES
from robot.stop import FlagStop
from sim.hidden_dynamics import draw_dynamics

HEAD = ("head_pan", "head_tilt")
MOTIONS = servo_motions(HEAD, seconds=3.0)
TRUTH = draw_dynamics(3)


def hung(truth=TRUTH):
    robot = HiddenRobot(truth, 3)
    robot.world.hang()
    return robot


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Recordings of the head, cut off once in between."""
    folder = tmp_path_factory.mktemp("servo")
    stop = FlagStop()

    def report(name):
        if name == MOTIONS[2].name:
            stop.set("somebody pressed a key")

    store = Store(folder, "servo", {})
    robot = hung()
    player = MotionPlayer(robot.devices, robot, "servo", stops=[stop])
    with pytest.raises(CalibrationError, match="somebody pressed a key"), player:
        measure(store, "head", MOTIONS, player, report)
    assert not robot.chain.register("torque_enable").any()
    again = Store(folder, "servo", {})
    assert [m.name for m in missing(again, "head", MOTIONS)] == [
        m.name for m in MOTIONS[2:]
    ]
    robot = hung()
    player = MotionPlayer(robot.devices, robot, "servo")
    with player:
        measure(again, "head", MOTIONS, player)
    return recorded(again, "head", MOTIONS)


@pytest.fixture(scope="module")
def fits(measured):
    results = identify(HEAD, MOTIONS, measured, NOMINAL_SERVOS)
    return servo_fits(results)


def test_gain_damping_and_delay_within_ten_percent(fits):
    servos = ServoPart(
        provenance=Provenance(
            made="", robot="", procedure="", residual="", measurements=1
        ),
        fits=fits,
    ).servos()
    for fit in fits:
        true = TRUTH.servos.servo(fit.joint)
        found = parameters.figures(servos.servo(fit.joint), 11.1)
        wanted = parameters.figures(true, 11.1)
        assert found.gain_nm_rad == pytest.approx(wanted.gain_nm_rad, rel=0.1)
        assert found.damping_nm_s == pytest.approx(wanted.damping_nm_s, rel=0.1)
        # What the bus shows: the command's delay and the age of the reading.
        delay_s = true.command_delay_s + TRUTH.joint_age_s
        assert servos.servo(fit.joint).command_delay_s == pytest.approx(
            delay_s, rel=0.1
        )


def test_motions_that_were_held_out_are_predicted_to_the_noise(fits):
    # One tick is 0.088 deg: evenly spread rounding errors add a twelfth of its square.
    tick_rad = np.pi / 2048
    floor = np.sqrt(TRUTH.angle_noise_rad**2 + tick_rad**2 / 12)
    for fit in fits:
        assert fit.hold_out_rad <= np.radians(0.5)
        assert fit.hold_out_rad <= 1.3 * floor
        assert fit.noise_rad == pytest.approx(floor, rel=0.1)


def test_a_servo_that_stalls_is_named_and_all_go_limp(tmp_path):
    robot = hung()
    robot.world.block("head_pan")
    player = MotionPlayer(robot.devices, robot, "servo")
    store = Store(tmp_path, "servo", {})
    with pytest.raises(CalibrationError) as caught, player:
        measure(store, "head", MOTIONS, player)
    assert "head_pan: expected to reach" in str(caught.value)
    assert "stalled" in str(caught.value)
    assert "look for what blocks it" in str(caught.value)
    assert not robot.chain.register("torque_enable").any()


def test_a_servo_that_stalls_ends_the_command_and_says_so(tmp_path, capsys):
    arguments = ["--virtual", "--block", "head_pan", "--out", str(tmp_path)]
    assert main(["calibrate", "servo", "head", *arguments]) == 2
    told = capsys.readouterr().err
    assert "head_pan: expected to reach" in told
    assert "look for what blocks it" in told


def test_a_joint_outside_its_range_is_named_before_anything_moves():
    zeros = np.zeros(20)
    zeros[JOINT_NAMES.index("l_hip_yaw")] = 0.6  # a horn mounted one spline off
    robot = hung(replace(TRUTH, zero_rad=zeros))
    player = MotionPlayer(robot.devices, robot, "servo")
    with (
        pytest.raises(CalibrationError, match=r"l_hip_yaw: expected -0.3 to 0.3"),
        player,
    ):
        player.go_to(MOTIONS[0].goals_rad[0])


def test_a_delayed_goal_counts_by_its_share_of_a_physics_step():
    time_s = 0.008 * np.arange(3)
    goals = np.array([[0.0], [1.0], [1.0]])
    nothing = np.zeros((3, 1))
    recording = Recording(
        read_s=time_s,
        goal_s=time_s,
        goal_rad=goals,
        angle_rad=nothing,
        speed_rad_s=nothing,
        current_a=nothing,
        gyro_rad_s=nothing,
        acceleration_m_s2=nothing,
        supply_v=time_s,
    )
    law = parameters.law_of(
        parameters.nominal(NOMINAL_SERVOS, ("head_pan",)), NOMINAL_SERVOS, ("head_pan",)
    )
    law = replace(law, delay_s=np.array([0.0035]))
    edges = 0.001 * np.arange(17)
    acting = _goals(law, recording, goals, edges)[:, 0]
    # Written at 8 ms, it acts from 11.5 ms on: half of the step from 11 to 12 ms.
    expected = [0.0] * 11 + [0.5] + [1.0] * 4
    np.testing.assert_allclose(acting, expected, atol=1e-9)
