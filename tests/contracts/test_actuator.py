"""The servo calibration file: what it takes, keeps and refuses."""

import json
import math
from dataclasses import replace

import pytest

from robot.contracts.actuator import (
    NOMINAL_SERVOS,
    XM430,
    XM430_CURVES,
    JointOverride,
    ServoCalibration,
    ServoParameters,
    read_servos,
    servo_from_curve,
    write_servos,
)
from robot.contracts.errors import ContractError


def test_a_calibration_survives_its_file(tmp_path):
    knee = JointOverride(joint="l_knee", parameter="resistance_ohm", value=1 / 3)
    written = replace(NOMINAL_SERVOS, overrides=(knee,))
    path = tmp_path / "servos.json"
    write_servos(path, written)
    assert read_servos(path) == written


def test_a_file_overrides_one_joint_only(tmp_path):
    path = tmp_path / "servos.json"
    row = {"joint": "l_knee", "parameter": "coulomb_nm", "value": 0.2}
    path.write_text(json.dumps({"source": "bench", "overrides": [row]}))
    servos = read_servos(path)
    assert servos.servo("l_knee") == replace(XM430, coulomb_nm=0.2)
    assert servos.servo("r_knee") == XM430


def test_every_fault_of_a_file_comes_in_one_error(tmp_path):
    path = tmp_path / "servos.json"
    plain = {
        "default": {
            "torque_constant_nm_a": -1,
            "resistance_ohm": 0,
            "pwm_limit": 1.5,
        },
        "overrides": [
            {"joint": "l_kne", "parameter": "friction", "value": 1.0},
            {"joint": "l_knee", "parameter": "coulomb_nm", "value": -0.1},
            {"joint": "r_knee", "parameter": "coulomb_nm", "value": "much"},
        ],
        "colour": "red",
    }
    path.write_text(json.dumps(plain))
    with pytest.raises(ContractError) as error:
        read_servos(path)
    text = str(error.value)
    for fault in (
        "source: expected a value, found none",
        "colour: unknown field",
        "torque_constant_nm_a: expected above 0, found -1.0",
        "resistance_ohm: expected above 0, found 0.0",
        "pwm_limit: expected above 0, at most 1, found 1.5",
        "overrides[0]: joint: expected one of r_sho_pitch,",
        "found 'l_kne'; parameter: expected one of",
        "overrides[1]: coulomb_nm: expected 0 or more, found -0.1",
        "overrides[2].value: expected float, found 'much'",
    ):
        assert fault in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "found no such file"),
        ("{", "expected JSON"),
        ("[]", "expected an object"),
    ],
)
def test_no_calibration_at_all_is_a_contract_error(tmp_path, text, fault):
    path = tmp_path / "servos.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ContractError, match=fault):
        read_servos(path)


def test_an_override_given_twice_is_refused():
    knee = JointOverride(joint="l_knee", parameter="coulomb_nm", value=0.1)
    with pytest.raises(ValueError, match=r"found twice: l_knee\.coulomb_nm"):
        ServoCalibration(source="test", overrides=(knee, knee))


def test_not_a_number_is_refused():
    with pytest.raises(ValueError, match="viscous_nm_s: expected 0 or more, found nan"):
        replace(XM430, viscous_nm_s=math.nan)


def test_an_unknown_joint_is_refused():
    with pytest.raises(KeyError, match="found 'tail'"):
        NOMINAL_SERVOS.servo("tail")


def test_a_frictionless_servo_has_the_textbook_constants():
    # 4.1 Nm and 46 rpm = 4.81711 rad/s at 12 V without friction: kt = 12 / 4.81711 =
    # 2.49112 V s/rad, R = kt 12 / 4.1 = 7.29109 ohm.
    servo = servo_from_curve(
        XM430_CURVES[1], coulomb_nm=0.0, stribeck_nm=0.0, viscous_nm_s=0.0
    )
    assert servo.torque_constant_nm_a == pytest.approx(2.49112, rel=1e-5)
    assert servo.resistance_ohm == pytest.approx(7.29109, rel=1e-5)


def test_duty_per_radian_is_that_of_the_registers():
    # 2048 / pi ticks per rad, times 800 / 128, over 885: 651.899 * 6.25 / 885.
    servo = ServoParameters(torque_constant_nm_a=1.0, resistance_ohm=1.0)
    assert servo.duty_per_rad == pytest.approx(4.60380, rel=1e-5)
    assert replace(servo, gain_divisor=256.0).duty_per_rad == pytest.approx(2.30190)
