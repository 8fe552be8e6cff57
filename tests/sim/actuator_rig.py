"""Twenty lone joints with an OP3's names, and a slow exact servo to compare with."""

import mujoco
import numpy as np
from mujoco import rollout

from robot.contracts.actuator import ServoParameters
from robot.contracts.joints import JOINT_NAMES

LOAD_INERTIA_KG_M2 = 0.01
CONTROL = mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_QFRC_APPLIED


def rig(law, timestep_s: float = 0.005) -> mujoco.MjModel:
    """A wheel of 0.01 kg m^2 on each servo, no gravity, no joint stops."""
    spec = mujoco.MjSpec()
    spec.option.timestep = timestep_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.gravity = [0, 0, 0]
    for name in JOINT_NAMES:
        body = spec.worldbody.add_body(name=f"{name}_link")
        body.mass, body.explicitinertial = 1.0, True
        body.inertia = [LOAD_INERTIA_KG_M2] * 3
        body.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 0, 1])
        actuator = spec.add_actuator(
            name=f"{name}_act", target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT
        )
        actuator.set_to_position(kp=1.0)
        actuator.forcelimited = True
    law.write_to(spec)
    return spec.compile()


def run(model: mujoco.MjModel, target_rad, load_nm, duration_s: float):
    """Angles and speeds [S, 20] after each step of one `mujoco.rollout` call.

    `target_rad` is [20], or [S, 20] to change with time; `load_nm` opposes [20].
    """
    steps = round(duration_s / model.opt.timestep)
    data = mujoco.MjData(model)
    full = mujoco.mjtState.mjSTATE_FULLPHYSICS
    start = np.zeros(mujoco.mj_stateSize(model, full))
    mujoco.mj_getState(model, data, start, full)
    control = np.zeros((1, steps, 40))
    control[0, :, :20] = target_rad
    control[0, :, 20:] = -np.asarray(load_nm)
    pool = rollout.Rollout(nthread=1)
    states, _ = pool.rollout(
        [model], [data], start[None], control, control_spec=int(CONTROL)
    )
    pool.close()
    return states[0, :, 1:21], states[0, :, 21:41]


def exact_step_response(
    servo: ServoParameters, battery_v: float, target_rad, duration_s: float
):
    """The servo's law at 20 kHz, friction by sticking and slipping; [S, 20] at 1 kHz.

    Nothing is fitted here: Stribeck's curve as written, and the servo's own current
    sagging its supply through the chopper, battery current = duty * winding current.
    """
    step_s, kept = 5e-5, []
    angle, speed = np.zeros(20), np.zeros(20)
    inertia = servo.armature_kg_m2 + LOAD_INERTIA_KG_M2
    slope = 2048 / np.pi * servo.position_p_gain / servo.gain_divisor / 885
    kt = servo.torque_constant_nm_a
    for tick in range(round(duration_s / step_s)):
        duty = np.clip(slope * (target_rad - angle), -servo.pwm_limit, servo.pwm_limit)
        current = (duty * battery_v - kt * speed) / (
            servo.resistance_ohm + duty**2 * servo.supply_resistance_ohm
        )
        free = speed + step_s / inertia * (kt * current - servo.viscous_nm_s * speed)
        bump = np.exp(
            -(np.abs(speed / servo.stribeck_rad_s) ** servo.stribeck_exponent)
        )
        friction = servo.coulomb_nm + servo.stribeck_nm * bump
        lost = np.minimum(np.abs(free), step_s / inertia * friction)
        speed = free - np.sign(free) * lost
        angle = angle + step_s * speed
        if (tick + 1) % 20 == 0:
            kept.append(angle)
    return np.array(kept)
