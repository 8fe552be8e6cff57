"""What a servo is to the simulator: the numbers calibration measures and sim reads.

The law these numbers belong to (after Rhoban BAM, ICRA 2025), output shaft, SI units:

    duty   = clip(k error, +-pwm_limit)     k: see `ServoParameters.duty_per_rad`
    torque = duty kt V / R - kt^2 / R w - friction(w)
    friction(w) = sign(w) (coulomb + stribeck exp(-|w / w_s|^alpha)) + viscous w
"""

import json
import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError
from robot.contracts.joints import JOINT_NAMES

_TICKS_PER_RAD = 2048 / math.pi
_FULL_PWM = 885.0
"""PWM register value of 100 % duty (e-manual XM430-W350, addresses 36 and 100)."""
_MAY_BE_ZERO = frozenset(
    {
        "coulomb_nm",
        "stribeck_nm",
        "viscous_nm_s",
        "supply_resistance_ohm",
        "command_delay_s",
    }
)


def _range_fault(name: str, value: float) -> str | None:
    if name == "pwm_limit":
        return _fault_unless(0 < value <= 1, name, "above 0, at most 1", value)
    if name in _MAY_BE_ZERO:
        return _fault_unless(0 <= value < math.inf, name, "0 or more", value)
    return _fault_unless(0 < value < math.inf, name, "above 0", value)


def _fault_unless(fits: bool, name: str, expected: str, value: float) -> str | None:
    return None if fits else f"{name}: expected {expected}, found {value}"


def duty_per_rad(p_gain: Any, divisor: Any) -> Any:
    """Duty per radian of position error, of numbers or arrays.

    The servo counts its error in ticks and its output in PWM units.
    """
    return _TICKS_PER_RAD * p_gain / divisor / _FULL_PWM


@dataclass(frozen=True, kw_only=True)
class ServoParameters:
    """One servo. The constants are those of the output shaft, gear included.

    Attributes:
        torque_constant_nm_a: kt, also the back-EMF constant in V s/rad.
        resistance_ohm: R, of the winding.
        coulomb_nm: friction at any speed. 0.03: friction loss identified for the OP3
            in arXiv:2304.13653.
        stribeck_nm: friction that a moving gear sheds. 0.093: rest friction 0.123 of
            the MX-64 (BAM, M6), the nearest servo with a published fit, less the
            0.03 above. Project's choice until an XM430 is identified.
        stribeck_rad_s, stribeck_exponent: w_s and alpha; MX-64 (BAM, M6).
        viscous_nm_s: per rad/s; MX-64 (BAM, M6).
        armature_kg_m2: rotor inertia at the output; arXiv:2304.13653.
        position_p_gain: register 84; factory default and OP3 start-up value.
        gain_divisor: internal gain = register / divisor. The e-manual says 128; BAM
            measured 256 on the XL-330. 128 gives 19.4 Nm/rad at 12 V, close to the
            21.1 identified in arXiv:2304.13653; 256 would give 9.7.
        pwm_limit: largest duty, 0 to 1 (register 36: 885 is 1).
        supply_resistance_ohm: battery and wiring, 0.1: project's choice.
        command_delay_s: from a goal's arrival to its effect. 0, because tasks delay
            actions themselves; calibration fills in what the servo adds.

    Raises:
        ValueError: numbers out of range; names them all.
    """

    torque_constant_nm_a: float
    resistance_ohm: float
    coulomb_nm: float = 0.03
    stribeck_nm: float = 0.093
    stribeck_rad_s: float = 2.58
    stribeck_exponent: float = 0.84
    viscous_nm_s: float = 0.025
    armature_kg_m2: float = 0.045
    position_p_gain: float = 800.0
    gain_divisor: float = 128.0
    pwm_limit: float = 1.0
    supply_resistance_ohm: float = 0.1
    command_delay_s: float = 0.0

    def __post_init__(self) -> None:
        found = [_range_fault(f.name, getattr(self, f.name)) for f in fields(self)]
        faults = [fault for fault in found if fault]
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def duty_per_rad(self) -> float:
        """k: duty per radian of position error."""
        return duty_per_rad(self.position_p_gain, self.gain_divisor)


PARAMETER_NAMES: tuple[str, ...] = tuple(f.name for f in fields(ServoParameters))


@dataclass(frozen=True, kw_only=True)
class TorqueSpeedCurve:
    """Ends of a servo's torque-speed curve at one supply voltage."""

    supply_v: float
    stall_torque_nm: float
    no_load_rad_s: float


def _manual_row(supply_v: float, stall_nm: float, rpm: float) -> TorqueSpeedCurve:
    return TorqueSpeedCurve(
        supply_v=supply_v,
        stall_torque_nm=stall_nm,
        no_load_rad_s=rpm * 2 * math.pi / 60,
    )


XM430_CURVES: tuple[TorqueSpeedCurve, ...] = (
    _manual_row(11.1, 3.8, 43.0),
    _manual_row(12.0, 4.1, 46.0),
    _manual_row(14.8, 4.8, 57.0),
)
"""XM430-W350 with its 353.5:1 gear, as the e-manual lists it."""


def servo_from_curve(curve: TorqueSpeedCurve, **parameters: float) -> ServoParameters:
    """The servo whose full-duty curve has the ends of `curve`.

    Two ends give two constants: kt V / R is the stall torque plus the friction at
    rest; kt^2 / R is what is left of it, after friction, per rad/s of no-load speed.

    Args:
        curve: measured at the servo's plug, so without the supply's resistance.
        parameters: other fields of `ServoParameters`; the rest keep their defaults.
    """
    trial = ServoParameters(torque_constant_nm_a=1.0, resistance_ohm=1.0, **parameters)
    speed = curve.no_load_rad_s
    shed = math.exp(-((speed / trial.stribeck_rad_s) ** trial.stribeck_exponent))
    running = trial.coulomb_nm + trial.stribeck_nm * shed + trial.viscous_nm_s * speed
    drive = curve.stall_torque_nm + trial.coulomb_nm + trial.stribeck_nm
    back_emf = (drive - running) / speed
    torque_constant = back_emf * curve.supply_v / drive
    return replace(
        trial,
        torque_constant_nm_a=torque_constant,
        resistance_ohm=torque_constant * curve.supply_v / drive,
    )


XM430 = servo_from_curve(XM430_CURVES[1])
"""From the 12 V row, which agrees with the 11.1 V row; OP3 runs on 9.9 to 12.6 V."""


@dataclass(frozen=True, kw_only=True)
class JointOverride:
    """One parameter of one joint that differs from the default servo.

    Raises:
        ValueError: unknown joint or parameter, or a value out of range.
    """

    joint: str
    parameter: str
    value: float

    def __post_init__(self) -> None:
        faults = []
        if self.joint not in JOINT_NAMES:
            faults.append(
                f"joint: expected one of {', '.join(JOINT_NAMES)}, found {self.joint!r}"
            )
        if self.parameter not in PARAMETER_NAMES:
            faults.append(
                f"parameter: expected one of {', '.join(PARAMETER_NAMES)}, "
                f"found {self.parameter!r}"
            )
        else:
            faults.append(_range_fault(self.parameter, self.value))
        faults = [fault for fault in faults if fault]
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True, kw_only=True)
class ServoCalibration:
    """All twenty servos: one default, and what differs by joint.

    Attributes:
        source: where the numbers come from, for whoever reads the file.
        default: of every joint without an override.
        overrides: at most one per joint and parameter.

    Raises:
        ValueError: two overrides of the same parameter of the same joint.
    """

    source: str
    default: ServoParameters = XM430
    overrides: tuple[JointOverride, ...] = ()

    def __post_init__(self) -> None:
        keys = [(override.joint, override.parameter) for override in self.overrides]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            names = ", ".join(f"{joint}.{parameter}" for joint, parameter in twice)
            raise ValueError(f"overrides: expected each once, found twice: {names}")

    def servo(self, joint: str) -> ServoParameters:
        """Parameters of `joint`.

        Raises:
            KeyError: no such joint.
        """
        if joint not in JOINT_NAMES:
            raise KeyError(f"expected one of {', '.join(JOINT_NAMES)}, found {joint!r}")
        changes = {o.parameter: o.value for o in self.overrides if o.joint == joint}
        return replace(self.default, **changes)


NOMINAL_SERVOS = ServoCalibration(
    source="e-manual XM430-W350 at 12 V; friction of the MX-64 from Rhoban BAM"
)


def read_servos(path: Path) -> ServoCalibration:
    """Read a calibration file.

    Raises:
        ContractError: missing, not JSON, or not this contract; lists every fault.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fault = "expected a servo calibration, found no such file"
        raise ContractError(str(path), [fault]) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    return from_plain(ServoCalibration, plain, subject=str(path))


def write_servos(path: Path, calibration: ServoCalibration) -> None:
    """Write `calibration` as JSON; floats keep full precision."""
    text = json.dumps(to_plain(calibration), indent=1)
    path.write_text(text + "\n", encoding="utf-8")
