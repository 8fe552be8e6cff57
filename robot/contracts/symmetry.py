"""Left-right mirror images of observations and actions.

The OP3 is mirror symmetric, and its mirrored joints have opposite signs (the axes in
the model are mirrored that way), so swapping sides negates every angle but the head's
tilt. Array-API code: NumPy on board, JAX where policies learn.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES, mirror_of
from robot.contracts.policy import ActionSpec, ObservationSpec

Array = Any


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """mirrored = vector[..., source] * sign; hashable, so that modules may hold it."""

    source: tuple[int, ...]
    sign: tuple[float, ...]

    def of(self, vector: Array) -> Array:
        """The mirror image of `vector` [..., N]."""
        return vector[..., np.array(self.source)] * np.array(self.sign, vector.dtype)


_JOINT_TERMS = ("joint_position", "previous_target", "target_pose")
"""Twenty angles, canonical order."""

_LEVEL = (1.0, -1.0)
"""A place or velocity in the heading frame. The pitch is symmetric about its long axis,
so the goals mirror like anything else on it."""

_VECTOR_SIGNS: dict[str, tuple[float, ...]] = {
    # Mirroring in the xz plane: polar vectors lose y, axial ones x and z.
    "gyro": (-1.0, 1.0, -1.0),
    "gravity": (1.0, -1.0, 1.0),
    "target_gravity": (1.0, -1.0, 1.0),
    "linear_acceleration": (1.0, -1.0, 1.0),
    "velocity_command": (1.0, -1.0, -1.0),
    "own_velocity": _LEVEL,
    "ball_position": _LEVEL,
    "kick_direction": _LEVEL,
    "ball_velocity": _LEVEL,
    "opponent_position": _LEVEL,
    "opponent_velocity": _LEVEL,
    "teammate_position": _LEVEL,
    "teammate_velocity": _LEVEL,
    "own_goal_position": _LEVEL,
    "opponent_goal_position": _LEVEL,
    # Half a period later the other foot does the same.
    "gait_clock": (-1.0, -1.0),
    "kick_side": (-1.0,),
}


def observation_mirror(spec: ObservationSpec) -> Mirror:
    """Mirror of a normalized observation vector.

    Raises:
        ValueError: a term without a mirror rule, or means that are not symmetric.
    """
    sources, signs, offset = [], [], 0
    for term in spec.terms:
        order, sign = _term_mirror(term.name, term.size)
        mean = np.array(term.mean or (0.0,) * term.size)
        std = np.array(term.std or (1.0,) * term.size)
        for label, values, image in (
            ("mean", mean, mean[order] * sign),
            ("std", std, std[order]),
        ):
            if not np.allclose(image, values):
                raise ValueError(
                    f"term {term.name}: expected a {label} that mirrors onto itself, "
                    f"found {tuple(values)}; symmetric learning needs it"
                )
        for step in range(term.history):
            sources.append(offset + step * term.size + order)
            signs.append(sign)
        offset += term.size * term.history
    return _mirror(np.concatenate(sources), np.concatenate(signs))


def action_mirror(spec: ActionSpec) -> Mirror:
    """Mirror of an action vector.

    Raises:
        ValueError: a joint without its mirror image, or zero or scale of the action
            that differ between the sides.
    """
    missing = sorted({mirror_of(name) for name in spec.joints} - {*spec.joints})
    if missing:
        raise ValueError(
            f"action: expected joints on both sides, found no {', '.join(missing)}; "
            f"symmetric learning needs them"
        )
    order, sign = _joint_mirror(spec.joints)
    zero, scale = np.array(spec.default_rad), np.array(spec.scale_rad)
    if not (np.allclose(zero[order] * sign, zero) and np.allclose(scale[order], scale)):
        raise ValueError(
            "action: expected default_rad and scale_rad that mirror onto themselves, "
            "found others; symmetric learning needs it"
        )
    return _mirror(order, sign)


def _mirror(source: NDArray, sign: NDArray) -> Mirror:
    return Mirror(source=tuple(map(int, source)), sign=tuple(map(float, sign)))


def _term_mirror(name: str, size: int) -> tuple[NDArray, NDArray]:
    if name in _JOINT_TERMS:
        return _joint_mirror(JOINT_NAMES)
    if name not in _VECTOR_SIGNS:
        raise ValueError(
            f"term {name}: expected one of {', '.join((*_JOINT_TERMS, *_VECTOR_SIGNS))}"
            f", found no mirror rule; add one to robot.contracts.symmetry"
        )
    return np.arange(size), np.array(_VECTOR_SIGNS[name])


def _joint_mirror(names: tuple[str, ...]) -> tuple[NDArray, NDArray]:
    order = np.array([names.index(mirror_of(name)) for name in names])
    sign = np.array([1.0 if name == "head_tilt" else -1.0 for name in names])
    return order, sign
