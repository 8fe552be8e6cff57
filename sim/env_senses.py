"""What agents measure: late, tilted, offset and noisy. Array-API code."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot import rotations
from sim.arena import Arena
from sim.env_parameters import EpisodeParameters
from sim.randomization import RandomizationConfig, draw
from sim.tasks.task import Random
from sim.vectors import cross

Array = Any


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Where the sensors of R agents lie, and how late they may be.

    Attributes:
        pose: [R, 24] indices into qpos: torso quaternion, then joints.
        gyro: [R, 3] indices into qvel.
        acceleration: [R, 3] indices into sensordata; None where no term needs it.
        kept_steps: physics steps to remember beyond the last control step.
    """

    pose: NDArray[np.int64]
    gyro: NDArray[np.int64]
    acceleration: NDArray[np.int64] | None
    kept_steps: int


@dataclass(frozen=True, kw_only=True)
class Frames:
    """The physics after each of S steps of a control step.

    Attributes:
        qpos, qvel: [B, S, nq] and [B, S, nv].
        sensors: [B, S, nsensordata].
    """

    qpos: Array
    qvel: Array
    sensors: Array


def sensor_channels(
    arena: Arena,
    agents: tuple[int, ...],
    ranges: RandomizationConfig,
    *,
    substeps: int,
    acceleration: bool,
) -> Channels:
    """Resolve the indices."""
    robots = [arena.robots[agent] for agent in agents]
    pose = [np.concatenate([r.root_qpos[3:], r.joint_qpos]) for r in robots]
    return Channels(
        pose=np.stack(pose),
        gyro=np.stack([robot.root_qvel[3:] for robot in robots]),
        acceleration=(
            np.stack([robot.sensors["accelerometer"] for robot in robots])
            if acceleration
            else None
        ),
        kept_steps=max(0, ranges.most_observation_delay + 1 - substeps),
    )


def still(channels: Channels, frames: Frames) -> tuple[Array, ...]:
    """`EnvState.recent` of robots that have not moved yet; S = 1."""
    kept = channels.kept_steps
    return tuple(
        _repeated(source[:, -1][:, index], kept)
        for source, index in _sources(channels, frames)
    )


def later(
    channels: Channels, recent: tuple[Array, ...], frames: Frames
) -> tuple[Array, ...]:
    """`EnvState.recent` one control step later."""
    kept, substeps = channels.kept_steps, frames.qpos.shape[1]
    if kept == 0:
        return recent
    moved = []
    for old, (source, index) in zip(recent, _sources(channels, frames), strict=True):
        new = source[:, -min(kept, substeps) :][:, :, index]
        xp = new.__array_namespace__()
        # Of the values before, as many as `new` leaves room for.
        moved.append(xp.concat([old[:, min(kept, substeps) :], new], axis=1))
    return tuple(moved)


def late_values(
    channels: Channels, recent: tuple[Array, ...], frames: Frames, delay: Array
) -> tuple[Array, ...]:
    """Sensor values [B, R, k] per channel, `delay` [B, R] physics steps old."""
    xp = delay.__array_namespace__()
    count, agents = delay.shape
    rows = xp.arange(count)[:, None, None]
    robots = xp.arange(agents)[None, :]
    substeps, kept = frames.qpos.shape[1], channels.kept_steps
    step = (substeps - 1 - delay)[..., None]
    values = []
    for position, (source, index) in enumerate(_sources(channels, frames)):
        value = source[rows, xp.clip(step, 0, None), index]
        if kept:
            past = xp.clip(step[..., 0] + kept, 0, kept - 1)
            old = recent[position][rows[..., 0], past, robots]
            value = xp.where(step < 0, old, value)
        values.append(value)
    return tuple(values)


def sensor_delay(
    ranges: RandomizationConfig, random: Random, parameters: EpisodeParameters
) -> Array:
    """[B, R] whole physics steps: this episode's delay and this step's jitter."""
    delay = parameters.observation_delay_steps
    return delay + draw(ranges, "observation_jitter_steps", random, delay.shape)


def measured(
    values: tuple[Array, ...], parameters: EpisodeParameters, random: Random
) -> dict[str, Array]:
    """Observation terms [B, R, k] from sensor values of `late_values`.

    Args:
        values: pose, gyro and, where a term needs it, acceleration.
        parameters: of the agents.
        random: for the noise.
    """
    pose, gyro, *more = values
    noise = random.normal((*pose.shape[:2], 26 + 3 * len(more)))
    tilt = parameters.imu_tilt_rad
    gravity = rotations.gravity_direction(pose[..., :4])
    terms = {
        "gyro": tilted(gyro, tilt)
        + parameters.gyro_noise_rad_s[..., None] * noise[..., :3],
        "gravity": tilted(gravity, tilt)
        + parameters.gravity_noise[..., None] * noise[..., 3:6],
        "joint_position": pose[..., 4:]
        + parameters.joint_offset_rad
        + parameters.joint_noise_rad[..., None] * noise[..., 6:26],
    }
    for acceleration in more:
        sigma = parameters.acceleration_noise_m_s2[..., None]
        terms["linear_acceleration"] = (
            tilted(acceleration, tilt) + sigma * noise[..., 26:]
        )
    return terms


def _sources(channels: Channels, frames: Frames) -> list[tuple[Array, Array]]:
    found = [(frames.qpos, channels.pose), (frames.qvel, channels.gyro)]
    if channels.acceleration is not None:
        found.append((frames.sensors, channels.acceleration))
    return found


def tilted(vector: Array, tilt_rad: Array) -> Array:
    """A vector as the IMU turned by the small rotation `tilt_rad` sees it."""
    return vector + cross(vector, tilt_rad)


def _repeated(value: Array, times: int) -> Array:
    xp = value.__array_namespace__()
    if times == 0:
        return xp.zeros((value.shape[0], 0, *value.shape[1:]), dtype=value.dtype)
    return xp.stack([value] * times, axis=1)
