"""What is fitted of a servo, how far it may be from a nominal one, and its names.

The winding's resistance and torque constant appear as what motion shows of them: stall
torque per volt and back-EMF damping. Motion cannot tell viscous friction from back-EMF
damping; the sum is what is measured, and `viscous_nm_s` keeps its nominal value.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.servo.limb_model import LimbLaw
from robot.contracts.actuator import ServoCalibration, ServoParameters
from robot.contracts.calibration import Estimate, ParameterEstimate
from sim.actuator_fields import ServoTable

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """One fitted number, as x: 0 at the nominal value, 1 at its `spread`.

    Attributes:
        name: of it.
        spread: standard deviation among robots before anything was measured; a share
            of the nominal value where `relative`.
        relative: x acts on the logarithm.
    """

    name: str
    spread: float
    relative: bool = True


FITTED = (
    Fitted(name="gain_divisor", spread=0.3),
    Fitted(name="stall_nm_v", spread=0.3),
    Fitted(name="back_emf_nm_s", spread=0.3),
    Fitted(name="coulomb_nm", spread=0.5),
    Fitted(name="stribeck_nm", spread=0.3),
    Fitted(name="armature_kg_m2", spread=0.05),
    Fitted(name="delay_s", spread=0.01, relative=False),
    Fitted(name="zero_rad", spread=0.03, relative=False),
    Fitted(name="current_gain", spread=0.02),
)
"""Spreads are the project's choice: wide for servos, but 5 % for the armature, which is
the same rotor behind the same gear, and 2 % for their current sensor, the vendor giving
none; 1.7 deg for zeros (arXiv:2304.13653: up to 2.9 deg)."""
NAMES = tuple(fitted.name for fitted in FITTED)
COUNT = len(FITTED)
_EXPECTED_DELAY_S = 0.008


def nominal(servos: ServoCalibration, joints: tuple[str, ...]) -> FloatArray:
    """[n, COUNT] values the fit starts from and is drawn to."""
    rows = []
    for joint in joints:
        servo = servos.servo(joint)
        kt, ohm = servo.torque_constant_nm_a, servo.resistance_ohm
        rows.append(
            [
                servo.gain_divisor,
                kt / ohm,
                kt**2 / ohm,
                servo.coulomb_nm,
                servo.stribeck_nm,
                servo.armature_kg_m2,
                servo.command_delay_s or _EXPECTED_DELAY_S,
                0.0,
                1.0,
            ]
        )
    return np.array(rows)


def values(base: FloatArray, x: FloatArray) -> FloatArray:
    """[n, COUNT] physical values of [n, COUNT] scaled ones."""
    moved = np.empty_like(base)
    for column, fitted in enumerate(FITTED):
        step = fitted.spread * x[:, column]
        if fitted.relative:
            moved[:, column] = base[:, column] * np.exp(step)
        else:
            moved[:, column] = base[:, column] + step
    moved[:, NAMES.index("delay_s")] = np.maximum(moved[:, NAMES.index("delay_s")], 0)
    return moved


def law_of(
    table: FloatArray, servos: ServoCalibration, joints: tuple[str, ...]
) -> LimbLaw:
    """The limb's law from [n, COUNT] values; what is not fitted is as in `servos`."""
    column = {name: table[:, row] for row, name in enumerate(NAMES)}
    kept = {
        name: np.array([getattr(servos.servo(joint), name) for joint in joints])
        for name in (
            "stribeck_rad_s",
            "stribeck_exponent",
            "viscous_nm_s",
            "position_p_gain",
            "pwm_limit",
            "supply_resistance_ohm",
        )
    }
    kt = column["back_emf_nm_s"] / column["stall_nm_v"]
    return LimbLaw(
        servos=ServoTable(
            torque_constant_nm_a=kt,
            resistance_ohm=kt / column["stall_nm_v"],
            coulomb_nm=column["coulomb_nm"],
            stribeck_nm=column["stribeck_nm"],
            armature_kg_m2=column["armature_kg_m2"],
            gain_divisor=column["gain_divisor"],
            command_delay_s=np.zeros(len(joints)),
            **kept,
        ),
        delay_s=column["delay_s"],
        zero_rad=column["zero_rad"],
        current_gain=column["current_gain"],
    )


def estimates(row: FloatArray, covariance: FloatArray) -> tuple[ParameterEstimate, ...]:
    """One servo's fields of `ServoParameters` and their uncertainties.

    Args:
        row: [COUNT] values.
        covariance: [COUNT, COUNT] of the scaled x.
    """
    spread = np.array([fitted.spread for fitted in FITTED])
    at = {name: index for index, name in enumerate(NAMES)}
    sigma = np.sqrt(np.diag(covariance)) * spread
    stall, back = row[at["stall_nm_v"]], row[at["back_emf_nm_s"]]
    kt = back / stall

    def relative(**powers: int) -> float:
        """Relative sigma of a product of powers of fitted values."""
        weights = np.zeros(COUNT)
        for name, power in powers.items():
            weights[at[name]] = power * spread[at[name]]
        return float(np.sqrt(weights @ covariance @ weights))

    found = {
        "gain_divisor": (row[at["gain_divisor"]], relative(gain_divisor=1)),
        "torque_constant_nm_a": (kt, relative(back_emf_nm_s=1, stall_nm_v=-1)),
        "resistance_ohm": (kt / stall, relative(back_emf_nm_s=1, stall_nm_v=-2)),
        "coulomb_nm": (row[at["coulomb_nm"]], relative(coulomb_nm=1)),
        "stribeck_nm": (row[at["stribeck_nm"]], relative(stribeck_nm=1)),
        "armature_kg_m2": (row[at["armature_kg_m2"]], relative(armature_kg_m2=1)),
    }
    made = [
        ParameterEstimate(
            parameter=name,
            estimate=Estimate(value=float(value), sigma=float(value * share)),
        )
        for name, (value, share) in found.items()
    ]
    delay = Estimate(value=float(row[at["delay_s"]]), sigma=float(sigma[at["delay_s"]]))
    return (*made, ParameterEstimate(parameter="command_delay_s", estimate=delay))


@dataclass(frozen=True, kw_only=True)
class ServoFigures:
    """A servo in the words of the issue: what a user compares.

    Attributes:
        gain_nm_rad: torque per position error.
        torque_limit_nm: at standstill.
        damping_nm_s: torque lost per rad/s: viscous friction and back-EMF together.
        friction_nm: at rest.
    """

    gain_nm_rad: float
    torque_limit_nm: float
    damping_nm_s: float
    friction_nm: float


def figures(servo: ServoParameters, supply_v: float) -> ServoFigures:
    """At a supply voltage at the servo's plug."""
    per_volt = servo.torque_constant_nm_a / servo.resistance_ohm
    return ServoFigures(
        gain_nm_rad=per_volt * supply_v * servo.duty_per_rad,
        torque_limit_nm=per_volt * supply_v * servo.pwm_limit,
        damping_nm_s=per_volt * servo.torque_constant_nm_a + servo.viscous_nm_s,
        friction_nm=servo.coulomb_nm + servo.stribeck_nm,
    )
