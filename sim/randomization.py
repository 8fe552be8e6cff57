"""What differs from episode to episode: ranges, samples, and their way into a model.

Ranges follow arXiv:2304.13653 (its list is short on purpose: more axes gave a timid
policy) where it states them; the rest is marked as the project's choice.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.arena import Arena
from sim.pitch import FLOOR

FloatArray = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class RandomizationConfig:
    """Ranges, drawn once per episode; a range of one point switches its axis off.

    Attributes:
        floor_friction: sliding coefficient (paper: 0.5 to 1.0).
        joint_offset_rad: encoder zero error per joint (paper: +-2.9 deg).
        imu_tilt_rad: mounting error of the IMU per axis (paper: up to 2 deg).
        added_mass_kg: at a random torso point (paper: up to 0.5 kg).
        servo_gain: factor on the position gain (project's choice).
        torque_limit: factor on the torque limit: battery charge (project's choice).
        observation_delay_steps: physics steps of 5 ms (paper: 10 to 50 ms; the onboard
            loop of this project reads and acts within one 8 ms bus cycle).
        action_delay_steps: physics steps of 5 ms.
        gyro_noise_rad_s, gravity_noise, joint_noise_rad: sigma of white sensor noise
            (project's choice; no paper states one).
        push_m_s: speed a push gives the torso. The paper's 5 to 15 N over 0.05 to
            0.15 s are 0.08 to 0.7 m/s for 3.15 kg.
        push_every_s: time between two pushes (paper: 1 to 3 s).
    """

    floor_friction: Range = (0.5, 1.0)
    joint_offset_rad: Range = (-0.05, 0.05)
    imu_tilt_rad: Range = (-0.035, 0.035)
    added_mass_kg: Range = (0.0, 0.5)
    servo_gain: Range = (0.85, 1.15)
    torque_limit: Range = (0.8, 1.0)
    observation_delay_steps: tuple[int, int] = (0, 4)
    action_delay_steps: tuple[int, int] = (0, 2)
    gyro_noise_rad_s: float = 0.05
    gravity_noise: float = 0.01
    joint_noise_rad: float = 0.004
    push_m_s: Range = (0.08, 0.45)
    push_every_s: Range = (1.0, 3.0)


NO_RANDOMIZATION = RandomizationConfig(
    floor_friction=(0.8, 0.8),
    joint_offset_rad=(0.0, 0.0),
    imu_tilt_rad=(0.0, 0.0),
    added_mass_kg=(0.0, 0.0),
    servo_gain=(1.0, 1.0),
    torque_limit=(1.0, 1.0),
    observation_delay_steps=(0, 0),
    action_delay_steps=(0, 0),
    gyro_noise_rad_s=0.0,
    gravity_noise=0.0,
    joint_noise_rad=0.0,
    push_m_s=(0.0, 0.0),
)


@dataclass(frozen=True, kw_only=True)
class EpisodeParameters:
    """One draw for B environments.

    Attributes:
        floor_friction, added_mass_kg, servo_gain, torque_limit: [B].
        mass_point_m: [B, 3] where the mass sits, torso frame.
        joint_offset_rad: [B, 20], canonical order: measured minus true angle.
        imu_tilt_rad: [B, 3] small rotation of the IMU.
        observation_delay, action_delay: [B] whole physics steps.
    """

    floor_friction: FloatArray
    added_mass_kg: FloatArray
    mass_point_m: FloatArray
    servo_gain: FloatArray
    torque_limit: FloatArray
    joint_offset_rad: FloatArray
    imu_tilt_rad: FloatArray
    observation_delay: NDArray[np.int64]
    action_delay: NDArray[np.int64]

    def replaced(
        self, rows: NDArray[np.bool_], other: "EpisodeParameters"
    ) -> "EpisodeParameters":
        """These parameters with the rows where `rows` is true taken from `other`."""
        values = {}
        for name, old in vars(self).items():
            mask = rows.reshape(-1, *([1] * (old.ndim - 1)))
            values[name] = np.where(mask, getattr(other, name), old)
        return EpisodeParameters(**values)


def sample_parameters(
    config: RandomizationConfig, rng: np.random.Generator, count: int
) -> EpisodeParameters:
    """Draw the parameters of `count` episodes."""
    low_delay, high_delay = config.observation_delay_steps
    low_action, high_action = config.action_delay_steps
    return EpisodeParameters(
        floor_friction=rng.uniform(*config.floor_friction, count),
        added_mass_kg=rng.uniform(*config.added_mass_kg, count),
        # Anywhere in a box that the torso hull fills: 10 x 10 x 12 cm.
        mass_point_m=rng.uniform([-0.05, -0.05, 0.0], [0.05, 0.05, 0.12], (count, 3)),
        servo_gain=rng.uniform(*config.servo_gain, count),
        torque_limit=rng.uniform(*config.torque_limit, count),
        joint_offset_rad=rng.uniform(*config.joint_offset_rad, (count, 20)),
        imu_tilt_rad=rng.uniform(*config.imu_tilt_rad, (count, 3)),
        observation_delay=rng.integers(low_delay, high_delay + 1, count),
        action_delay=rng.integers(low_action, high_action + 1, count),
    )


class ModelRandomizer:
    """Writes episode parameters into per-environment copies of one arena's model."""

    def __init__(self, arena: Arena):
        self._base = arena.model
        self._floor = arena.model.geom(FLOOR).id
        self._torsos = [robot.torso_body for robot in arena.robots]
        self._actuators = np.concatenate([robot.actuators for robot in arena.robots])

    def apply(
        self, model: mujoco.MjModel, parameters: EpisodeParameters, row: int
    ) -> None:
        """Set `model` to row `row`; derived constants need `CpuPhysics.refresh`."""
        base, servos = self._base, self._actuators
        model.geom_friction[self._floor, 0] = parameters.floor_friction[row]
        gain = parameters.servo_gain[row]
        model.actuator_gainprm[servos, 0] = base.actuator_gainprm[servos, 0] * gain
        model.actuator_biasprm[servos, 1] = base.actuator_biasprm[servos, 1] * gain
        limit = parameters.torque_limit[row]
        model.actuator_forcerange[servos] = base.actuator_forcerange[servos] * limit
        for torso in self._torsos:
            added = parameters.added_mass_kg[row]
            mass = base.body_mass[torso]
            model.body_mass[torso] = mass + added
            moved = mass * base.body_ipos[torso] + added * parameters.mass_point_m[row]
            model.body_ipos[torso] = moved / (mass + added)
