"""Left-right mirror images of observations and actions.

The OP3 is mirror symmetric, and its mirrored joints have opposite signs (the axes in
the model are mirrored that way), so swapping sides negates every angle but the head's
tilt.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES, mirror_of
from robot.contracts.policy import ActionSpec, ObservationSpec


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """mirrored = vector[..., source] * sign; hashable, so that modules may hold it."""

    source: tuple[int, ...]
    sign: tuple[float, ...]

    def of(self, vector: Float[Array, "*B N"]) -> Float[Array, "*B N"]:
        """The mirror image of `vector`."""
        return vector[..., jnp.array(self.source)] * jnp.array(self.sign, vector.dtype)


_VECTOR_SIGNS: dict[str, tuple[float, ...]] = {
    # Mirroring in the xz plane: polar vectors lose y, axial ones x and z.
    "gyro": (-1.0, 1.0, -1.0),
    "gravity": (1.0, -1.0, 1.0),
    "velocity_command": (1.0, -1.0, -1.0),
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
        if not np.allclose(mean[order] * sign, mean):
            raise ValueError(
                f"term {term.name}: expected a mean that mirrors onto itself, found "
                f"{tuple(mean)}; symmetric learning needs it"
            )
        for step in range(term.history):
            sources.append(offset + step * term.size + order)
            signs.append(sign)
        offset += term.size * term.history
    return _mirror(np.concatenate(sources), np.concatenate(signs))


def action_mirror(spec: ActionSpec) -> Mirror:
    """Mirror of an action vector."""
    order, sign = _joint_mirror(spec.joints)
    return _mirror(order, sign)


def _mirror(source: NDArray, sign: NDArray) -> Mirror:
    return Mirror(source=tuple(map(int, source)), sign=tuple(map(float, sign)))


def _term_mirror(name: str, size: int) -> tuple[NDArray, NDArray]:
    if name in ("joint_position", "previous_target"):
        return _joint_mirror(JOINT_NAMES)
    if name not in _VECTOR_SIGNS:
        raise ValueError(
            f"term {name}: expected one of {', '.join(_VECTOR_SIGNS)} or joint angles, "
            f"found no mirror rule; add one to training.symmetry"
        )
    return np.arange(size), np.array(_VECTOR_SIGNS[name])


def _joint_mirror(names: tuple[str, ...]) -> tuple[NDArray, NDArray]:
    order = np.array([names.index(mirror_of(name)) for name in names])
    sign = np.array([1.0 if name == "head_tilt" else -1.0 for name in names])
    return order, sign
