"""Which joints hang together, and what names a user may give for some of them."""

from collections.abc import Sequence

from calibration.errors import CalibrationError
from robot.contracts.joints import JOINT_NAMES

_ARM = ("sho_pitch", "sho_roll", "el")
_LEG = ("hip_yaw", "hip_roll", "hip_pitch", "knee", "ank_pitch", "ank_roll")
LIMBS: dict[str, tuple[str, ...]] = {
    "head": ("head_pan", "head_tilt"),
    "left_arm": tuple(f"l_{name}" for name in _ARM),
    "right_arm": tuple(f"r_{name}" for name in _ARM),
    "left_leg": tuple(f"l_{name}" for name in _LEG),
    "right_leg": tuple(f"r_{name}" for name in _LEG),
}
"""Chains of joints from the torso outwards."""
_GROUPS: dict[str, tuple[str, ...]] = {
    "all": JOINT_NAMES,
    "left": LIMBS["left_arm"] + LIMBS["left_leg"],
    "right": LIMBS["right_arm"] + LIMBS["right_leg"],
    "arms": LIMBS["left_arm"] + LIMBS["right_arm"],
    "legs": LIMBS["left_leg"] + LIMBS["right_leg"],
    **LIMBS,
}


def selected(names: Sequence[str], step: str) -> tuple[str, ...]:
    """Joints in canonical order from names of joints, limbs and sides.

    Args:
        names: e.g. ("l_knee",), ("left",), ("head", "r_el"), ("all",).
        step: that asks, for errors.

    Raises:
        CalibrationError: an unknown name, or none at all.
    """
    unknown = [n for n in names if n not in _GROUPS and n not in JOINT_NAMES]
    if unknown or not names:
        found = ", ".join(unknown) or "none"
        raise CalibrationError(
            step,
            [
                f"servos: expected {', '.join(_GROUPS)} or joints "
                f"({', '.join(JOINT_NAMES)}), found {found}"
            ],
        )
    wanted = {joint for name in names for joint in _GROUPS.get(name, (name,))}
    return tuple(name for name in JOINT_NAMES if name in wanted)


def limb_of(joint: str) -> str:
    """Name of the limb a joint belongs to."""
    return next(limb for limb, joints in LIMBS.items() if joint in joints)
