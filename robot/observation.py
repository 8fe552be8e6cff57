"""Observation vectors, the same lines for the simulator (batched) and the robot (one).

Written against the array-API subset NumPy and jax.numpy share: every array may carry
leading batch axes. The history is a value: `start`, then `push` once per control step,
then `vector`.
"""

import math
from collections.abc import Mapping
from typing import Any

from robot.contracts.policy import ObservationSpec

Array = Any
"""A NumPy or JAX array."""

TERM_SIZES: dict[str, int] = {
    "gyro": 3,  # rad/s, torso frame
    "gravity": 3,  # unit vector of gravity, torso frame; (0, 0, -1) upright
    "joint_position": 20,  # rad, canonical joint order
    "previous_target": 20,  # rad, last joint targets sent, after filter and limits
    "velocity_command": 3,  # m/s forward, m/s left, rad/s counter-clockwise
    "gait_clock": 2,  # sin and cos of the gait phase
    "kick_side": 1,  # +1 left foot, -1 right foot
    "ball_position": 2,  # m from the torso, heading frame; last known while unseen
    "kick_direction": 2,  # cos and sin of where the ball shall go, heading frame
    "linear_acceleration": 3,  # m/s^2, torso frame; (0, 0, 9.81) upright at rest
}
"""Terms the onboard loop provides and the numbers each holds per time step."""

GAME_TERM_SIZES: dict[str, int] = {
    "own_velocity": 2,  # m/s, heading frame, from the last two positions
    "ball_velocity": 2,  # m/s over the floor, heading frame, from two positions
    "opponent_position": 2,  # m from the torso, heading frame; the nearest opponent
    "opponent_velocity": 2,  # m/s over the floor, heading frame, from two positions
    "teammate_position": 2,  # m from the torso, heading frame; the nearest teammate
    "teammate_velocity": 2,  # m/s over the floor, heading frame, from two positions
    "own_goal_position": 2,  # m from the torso to the mouth's centre, heading frame
    "opponent_goal_position": 2,  # m from the torso, heading frame
    "target_pose": 20,  # rad, wanted joint angles, canonical joint order
    "target_gravity": 3,  # unit vector of gravity wanted in the torso frame
}
"""Further terms of the game tasks; `ONBOARD_GAME_TERMS` of them on board too."""

ONBOARD_GAME_TERMS = (
    *("own_velocity", "ball_velocity", "opponent_position", "opponent_velocity"),
    *("own_goal_position", "opponent_goal_position"),
)
"""Known on board while the tracker sees the robot and the ball: a score policy, which
plays only then, may ask for them. A bundle that asks for another game term is refused
when it is loaded."""

History = tuple[Array, ...]
"""Per term an array [..., history, size], oldest first."""


def start(spec: ObservationSpec, sources: Mapping[str, Array]) -> History:
    """History at an episode's start: the first values, repeated."""
    return tuple(_repeat(sources[term.name], term.history) for term in spec.terms)


def push(
    spec: ObservationSpec, history: History, sources: Mapping[str, Array]
) -> History:
    """History with the newest values of `sources` ([..., size] per term) appended."""
    return tuple(
        _append(old, sources[term.name])
        for term, old in zip(spec.terms, history, strict=True)
    )


def vector(spec: ObservationSpec, history: History) -> Array:
    """Normalized observation [..., spec.size], terms in order, each oldest first."""
    xp = history[0].__array_namespace__()
    # One pass over the whole vector: a term at a time costs several times more.
    raw = xp.concat(
        [xp.reshape(values, (*values.shape[:-2], -1)) for values in history], axis=-1
    )
    mean = xp.asarray(spec.means, dtype=raw.dtype)
    std = xp.asarray(spec.stds, dtype=raw.dtype)
    return xp.clip((raw - mean) / std, -spec.clip, spec.clip)


def newest(spec: ObservationSpec, vector: Array) -> dict[str, Array]:
    """Raw values [..., size] of each term at the newest step of its history."""
    raw = vector * spec.stds + spec.means
    found, offset = {}, 0
    for term in spec.terms:
        offset += term.size * term.history
        found[term.name] = raw[..., offset - term.size : offset]
    return found


def gait_clock(time_s: Array, clock_hz: float) -> Array:
    """[..., 2] sine and cosine of the gait phase at `time_s` [...] since the start."""
    xp = time_s.__array_namespace__()
    phase = 2 * math.pi * clock_hz * time_s
    return xp.stack([xp.sin(phase), xp.cos(phase)], axis=-1)


def _repeat(value: Array, times: int) -> Array:
    if times == 1:
        return value[..., None, :]
    xp = value.__array_namespace__()
    return xp.stack([value] * times, axis=-2)


def _append(old: Array, value: Array) -> Array:
    xp = old.__array_namespace__()
    return xp.concat([old[..., 1:, :], value[..., None, :]], axis=-2)
