"""The sensor board: bias, mounting and noise, from a few positions the robot lies in.

torso vector = R (reading - bias). At rest the specific force is gravity's, straight up;
where up is in the torso's frame follows from the side the torso lies on.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from firmware_bridge.clock import Clock
from firmware_bridge.errors import BusError
from firmware_bridge.opencr import OpenCrBoard
from robot.attitude import STANDARD_GRAVITY_M_S2
from robot.contracts.calibration import ImuPart, Provenance, VectorEstimate

FloatArray = NDArray[np.float64]
STEP = "imu"
PERIOD_S = 0.008
REST_S = 3.0
_FEWEST = 3
_FAR_RAD = math.radians(20)
_STILL_RAD_S = 0.05
"""A board that turns faster than this, second by second, is being moved."""
_PLACING_RAD = math.radians(0.2)
"""How well a person lays a robot down on something flat: project's choice."""
_HALF = math.sqrt(0.5)


@dataclass(frozen=True, kw_only=True)
class Position:
    """One way for the torso to lie still.

    Attributes:
        name: key of its measurement.
        told: what a person is asked to do.
        up: [3] straight up, in the torso's frame.
        quat_wxyz: of the torso, for a virtual robot's hand.
    """

    name: str
    told: str
    up: tuple[float, float, float]
    quat_wxyz: tuple[float, float, float, float]


POSITIONS = (
    Position(
        name="upright",
        told="Clamp the torso upright (spirit level on its shoulders), nothing moving",
        up=(0.0, 0.0, 1.0),
        quat_wxyz=(1.0, 0.0, 0.0, 0.0),
    ),
    Position(
        name="back",
        told="Lay the torso flat on its back on a level table",
        up=(1.0, 0.0, 0.0),
        quat_wxyz=(_HALF, 0.0, -_HALF, 0.0),
    ),
    Position(
        name="front",
        told="Lay the torso flat on its chest on a level table",
        up=(-1.0, 0.0, 0.0),
        quat_wxyz=(_HALF, 0.0, _HALF, 0.0),
    ),
    Position(
        name="left side",
        told="Lay the torso flat on its left side, against an upright board",
        up=(0.0, -1.0, 0.0),
        quat_wxyz=(_HALF, -_HALF, 0.0, 0.0),
    ),
    Position(
        name="right side",
        told="Lay the torso flat on its right side, against an upright board",
        up=(0.0, 1.0, 0.0),
        quat_wxyz=(_HALF, _HALF, 0.0, 0.0),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The board's readings while the torso lay still.

    Attributes:
        gyro_rad_s, acceleration_m_s2: [T, 3] as `OpenCrBoard` gives them.
    """

    gyro_rad_s: FloatArray
    acceleration_m_s2: FloatArray


def record_rest(board: OpenCrBoard, clock: Clock, seconds: float = REST_S) -> Rest:
    """Read the board every 8 ms.

    Raises:
        BusError: it does not answer.
    """
    gyro, acceleration = [], []
    due_s = clock.now()
    for _ in range(round(seconds / PERIOD_S)):
        clock.sleep_until(due_s)
        due_s += PERIOD_S
        reading = board.read()
        gyro.append(reading.gyro_rad_s)
        acceleration.append(reading.acceleration_m_s2)
    return Rest(gyro_rad_s=np.array(gyro), acceleration_m_s2=np.array(acceleration))


def rest_faults(position: Position, rest: Rest) -> list[str]:
    """Why this recording is of no use, in words; empty if it is good."""
    up = np.array(position.up)
    mean = rest.acceleration_m_s2.mean(axis=0)
    cosine = float(up @ mean) / max(float(np.linalg.norm(mean)), 1e-9)
    off = math.acos(max(-1.0, min(1.0, cosine)))
    found = []
    if off > _FAR_RAD:
        found.append(
            f"{position.name}: expected up within {math.degrees(_FAR_RAD):.0f} deg of "
            f"where it is in that position, found it {math.degrees(off):.0f} deg away; "
            f"{position.told.lower()}, and start again"
        )
    parts = np.array_split(rest.gyro_rad_s, 4)
    drift = np.ptp([part.mean(axis=0) for part in parts], axis=0).max()
    if drift > _STILL_RAD_S:
        found.append(
            f"{position.name}: expected a torso at rest, found its turn rate changing "
            f"by {drift:.2f} rad/s; keep hands off and start again"
        )
    return found


def checked_rest(position: Position, board: OpenCrBoard, clock: Clock) -> Rest:
    """A usable recording.

    Raises:
        CalibrationError: the torso lies otherwise, moves, or the board is silent.
    """
    try:
        rest = record_rest(board, clock)
    except BusError as error:
        raise CalibrationError(STEP, error.faults) from error
    faults = rest_faults(position, rest)
    if faults:
        raise CalibrationError(STEP, faults)
    return rest


@dataclass(frozen=True, kw_only=True)
class ImuFit:
    """What the positions tell.

    Attributes:
        rotation: [3, 3] sensor frame to torso frame.
        rotation_sigma_rad: [3] about the torso's axes.
        acceleration_bias_m_s2: [3] and its sigma [3].
        gyro_bias_rad_s: [3] and its sigma [3].
        left_m_s2: position name to [3] reading that is not explained, torso frame.
    """

    rotation: FloatArray
    rotation_sigma_rad: FloatArray
    acceleration_bias_m_s2: FloatArray
    acceleration_bias_sigma_m_s2: FloatArray
    gyro_bias_rad_s: FloatArray
    gyro_bias_sigma_rad_s: FloatArray
    gyro_noise_rad_s: float
    acceleration_noise_m_s2: float
    left_m_s2: dict[str, FloatArray]


def fit_imu(rests: Mapping[str, Rest]) -> ImuFit:
    """Bias and mounting by least squares: centred directions, then their rotation.

    Args:
        rests: by name of `POSITIONS`.

    Raises:
        CalibrationError: fewer than three directions, or all in one plane with the bias
            free to hide in.
    """
    used = [position for position in POSITIONS if position.name in rests]
    _need_directions(used)
    up = np.array([position.up for position in used])
    mean = np.array([rests[p.name].acceleration_m_s2.mean(axis=0) for p in used])
    about, centre = up - up.mean(axis=0), mean.mean(axis=0)
    left, _, right = np.linalg.svd(about.T @ (mean - centre))
    mirror = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ mirror @ right
    bias = centre - STANDARD_GRAVITY_M_S2 * up.mean(axis=0) @ rotation
    rest_of = (mean - bias) @ rotation.T - STANDARD_GRAVITY_M_S2 * up
    freedom = max(3 * len(used) - 6, 1)
    noise = _noise([rests[p.name].acceleration_m_s2 for p in used])
    count = sum(len(rests[p.name].gyro_rad_s) for p in used)
    scatter = max(
        math.sqrt(float((rest_of**2).sum()) / freedom),
        noise / math.sqrt(count / len(used)),
        _PLACING_RAD * STANDARD_GRAVITY_M_S2 / 2,
    )
    stiff = sum(float(w @ w) * np.eye(3) - np.outer(w, w) for w in about)
    sigma = scatter / STANDARD_GRAVITY_M_S2 * np.sqrt(np.diag(np.linalg.inv(stiff)))
    gyro = [rests[p.name].gyro_rad_s for p in used]
    gyro_noise = _noise(gyro)
    return ImuFit(
        rotation=rotation,
        rotation_sigma_rad=sigma,
        acceleration_bias_m_s2=bias,
        acceleration_bias_sigma_m_s2=np.full(3, scatter / math.sqrt(len(used))),
        gyro_bias_rad_s=np.concatenate(gyro).mean(axis=0),
        gyro_bias_sigma_rad_s=np.full(3, gyro_noise / math.sqrt(count)),
        gyro_noise_rad_s=gyro_noise,
        acceleration_noise_m_s2=noise,
        left_m_s2=dict(zip([p.name for p in used], rest_of, strict=True)),
    )


def imu_part(fit: ImuFit, provenance: Provenance) -> ImuPart:
    """The part of the calibration file."""
    return ImuPart(
        provenance=provenance,
        gyro_bias_rad_s=_estimate(fit.gyro_bias_rad_s, fit.gyro_bias_sigma_rad_s),
        acceleration_bias_m_s2=_estimate(
            fit.acceleration_bias_m_s2, fit.acceleration_bias_sigma_m_s2
        ),
        quat_wxyz=quaternion(fit.rotation),
        rotation_sigma_rad=_triple(fit.rotation_sigma_rad),
        gyro_noise_rad_s=fit.gyro_noise_rad_s,
        acceleration_noise_m_s2=fit.acceleration_noise_m_s2,
    )


def quaternion(rotation: FloatArray) -> tuple[float, float, float, float]:
    """wxyz of a rotation matrix of less than half a turn."""
    w = math.sqrt(max(1 + float(np.trace(rotation)), 1e-12)) / 2
    x = float(rotation[2, 1] - rotation[1, 2]) / (4 * w)
    y = float(rotation[0, 2] - rotation[2, 0]) / (4 * w)
    z = float(rotation[1, 0] - rotation[0, 1]) / (4 * w)
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    return w / norm, x / norm, y / norm, z / norm


def measure_rests(
    missing: Sequence[Position],
    place: Callable[[Position], None],
    board: OpenCrBoard,
    clock: Clock,
    keep: Callable[[Position, Rest], None],
) -> None:
    """Position after position; each recording is kept before the next begins.

    Raises:
        CalibrationError: see `checked_rest`; what was kept stays.
    """
    for position in missing:
        place(position)
        clock.sleep_until(clock.now() + 0.5)
        keep(position, checked_rest(position, board, clock))


def _need_directions(used: Sequence[Position]) -> None:
    names = ", ".join(position.name for position in used) or "none"
    up = np.array([position.up for position in used]).reshape(-1, 3)
    centred = up - up.mean(axis=0) if len(up) else up
    if len(used) < _FEWEST or np.linalg.matrix_rank(centred) < 2:
        choices = ", ".join(position.name for position in POSITIONS)
        raise CalibrationError(
            STEP,
            [
                f"positions: expected at least {_FEWEST} of {choices}, found {names}; "
                "start again to measure the others"
            ],
        )


def _noise(readings: Sequence[FloatArray]) -> float:
    return math.sqrt(float(np.mean([part.var(axis=0) for part in readings])))


def _estimate(value: FloatArray, sigma: FloatArray) -> VectorEstimate:
    return VectorEstimate(value=_triple(value), sigma=_triple(sigma))


def _triple(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
