"""The kick: shift onto one foot, lift, draw back, swing, return to the stand."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from robot.contracts.camera import Image
from robot.contracts.policy import PolicySpec
from robot.contracts.symmetry import observation_mirror
from robot.observation import newest
from robot.scripted.frames import Array, Float32Array, PolicyState
from robot.scripted.motion import (
    BODY_JOINTS,
    MIRROR_INDEX,
    KeyPose,
    compile_track,
    mirrored,
    sample,
    stack_tracks,
)

_BEGUN, _TIME, _SIDE = range(3)


@dataclass(frozen=True, kw_only=True)
class KickScript:
    """All numbers of the kick.

    Attributes:
        left: key poses of the kick with the left foot, from stand to stand.
        roll_gain_s: rad of the standing foot's ankle roll per rad/s of torso roll rate.
        pitch_gain_s: rad of the standing foot's ankle pitch per rad/s of pitch rate.
        roll_gain, pitch_gain: the same per rad of the torso's roll and pitch.
    """

    left: tuple[KeyPose, ...]
    roll_gain_s: float
    pitch_gain_s: float
    roll_gain: float = 0.0
    pitch_gain: float = 0.0

    @property
    def commit_s(self) -> float:
        return sum(key.duration_s for key in self.left)


class Correction(Protocol):
    """What a network adds to the script; `robot.scripted.correction` loads one."""

    def __call__(self, seen: Float32Array) -> Float32Array:
        """Wishes [..., 18] in units of `CORRECTION_RAD` for `KickPolicy.seen`."""
        ...


CORRECTION_RAD = 0.25
"""Joint offset for a wish of 1."""
CORRECTION_KEEP = 0.5
"""Of the last offset, kept by the filter on it."""
PHASE_S = 0.1
PHASES = 14
"""A correction tells the time by as many bumps, 0.1 s apart."""


class KickPolicy:
    """Plays a `KickScript`, and what a network adds to it, where there is one.

    State: (begun, time, side) [3] and start pose [18]; with a correction also its last
    offsets [18] and how far the robot has turned since the start [1], rad.
    """

    STATE_SHAPES = ((3,), (len(BODY_JOINTS),))
    CORRECTED_SHAPES = (*STATE_SHAPES, (len(BODY_JOINTS),), (1,))

    def __init__(
        self,
        spec: PolicySpec,
        script: KickScript,
        correction: Correction | None = None,
    ):
        self.spec = spec
        self.script = script
        self.correction = correction
        left = compile_track(script.left)
        self._tracks = stack_tracks((left, mirrored(left)))

    def initial_state(self) -> PolicyState:
        corrected = self.correction is not None
        shapes = self.CORRECTED_SHAPES if corrected else self.STATE_SHAPES
        return tuple(np.zeros(shape, np.float32) for shape in shapes)

    def initial_corrected(self, count: int) -> PolicyState:
        """[count, ...] states from which a correction is learned."""
        return tuple(
            np.zeros((count, *shape), np.float32) for shape in self.CORRECTED_SHAPES
        )

    def act(
        self,
        observation: Float32Array,
        state: PolicyState,
        image: Image | None = None,
    ) -> tuple[Float32Array, PolicyState]:
        """Targets [..., 18] in rad and the next state; batch axes allowed.

        The side is taken from the first observation. After the motion the stand holds.
        """
        if self.correction is None:
            return self._scripted(observation, state)
        return self.corrected(
            observation, state, self.correction(self.seen(observation, state))
        )

    def seen(self, observation: Float32Array, state: PolicyState) -> Float32Array:
        """[..., N + 15] what a correction goes by: the observation, the time and how
        far the robot has turned. A kick with the right foot is seen in a mirror, as one
        with the left."""
        clock, _, _, turned = state
        side = self._side(observation, clock)
        image = observation_mirror(self.spec.observation).of(observation)
        canonical = np.where(side[..., None] < 0, image, observation)
        parts = (canonical, phase(clock[..., _TIME]), side[..., None] * turned)
        return np.concatenate(parts, axis=-1).astype(np.float32)

    def corrected(
        self, observation: Float32Array, state: PolicyState, wish: Float32Array
    ) -> tuple[Float32Array, PolicyState]:
        """`act` with a correction's wish [..., 18] for what it has `seen`."""
        clock, start, offset, turned = state
        side = self._side(observation, clock)
        own = np.clip(wish, -1.0, 1.0)
        own = np.where(side[..., None] < 0, -own[..., MIRROR_INDEX], own)
        offset = CORRECTION_KEEP * offset + (1 - CORRECTION_KEEP) * CORRECTION_RAD * own
        target, (clock, start) = self._scripted(observation, (clock, start))
        spin = newest(self.spec.observation, observation)["gyro"][..., 2:]
        turned = turned + self.spec.control_period_s * spin
        following = clock, start, offset, turned
        return (
            (target + offset).astype(np.float32),
            tuple(part.astype(np.float32) for part in following),
        )

    def _scripted(
        self, observation: Float32Array, state: PolicyState
    ) -> tuple[Float32Array, PolicyState]:
        seen = newest(self.spec.observation, observation)
        clock, start = (part.astype(np.float64) for part in state)
        begun = clock[..., _BEGUN] > 0
        sent = seen["previous_target"][..., : len(BODY_JOINTS)]
        start = np.where(begun[..., None], start, sent)
        side = self._side(observation, clock)
        time = clock[..., _TIME] + self.spec.control_period_s
        which = (side < 0).astype(int)
        target = sample(self._tracks, which, start, time)
        gyro = np.clip(seen["gyro"], -2.0, 2.0)
        gravity = seen["gravity"]
        roll = self.script.roll_gain_s * gyro[..., 0]
        roll = roll - self.script.roll_gain * gravity[..., 1]
        pitch = self.script.pitch_gain_s * gyro[..., 1]
        pitch = pitch + self.script.pitch_gain * gravity[..., 0]
        target = target + np.where(
            (side > 0)[..., None],
            roll[..., None] * _RIGHT_ROLL + pitch[..., None] * _RIGHT_PITCH,
            roll[..., None] * _LEFT_ROLL - pitch[..., None] * _LEFT_PITCH,
        )
        clock = np.stack([np.ones_like(time), time, side], axis=-1)
        return target.astype(np.float32), (
            clock.astype(np.float32),
            start.astype(np.float32),
        )

    def _side(self, observation: Float32Array, clock: Array | Float32Array) -> Array:
        """[...] +1 for the left foot, -1 for the right one."""
        asked = newest(self.spec.observation, observation)["kick_side"][..., 0]
        chosen = np.where(asked < 0, -1.0, 1.0)
        return np.where(clock[..., _BEGUN] > 0, clock[..., _SIDE], chosen)


def phase(time_s: Array | Float32Array) -> Array:
    """[..., PHASES] how a correction tells the time [...] since the order."""
    off = time_s[..., None] / PHASE_S - np.arange(PHASES)
    return np.clip(1 - np.abs(off), 0.0, 1.0)


def _unit(joint: str) -> np.ndarray:
    return np.array([float(name == joint) for name in BODY_JOINTS])


_LEFT_ROLL, _RIGHT_ROLL = _unit("l_ank_roll"), _unit("r_ank_roll")
_LEFT_PITCH, _RIGHT_PITCH = _unit("l_ank_pitch"), _unit("r_ank_pitch")
