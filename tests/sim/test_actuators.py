"""Both servo laws: what they compile to, and what they do inside `mujoco.rollout`."""

import hashlib
import math
from dataclasses import replace

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from robot.contracts.actuator import (
    NOMINAL_SERVOS,
    XM430,
    XM430_CURVES,
    JointOverride,
    ServoCalibration,
    servo_from_curve,
)
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from sim.actuator_fields import (
    friction_error_nm,
    plug_voltage,
    servo_fields,
    stack_servos,
    supply_current_a,
    write_servo_fields,
)
from sim.actuators import ActuatorError, IdentifiedServo, Xm430Servo
from sim.arena import ArenaConfig, RobotPlace, build_arena
from sim.physics import CpuPhysics
from sim.robot_model import TORSO, RobotModelConfig, asset_dir, load_op3
from tests.sim.actuator_rig import exact_step_response, rig, run

FAR_RAD = 1e4
"""A target so far that the duty stays at its limit."""
STAND_RAD = np.array([joint.stand_rad for joint in OP3_JOINTS])


def override(joint: str, parameter: str, value: float) -> ServoCalibration:
    change = JointOverride(joint=joint, parameter=parameter, value=value)
    return ServoCalibration(source="test", overrides=(change,))


def op3_on_a_plane(law):
    robot = RobotPlace(name="op3", config=RobotModelConfig(actuator=law))
    return build_arena(ArenaConfig(robots=(robot,), field=None, ball=False))


def binary(model: mujoco.MjModel) -> str:
    buffer = np.zeros(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, buffer)
    return hashlib.sha256(buffer.tobytes()).hexdigest()


def test_the_default_is_menageries_servo_bit_for_bit_but_for_its_torque_limit():
    menagerie = mujoco.MjSpec.from_file(str(asset_dir() / "op3.xml")).compile()
    ours = load_op3().compile()
    for name in JOINT_NAMES:
        theirs, built = menagerie.actuator(f"{name}_act"), ours.actuator(f"{name}_act")
        assert np.array_equal(built.gainprm, theirs.gainprm)
        assert np.array_equal(built.biasprm, theirs.biasprm)
        assert np.array_equal(theirs.forcerange, [-5, 5])
        assert np.array_equal(built.forcerange, [-4.1, 4.1])
        for field in ("damping", "armature", "frictionloss"):
            there = getattr(menagerie.joint(name), field)
            assert np.array_equal(getattr(ours.joint(name), field), there)


def test_the_default_law_is_the_identified_one():
    explicit = load_op3(RobotModelConfig(actuator=IdentifiedServo())).compile()
    assert binary(load_op3().compile()) == binary(explicit)
    other = load_op3(RobotModelConfig(actuator=Xm430Servo())).compile()
    assert binary(load_op3().compile()) != binary(other)


def test_identified_servo_reads_back_by_name():
    law = IdentifiedServo(
        gain_nm_rad=10.0,
        damping_nm_s=0.5,
        armature_kg_m2=0.02,
        frictionloss_nm=0.07,
        torque_limit_nm=2.5,
    )
    model = load_op3(RobotModelConfig(actuator=law)).compile()
    for name in JOINT_NAMES:
        actuator, joint = model.actuator(f"{name}_act"), model.joint(name)
        np.testing.assert_array_equal(actuator.gainprm[0], 10.0)
        np.testing.assert_array_equal(actuator.biasprm[:3], [0.0, -10.0, 0.0])
        np.testing.assert_array_equal(actuator.forcerange, [-2.5, 2.5])
        np.testing.assert_array_equal(joint.damping, 0.5)
        np.testing.assert_array_equal(joint.armature, 0.02)
        np.testing.assert_array_equal(joint.frictionloss, 0.07)
        np.testing.assert_array_equal(model.dof_dampingpoly[joint.dofadr[0]], 0.0)


def test_voltage_servo_reads_back_by_name():
    # Round numbers: kt 2, R 4, no Stribeck term, so no fit. At 10 V:
    #   limit 2 * 10 / 4 * 0.9 = 4.5 Nm; damping 2^2 / 4 + 0.1 = 1.1
    #   gain 2 * 10 / 4 * k, k = 2048 / pi * 640 / 128 / 885 = 3.68304 -> 18.4152
    servo = replace(
        XM430,
        torque_constant_nm_a=2.0,
        resistance_ohm=4.0,
        supply_resistance_ohm=0.0,
        stribeck_nm=0.0,
        coulomb_nm=0.2,
        viscous_nm_s=0.1,
        armature_kg_m2=0.03,
        position_p_gain=640.0,
        pwm_limit=0.9,
    )
    law = Xm430Servo(
        servos=ServoCalibration(source="test", default=servo), battery_v=10.0
    )
    model = load_op3(RobotModelConfig(actuator=law)).compile()
    for name in JOINT_NAMES:
        actuator, joint = model.actuator(f"{name}_act"), model.joint(name)
        np.testing.assert_allclose(actuator.gainprm[0], 18.4152, rtol=1e-5)
        np.testing.assert_allclose(actuator.biasprm[1], -18.4152, rtol=1e-5)
        np.testing.assert_allclose(actuator.forcerange, [-4.5, 4.5])
        np.testing.assert_allclose(joint.damping, 1.1)
        np.testing.assert_allclose(joint.frictionloss, 0.2)
        np.testing.assert_allclose(joint.armature, 0.03)
        assert not model.dof_dampingpoly[joint.dofadr[0]].any()
    assert not model.actuator_delay.any()


def test_the_manuals_divisor_of_128_gives_about_the_gain_identified_in_the_papers():
    # The papers' servo: 21.1 Nm/rad. BAM's 256 would halve ours to 9.7.
    at_the_plug = replace(XM430, supply_resistance_ohm=0.0)
    table = stack_servos(ServoCalibration(source="test", default=at_the_plug))
    gain = servo_fields(table, np.array([12.0])).gain[0]
    # (4.1 + 0.123) Nm * 4.6038 per rad
    assert gain == pytest.approx(19.44, abs=0.01)


@pytest.mark.parametrize("curve", XM430_CURVES, ids=lambda c: f"{c.supply_v} V")
def test_a_free_joint_has_the_manuals_no_load_speed_and_stall_torque(curve):
    servo = servo_from_curve(curve, supply_resistance_ohm=0.0)
    servos = ServoCalibration(source="manual", default=servo)
    model = rig(Xm430Servo(servos=servos, battery_v=curve.supply_v))
    # One joint runs free, the others lift 97 % to 103 % of the stall torque.
    load = np.concatenate([[0.0], np.linspace(0.97, 1.03, 19) * curve.stall_torque_nm])
    _, speed = run(model, np.full(20, FAR_RAD), load, 2.0)
    # Measured: -0.02 %, -0.08 %, -0.33 % and at most -0.67 %.
    assert speed[-1, 0] == pytest.approx(curve.no_load_rad_s, rel=0.02)
    strongest_lifted = load[speed[-1] > 0.02].max()
    assert strongest_lifted == pytest.approx(curve.stall_torque_nm, rel=0.02)


def analytic_speed(servo, supply_v: float, load_nm: float) -> float:
    """Where the law's torque at full duty, less friction, equals the load."""
    kt = servo.torque_constant_nm_a
    resistance = servo.resistance_ohm + servo.supply_resistance_ohm

    def surplus(speed: float) -> float:
        bump = math.exp(-((speed / servo.stribeck_rad_s) ** servo.stribeck_exponent))
        friction = servo.coulomb_nm + servo.stribeck_nm * bump
        electric = kt * supply_v / resistance - kt**2 / resistance * speed
        return electric - friction - servo.viscous_nm_s * speed - load_nm

    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if surplus(middle) > 0 else (low, middle)
    return low


@pytest.mark.parametrize("supply_v", [11.1, 12.0, 14.8])
def test_the_torque_speed_curve_is_the_laws_at_every_supply_voltage(supply_v):
    # At rest: 2.39226 V / 6.89780 - 0.123.
    stall = XM430.torque_constant_nm_a * supply_v / 6.8978 - 0.123
    load = np.linspace(0.0, 0.98, 20) * stall
    model = rig(Xm430Servo(battery_v=supply_v))
    _, speed = run(model, np.full(20, FAR_RAD), load, 2.0)
    expected = [analytic_speed(XM430, supply_v, nm) for nm in load]
    # Measured: 0.14 %, 0.13 %, 0.32 % of the no-load speed.
    np.testing.assert_allclose(speed[-1], expected, atol=0.005 * expected[0])


def test_steps_follow_an_exact_integration_of_the_law():
    target = np.linspace(0.1, 2.0, 20) * np.tile([1, -1], 10)
    exact = exact_step_response(XM430, 11.1, target, 0.8)
    angle, _ = run(rig(Xm430Servo(battery_v=11.1)), target, np.zeros(20), 0.8)
    error = angle - exact[4::5]
    # Physics at 5 ms, the law at 50 us. Measured rms: 2.9 mrad over steps of 0.1 to
    # 2 rad (1.4 at 1 ms: friction fit, supply sag and MuJoCo's soft friction).
    assert np.sqrt(np.mean(error**2)) < 0.0035
    assert np.abs(error).max() < 0.012
    # The oracle moves: not a comparison of two joints at rest.
    assert np.all(np.abs(exact[-1] - target) < 0.02)


def test_the_oracle_sees_what_the_default_law_would_get_wrong():
    # Another resistance must show, or the bound above would prove nothing.
    target = np.linspace(0.1, 2.0, 20)
    weak = replace(XM430, resistance_ohm=1.2 * XM430.resistance_ohm)
    exact = exact_step_response(weak, 11.1, target, 0.8)
    angle, _ = run(rig(Xm430Servo(battery_v=11.1)), target, np.zeros(20), 0.8)
    assert np.sqrt(np.mean((angle - exact[4::5]) ** 2)) > 0.02


@pytest.mark.parametrize(
    ("delay_s", "whole_steps"),
    # Rounded up to whole 5 ms steps.
    [(0.0, 0), (0.005, 1), (0.010, 2), (0.012, 3), (0.050, 10)],
)
def test_a_command_takes_effect_after_the_configured_delay(delay_s, whole_steps):
    model = rig(Xm430Servo(servos=override("l_knee", "command_delay_s", delay_s)))
    target = np.zeros((40, 20))
    target[8:] = 1.0
    _, speed = run(model, target, np.zeros(20), 0.2)
    first_moved = np.argmax(np.abs(speed) > 1e-6, axis=0)
    expected = np.full(20, 8)
    expected[JOINT_NAMES.index("l_knee")] += whole_steps
    np.testing.assert_array_equal(first_moved, expected)


def test_a_delay_survives_from_one_control_step_to_the_next():
    arena = op3_on_a_plane(
        Xm430Servo(servos=override("head_pan", "command_delay_s", 0.010))
    )
    index = arena.robots[0]
    physics = CpuPhysics(arena.model, num_envs=2, num_threads=1)
    physics.qpos[:] = arena.model.qpos0
    column = index.actuators[JOINT_NAMES.index("head_pan")]
    head = index.joint_qvel[JOINT_NAMES.index("head_pan")]
    control = np.zeros((2, 3, arena.model.nu))
    control[:, 2, column] = 0.5
    assert np.abs(physics.step(control).qvel[..., head]).max() < 0.01
    control[:, :, column] = 0.5
    turning = physics.step(control).qvel[..., head]
    physics.close()
    # Commanded in the last of three steps: the second step of the next call starts it.
    assert np.abs(turning[:, 0]).max() < 0.01
    assert turning[:, 1].min() > 0.05


def test_an_override_changes_one_joint_only():
    changed = load_op3(
        RobotModelConfig(
            actuator=Xm430Servo(servos=override("l_knee", "coulomb_nm", 0.2))
        )
    ).compile()
    plain = load_op3(RobotModelConfig(actuator=Xm430Servo())).compile()
    difference = changed.dof_frictionloss - plain.dof_frictionloss
    knee = plain.joint("l_knee").dofadr[0]
    # 0.2 instead of 0.03 Nm.
    assert difference[knee] == pytest.approx(0.17)
    difference[knee] = 0.0
    assert not difference.any()
    np.testing.assert_array_equal(changed.dof_damping, plain.dof_damping)


def test_a_randomizer_writes_what_the_compiler_writes():
    built = op3_on_a_plane(Xm430Servo(battery_v=9.9))
    changed = op3_on_a_plane(IdentifiedServo())
    index = changed.robots[0]
    write_servo_fields(
        changed.model,
        servo_fields(stack_servos(NOMINAL_SERVOS), np.array([9.9])),
        actuators=index.actuators,
        dofs=index.joint_qvel,
    )
    mujoco.mj_setConst(changed.model, mujoco.MjData(changed.model))
    assert binary(changed.model) == binary(built.model)


def test_servo_fields_are_per_environment_and_the_same_in_jax():
    table = stack_servos(NOMINAL_SERVOS)
    battery_v = np.array([[9.9], [11.1], [12.6]])
    ours = vars(servo_fields(table, battery_v))
    as_jax = {name: jnp.asarray(value) for name, value in vars(table).items()}
    theirs = vars(servo_fields(replace(table, **as_jax), jnp.asarray(battery_v)))
    for name, value in ours.items():
        assert value.shape == (3, 20)
        np.testing.assert_allclose(theirs[name], value, rtol=2e-5)
    # Torque and gain go with the voltage, friction and damping do not.
    ratio = ours["force_limit_nm"][2] / ours["force_limit_nm"][0]
    np.testing.assert_allclose(ratio, 12.6 / 9.9)
    np.testing.assert_array_equal(ours["damping"][0], ours["damping"][2])


def test_two_stalled_servos_pull_the_supply_down_as_kirchhoff_says():
    table = stack_servos(NOMINAL_SERVOS)
    battery_v = np.array([11.1])
    error = np.zeros(20)
    error[[0, 5]] = 1.0
    plug_v, current = battery_v, np.zeros(20)
    for _ in range(5):
        current = supply_current_a(table, plug_v, error, np.zeros(20))
        plug_v = plug_voltage(table, battery_v, current)
    # Two windings of R in parallel behind r: V / R each, V = 11.1 / (1 + 2 r / R).
    ohm = XM430.resistance_ohm
    each = 11.1 / (1 + 2 * 0.1 / ohm) / ohm
    np.testing.assert_allclose(current[[0, 5]], each, rtol=1e-6)
    np.testing.assert_allclose(current.sum(), 2 * each, rtol=1e-6)
    stall = servo_fields(table, plug_v).force_limit_nm
    np.testing.assert_allclose(stall[[0, 5]], XM430.torque_constant_nm_a * each)


def test_the_friction_polynomial_is_off_by_no_more_than_stated():
    table = stack_servos(NOMINAL_SERVOS)
    # 4 % of the 0.123 Nm at rest.
    np.testing.assert_allclose(friction_error_nm(table), 0.0051, atol=1e-4)
    narrow = replace(table, stribeck_rad_s=np.full(20, 0.1))
    # A bump of 0.1 rad/s is not representable: most of its 0.093 Nm is off.
    assert friction_error_nm(narrow).min() > 0.06


@pytest.mark.parametrize(
    "law",
    [IdentifiedServo(), Xm430Servo(), Xm430Servo(battery_v=9.9)],
    ids=["identified", "xm430 11.1 V", "xm430 9.9 V"],
)
def test_the_op3_stands_for_five_seconds(law):
    arena = op3_on_a_plane(law)
    index, data = arena.robots[0], mujoco.MjData(arena.model)
    data.qpos[index.joint_qpos] = STAND_RAD
    data.qpos[index.root_qpos[2]] = 0.26
    data.ctrl[index.actuators] = STAND_RAD
    mujoco.mj_step(arena.model, data, nstep=1000)
    torso = data.body(f"op3_{TORSO}")
    assert data.time == pytest.approx(5.0)
    assert 0.20 < torso.xpos[2] < 0.26
    # Upright within acos(0.98) = 11 degrees, and at rest.
    assert torso.xmat[8] > 0.98
    assert np.abs(data.qvel).max() < 0.02


def test_a_foreign_model_is_refused_with_every_missing_joint():
    with pytest.raises(ActuatorError, match=r"found none for r_sho_pitch, .*head_tilt"):
        Xm430Servo().write_to(mujoco.MjSpec())


def test_a_battery_without_voltage_is_refused():
    with pytest.raises(ActuatorError, match="battery_v: expected above 0, found 0"):
        Xm430Servo(battery_v=0.0)
