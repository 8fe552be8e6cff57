"""Small environments that tests of the environment share."""

from dataclasses import replace
from typing import Any

import numpy as np

from sim.env import EnvConfig, Environment, EnvState, TimeStep
from sim.randomization import NO_RANDOMIZATION, RandomizationConfig
from sim.tasks.walk import WalkConfig
from sim.tasks.walk_task import WalkTask

STANDING = WalkTask(fixed_command=(0.0, 0.0, 0.0))
NEVER_ENDS = WalkTask(
    config=WalkConfig(episode_s=1e6, min_height_m=-1e6, min_upright=-2.0),
    fixed_command=(0.0, 0.0, 0.0),
    contacts="full",
)
"""Falls do not end its episodes."""


def world(
    task: WalkTask = STANDING,
    *,
    num_envs: int = 3,
    seed: int = 0,
    ranges: RandomizationConfig = NO_RANDOMIZATION,
    **axes: Any,
) -> Environment:
    """An environment with nothing randomized but the given axes."""
    config = EnvConfig(
        num_envs=num_envs,
        num_threads=1,
        randomization=replace(ranges, **axes),
        stagger=False,
    )
    return Environment(task, config, seed)


def idle(env: Environment, state: EnvState, steps: int) -> tuple[EnvState, TimeStep]:
    """Some steps of action zero."""
    action = np.zeros(env.action_shape)
    state, moved = env.step(state, action)
    for _ in range(steps - 1):
        state, moved = env.step(state, action)
    return state, moved
