"""Named poses, and poses in files: joint angles to move to slowly."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robot.contracts.errors import ContractError, raise_if_any
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS

Pose = Mapping[str, float]
"""Joint name to angle in rad; joints left out stay where they are."""


def _both_sides(left: Pose) -> dict[str, float]:
    """The right side mirrors the left: all axes of a pair point opposite ways."""
    right = {name.replace("l_", "r_", 1): -angle for name, angle in left.items()}
    return {**left, **right, "head_pan": 0.0}


STAND: Pose = {joint.name: joint.stand_rad for joint in OP3_JOINTS}

CROUCH: Pose = {
    name: math.radians(degrees)
    for name, degrees in _both_sides(
        {
            "l_sho_pitch": -15,
            "l_sho_roll": 45,
            "l_el": -45,
            "l_hip_yaw": 0,
            "l_hip_roll": 0,
            "l_hip_pitch": -70,
            "l_knee": 142,
            "l_ank_pitch": 70,
            "l_ank_roll": 0,
        }
    ).items()
} | {"head_tilt": math.radians(-10)}
"""The vendor's ini_pose.yaml (ROBOTIS OP3)."""

SIT: Pose = _both_sides(
    {
        "l_sho_pitch": 0.0,
        "l_sho_roll": 1.1,
        "l_el": -0.5,
        "l_hip_yaw": 0.0,
        "l_hip_roll": -0.12,
        "l_hip_pitch": -1.35,
        "l_knee": 2.2,
        "l_ank_pitch": 0.9,
        "l_ank_roll": -0.12,
    }
) | {"head_tilt": -0.4}
"""The stand lowered as far as knees bend, soles still flat: from here the robot goes
limp without a fall worth the name. Project's choice."""

ZERO: Pose = dict.fromkeys(JOINT_NAMES, 0.0)
"""Arms out, legs straight: for measuring zeros with a ruler. Lift the robot first."""

NAMED: Mapping[str, Pose] = {
    "stand": STAND,
    "default": STAND,
    "sit": SIT,
    "crouch": CROUCH,
    "zero": ZERO,
}


def named_or_read(text: str) -> Pose:
    """A pose by its name, or from a JSON file {joint: rad}.

    Raises:
        ContractError: neither a name nor a usable file; lists every fault.
    """
    return NAMED[text] if text in NAMED else read_pose(Path(text))


def read_pose(path: Path) -> Pose:
    """Read and check a pose.

    Raises:
        ContractError: missing, not JSON, unknown joints, angles out of reach.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(
            str(path),
            [f"expected one of {', '.join(NAMED)} or a file, found: {error.strerror}"],
        ) from None
    except ValueError as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    if not isinstance(plain, dict) or not plain:
        raise ContractError(str(path), ['expected {"joint": rad, ...}'])
    raise_if_any(str(path), _faults(plain))
    return {name: float(angle) for name, angle in plain.items()}


def _faults(pose: Mapping[str, Any]) -> list[str]:
    ranges = {joint.name: _reach(joint.min_rad, joint.max_rad) for joint in OP3_JOINTS}
    found = []
    for name, angle in pose.items():
        if name not in ranges:
            found.append(f"joint {name}: expected one of {', '.join(JOINT_NAMES)}")
            continue
        low, high = ranges[name]
        is_number = isinstance(angle, int | float) and not isinstance(angle, bool)
        if not (is_number and low <= angle <= high):
            found.append(f"{name}: expected {low:g} to {high:g} rad, found {angle}")
    return found


def _reach(low_rad: float, high_rad: float) -> tuple[float, float]:
    """The policies' range, widened to zero, which every joint reaches."""
    return min(low_rad, 0.0), max(high_rad, 0.0)
