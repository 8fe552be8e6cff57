"""Frozen policies as teachers of another: seen and acting through the pupil's specs.

A teacher may have been trained on fewer terms, other scales, a shorter history, and
with another action: what it sees is read out of the pupil's observation, and what it
would do is said in the pupil's action, so that both mean the same joint targets.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import flax.serialization
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from numpy.typing import NDArray

from robot.contracts.codec import from_plain
from robot.contracts.joints import JOINT_NAMES
from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.tasks.getup import STANDING
from training.dmpo import Dmpo
from training.dmpo_config import DmpoConfig
from training.guide import Distribution, Guide
from training.mpo_losses import Gaussian
from training.ppo import Ppo, PpoConfig
from training.run_folder import CHECKPOINT, RunError, has_checkpoint
from training.symmetry import action_mirror, observation_mirror
from training.teaching import TeachingConfig

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


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A frozen policy.

    Attributes:
        interface: what it observes and does.
        distribution: its network.
        params: of that.
    """

    interface: Interface
    distribution: Distribution
    params: Any


def advice(teacher: Teacher, pupil: Interface, least_std: float) -> Distribution:
    """The teacher's action in the pupil's terms: a function of the teacher's
    parameters and the pupil's observations.

    Raises:
        RunError: the teacher needs what the pupil does not see.
    """
    read = Reading.of(pupil.observation, teacher.interface.observation)
    translate = Translation(
        pupil=pupil.action, teacher=teacher.interface.action, least_std=least_std
    )

    def advise(params: Any, seen: Array) -> Gaussian:
        action = teacher.distribution(params, read(seen))
        last = newest_raw(pupil.observation, seen, "previous_target")
        return translate(action, last)

    return advise


def guide_of(
    config: TeachingConfig, pupil: Interface, score: Teacher, getup: Teacher
) -> Guide:
    """Both teachers, in the pupil's terms.

    Raises:
        RunError: a teacher needs what the pupil does not see.
    """
    return Guide(
        config=config,
        advice=(
            advice(score, pupil, config.least_std),
            advice(getup, pupil, config.least_std),
        ),
        params=(score.params, getup.params),
        is_upright=lambda seen: is_upright(
            pupil.observation, seen, config.upright_tilt_rad
        ),
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


def is_upright(
    spec: ObservationSpec, observation: Float[Array, "*B N"], tilt_rad: float
) -> Bool[Array, "*B"]:
    """Whether the robot's tilt, as it feels it, is at most `tilt_rad`."""
    gravity = newest_raw(spec, observation, "gravity")
    return -gravity[..., 2] >= np.cos(tilt_rad)


def load_teacher(run: Path) -> Teacher:
    """The feed-forward policy in the folder of a PPO or DMPO run.

    Raises:
        RunError: no run, no checkpoint, or one without a description of its policy.
    """
    if not has_checkpoint(run):
        raise RunError(
            f"expected {CHECKPOINT} of a teacher in {run}, found none; name the folder "
            f"of a run"
        )
    told = json.loads((run / "config.json").read_text())
    if "policy" not in told:
        raise RunError(
            f"expected a run that says what its policy observes, found none of that in "
            f"{run / 'config.json'}; it is of an older release: train again"
        )
    subject, config = str(run / "config.json"), told["config"]
    interface = Interface(
        observation=from_plain(
            ObservationSpec, told["policy"]["observation"], subject=subject
        ),
        action=from_plain(ActionSpec, told["policy"]["action"], subject=subject),
    )
    tree = flax.serialization.msgpack_restore((run / CHECKPOINT).read_bytes())
    params = cast(Any, tree)["learner"]["params"]
    return Teacher(
        interface=interface,
        distribution=_distribution(config, interface, subject),
        params={"actor": params["actor"]},
    )


def _distribution(
    config: dict[str, Any], interface: Interface, subject: str
) -> Distribution:
    mirrors = None
    if config["mirrored"]:
        mirrors = (
            observation_mirror(interface.observation),
            action_mirror(interface.action),
        )
    size = len(interface.action.joints)
    if "ppo" in config:
        ppo = Ppo(from_plain(PpoConfig, config["ppo"], subject=subject), size, mirrors)
        return ppo_policy(ppo)
    settings = from_plain(DmpoConfig, config["learner"]["dmpo"], subject=subject)
    if settings.lstm:
        raise RunError(
            f"expected a feed-forward teacher, found an LSTM of width {settings.lstm} "
            f"in {subject}"
        )
    return dmpo_policy(Dmpo(settings, size, mirrors))


def ppo_policy(ppo: Ppo) -> Distribution:
    """Its actor."""

    def policy(params: Any, observation: Array) -> Gaussian:
        mean, log_std = ppo.distribution(params, observation)
        return Gaussian(mean, jnp.broadcast_to(jnp.exp(log_std), mean.shape))

    return policy


def dmpo_policy(dmpo: Dmpo) -> Distribution:
    """Its feed-forward actor."""
    return lambda params, observation: dmpo.distribution(params, observation)[1]


def _scale(values: tuple[float, ...], default: float, size: int) -> NDArray[np.float64]:
    return np.array(values or (default,) * size)
