"""Delays, from motions that several sensors see: what lags behind what.

A picture's motion, a joint's angle and the gyro's integral are the same motion, seen at
different ages. Two of them are laid over each other by the shift in time at which one
is a multiple of the other; angles are used and not rates, so no noise is amplified.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.motion_player import Recording
from robot.contracts.calibration import Estimate, LatencyPart, Provenance
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS

FloatArray = NDArray[np.float64]
STEP = "latency"
PERIOD_S = 0.008
_LONGEST_S = 0.25
_LEAST_SHARE = 0.6
"""Of a motion's variance that the other one must explain."""
_HALF_WIDTH_S = 0.012
_FEWEST_PICTURES = 30
_WITHIN = 40
"""Cycles, 0.32 s: long enough that ticks weigh little, short enough that the gyro's
noise does not wander."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How much later the second of two signals shows the motion of the first.

    Attributes:
        shift_s: positive where the second lags.
        sigma_s: its uncertainty.
        explained: share of the second's variance, 0 to 1.
    """

    shift_s: float
    sigma_s: float
    explained: float


@dataclass(frozen=True, kw_only=True)
class PictureShifts:
    """Motion of a scene from picture to picture.

    Attributes:
        arrived_s: [N] when each picture arrived.
        moved_px: [N] by how much its scene lies further along than in the one before;
            NaN where that was not to be seen.
    """

    arrived_s: FloatArray
    moved_px: FloatArray


def nods(seconds: float = 14.0) -> FloatArray:
    """[T, 20] goals: the head nods and the hips bow, by turns, on standing legs."""
    time_s = np.arange(0.0, seconds, PERIOD_S)
    goals = np.tile([joint.stand_rad for joint in OP3_JOINTS], (len(time_s), 1))
    half = seconds / 2
    nod = _wave(time_s, 0.4, half) * 0.13
    bow = _wave(time_s, half, seconds) * 0.08
    goals[:, JOINT_NAMES.index("head_tilt")] += nod
    goals[:, JOINT_NAMES.index("l_hip_pitch")] -= bow
    goals[:, JOINT_NAMES.index("r_hip_pitch")] += bow
    return goals


def picture_lag(
    pictures: PictureShifts, time_s: FloatArray, angle: FloatArray
) -> Shift:
    """How much later than `angle` [T] read at `time_s` the pictures show its motion.

    Between two pictures the scene moves by what the angle changed between the moments
    they were taken.

    Raises:
        CalibrationError: pictures and angle have nothing to do with each other.
    """
    steady_s = steady(pictures.arrived_s)
    arrived, moved = steady_s[1:], pictures.moved_px[1:]
    before = steady_s[:-1]
    inside = (before > time_s[0] + _LONGEST_S) & (arrived < time_s[-1])
    inside &= np.isfinite(moved)
    if inside.sum() < _FEWEST_PICTURES:
        raise CalibrationError(
            STEP,
            [
                f"pictures: expected {_FEWEST_PICTURES} or more while the robot "
                f"moves, found {int(inside.sum())}; check the camera with op3-soccer "
                "robot check"
            ],
        )

    def predicted(shift_s: float) -> FloatArray:
        late = np.interp(arrived[inside] - shift_s, time_s, angle)
        early = np.interp(before[inside] - shift_s, time_s, angle)
        return (late - early)[:, None]

    return _best_shift(predicted, moved[inside], "pictures")


def steady(arrived_s: FloatArray) -> FloatArray:
    """[N] arrival times without the transport's jitter; their mean stays.

    A shutter is even where arrivals are not: times on a line through their numbers,
    pictures that were lost counted. Arrivals that follow no line stay as they are.
    """
    gaps = np.diff(arrived_s)
    every_s = float(np.median(gaps)) if len(gaps) >= _FEWEST_PICTURES else 0.0
    if every_s <= 0:
        return arrived_s
    numbers = np.cumsum(np.maximum(np.rint(gaps / every_s), 1.0))
    numbers = np.concatenate([[0.0], numbers])
    slope, first_s = np.polyfit(numbers, arrived_s, 1)
    line = first_s + slope * numbers
    uneven_s = float(np.abs(arrived_s - line).max())
    return line if uneven_s < every_s / 2 else arrived_s


def signal_lag(
    time_s: FloatArray, first: FloatArray, second: FloatArray, what: str
) -> Shift:
    """How much later `second` [T] shows what the columns of `first` [T, k] show.

    Raises:
        CalibrationError: they have nothing to do with each other.
    """
    inside = (time_s > time_s[0] + _LONGEST_S) & (time_s < time_s[-1] - _LONGEST_S)

    def predicted(shift_s: float) -> FloatArray:
        columns = [
            np.interp(time_s[inside] - shift_s, time_s, column) for column in first.T
        ]
        return np.stack(columns, axis=-1)

    return _best_shift(predicted, second[inside], what)


def integral(time_s: FloatArray, rate: FloatArray) -> FloatArray:
    """[T] angle from rates [T], by trapezoids."""
    steps = np.diff(time_s) * (rate[1:] + rate[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])


@dataclass(frozen=True, kw_only=True)
class Lags:
    """What three comparisons say.

    Attributes:
        nod: pictures behind the head's joint, while the head nods.
        gyro: gyro behind the legs' joints, while the robot bows.
        bow: pictures behind the gyro, meanwhile.
    """

    nod: Shift
    gyro: Shift
    bow: Shift

    @property
    def camera(self) -> Estimate:
        """Pictures behind the joints: straight, and round by the gyro; weighted mean.

        The two agree within their sigmas or the larger disagreement is the sigma.
        """
        straight, around = self.nod.shift_s, self.bow.shift_s + self.gyro.shift_s
        sigmas = np.array(
            [self.nod.sigma_s, math.hypot(self.bow.sigma_s, self.gyro.sigma_s)]
        )
        weights = 1 / sigmas**2
        value = float(weights @ np.array([straight, around]) / weights.sum())
        apart = abs(straight - around) / 2
        return Estimate(value=value, sigma=max(float(weights.sum() ** -0.5), apart))


def latency_part(
    found: Lags, bus: Sequence[Estimate], read_s: FloatArray, provenance: Provenance
) -> LatencyPart:
    """The part of the calibration file.

    Args:
        found: by `lags`.
        bus: delays of the servos that were identified.
        read_s: [T] durations of the reads.
        provenance: of the part.
    """
    delays = np.array([one.value for one in bus])
    own = math.sqrt(float(np.mean([one.sigma**2 for one in bus])))
    return LatencyPart(
        provenance=provenance,
        bus_s=Estimate(
            value=float(delays.mean()), sigma=math.hypot(own, float(delays.std()))
        ),
        camera_s=found.camera,
        gyro_s=Estimate(value=found.gyro.shift_s, sigma=found.gyro.sigma_s),
        read_s=Estimate(value=float(read_s.mean()), sigma=float(read_s.std())),
    )


def lags(recording: Recording, pictures: PictureShifts) -> Lags:
    """All comparisons, of a recording of `nods` and the pictures meanwhile.

    Raises:
        CalibrationError: signals that have nothing to do with each other.
    """
    return Lags(
        nod=camera_lag(recording, pictures),
        gyro=gyro_lag(recording),
        bow=camera_gyro_lag(recording, pictures),
    )


def camera_lag(recording: Recording, pictures: PictureShifts) -> Shift:
    """Age of a picture at its arrival, less the age of a joint reading."""
    middle = _middle(recording)
    part = slice(0, middle)
    tilt = recording.angle_rad[part, JOINT_NAMES.index("head_tilt")]
    return picture_lag(pictures, recording.read_s[part], tilt)


def gyro_lag(recording: Recording) -> Shift:
    """Age of a gyro reading, less the age of a joint reading."""
    part = slice(_middle(recording), None)
    time_s = recording.read_s[part]
    turned = integral(time_s, recording.gyro_rad_s[part, 1])
    # Feet flat on the floor: the torso pitches by what both legs' joints add up to.
    legs = sum(
        sign * recording.angle_rad[part, JOINT_NAMES.index(name)]
        for name, sign in _PITCH.items()
    )
    # Turned within a window: the gyro's bias is then a constant, where its integral
    # would wander off; both sides are smoothed alike.
    within = slice(None, -_WITHIN), slice(_WITHIN, None)
    middle_s = (time_s[within[0]] + time_s[within[1]]) / 2
    joints, gyro = (
        signal[within[1]] - signal[within[0]] for signal in (np.asarray(legs), turned)
    )
    found = signal_lag(middle_s, joints[:, None], gyro, "gyro")
    # Windows that overlap share noise; three times is what hidden robots show.
    return replace(found, sigma_s=3 * found.sigma_s)


def camera_gyro_lag(recording: Recording, pictures: PictureShifts) -> Shift:
    """Age of a picture less that of a gyro reading, from the bows: a cross-check."""
    part = slice(_middle(recording), None)
    time_s = recording.read_s[part]
    turned = integral(time_s, recording.gyro_rad_s[part, 1])
    return picture_lag(pictures, time_s, turned)


_PITCH = {
    "l_hip_pitch": -0.5,
    "r_hip_pitch": 0.5,
    "l_knee": -0.5,
    "r_knee": 0.5,
    "l_ank_pitch": 0.5,
    "r_ank_pitch": -0.5,
}
"""Half of each leg's turn from foot to torso about +y: the axes' signs, negated."""


def _middle(recording: Recording) -> int:
    return len(recording.read_s) // 2


def _best_shift(predicted, wanted: FloatArray, what: str) -> Shift:
    """The shift at which `predicted(shift)` [N, k] explains `wanted` [N] best."""
    centred = wanted - wanted.mean()

    def left(shift_s: float) -> FloatArray:
        columns = predicted(shift_s)
        columns = np.concatenate([columns, np.ones((len(columns), 1))], axis=-1)
        best, *_ = np.linalg.lstsq(columns, centred, rcond=None)
        return centred - columns @ best

    coarse = np.arange(-0.05, _LONGEST_S, 0.004)
    costs = [float(left(shift) @ left(shift)) for shift in coarse]
    at = float(coarse[int(np.argmin(costs))])
    fine = at + np.linspace(-_HALF_WIDTH_S, _HALF_WIDTH_S, 25)
    costs = [float(left(shift) @ left(shift)) for shift in fine]
    curve = np.polyfit(fine - at, costs, 2)
    shift = at - curve[1] / (2 * curve[0]) if curve[0] > 0 else at
    rest = left(shift)
    explained = 1 - float(rest @ rest) / max(float(centred @ centred), 1e-300)
    if explained < _LEAST_SHARE or abs(shift - at) > _HALF_WIDTH_S:
        raise CalibrationError(
            STEP,
            [
                f"{what}: expected motion that follows the joints', found that they "
                f"explain {100 * max(explained, 0):.0f} % of it; point the head at "
                "something with contrast, robot on its feet, and start again"
            ],
        )
    variance = float(rest @ rest) / max(len(rest) - 3, 1)
    sigma = math.sqrt(variance / curve[0]) if curve[0] > 0 else _HALF_WIDTH_S
    return Shift(shift_s=float(shift), sigma_s=sigma, explained=explained)


def _wave(time_s: FloatArray, start_s: float, end_s: float) -> FloatArray:
    """Two sines that begin and end at rest."""
    inside = (time_s >= start_s) & (time_s < end_s - 0.3)
    along = time_s - start_s
    fade = np.clip(np.minimum(along, end_s - 0.3 - time_s) / 0.4, 0.0, 1.0)
    wave = np.sin(2 * math.pi * 0.9 * along) + 0.5 * np.sin(2 * math.pi * 1.7 * along)
    return np.where(inside, fade * wave / 1.5, 0.0)
