"""The networks of a learner of whole shots: how they begin, and what they keep."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from robot.contracts.symmetry import action_mirror, observation_mirror
from sim.tasks.task import Task
from training import corrected_kick, shots
from training.borrowed import actor_of_bundle, actor_of_correction
from training.kept_walk import KeptWalkConfig, record
from training.networks import FIRST, SECOND, TwoSkills
from training.ppo import Kept, PpoConfig
from training.shots import ShotConfig


def actor(shot: ShotConfig, task: Task, ppo: PpoConfig) -> TwoSkills:
    """The walk and the correction of the kick in one network, not yet begun."""
    walk = shot.walk_spec
    return TwoSkills(
        len(walk.action.joints),
        (walk.observation.size, corrected_kick.sizes(task)[0]),
        ppo.hidden,
        ppo.init_std,
        (observation_mirror(walk.observation), action_mirror(walk.action)),
    )


def begun_as(shot: ShotConfig, task: Task, params: Any) -> Any:
    """Parameters of an `actor` with those of the bundles that the shot names.

    Raises:
        RunError: no such skills, or none for this task.
        ContractError: a bundle is out of contract.
    """
    inner, walk = params["params"], shot.walk_spec
    shots.check_walk(walk, task)
    corrected_kick.load_kick(shot.kick, task)
    first = actor_of_bundle(
        shot.walk, walk.observation, walk.action, {"params": inner[FIRST]}
    )
    second = actor_of_correction(
        shot.kick, corrected_kick.observed(task), {"params": inner[SECOND]}
    )
    return params | {"params": {FIRST: first["params"], SECOND: second["params"]}}


def kept(config: KeptWalkConfig, shot: ShotConfig, task: Task, seed: int) -> Kept:
    """What the walk shall not forget, recorded from its bundle."""
    seen, done = record(config, shot.walk, seed)
    blank = np.zeros((len(seen), corrected_kick.sizes(task)[0] + 1), np.float32)
    return Kept(
        observation=jnp.asarray(np.concatenate([seen, blank], axis=-1)),
        action=jnp.asarray(done),
        weight=config.weight,
    )
