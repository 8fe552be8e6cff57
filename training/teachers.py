"""Frozen policies as teachers of another: seen and acting through the pupil's specs.

A teacher may have been trained on fewer terms, other scales, a shorter history, and
with another action, or command a skill: see `training.translation`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from robot.contracts.codec import from_plain
from robot.contracts.policy import (
    NETWORK_FILE,
    ActionSpec,
    ObservationSpec,
    read_spec,
)
from robot.contracts.symmetry import action_mirror, observation_mirror
from training.bundle_network import check_network
from training.dmpo import Dmpo
from training.dmpo_config import DmpoConfig
from training.guide import Distribution, Guide
from training.mpo_losses import Gaussian
from training.onnx_jax import jax_network
from training.ppo import Ppo, PpoConfig
from training.run_folder import CHECKPOINT, RunError, has_checkpoint
from training.skill import COMMAND, COMMAND_MIRROR, load_skill
from training.teaching import TeachingConfig
from training.translation import Interface, Reading, Translation, newest_raw

UNTOLD_STD = 0.1
"""Of the joints' actions of a teacher that is a bundle, or commands a skill: it has
none of its own."""

_PROVED = 16
"""Rows of its goldens that a bundle's network is asked for."""


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
        is_first=lambda seen: is_upright(
            pupil.observation, seen, config.upright_tilt_rad
        ),
    )


def is_upright(
    spec: ObservationSpec, observation: Float[Array, "*B N"], tilt_rad: float
) -> Bool[Array, "*B"]:
    """Whether the robot's tilt, as it feels it, is at most `tilt_rad`."""
    gravity = newest_raw(spec, observation, "gravity")
    return -gravity[..., 2] >= np.cos(tilt_rad)


def load_teacher(run: Path) -> Teacher:
    """The feed-forward policy in the folder of a PPO or DMPO run, or of a bundle.

    Raises:
        RunError: neither, one with a memory, or a run without a description of its
            policy.
        ContractError: a broken bundle.
    """
    if not has_checkpoint(run):
        if (run / NETWORK_FILE).is_file():
            return _teacher_of_bundle(run)
        raise RunError(
            f"expected {CHECKPOINT} of a run or {NETWORK_FILE} of a bundle as a "
            f"teacher in {run}, found neither; name the folder of one"
        )
    told = json.loads((run / "config.json").read_text())
    if "policy" not in told:
        raise RunError(
            f"expected a run that says what its policy observes, found none of that in "
            f"{run / 'config.json'}; it is of an older release: train again"
        )
    subject, config = str(run / "config.json"), _settings(told)
    interface = Interface(
        observation=from_plain(
            ObservationSpec, told["policy"]["observation"], subject=subject
        ),
        action=from_plain(ActionSpec, told["policy"]["action"], subject=subject),
    )
    tree = flax.serialization.msgpack_restore((run / CHECKPOINT).read_bytes())
    learner = cast(Any, tree)["learner"]
    actor = learner.get("averaged") or learner["params"]["actor"]
    return Teacher(
        interface=interface,
        distribution=_distribution(config, interface, subject),
        params={"actor": actor},
    )


def _teacher_of_bundle(folder: Path) -> Teacher:
    """It tells no spread of its actions: `UNTOLD_STD` stands for it."""
    spec = read_spec(folder / "spec.json")
    if spec.state_shapes or spec.camera:
        raise RunError(
            f"{folder}: expected a teacher without memory or camera, found {spec.name} "
            f"with one"
        )
    network = jax.vmap(jax_network(folder / NETWORK_FILE))
    size = len(spec.action.joints)
    golden = np.load(folder / "golden.npz")
    seen, wanted = golden["observation"][:_PROVED], golden["action"][:_PROVED]
    check_network(
        folder, jax.jit(network), seen, wanted, "the network of its golden.npz"
    )

    def policy(params: Any, observation: Array) -> Gaussian:
        rows = observation.reshape(-1, observation.shape[-1])
        mean = network(rows).reshape(*observation.shape[:-1], size)
        return Gaussian(mean, jnp.full_like(mean, UNTOLD_STD))

    return Teacher(
        interface=Interface(observation=spec.observation, action=spec.action),
        distribution=policy,
        params={"actor": {}},
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
    if config.get("kick"):
        raise RunError(
            f"{subject}: expected a teacher of joints or of commands, found one that "
            f"corrects a scripted kick"
        )
    if config.get("skill"):
        return _commanding(config, interface, subject)
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


def _settings(told: dict[str, Any]) -> dict[str, Any]:
    """Of the networks: a clone's folder holds them within those of the cloning."""
    config = told["config"]
    return config.get("run", config)


def _commanding(
    config: dict[str, Any], interface: Interface, subject: str
) -> Distribution:
    """The joints' actions of a policy that commands a skill; `UNTOLD_STD` wide."""
    mirrors = None
    if config["mirrored"]:
        mirrors = (observation_mirror(interface.observation), COMMAND_MIRROR)
    settings = from_plain(PpoConfig, config["ppo"], subject=subject)
    ppo = Ppo(settings, len(COMMAND), mirrors)
    told = config.get("reach")
    if told is None:
        raise RunError(
            f"{subject}: expected the reach that its commands were learned for, found "
            f"none, as in runs made before it was written down; add it to config.json"
        )
    reach = (tuple(told[0]), tuple(told[1]))
    skill = load_skill(config["skill"], interface.observation, interface.action, reach)

    def policy(params: Any, observation: Array) -> Gaussian:
        command, _ = ppo.distribution(params, observation)
        mean = skill.plain(observation, command)
        return Gaussian(mean, jnp.full_like(mean, UNTOLD_STD))

    return policy


def ppo_policy(ppo: Ppo) -> Distribution:
    """Its actor."""

    def policy(params: Any, observation: Array) -> Gaussian:
        mean, log_std = ppo.distribution(params, observation)
        return Gaussian(mean, jnp.broadcast_to(jnp.exp(log_std), mean.shape))

    return policy


def dmpo_policy(dmpo: Dmpo) -> Distribution:
    """Its feed-forward actor."""
    return lambda params, observation: dmpo.distribution(params, observation)[1]
