"""Has the robot changed since its file was made? Two minutes of measuring, compared.

Each row compares one number of the file with the same number of today; what differs by
more than both uncertainties and by enough to matter says which step to do again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.imu import Position, Rest, rest_faults
from calibration.limbs import LIMBS
from calibration.motion_player import Recording
from calibration.servo import parameters
from calibration.servo.fit import FitConfig, LimbFit, angle_errors, fit_limb
from calibration.servo.limb_model import LimbModel
from robot.attitude import STANDARD_GRAVITY_M_S2
from robot.contracts.calibration import CalibrationBundle, ImuPart, ServoFit, ServoPart

FloatArray = NDArray[np.float64]
STEP = "check"
_FREE = (
    "gain_divisor",
    "coulomb_nm",
    "delay_s",
    "zero_rad",
)
"""What a short motion tells against a law that is known."""
_SIGMAS = 4.0
_SERVO_LIMITS = {"gain_divisor": 0.08, "coulomb_nm": 0.03, "delay_s": 0.003}
_ZERO_LIMIT_RAD = math.radians(1.0)
_ERROR_FACTOR = 2.0
_TILT_LIMIT_RAD = math.radians(0.6)
_GYRO_LIMIT_RAD_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison.

    Attributes:
        what: e.g. "l_knee gain".
        before, today: in words, with units.
        changed: by enough to matter.
        redo: the command to type then.
    """

    what: str
    before: str
    today: str
    changed: bool
    redo: str


def need_parts(bundle: CalibrationBundle) -> None:
    """There must be something to compare with.

    Raises:
        CalibrationError: the file holds neither servos nor a sensor board.
    """
    if bundle.servos is None and bundle.imu is None:
        raise CalibrationError(
            STEP,
            [
                "calibration file: expected servos or imu in it, found "
                f"{', '.join(bundle.parts) or 'nothing'}; do op3-soccer calibrate "
                "servo and imu first"
            ],
        )


def imu_rows(part: ImuPart, position: Position, rest: Rest) -> list[Row]:
    """The board of a robot that hangs upright.

    Raises:
        CalibrationError: it does not hang upright, or moves.
    """
    faults = rest_faults(position, rest)
    if faults:
        raise CalibrationError(STEP, faults)
    gyro = rest.gyro_rad_s.mean(axis=0)
    off_gyro = float(np.abs(gyro - np.array(part.gyro_bias_rad_s.value)).max())
    force = rest.acceleration_m_s2.mean(axis=0)
    bias = np.array(part.acceleration_bias_m_s2.value)
    wanted = _rotated_back(part.quat_wxyz, np.array(position.up)) + (
        bias / STANDARD_GRAVITY_M_S2
    )
    seen = force / np.linalg.norm(force)
    cosine = float(seen @ wanted) / float(np.linalg.norm(wanted))
    tilt = math.acos(max(-1.0, min(1.0, cosine)))
    redo = "op3-soccer calibrate imu --fresh"
    return [
        Row(
            what="gyro bias",
            before=_triple(part.gyro_bias_rad_s.value, "rad/s"),
            today=_triple(gyro, "rad/s"),
            changed=off_gyro > _GYRO_LIMIT_RAD_S,
            redo=redo,
        ),
        Row(
            what="board's mounting",
            before="0.0 deg off",
            today=f"{math.degrees(tilt):.1f} deg off, or the stand leans",
            changed=tilt > _TILT_LIMIT_RAD,
            redo=redo,
        ),
    ]


def servo_rows(part: ServoPart, recordings: Sequence[Recording]) -> list[Row]:
    """The servos, by how the file's laws explain short motions of today."""
    servos = part.servos()
    known = {fit.joint: fit for fit in part.fits}
    rows: list[Row] = []
    for limb, members in LIMBS.items():
        joints = tuple(joint for joint in members if joint in known)
        if not joints:
            continue
        with LimbModel(limb) as model:
            start = parameters.nominal(servos, model.joints)
            _, errors = angle_errors(model, recordings, servos, start)
            config = FitConfig(iterations=4, zero_sigma_rad=0.02, free=_FREE)
            fit = fit_limb(model, recordings, servos, joints, config)
        for row, joint in enumerate(fit.joints):
            if joint in known:
                rows += _compared(known[joint], start[row], fit, row, errors[row])
    return rows


def _compared(
    known: ServoFit, before: FloatArray, fit: LimbFit, row: int, error_rad: float
) -> list[Row]:
    joint = known.joint
    redo = f"op3-soccer calibrate servo {joint} --fresh"
    limit = _ERROR_FACTOR * max(known.hold_out_rad, float(fit.noise_rad[row]))
    rows = [
        Row(
            what=f"{joint} law",
            before=f"explains motion to {math.degrees(known.hold_out_rad):.2f} deg",
            today=f"{math.degrees(error_rad):.2f} deg",
            changed=error_rad > limit,
            redo=redo,
        )
    ]
    today = fit.table[row]
    for name, least in _SERVO_LIMITS.items():
        column = parameters.NAMES.index(name)
        spread = parameters.FITTED[column].spread
        sigma = spread * math.sqrt(fit.covariance[row, column, column])
        change = today[column] - before[column]
        if name == "gain_divisor":
            change = before[column] / today[column] - 1
        elif parameters.FITTED[column].relative:
            sigma *= today[column]
        if abs(change) > max(least, _SIGMAS * sigma):
            rows.append(_changed(joint, name, before[column], today[column], redo))
    column = parameters.NAMES.index("zero_rad")
    sigma = parameters.FITTED[column].spread * math.sqrt(
        fit.covariance[row, column, column]
    )
    zero = float(today[column])
    if abs(zero) > max(_ZERO_LIMIT_RAD, _SIGMAS * sigma):
        rows.append(
            Row(
                what=f"{joint} zero",
                before="0.0 deg off",
                today=f"{math.degrees(zero):+.1f} deg off by its load",
                changed=True,
                redo="op3-soccer calibrate zeros --fresh",
            )
        )
    return rows


def _changed(joint: str, name: str, before: float, today: float, redo: str) -> Row:
    if name == "gain_divisor":
        what, told = "gain", ("100 %", f"{100 * before / today:.0f} %")
    elif name == "delay_s":
        what, told = "delay", (f"{1e3 * before:.1f} ms", f"{1e3 * today:.1f} ms")
    else:
        what, told = "friction", (f"{before:.3f} Nm", f"{today:.3f} Nm")
    return Row(
        what=f"{joint} {what}", before=told[0], today=told[1], changed=True, redo=redo
    )


def to_redo(rows: Sequence[Row]) -> tuple[str, ...]:
    """Commands, each once, in the order of the rows."""
    return tuple(dict.fromkeys(row.redo for row in rows if row.changed))


def _rotated_back(quat_wxyz: Sequence[float], vector: FloatArray) -> FloatArray:
    """[3] `vector` of the turned frame, in the frame that was turned."""
    w, axis = quat_wxyz[0], -np.array(quat_wxyz[1:])
    twice = 2 * np.cross(axis, vector)
    return vector + w * twice + np.cross(axis, twice)


def _triple(values: Sequence[float] | FloatArray, unit: str) -> str:
    return " ".join(f"{value:+.3f}" for value in values) + f" {unit}"
