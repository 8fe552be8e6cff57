"""A script's numbers as one vector and back, for a search over them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import OP3_JOINTS
from robot.scripted.gait import GaitScript
from robot.scripted.getup import GetupScript
from robot.scripted.kick import KickScript
from robot.scripted.motion import KeyPose

Array = NDArray[np.float64]
Script: TypeAlias = GaitScript | GetupScript | KickScript
AnyScript = TypeVar("AnyScript", bound=Script)

_LIMITS = {joint.name: (joint.min_rad, joint.max_rad) for joint in OP3_JOINTS}
_SHORTEST_S = 0.05
_MOTIONS = {GetupScript: ("front", "back", "left"), KickScript: ("left",)}


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number's bounds and the first standard deviation of a search."""

    low: float
    high: float
    spread: float


_DURATION = Range(low=_SHORTEST_S, high=2.0, spread=0.04)
_ANGLE_SPREAD_RAD = 0.1
_GAIN = Range(low=-0.1, high=0.3, spread=0.04)
_TILT_GAIN = Range(low=-0.5, high=1.0, spread=0.15)
_SINGLE: dict[type, dict[str, Range]] = {
    GetupScript: {},
    KickScript: {
        "roll_gain_s": _GAIN,
        "pitch_gain_s": _GAIN,
        "roll_gain": _TILT_GAIN,
        "pitch_gain": _TILT_GAIN,
    },
    GaitScript: {
        "period_s": Range(low=0.3, high=0.9, spread=0.06),
        "swing_share": Range(low=0.2, high=0.49, spread=0.04),
        "lift_m": Range(low=0.015, high=0.06, spread=0.008),
        "crouch_m": Range(low=-0.01, high=0.03, spread=0.008),
        "ahead_m": Range(low=-0.04, high=0.04, spread=0.01),
        "spread_m": Range(low=-0.01, high=0.03, spread=0.006),
        "sway_m": Range(low=-0.02, high=0.05, spread=0.008),
        "sway_phase": Range(low=-0.5, high=0.5, spread=0.08),
        "roll_rad": Range(low=-0.2, high=0.2, spread=0.05),
        "roll_phase": Range(low=-0.5, high=0.5, spread=0.1),
        "pitch_rad": Range(low=-0.1, high=0.4, spread=0.06),
        "pitch_per_m_s": Range(low=-1.0, high=1.0, spread=0.15),
        "arm_rad_per_m": Range(low=0.0, high=12.0, spread=2.0),
        "pitch_gain_s": _GAIN,
        "roll_gain_s": _GAIN,
    },
}
_COMMAND_GAIN = Range(low=0.3, high=3.0, spread=0.2)


def numbers(script: Script) -> Array:
    """Everything a search may change, in a fixed order."""
    return np.array([value for value, _ in _entries(script)])


def spreads(script: Script) -> Array:
    """A first standard deviation for each of `numbers`."""
    return np.array([bounds.spread for _, bounds in _entries(script)])


def with_numbers(script: AnyScript, vector: Array) -> AnyScript:
    """The script with other numbers, held inside their bounds.

    The last pose of a motion is where the next skill starts and stays as it is.
    """
    bounds = [item for _, item in _entries(script)]
    held = iter(
        round(min(item.high, max(item.low, float(value))), 4)
        for value, item in zip(vector, bounds, strict=True)
    )
    changes: dict[str, object] = {
        name: _keys_from(getattr(script, name), held)
        for name in _MOTIONS.get(type(script), ())
    }
    changes |= {name: next(held) for name in _SINGLE[type(script)]}
    if isinstance(script, GaitScript):
        changes["command_gain"] = tuple(held)
    return replace(script, **changes)


def _entries(script: Script) -> list[tuple[float, Range]]:
    found = []
    for name in _MOTIONS.get(type(script), ()):
        keys: tuple[KeyPose, ...] = getattr(script, name)
        for key in keys[:-1]:
            found.append((key.duration_s, _DURATION))
            found += [(a, _angle_range(joint)) for joint, a in key.pose_rad.items()]
        found.append((keys[-1].duration_s, _DURATION))
    singles = _SINGLE[type(script)]
    found += [(getattr(script, name), bounds) for name, bounds in singles.items()]
    if isinstance(script, GaitScript):
        found += [(gain, _COMMAND_GAIN) for gain in script.command_gain]
    return found


def _keys_from(keys: tuple[KeyPose, ...], held: Iterator[float]) -> tuple[KeyPose, ...]:
    made = []
    for key in keys[:-1]:
        duration = next(held)
        pose = {name: next(held) for name in key.pose_rad}
        made.append(replace(key, duration_s=duration, pose_rad=pose))
    return (*made, replace(keys[-1], duration_s=next(held)))


def _angle_range(name: str) -> Range:
    low, high = _LIMITS[name if name in _LIMITS else f"l_{name}"]
    return Range(low=low, high=high, spread=_ANGLE_SPREAD_RAD)
