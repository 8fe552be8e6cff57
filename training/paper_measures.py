"""What the trials of arXiv:2304.13653 measure, from what was true while they ran.

Pure functions of a `Trace`. Protocols after its Table 1 and set pieces; what it leaves
open is chosen here and said.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from robot.contracts.field import FieldSpec
from sim.trial_trace import Trace
from sim.world_truth import RISEN_AFTER_S

WALK_FROM_S, WALK_TO_S = 2.0, 7.0
TURN_FROM_RAD, TURN_TO_RAD = np.pi / 4, 3 * np.pi / 4
MARKER_UP = 36 / 41
"""The paper's shoulder marker ends a get-up at 36 cm; it stands at 41 cm."""
STAYS_UP_S = 1.0
"""A get-up counts if the robot has not fallen again this long after (chosen)."""
KICK_OVER_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One trial.

    Attributes:
        value: in the row's unit; None where there was nothing to measure.
        success: the trial did what it is about.
        falls: how often the robot fell.
        reason: why not, in words; empty with success.
        extra: further numbers by name, with units in it.
    """

    value: float | None
    success: bool
    falls: int
    reason: str = ""
    extra: dict[str, float] = field(default_factory=dict)


def walk(trace: Trace) -> Measured:
    """m/s: straight way from second 2 to second 7, of a robot that has not fallen."""
    falls = count_falls(trace)
    if falls or trace.time_s[-1] < WALK_TO_S - 1e-9:
        return _failed(falls, "fell" if falls else "ended before second 7")
    start, end = (_at(trace, trace.position_m, s) for s in (WALK_FROM_S, WALK_TO_S))
    speed = float(np.linalg.norm(end - start)) / (WALK_TO_S - WALK_FROM_S)
    return Measured(value=speed, success=True, falls=0)


def turn(trace: Trace, sign: float) -> Measured:
    """rad/s: 90 degrees over the time from 45 to 135 degrees off the first heading.

    Args:
        sign: +1 for a turn to the left, -1 to the right.
    """
    turned = sign * (trace.heading_rad - trace.heading_rad[0])
    entered, left = (_first(turned >= a) for a in (TURN_FROM_RAD, TURN_TO_RAD))
    until = len(trace.time_s) if left is None else left + 1
    falls = count_falls(_cut(trace, until))
    if falls or entered is None or left is None:
        return _failed(falls, "fell" if falls else "did not reach 135 degrees")
    first = _crossing(trace.time_s, turned, entered, TURN_FROM_RAD)
    last = _crossing(trace.time_s, turned, left, TURN_TO_RAD)
    rate = (TURN_TO_RAD - TURN_FROM_RAD) / (last - first)
    return Measured(value=float(rate), success=True, falls=0)


def getup(trace: Trace, standing_shoulder_m: float, limit_s: float) -> Measured:
    """s: until the shoulders are up and the robot does not fall within a second.

    Args:
        standing_shoulder_m: height of the shoulders in the stand.
        limit_s: later is too late.
    """
    at = risen_at(trace, standing_shoulder_m)
    falls = count_falls(trace)
    if at is None or trace.time_s[at] > limit_s:
        return _failed(falls, f"not up within {limit_s:g} s")
    return Measured(value=float(trace.time_s[at]), success=True, falls=falls)


def kick(trace: Trace, foot: float | None = None) -> Measured:
    """m/s: the ball's way in the 0.2 s after the first touch, over that time.

    Extra: when it was touched, the best speed over 0.2 s, and with a foot how far
    outward of the heading at the start the ball goes.

    Args:
        trace: from the order on.
        foot: +1 for a kick ordered with the left one, -1 with the right.
    """
    falls = count_falls(trace)
    touched = _first(trace.touch)
    if touched is None:
        return _failed(falls, "never touched the ball")
    touch_s = float(trace.time_s[touched])
    if trace.time_s[-1] < touch_s + KICK_OVER_S - 1e-9:
        return _failed(falls, "ended within 0.2 s of the first touch")
    after = _at(trace, trace.ball_m[:, :2], touch_s + KICK_OVER_S)
    gone = after - trace.ball_m[touched, :2]
    way = float(np.linalg.norm(gone))
    extra = {"touch_s": touch_s, "best_m_s": _best_kick(trace)}
    if foot is not None and way > 0:
        off = np.arctan2(gone[1], gone[0]) - trace.heading_rad[0]
        outward = foot * np.arctan2(np.sin(off), np.cos(off))
        extra["outward_deg"] = float(np.degrees(outward))
    return Measured(value=way / KICK_OVER_S, success=True, falls=falls, extra=extra)


def shot(trace: Trace, pitch: FieldSpec, standing_shoulder_m: float) -> Measured:
    """1 for a goal, 0 without. Extra: when it got up, first touched, scored."""
    scored = goal_at(trace, pitch)
    marks = {
        "up_s": risen_at(trace, standing_shoulder_m),
        "touch_s": _first(trace.touch),
        "goal_s": scored,
    }
    times = {
        name: float(trace.time_s[index])
        for name, index in marks.items()
        if index is not None
    }
    falls = count_falls(trace)
    if scored is None:
        return Measured(
            value=0.0, success=False, falls=falls, reason="no goal", extra=times
        )
    return Measured(value=1.0, success=True, falls=falls, extra=times)


def passed_by(trace: Trace, pitch: FieldSpec) -> Measured:
    """1 where the robot reached the ball without touching the robot in its way.

    Extra: `scored` 1 or 0, and when it first touched the ball.
    """
    falls = count_falls(trace)
    scored = goal_at(trace, pitch) is not None
    touched, bumped = _first(trace.touch), _first(trace.bump)
    extra = {"scored": float(scored)}
    if touched is not None:
        extra["touch_s"] = float(trace.time_s[touched])
    clear = bumped is None or (touched is not None and touched <= bumped)
    success = clear and touched is not None
    reason = "" if success else ("bumped" if not clear else "never reached the ball")
    return Measured(
        value=float(success), success=success, falls=falls, reason=reason, extra=extra
    )


def goal_at(trace: Trace, pitch: FieldSpec) -> int | None:
    """Row in which the whole ball first is behind the line of the goal at +x."""
    x, y = trace.ball_m[:, 0], trace.ball_m[:, 1]
    inside = np.abs(y) < pitch.goal_width_m / 2
    return _first((x > pitch.half_length_m + pitch.ball_radius_m) & inside)


def risen_at(trace: Trace, standing_shoulder_m: float) -> int | None:
    """First row with the shoulders up after which the robot stays unfallen for 1 s."""
    up = trace.shoulder_m >= MARKER_UP * standing_shoulder_m
    # Rises only: a robot once up that sways has not got up again.
    rises = np.flatnonzero(up & ~np.concatenate([[False], up[:-1]]))
    for row in rises.tolist():
        until = trace.time_s[row] + STAYS_UP_S
        if trace.time_s[-1] < until - 1e-9:
            return None
        span = (np.arange(len(up)) >= row) & (trace.time_s <= until)
        if not trace.fallen[span].any():
            return row
    return None


def count_falls(trace: Trace) -> int:
    """Falls of a robot that stood; one that wavers at the threshold falls once.

    A robot is up when it has been unfallen for `RISEN_AFTER_S`; one that lies at the
    start has to get up before it can fall.
    """
    falls = 0
    up_since: float | None = None if trace.fallen[0] else -np.inf
    for now_s, fallen in zip(trace.time_s, trace.fallen, strict=True):
        if fallen:
            if up_since is not None and now_s - up_since >= RISEN_AFTER_S:
                falls += 1
            up_since = None
        elif up_since is None:
            up_since = float(now_s)
    return falls


def _best_kick(trace: Trace) -> float:
    """m/s: largest way of the ball in any 0.2 s."""
    ahead = np.searchsorted(trace.time_s, trace.time_s + KICK_OVER_S - 1e-9)
    rows = np.flatnonzero(ahead < len(trace.time_s))
    ways = trace.ball_m[ahead[rows], :2] - trace.ball_m[rows, :2]
    return float(np.linalg.norm(ways, axis=-1).max(initial=0.0)) / KICK_OVER_S


def _failed(falls: int, reason: str) -> Measured:
    return Measured(value=None, success=False, falls=falls, reason=reason)


def _first(flags: NDArray[np.bool_]) -> int | None:
    rows = np.flatnonzero(flags)
    return int(rows[0]) if len(rows) else None


def _at(trace: Trace, columns: NDArray[np.float64], time_s: float) -> NDArray:
    """[k] between the rows around `time_s`."""
    return np.array([np.interp(time_s, trace.time_s, c) for c in columns.T])


def _crossing(
    time_s: NDArray[np.float64], turned: NDArray[np.float64], row: int, angle: float
) -> float:
    """When `turned` passed `angle`, between row - 1 and row."""
    if row == 0:
        return float(time_s[0])
    before, after = turned[row - 1], turned[row]
    share = (angle - before) / (after - before)
    return float(time_s[row - 1] + share * (time_s[row] - time_s[row - 1]))


def _cut(trace: Trace, rows: int) -> Trace:
    return Trace(**{name: value[:rows] for name, value in vars(trace).items()})
