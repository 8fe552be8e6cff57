"""Pushes: horizontal forces at random torso points, for parts of a second."""

import math
from typing import Any

from sim.env_parameters import points_in_torso
from sim.env_state import Pushes, chosen
from sim.randomization import RandomizationConfig, scaled
from sim.tasks.task import Random
from sim.vectors import cross, into_world

Array = Any


def draw_pushes(
    ranges: RandomizationConfig, random: Random, after_s: Array, torso_com_m: Array
) -> Pushes:
    """The next push of each robot.

    Args:
        ranges: of size, length and pause.
        random: one draw.
        after_s: [B] episode time the pause starts at.
        torso_com_m: [B, R, 3] where the torso's centre of mass is, torso frame.
    """
    uniform = random.uniform((*torso_com_m.shape[:2], 7))
    xp = uniform.__array_namespace__()
    size, angle = uniform[..., 0], 2 * math.pi * uniform[..., 1]
    direction = xp.stack([xp.cos(angle), xp.sin(angle), xp.zeros_like(angle)], axis=-1)
    start = after_s[:, None] + scaled(ranges, "push_every_s", uniform[..., 2])
    return Pushes(
        start_s=start,
        end_s=start + scaled(ranges, "push_s", uniform[..., 3]),
        force_n=scaled(ranges, "push_n", size)[..., None] * direction,
        arm_m=points_in_torso(uniform[..., 4:]) - torso_com_m,
    )


def next_pushes(
    ranges: RandomizationConfig,
    random: Random,
    pushes: Pushes,
    time_s: Array,
    torso_com_m: Array,
) -> Pushes:
    """A new push where the last one is over."""
    drawn = draw_pushes(ranges, random, time_s, torso_com_m)
    return chosen(time_s[:, None] >= pushes.end_s, drawn, pushes)


def push_wrenches(
    pushes: Pushes, torso_quat: Array, substep_s: Array, strength: float
) -> Array:
    """[B, S, R, 6] force and torque at the torsos' centres of mass, pitch frame.

    Args:
        pushes: current or next.
        torso_quat: [B, R, 4] orientations; held over the S physics steps.
        substep_s: [B, S] episode time at which each physics step starts.
        strength: factor on all forces, for a curriculum.
    """
    xp = torso_quat.__array_namespace__()
    arm = into_world(torso_quat, pushes.arm_m)
    force = pushes.force_n * strength
    wrench = xp.concat([force, cross(arm, force)], axis=-1)
    now = substep_s[..., None]
    active = (now >= pushes.start_s[:, None]) & (now < pushes.end_s[:, None])
    return xp.where(active[..., None], wrench[:, None], 0.0)
