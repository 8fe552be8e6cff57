"""The voltage servo's law as the numbers MuJoCo steps with: pure array functions.

How the law of `robot.contracts.actuator` maps, so that the engine runs it without a
callback:

- clip(k error, +-pwm) kt V / R is a position actuator with a force range; exact.
- kt^2 / R w and viscous friction are joint damping; exact.
- Coulomb friction plus the whole Stribeck term is friction loss; what a moving gear
  sheds of it again is a quadratic fitted over 0 to 5 rad/s, see `friction_error_nm`:
  2.8 mNm rms with the default parameters. A cubic would halve that and feed energy in
  above 35 rad/s. MuJoCo's LuGre friction (a passive `dcmotor` actuator) fixes the
  exponent at 2, adds a state and a second actuator per joint, and so shifts the ids
  of every later actuator.
- A servo's own current sags its supply like a resistance in series with its winding:
  exact at full duty; at part duty the servo is up to R_supply / (R_supply + R) too
  weak. What the other servos draw enters through `plug_voltage`, between rollouts.

Written against the array-API subset that NumPy and jax.numpy share.
"""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.actuator import PARAMETER_NAMES, ServoCalibration, duty_per_rad
from robot.contracts.joints import JOINT_NAMES

Array = Any
"""NumPy or JAX array of floats."""

_FIT_SPAN_RAD_S = 5.0
"""The no-load speed at 12.5 V: on its battery no OP3 servo turns faster by itself."""
_FIT_SPEEDS = np.linspace(0.0, _FIT_SPAN_RAD_S, 51)[1:]
_FIT_POWERS = np.stack([_FIT_SPEEDS, _FIT_SPEEDS**2], axis=-1)
_FIT_INVERSE = np.linalg.pinv(_FIT_POWERS)


@dataclass(frozen=True, kw_only=True)
class ServoTable:
    """`ServoParameters` of all joints, one array per field.

    Each field is [20] in canonical joint order, or [B, 20] where a randomizer draws it
    per environment (`dataclasses.replace`). Units as in `ServoParameters`.
    """

    torque_constant_nm_a: Array
    resistance_ohm: Array
    coulomb_nm: Array
    stribeck_nm: Array
    stribeck_rad_s: Array
    stribeck_exponent: Array
    viscous_nm_s: Array
    armature_kg_m2: Array
    position_p_gain: Array
    gain_divisor: Array
    pwm_limit: Array
    supply_resistance_ohm: Array
    command_delay_s: Array

    @property
    def duty_per_rad(self) -> Array:
        """k as in `ServoParameters.duty_per_rad`."""
        return duty_per_rad(self.position_p_gain, self.gain_divisor)


@dataclass(frozen=True, kw_only=True)
class ServoFields:
    """What to write into a model, in canonical joint order.

    Attributes:
        gain: [..., 20] Nm/rad, `actuator_gainprm[:, 0]`; negated,
            `actuator_biasprm[:, 1]`.
        force_limit_nm: [..., 20] half width of `actuator_forcerange`.
        damping: [..., 20] Nm s/rad, `dof_damping`.
        damping_quadratic: [..., 20] Nm s^2/rad^2, `dof_dampingpoly[:, 0]`.
        frictionloss_nm: [..., 20] `dof_frictionloss`.
        armature_kg_m2: [..., 20] `dof_armature`.
    """

    gain: Array
    force_limit_nm: Array
    damping: Array
    damping_quadratic: Array
    frictionloss_nm: Array
    armature_kg_m2: Array


def stack_servos(calibration: ServoCalibration) -> ServoTable:
    """One row of numbers per parameter, joints in canonical order."""
    servos = [calibration.servo(name) for name in JOINT_NAMES]
    return ServoTable(
        **{
            name: np.array([getattr(servo, name) for servo in servos])
            for name in PARAMETER_NAMES
        }
    )


def servo_fields(servos: ServoTable, supply_v: Array) -> ServoFields:
    """The law at a supply voltage.

    Args:
        servos: parameters, [20] or [B, 20] each.
        supply_v: [20], [B, 20] or [B, 1]: the battery's voltage, less what other
            servos take (`plug_voltage`).
    """
    xp = supply_v.__array_namespace__()
    kt = servos.torque_constant_nm_a
    resistance = servos.resistance_ohm + servos.supply_resistance_ohm
    full_duty_nm = kt * supply_v / resistance
    zero = xp.zeros_like(full_duty_nm)
    linear, quadratic = _stribeck_polynomial(servos, xp)
    return ServoFields(
        gain=full_duty_nm * servos.duty_per_rad,
        force_limit_nm=full_duty_nm * servos.pwm_limit,
        damping=zero + kt**2 / resistance + servos.viscous_nm_s + linear,
        damping_quadratic=zero + quadratic,
        frictionloss_nm=zero + servos.coulomb_nm + servos.stribeck_nm,
        armature_kg_m2=zero + servos.armature_kg_m2,
    )


def supply_current_a(
    servos: ServoTable, supply_v: Array, error_rad: Array, speed_rad_s: Array
) -> Array:
    """Current each servo draws from the battery; negative where it brakes.

    Args:
        servos: parameters, [20] or [B, 20] each.
        supply_v: as in `servo_fields`.
        error_rad: [..., 20] position target minus angle.
        speed_rad_s: [..., 20] joint speed.
    """
    xp = error_rad.__array_namespace__()
    limit = servos.pwm_limit
    duty = xp.clip(servos.duty_per_rad * error_rad, -limit, limit)
    back_emf_v = servos.torque_constant_nm_a * speed_rad_s
    # A chopper trades voltage for current: the battery sees duty times the winding's.
    winding_a = (duty * supply_v - back_emf_v) / (
        servos.resistance_ohm + duty**2 * servos.supply_resistance_ohm
    )
    return duty * winding_a


def plug_voltage(servos: ServoTable, battery_v: Array, current_a: Array) -> Array:
    """Voltage left for each servo after what the others draw, [..., 20].

    The servo's own current is no part of it: `servo_fields` holds that already.

    Args:
        servos: parameters.
        battery_v: [..., 1] open-circuit voltage.
        current_a: [..., 20] from `supply_current_a`.
    """
    xp = current_a.__array_namespace__()
    others_a = xp.sum(current_a, axis=-1, keepdims=True) - current_a
    return battery_v - servos.supply_resistance_ohm * others_a


def friction_error_nm(servos: ServoTable) -> Array:
    """Largest error [..., 20] of the friction polynomial between 0 and 5 rad/s.

    Small for wide Stribeck curves; most of `stribeck_nm` where the bump is narrower
    than about 0.3 rad/s, because a quadratic cannot follow it.
    """
    xp = servos.stribeck_nm.__array_namespace__()
    linear, quadratic = _stribeck_polynomial(servos, xp)
    speeds = xp.asarray(_FIT_SPEEDS)
    fitted = linear[..., None] * speeds + quadratic[..., None] * speeds**2
    return xp.max(xp.abs(fitted - _shed_nm(servos, xp)), axis=-1)


def write_servo_fields(
    model: mujoco.MjModel,
    values: ServoFields,
    *,
    actuators: NDArray[np.int64],
    dofs: NDArray[np.int64],
) -> None:
    """Set one robot's servos in a compiled model.

    A changed armature needs `mujoco.mj_setConst` afterwards; the others do not.

    Args:
        model: changed in place.
        values: [20] each.
        actuators: [20] actuator ids in canonical joint order.
        dofs: [20] velocity indices in the same order.
    """
    model.actuator_gainprm[actuators, 0] = values.gain
    model.actuator_biasprm[actuators, 1] = -values.gain
    model.actuator_forcerange[actuators, 0] = -values.force_limit_nm
    model.actuator_forcerange[actuators, 1] = values.force_limit_nm
    model.dof_damping[dofs] = values.damping
    model.dof_dampingpoly[dofs, 0] = values.damping_quadratic
    model.dof_frictionloss[dofs] = values.frictionloss_nm
    model.dof_armature[dofs] = values.armature_kg_m2


def _stribeck_polynomial(servos: ServoTable, xp: Any) -> tuple[Array, Array]:
    """Damping coefficients [..., 20] that undo the Stribeck term as speed rises."""
    coefficients = xp.sum(
        _shed_nm(servos, xp)[..., None, :] * xp.asarray(_FIT_INVERSE), axis=-1
    )
    return coefficients[..., 0], coefficients[..., 1]


def _shed_nm(servos: ServoTable, xp: Any) -> Array:
    """[..., 20, S] friction above that at rest, Coulomb and viscous terms aside."""
    ratio = xp.asarray(_FIT_SPEEDS) / servos.stribeck_rad_s[..., None]
    kept = xp.exp(-(ratio ** servos.stribeck_exponent[..., None]))
    return -servos.stribeck_nm[..., None] * (1.0 - kept)
