"""Following one thing through measurements, some of which are wrong.

A measurement too far from where the thing can be is rejected. When one source insists
(several rejected measurements in a row that agree with each other) and no other source
has been believed lately, the thing was moved by hand, and the track begins anew there.
"""

import math
from dataclasses import dataclass, field, replace

from match.eyes import kalman
from match.eyes.kalman import Track, Values


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How a thing moves and how far it is trusted; the project's choice throughout.

    Attributes:
        noise: power density of its acceleration, unit^2 / s^3.
        rate_deviation: of the speed of a thing just found, unit / s.
        gate: measurements off by more standard deviations than this are rejected.
        insist: after so many rejected ones in a row that agree the track begins anew.
        rival_s: but not while another source was believed within this time.
        coast_s: an unseen thing moves on for so long and then counts as standing.
        angle: the value is an angle, and a full turn is nothing.
    """

    noise: float
    rate_deviation: float
    gate: float = 5.0
    insist: int = 3
    rival_s: float = 0.5
    coast_s: float = 0.2
    angle: bool = False


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The latest of `count` rejected measurements in a row of one source."""

    time_s: float
    value: Values
    count: int


@dataclass(frozen=True, kw_only=True)
class Pursuit:
    """One thing being followed.

    Attributes:
        seen_s: time of the last measurement that was believed.
        believed: the same by source.
        rejected: by source, as long as its measurements are rejected.
    """

    track: Track
    seen_s: float
    believed: dict[str, float] = field(default_factory=dict)
    rejected: dict[str, Rejected] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Where one source saw the thing; `deviation` along one axis."""

    source: str
    time_s: float
    value: Values
    deviation: float


def found(measured: Measurement, motion: Motion) -> Pursuit:
    """The pursuit of something seen for the first time."""
    track = kalman.begin(
        measured.time_s,
        measured.value,
        measured.deviation,
        rate_deviation=motion.rate_deviation,
    )
    return Pursuit(
        track=track,
        seen_s=measured.time_s,
        believed={measured.source: measured.time_s},
    )


def pursue(
    before: Pursuit | None, measured: Measurement, motion: Motion
) -> tuple[Pursuit, bool]:
    """Take one measurement in; also whether it was believed.

    A late one counts as if it were of the track's own time.
    """
    if before is None:
        return found(measured, motion), True
    track = value_at(before, measured.time_s, motion)
    offsets = _offsets(track.value, measured.value, angle=motion.angle)
    off = kalman.surprise(track, offsets, measured.deviation)
    if off > motion.gate:
        return _doubted(before, measured, motion)
    return (
        Pursuit(
            track=kalman.correct(track, offsets, measured.deviation),
            seen_s=max(before.seen_s, measured.time_s),
            believed={**before.believed, measured.source: measured.time_s},
            rejected={
                source: doubt
                for source, doubt in before.rejected.items()
                if source != measured.source
            },
        ),
        True,
    )


def value_at(pursuit: Pursuit, time_s: float, motion: Motion) -> Track:
    """Where it is by now, as far as its track tells."""
    stands_s = pursuit.seen_s + motion.coast_s
    if time_s <= stands_s:
        return kalman.predict(pursuit.track, time_s, motion.noise)
    track = kalman.predict(pursuit.track, stands_s, motion.noise)
    still = replace(track, rate=(0.0,) * len(track.rate))
    return kalman.predict(still, time_s, motion.noise)


def _doubted(
    before: Pursuit, measured: Measurement, motion: Motion
) -> tuple[Pursuit, bool]:
    """A measurement that cannot be; unless its source insists."""
    last = before.rejected.get(measured.source)
    count = 1
    if last is not None and _agree(last, measured, motion):
        count = last.count + 1
    rivals = any(
        measured.time_s - believed_s < motion.rival_s
        for source, believed_s in before.believed.items()
        if source != measured.source
    )
    if count >= motion.insist and not rivals:
        return found(measured, motion), True
    doubt = Rejected(time_s=measured.time_s, value=measured.value, count=count)
    return (
        replace(before, rejected={**before.rejected, measured.source: doubt}),
        False,
    )


def _agree(last: Rejected, measured: Measurement, motion: Motion) -> bool:
    offsets = _offsets(last.value, measured.value, angle=motion.angle)
    way = motion.rate_deviation * max(measured.time_s - last.time_s, 0.0)
    reach = motion.gate * math.hypot(math.sqrt(2) * measured.deviation, way)
    return math.hypot(*offsets) <= reach


def _offsets(tracked: Values, measured: Values, *, angle: bool) -> Values:
    differences = (m - t for m, t in zip(measured, tracked, strict=True))
    if angle:
        return tuple(math.remainder(d, 2 * math.pi) for d in differences)
    return tuple(differences)
