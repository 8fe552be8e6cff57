"""Moments of a walk as it goes wherever it is told, for skills that begin in its midst.

As `sim.getup_recordings`: reference states are the cheapest curriculum there is.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from robot import rotations
from sim.env import EnvConfig, Environment
from sim.env_parameters import EpisodeParameters, joined
from sim.tasks.walk import CommandMix, WalkConfig
from sim.tasks.walk_task import WalkTask
from sim.tasks.walking_starts import WalkingState
from training.skill import load_skill

_FROM_S, _EVERY_S = 1.5, 0.325
"""The first note, and the time between two: no multiple of the walk's period."""
_MIX = CommandMix(stand=0.2, fast=0.3, straight=0.1, sideways=0.05, turn=0.1)
_AIR_M = 0.003
"""Added to each height: soles sink a little into a soft floor."""


class Recording(NamedTuple):
    """Moments, and the draws [len(moments)] of the robots they are of."""

    moments: tuple[WalkingState, ...]
    robots: EpisodeParameters


def record_walks(bundle: str, *, worlds: int, seconds: float, seed: int) -> Recording:
    """Let a walk go, told anew every second or two, and note what it passes.

    Args:
        bundle: of the walk, shipped (by its name) or in a folder.
        worlds: robots, each with its own randomization, without pushes.
        seconds: for how long.
        seed: of everything random.

    Returns:
        Its moments on the feet, about worlds x seconds / 0.325 s of them.

    Raises:
        RunError: no such walk.
    """
    plain = WalkConfig(mix=_MIX, command_s=(1.0, 2.0), episode_s=seconds + 1.0)
    skill = load_skill(bundle, plain.observation, plain.action)
    spec = skill.spec
    task = WalkTask(
        config=replace(plain, clock_hz=spec.clock_hz or plain.clock_hz),
        contacts="full",
        observation_spec=spec.observation,
        action_spec=spec.action,
    )
    env = Environment(task, EnvConfig(num_envs=worlds, stagger=False), seed)
    asked = jax.jit(skill.asked)
    state, moved = env.reset()
    found: list[WalkingState] = []
    robots: list[EpisodeParameters] = []
    due_s = _FROM_S
    for step in range(1, round(seconds / spec.control_period_s) + 1):
        actions = np.asarray(asked(moved.observation))
        state, moved = env.step(state, actions, push_strength=0.0)
        if step * spec.control_period_s >= due_s:
            due_s += _EVERY_S
            robots.append(state.parameters)
            found += _moments(
                env, state.memory.clock_s, state.targets_rad, 1 / task.config.clock_hz
            )
    env.close()
    return Recording(tuple(found), joined(robots))


def _moments(
    env: Environment, clock_s: NDArray, targets_rad: NDArray, period_s: float
) -> list[WalkingState]:
    at = env.core.arena.robots[0]
    qpos, qvel = env.physics.qpos, env.physics.qvel
    root, speed = qpos[:, at.root_qpos], qvel[:, at.root_qvel]
    quat = root[:, 3:]
    gravity = rotations.gravity_direction(quat)
    level = rotations.into_heading(speed[:, :2], rotations.heading(quat))
    velocity = np.concatenate([level, speed[:, 2:]], axis=-1)
    return [
        WalkingState(
            height_m=round(float(root[row, 2]) + _AIR_M, 4),
            tilt_rad=round(math.acos(min(1.0, -float(gravity[row, 2]))), 4),
            toward_rad=round(math.atan2(gravity[row, 1], gravity[row, 0]), 4),
            velocity=_rounded(velocity[row]),
            joint_rad=_rounded(qpos[row, at.joint_qpos]),
            joint_velocity_rad_s=_rounded(qvel[row, at.joint_qvel]),
            target_rad=_rounded(targets_rad[row, 0]),
            clock_s=round(float(clock_s[row, 0]) % period_s, 4),
        )
        for row in range(len(root))
    ]


def _rounded(values: NDArray) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in values)
