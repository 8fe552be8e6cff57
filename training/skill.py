"""A frozen skill under a learner: actions are commands, the skill moves the joints.

After the reuse of skills in arXiv:2211.13743, in its simplest form: one skill, a walk
that takes a velocity, asked anew at every control step. A policy over commands explores
where to go instead of how to stay up, and together with its skill it is again a policy
from observations to joints, which is what is exported.
"""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import NDArray

from robot.contracts.errors import raise_if_any
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import (
    ActionSpec,
    ObservationSpec,
    ObservationTerm,
    PolicySpec,
)
from robot.contracts.symmetry import Mirror
from training.bundle_network import BundleNetwork, folder_of, read_network
from training.mpo_losses import Gaussian
from training.run_folder import RunError
from training.translation import Interface, Reading, Translation, newest_raw

COMMAND = ("forward_m_s", "left_m_s", "turn_rad_s")
COMMAND_MIRROR = Mirror(source=(0, 1, 2), sign=(1.0, -1.0, -1.0))
_TERM = ObservationTerm(
    name="velocity_command", size=3, unit="m/s, m/s, rad/s", frame="torso"
)
_HEAD = ("head_pan", "head_tilt")
_CAMERA_M = 0.45
"""Height of the standing robot's camera, as `robot.tactics` has it."""
Reach = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Lowest and highest command: m/s forward and left, rad/s."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Skill:
    """A walk bundle, in the terms of a task whose robots it shall move.

    Attributes:
        spec: of the bundle.
        network: that of the bundle.
        pupil: what the task observes and does.
    """

    spec: PolicySpec
    network: BundleNetwork
    pupil: Interface

    @property
    def command_size(self) -> int:
        """Numbers of an action."""
        return len(COMMAND)

    def command_for(self, wish: NDArray[np.float64]) -> NDArray[np.float32]:
        """The command [B, 3] for a velocity in m/s, m/s and rad/s, cut to its
        reach."""
        low, high = (
            np.array(end) for end in (self.spec.command.low, self.spec.command.high)
        )
        cut = np.clip(wish, low, high)
        return ((cut - (low + high) / 2) / ((high - low) / 2)).astype(np.float32)

    @cached_property
    def _reading(self) -> Reading:
        asked = ObservationSpec(
            terms=(*self.pupil.observation.terms, _TERM),
            clip=self.pupil.observation.clip,
        )
        return Reading.of(asked, self.spec.observation)

    @cached_property
    def _translation(self) -> Translation:
        return Translation(
            pupil=self.pupil.action, teacher=self.spec.action, least_std=1.0
        )

    @partial(jax.jit, static_argnums=0)
    def act(
        self, observation: Float[Array, "*B N"], command: Float[Array, "*B 3"]
    ) -> Float[Array, "*B A"]:
        """The task's action for a command; -1 and 1 are the ends of its reach.

        The head looks at the ball.
        """
        return self.plain(observation, command)

    def plain(
        self, observation: Float[Array, "*B N"], command: Float[Array, "*B 3"]
    ) -> Float[Array, "*B A"]:
        """`act`, not jitted."""
        command_spec = self.spec.command
        low, high = jnp.asarray(command_spec.low), jnp.asarray(command_spec.high)
        wish = (low + high) / 2 + (high - low) / 2 * jnp.clip(command, -1.0, 1.0)
        seen = self._reading(jnp.concatenate([observation, wish], axis=-1))
        mean = self.asked(seen)
        last = newest_raw(self.pupil.observation, observation, "previous_target")
        action = self._translation(Gaussian(mean, jnp.ones_like(mean)), last).mean
        return self._looking(observation, action)

    def asked(self, seen: Float[Array, "*B M"]) -> Float[Array, "*B K"]:
        """The bundle's own action for its own observation."""
        return self.network(seen)

    def _looking(self, observation: Array, action: Array) -> Array:
        mine = self.pupil.action
        if not set(_HEAD) <= set(mine.joints):
            return action
        ball = newest_raw(self.pupil.observation, observation, "ball_position")
        ahead, left = ball[..., 0], ball[..., 1]
        wish = (
            jnp.arctan2(left, ahead),
            -jnp.arctan2(_CAMERA_M, jnp.sqrt(ahead**2 + left**2)),
        )
        for name, angle in zip(_HEAD, wish, strict=True):
            joint, column = OP3_JOINTS[JOINT_NAMES.index(name)], mine.joints.index(name)
            angle = jnp.clip(angle, joint.min_rad, joint.max_rad)
            raw = (angle - mine.default_rad[column]) / mine.scale_rad[column]
            action = action.at[..., column].set(raw)
        return action


def load_skill(
    bundle: str,
    observation: ObservationSpec,
    action: ActionSpec,
    reach: Reach | None = None,
) -> Skill:
    """The walk in a bundle, for a task with these specs.

    Args:
        bundle: name of a shipped one, or a folder.
        observation, action: of the task; it must observe what the walk does, but for
            the command.
        reach: lowest and highest command, of -1 and 1; None: the walk's own.

    Raises:
        RunError: no walk that takes a velocity, another kind of network, or a task that
            observes less.
        ContractError: the bundle's spec is out of contract.
    """
    folder, network = folder_of(bundle), read_network(bundle)
    spec = network.spec
    if spec.command.names != COMMAND:
        raise RunError(
            f"{folder}: expected a walk that takes {', '.join(COMMAND)}, found "
            f"{spec.role} that takes {', '.join(spec.command.names) or 'nothing'}"
        )
    if reach is not None:
        low, high = reach
        spec = replace(spec, command=replace(spec.command, low=low, high=high))
        raise_if_any(f"{folder}, commanded", spec.faults())
    return Skill(spec=spec, network=network, pupil=Interface(observation, action))
