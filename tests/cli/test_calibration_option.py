"""`--calibration FILE` on the commands that simulate or run one measured robot."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli import play, robot_link, virtual
from cli.match_config import MatchConfig
from cli.match_insets import drawn_camera
from cli.match_stage import MatchStage
from cli.robot_link import add_robot_options, robot_options
from cli.suite_jobs import SuiteConfig, head_of
from cli.virtual_player import _gains
from robot.contracts.actuator import NOMINAL_SERVOS
from robot.contracts.calibration import (
    CalibrationBundle,
    CameraPart,
    Estimate,
    ImuPart,
    JointPart,
    JointZero,
    ParameterEstimate,
    Provenance,
    ServoFit,
    ServoPart,
    VectorEstimate,
)
from robot.contracts.calibration_file import write_calibration
from robot.contracts.camera import CameraModel
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec
from robot.player import load_player

MADE = Provenance(made="", robot="", procedure="", residual="", measurements=1)
POLICIES = Path(__file__).parents[2] / "policies"
LENS = CameraModel(
    width_px=640,
    height_px=480,
    fx_px=600.0,
    fy_px=604.0,
    cx_px=319.5,
    cy_px=239.5,
    distortion="brown_conrady",
    coefficients=(0.05, -0.1, 0.0, 0.0),
)
ZERO = VectorEstimate(value=(0.0, 0.0, 0.0), sigma=(0.01, 0.01, 0.01))


@pytest.fixture(scope="module")
def known():
    # Half the torque per volt: R + 0.1 ohm of wiring doubled.
    ohm = 2 * NOMINAL_SERVOS.default.resistance_ohm + 0.1
    fit = ServoFit(
        joint="l_knee",
        parameters=(
            ParameterEstimate(
                parameter="resistance_ohm", estimate=Estimate(value=ohm, sigma=0.01)
            ),
        ),
        supply_v=11.1,
        hold_out_rad=0.002,
        noise_rad=0.002,
    )
    zero = JointZero(
        joint="l_knee", zero_rad=Estimate(value=0.05, sigma=0.002), source="jig"
    )
    return CalibrationBundle(
        servos=ServoPart(provenance=MADE, fits=(fit,)),
        joints=JointPart(provenance=MADE, zeros=(zero,)),
        camera=CameraPart(
            provenance=MADE,
            model=LENS,
            focal_sigma_px=(1.0, 1.0),
            centre_sigma_px=(1.0, 1.0),
            coefficient_sigma=(0.01,) * 4,
            rms_px=0.2,
        ),
        imu=ImuPart(
            provenance=MADE,
            gyro_bias_rad_s=ZERO,
            acceleration_bias_m_s2=ZERO,
            quat_wxyz=(1.0, 0.0, 0.0, 0.0),
            rotation_sigma_rad=(0.002, 0.002, 0.002),
            gyro_noise_rad_s=0.04,
            acceleration_noise_m_s2=0.1,
        ),
    )


@pytest.fixture(scope="module")
def file(known, tmp_path_factory):
    path = tmp_path_factory.mktemp("robot") / "calibration.json"
    write_calibration(path, known)
    return path


def parsed(command, *words):
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args([command.__name__.split(".")[-1], *words])


def knee_gains(model, prefixes):
    return [model.actuator(f"{p}l_knee_act").gainprm[0] for p in prefixes]


def test_a_match_has_both_robots_with_the_measured_servos_gains_and_lens(known):
    config = MatchConfig(calibration=known)
    arena = MatchStage(config, FieldSpec()).arena
    weak = knee_gains(arena.model, ("home_", "away_"))
    healthy = arena.model.actuator("home_r_knee_act").gainprm[0]
    # The other knee was not measured: nominal. Half of it, for both robots.
    assert weak == pytest.approx([healthy / 2] * 2)
    player = load_player(POLICIES / "walk", POLICIES / "scripted")
    # Half the gain, half the back-EMF damping, all of the viscous friction.
    assert _gains(config, player).servo_p == {"l_knee": pytest.approx(825, abs=5)}
    assert _gains(MatchConfig(), player) is None
    # 600 px of 640 are 112.5 of 120; the middle stays the middle.
    camera = drawn_camera(arena)
    assert (camera.width_px, camera.height_px, camera.fx_px) == (120, 90, 112.5)
    assert camera.cx_px == pytest.approx(59.5)
    assert camera.coefficients == LENS.coefficients
    ideal = drawn_camera(MatchStage(MatchConfig(), FieldSpec()).arena)
    assert ideal.distortion == "none"


def test_play_and_virtual_take_the_file(file, known):
    assert play.known_robot(parsed(play, "--calibration", str(file)).calibration) == (
        known
    )
    place = virtual._place(parsed(virtual, "--calibration", str(file)))
    assert place.config.lens == LENS
    assert place.config.actuator.servos.servo("l_knee").resistance_ohm > (
        2 * NOMINAL_SERVOS.default.resistance_ohm
    )


def options(*words):
    parser = argparse.ArgumentParser()
    add_robot_options(parser)
    return robot_options(parser.parse_args(words))


def test_a_real_robot_gets_its_zeros_and_board_a_virtual_one_its_servos(file):
    real = options("--calibration", str(file))
    assert real.joint_map.joint_positions(np.zeros(20))[13] == pytest.approx(-0.05)
    assert robot_link._imu(real) is not None
    twin = options("--virtual", "--calibration", str(file))
    assert twin.joint_map.joint_positions(np.zeros(20))[13] == 0
    assert robot_link._imu(twin) is None
    ohm = twin.virtual.servos.servo("l_knee").resistance_ohm
    assert ohm > 2 * NOMINAL_SERVOS.default.resistance_ohm


def test_the_papers_suite_draws_around_the_robot_and_keeps_its_trials_apart(file):
    plain = SuiteConfig(bundle=POLICIES / "walk")
    around = replace(plain, calibration=file)
    # Two sigmas of 0.002 rad.
    assert around.ranges.joint_offset_rad == pytest.approx((-0.004, 0.004))
    assert around.ranges.push_n == plain.ranges.push_n
    assert head_of(around) != head_of(plain)
    assert "calibration" not in head_of(plain)
    with pytest.raises(ContractError, match="no such file"):
        _ = replace(plain, calibration=file.with_name("none.json")).ranges
