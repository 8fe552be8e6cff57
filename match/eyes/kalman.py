"""A constant-velocity Kalman filter whose axes share one covariance.

Noise is the same along all axes, so position and velocity of every axis have the same
2 x 2 covariance, and a few scalars do what matrices would (white acceleration noise;
Y. Bar-Shalom, X. R. Li, T. Kirubarajan, "Estimation with Applications to Tracking and
Navigation", 2001, section 6.2.2).
"""

import math
from dataclasses import dataclass, replace

Values = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Track:
    """Values and their rates at one time; any unit, seconds for time.

    Attributes:
        value, rate: one number per axis.
        value_var, both_var, rate_var: the covariance that every axis has.
    """

    time_s: float
    value: Values
    rate: Values
    value_var: float
    both_var: float
    rate_var: float

    @property
    def deviation(self) -> float:
        """Standard deviation of a value."""
        return math.sqrt(self.value_var)


def begin(
    time_s: float, value: Values, deviation: float, *, rate_deviation: float
) -> Track:
    """A track from its first measurement; at rest as far as anybody knows."""
    return Track(
        time_s=time_s,
        value=value,
        rate=(0.0,) * len(value),
        value_var=deviation**2,
        both_var=0.0,
        rate_var=rate_deviation**2,
    )


def predict(track: Track, time_s: float, noise: float) -> Track:
    """The track moved on to `time_s`; unchanged for a time before its own.

    Args:
        noise: power density of the acceleration, unit^2 / s^3.
    """
    dt = time_s - track.time_s
    if dt <= 0:
        return track
    moved = (v + dt * r for v, r in zip(track.value, track.rate, strict=True))
    return replace(
        track,
        time_s=time_s,
        value=tuple(moved),
        value_var=track.value_var
        + 2 * dt * track.both_var
        + dt**2 * track.rate_var
        + noise * dt**3 / 3,
        both_var=track.both_var + dt * track.rate_var + noise * dt**2 / 2,
        rate_var=track.rate_var + noise * dt,
    )


def surprise(track: Track, offsets: Values, deviation: float) -> float:
    """How many standard deviations a measurement lies off, over all axes.

    Args:
        offsets: measured minus tracked, at the track's own time.
    """
    return math.hypot(*offsets) / math.sqrt(track.value_var + deviation**2)


def correct(track: Track, offsets: Values, deviation: float) -> Track:
    """The track after a measurement at its own time; `offsets` as in `surprise`."""
    total = track.value_var + deviation**2
    gain, rate_gain = track.value_var / total, track.both_var / total
    pairs = list(zip(track.value, track.rate, offsets, strict=True))
    return replace(
        track,
        value=tuple(v + gain * o for v, _, o in pairs),
        rate=tuple(r + rate_gain * o for _, r, o in pairs),
        value_var=(1 - gain) * track.value_var,
        both_var=(1 - gain) * track.both_var,
        rate_var=track.rate_var - rate_gain * track.both_var,
    )
