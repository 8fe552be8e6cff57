"""A supply that sags: what twenty servos that move at once do to each other's torque.

A compiled model holds a law at one voltage. Full steps of all joints take the battery
down by 2 V for a tenth of a second; a law fitted at the mean voltage puts that into its
gain, its damping and its delay. The board reads the voltage in every cycle, so what it
changes is known beforehand and is applied as a torque of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.actuator_fields import ServoTable

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was read of a limb, at T times.

    Attributes:
        supply_v: [T, 1] at the board.
        angle_rad, speed_rad_s: [T, n].
    """

    supply_v: FloatArray
    angle_rad: FloatArray
    speed_rad_s: FloatArray


def sag_torque(
    servos: ServoTable, model_v: float, goal_rad: FloatArray, seen: Seen
) -> FloatArray:
    """[T, n] torque at the real voltage less that of the same law at `model_v`.

    Args:
        servos: [n] laws.
        model_v: voltage the model holds them at.
        goal_rad: [T, n] that act.
        seen: what was read meanwhile: near enough to where the law takes the limb,
            since only the difference of two voltages is multiplied by it.
    """
    error = goal_rad - seen.angle_rad
    plug = plug_v(servos, seen.supply_v, error, seen.speed_rad_s)
    per_volt = servos.torque_constant_nm_a / _resistance(servos)
    return per_volt * _duty(servos, error) * (plug - model_v)


def plug_v(
    servos: ServoTable, supply_v: FloatArray, error_rad: FloatArray, speed: FloatArray
) -> FloatArray:
    """[T, n] battery less what the other servos take: what `servo_fields` wants.

    The board reads what is left after all servos; a servo's own share, duty times the
    winding's current through the supply's resistance, is put back.
    """
    duty, resistance = _duty(servos, error_rad), _resistance(servos)
    own = servos.supply_resistance_ohm * duty / resistance
    left = supply_v - own * servos.torque_constant_nm_a * speed
    return left / (1 - own * duty)


def winding_a(
    servos: ServoTable, supply_v: FloatArray, error_rad: FloatArray, speed: FloatArray
) -> FloatArray:
    """[T, n] current at a voltage read at the board."""
    plug = plug_v(servos, supply_v, error_rad, speed)
    driven = _duty(servos, error_rad) * plug
    return (driven - servos.torque_constant_nm_a * speed) / _resistance(servos)


def _duty(servos: ServoTable, error_rad: FloatArray) -> FloatArray:
    limit = servos.pwm_limit
    return np.clip(servos.duty_per_rad * error_rad, -limit, limit)


def _resistance(servos: ServoTable) -> FloatArray:
    return servos.resistance_ohm + servos.supply_resistance_ohm
