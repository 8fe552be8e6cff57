"""Motions that tell a servo's law: within the joints' ranges, steps of at most 24 deg.

Pure functions of a seed: the same motions every time, so that an interrupted
measurement goes on where it was.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS

FloatArray = NDArray[np.float64]
PERIOD_S = 0.008
QUIET_S = 0.4
"""At the start of every motion: the joints rest, and their reading's noise shows."""

_LIMIT_MARGIN_RAD = 0.05
"""Room for joint zeros that are still unknown (up to 2.9 deg)."""
_REACH_RAD = 0.4
_YAW_REACH_RAD = 0.15
"""Of the hips' yaw: knees that are held forward must not meet."""
_STEP_RAD = 0.42
"""Largest step. A servo is at full torque from 0.22 rad of error on."""
_SPEED_RAD_S = 2.5
"""Fastest goal of a sine; a servo turns 4.5 rad/s at most."""

_BENT = {joint.name: joint.stand_rad for joint in OP3_JOINTS} | {
    "l_sho_roll": 0.5,
    "r_sho_roll": -0.5,
}
"""Arms aside by so much that no elbow meets a knee, even with zeros off by 3 deg."""
_OUT = _BENT | {
    "l_sho_roll": 0.25,
    "r_sho_roll": -0.25,
    "l_hip_pitch": -1.0,
    "r_hip_pitch": 1.0,
    "l_knee": 0.6,
    "r_knee": -0.6,
    "l_ank_pitch": 0.2,
    "r_ank_pitch": -0.2,
}
POSES: dict[str, dict[str, float]] = {"bent": _BENT, "out": _OUT}
"""Two loads: limbs near the body, and held away from it."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """One motion.

    Attributes:
        name: kind and pose.
        goals_rad: [T, 20] one row per bus cycle of `PERIOD_S`; canonical order.
        held_out: not for the fit, but to judge it.
    """

    name: str
    goals_rad: FloatArray
    held_out: bool = False


@dataclass(frozen=True, kw_only=True)
class _Room:
    """Where one joint may move: around `centre_rad` by at most `reach_rad`."""

    centre_rad: float
    reach_rad: float


def servo_motions(joints: tuple[str, ...], seconds: float = 5.0) -> tuple[Motion, ...]:
    """All motions for `joints`; the other joints hold still.

    Args:
        joints: that move.
        seconds: of each motion.
    """
    plan = (
        ("sweep", "bent", _sweep, False),
        ("steps", "bent", _steps, False),
        ("lift", "out", _lift, False),
        ("steps", "out", _steps, False),
        ("mixed", "bent", _mixed, True),
        ("mixed", "out", _mixed, True),
    )
    return tuple(
        _motion(f"{kind} {pose}", number, pose, wave, joints, seconds, held_out)
        for number, (kind, pose, wave, held_out) in enumerate(plan)
    )


def check_motions() -> tuple[Motion, ...]:
    """Short motions of all joints for `calibrate check`."""
    return tuple(
        _motion(f"check {pose}", 20 + number, pose, wave, JOINT_NAMES, 4.0, False)
        for number, (pose, wave) in enumerate((("bent", _steps), ("out", _mixed)))
    )


def limit_faults(goals_rad: FloatArray) -> list[str]:
    """What of [T, 20] goals lies outside the joints' ranges, in words."""
    found = []
    for column, joint in enumerate(OP3_JOINTS):
        low, high = goals_rad[:, column].min(), goals_rad[:, column].max()
        if low < joint.min_rad or high > joint.max_rad:
            found.append(
                f"{joint.name}: expected goals within {joint.min_rad:g} to "
                f"{joint.max_rad:g} rad, found {low:.3f} to {high:.3f}; nothing was "
                "sent"
            )
    return found


def checked(motion: Motion, step: str) -> Motion:
    """`motion`, if it stays within the joints' ranges.

    Raises:
        CalibrationError: it does not; lists all joints.
    """
    faults = limit_faults(motion.goals_rad)
    if faults:
        raise CalibrationError(step, faults)
    return motion


_Wave = Callable[[np.random.Generator, FloatArray, float], FloatArray]


def _motion(
    name: str,
    number: int,
    pose: str,
    wave: _Wave,
    joints: tuple[str, ...],
    seconds: float,
    held_out: bool,
) -> Motion:
    time_s = np.arange(0.0, seconds, PERIOD_S)
    goals = np.empty((len(time_s), len(JOINT_NAMES)))
    moving = np.maximum(time_s - QUIET_S, 0.0)
    for column, joint in enumerate(JOINT_NAMES):
        room = _room(joint, POSES[pose][joint])
        goals[:, column] = room.centre_rad
        if joint in joints:
            rng = np.random.default_rng([number, column])
            offset = wave(rng, moving, room.reach_rad)
            goals[:, column] += np.where(time_s < QUIET_S, 0.0, offset)
    return checked(Motion(name=name, goals_rad=goals, held_out=held_out), "servo")


def _room(joint: str, wanted_rad: float) -> _Room:
    spec = OP3_JOINTS[JOINT_NAMES.index(joint)]
    low = spec.min_rad + _LIMIT_MARGIN_RAD
    high = spec.max_rad - _LIMIT_MARGIN_RAD
    longest = _YAW_REACH_RAD if joint.endswith("hip_yaw") else _REACH_RAD
    reach = min(longest, (high - low) / 2)
    centre = min(max(wanted_rad, low + reach), high - reach)
    return _Room(centre_rad=centre, reach_rad=reach)


def _sweep(rng: np.random.Generator, time_s: FloatArray, reach: float) -> FloatArray:
    """A sine from slow to fast, smaller as it gets faster."""
    first, last = 0.4 * rng.uniform(0.8, 1.2), 3.5 * rng.uniform(0.8, 1.2)
    rate = np.log(last / first) / time_s[-1]
    frequency = first * np.exp(rate * time_s)
    phase = 2 * math.pi * (frequency - first) / rate
    size = np.minimum(reach, _SPEED_RAD_S / (2 * math.pi * frequency))
    return size * np.sin(phase) * _fade(time_s)


def _steps(rng: np.random.Generator, time_s: FloatArray, reach: float) -> FloatArray:
    """Levels held for a quarter to half a second."""
    offset = np.zeros_like(time_s)
    at, level = 0.0, 0.0
    while at < time_s[-1]:
        away = -math.copysign(rng.uniform(0.6, 1.0), level or rng.uniform(-1, 1))
        wanted = away * reach
        level += min(max(wanted - level, -_STEP_RAD), _STEP_RAD)
        offset[time_s >= at] = level
        at += rng.uniform(0.25, 0.5)
    return offset


def _lift(rng: np.random.Generator, time_s: FloatArray, reach: float) -> FloatArray:
    """Slowly up, dropped at once, again and again."""
    height = min(2 * reach, _STEP_RAD)
    period = height / rng.uniform(0.28, 0.38)
    rising = (time_s / period + 0.5) % 1.0 - 0.5
    return height * rising


def _mixed(rng: np.random.Generator, time_s: FloatArray, reach: float) -> FloatArray:
    """Three sines and a few steps."""
    offset = np.zeros_like(time_s)
    for share in (0.45, 0.3):
        frequency = rng.uniform(0.3, 2.0)
        size = min(share * reach, _SPEED_RAD_S / (4 * math.pi * frequency))
        offset += size * np.sin(2 * math.pi * frequency * time_s)
    return offset + 0.25 * _steps(rng, time_s, reach)


def _fade(time_s: FloatArray) -> FloatArray:
    """1, falling to 0 over the last 0.3 s."""
    return np.clip((time_s[-1] - time_s) / 0.3, 0.0, 1.0)
