"""One draw of all per-episode axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.randomization import AXES, MASS_BOX_M, RandomizationConfig, draw
from sim.tasks.task import Random

Array = Any


@dataclass(frozen=True, kw_only=True)
class EpisodeParameters:
    """One draw for B environments of R robots; names and units as in `AXES`.

    Attributes:
        floor_friction, ball_mass, ball_radius, ball_rolling: [B].
        mass_point_m: [B, R, 3] where the added mass sits, torso frame.
        imu_tilt_rad, imu_shift_m: [B, R, 3].
        joint_offset_rad: [B, R, 20], canonical order.
        others: [B, R].
    """

    floor_friction: Array
    ball_mass: Array
    ball_radius: Array
    ball_rolling: Array
    joint_offset_rad: Array
    imu_tilt_rad: Array
    imu_shift_m: Array
    added_mass_kg: Array
    mass_point_m: Array
    servo_gain: Array
    torque_limit: Array
    battery: Array
    observation_delay_steps: Array
    action_delay_steps: Array
    gyro_noise_rad_s: Array
    gravity_noise: Array
    acceleration_noise_m_s2: Array
    joint_noise_rad: Array

    @property
    def strength(self) -> Array:
        """[B, R] factor on the position gain."""
        return self.servo_gain * self.battery

    @property
    def stall(self) -> Array:
        """[B, R] factor on the torque limit."""
        return self.torque_limit * self.battery


def sample_parameters(
    config: RandomizationConfig, random: Random, count: int, robots: int
) -> EpisodeParameters:
    """Draw the parameters of `count` episodes with `robots` each."""
    shapes: dict[str, tuple[int, ...]] = {
        "world": (count,),
        "robot": (count, robots),
        "joint": (count, robots, 20),
        "vector": (count, robots, 3),
    }
    values = {
        axis.name: draw(config, axis.name, random, shapes[axis.of])
        for axis in AXES
        if axis.of in shapes
    }
    point = points_in_torso(random.uniform((count, robots, 3)))
    return EpisodeParameters(mass_point_m=point, **values)


def points_in_torso(uniform: Array) -> Array:
    """[..., 3] points of `MASS_BOX_M` from as many uniform numbers."""
    xp = uniform.__array_namespace__()
    low, high = (xp.asarray(corner, dtype=uniform.dtype) for corner in MASS_BOX_M)
    return low + (high - low) * uniform


def of_robots(
    parameters: EpisodeParameters, robots: tuple[int, ...]
) -> EpisodeParameters:
    """The draw of some robots only; what the world has stays."""
    if robots == tuple(range(parameters.servo_gain.shape[1])):
        return parameters
    index = np.array(robots)
    values = {}
    for name, value in vars(parameters).items():
        values[name] = value if value.ndim == 1 else value[:, index]
    return EpisodeParameters(**values)


def taken(parameters: EpisodeParameters, rows: Array) -> EpisodeParameters:
    """The draws of some environments, in that order."""
    return EpisodeParameters(
        **{name: value[rows] for name, value in vars(parameters).items()}
    )


def joined(parts: Sequence[EpisodeParameters]) -> EpisodeParameters:
    """The draws of several batches one after the other."""
    xp = parts[0].floor_friction.__array_namespace__()
    return EpisodeParameters(
        **{
            name: xp.concat([getattr(part, name) for part in parts])
            for name in vars(parts[0])
        }
    )
