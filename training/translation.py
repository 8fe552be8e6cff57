"""A policy in the terms of another.

What it sees is read out of the other's observation, and what it would do is said in the
other's action, so that both mean the same joint targets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.tasks.getup import STANDING
from training.mpo_losses import Gaussian
from training.run_folder import RunError

FOLDED: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"target_pose": STANDING.joint_rad, "target_gravity": STANDING.gravity}
)
"""Terms of a get-up policy that have one value in play, and it: it is always asked to
stand."""


class Interface(NamedTuple):
    """What a policy observes and does."""

    observation: ObservationSpec
    action: ActionSpec


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A teacher's observation as an affine picture of the pupil's.

    Attributes:
        columns: [N] of the pupil's vector.
        gain, shift: [N]; a gain of 0 for what never changes.
        clip: of the result.
    """

    columns: NDArray[np.int64]
    gain: NDArray[np.float32]
    shift: NDArray[np.float32]
    clip: float

    @classmethod
    def of(
        cls,
        pupil: ObservationSpec,
        teacher: ObservationSpec,
    ) -> "Reading":
        """Find the teacher's terms in the pupil's observation, or in `FOLDED`.

        Raises:
            RunError: the pupil observes less; names the terms.
        """
        places, offset = {}, 0
        for term in pupil.terms:
            places[term.name] = (term, offset)
            offset += term.size * term.history
        columns, gains, shifts, missing = [], [], [], []
        for term in teacher.terms:
            count = term.size * term.history
            mean, std = (
                _scale(term.mean, 0.0, term.size),
                _scale(term.std, 1.0, term.size),
            )
            known, start = places.get(term.name, (None, 0))
            if known is not None and known.history >= term.history:
                newest = start + known.size * known.history - count
                columns.append(np.arange(newest, newest + count))
                old_mean = _scale(known.mean, 0.0, term.size)
                gain = _scale(known.std, 1.0, term.size) / std
                shift = (old_mean - mean) / std
            elif term.name in FOLDED:
                columns.append(np.zeros(count, np.int64))
                gain = np.zeros(term.size)
                shift = (np.array(FOLDED[term.name]) - mean) / std
            else:
                missing.append(f"{term.name} x {term.history}")
                continue
            gains.append(np.tile(gain, term.history))
            shifts.append(np.tile(shift, term.history))
        if missing:
            raise RunError(
                f"expected a teacher that sees no more than its pupil, found one that "
                f"also needs {', '.join(missing)}"
            )
        return cls(
            columns=np.concatenate(columns),
            gain=np.concatenate(gains).astype(np.float32),
            shift=np.concatenate(shifts).astype(np.float32),
            clip=teacher.clip,
        )

    def __call__(self, observation: Float[Array, "*B N"]) -> Float[Array, "*B M"]:
        """The teacher's observation."""
        seen = observation[..., jnp.asarray(self.columns)] * self.gain + self.shift
        return jnp.clip(seen, -self.clip, self.clip)


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A teacher's action in the pupil's terms: the one that leads to the same targets.

    With filters k (pupil) and k' (teacher), last targets u and the teacher's wish w,
    u' = k' u + (1 - k') w = k u + (1 - k) w*  gives  w* = (u' - k u) / (1 - k), which
    the pupil's limits may cut. Joints that the teacher leaves alone hold their targets,
    with a standard deviation of 1.

    Attributes:
        pupil, teacher: their actions.
        least_std: of the result.
    """

    pupil: ActionSpec
    teacher: ActionSpec
    least_std: float

    def __call__(
        self, action: Gaussian, targets_rad: Float[Array, "*B 20"]
    ) -> Gaussian:
        """The pupil's action for the teacher's, after the last targets sent."""
        mine, other = self.pupil, self.teacher
        order = [
            other.joints.index(name) if name in other.joints else -1
            for name in mine.joints
        ]
        driven, pick = jnp.array(order) >= 0, jnp.maximum(jnp.array(order), 0)
        scale, zero = jnp.array(mine.scale_rad), jnp.array(mine.default_rad)
        last = targets_rad[..., jnp.array([JOINT_NAMES.index(n) for n in mine.joints])]
        wish = jnp.clip(
            jnp.array(other.default_rad) + jnp.array(other.scale_rad) * action.mean,
            jnp.array(other.min_rad),
            jnp.array(other.max_rad),
        )[..., pick]
        kept, theirs = mine.filter_keep, other.filter_keep
        following = theirs * last + (1 - theirs) * wish
        wanted = jnp.where(driven, (following - kept * last) / (1 - kept), last)
        wanted = jnp.clip(wanted, jnp.array(mine.min_rad), jnp.array(mine.max_rad))
        spread = jnp.array(other.scale_rad)[pick] * action.std[..., pick] / scale
        spread = jnp.maximum(spread * (1 - theirs) / (1 - kept), self.least_std)
        return Gaussian(
            mean=(wanted - zero) / scale,
            std=jnp.broadcast_to(jnp.where(driven, spread, 1.0), wanted.shape),
        )


def newest_raw(
    spec: ObservationSpec, observation: Float[Array, "*B N"], name: str
) -> Float[Array, "*B K"]:
    """The newest raw value of a term in a normalized observation."""
    offset = 0
    for term in spec.terms:
        offset += term.size * term.history
        if term.name == name:
            value = observation[..., offset - term.size : offset]
            std = _scale(term.std, 1.0, term.size).astype(np.float32)
            return value * std + _scale(term.mean, 0.0, term.size).astype(np.float32)
    raise RunError(
        f"expected an observation with {name}, found "
        f"{', '.join(term.name for term in spec.terms)}"
    )


def _scale(values: tuple[float, ...], default: float, size: int) -> NDArray[np.float64]:
    return np.array(values or (default,) * size)
