"""Getting up: settle, see which side is down, play its key poses, look again."""

from dataclasses import dataclass

import numpy as np

from robot.contracts.camera import Image
from robot.contracts.policy import PolicySpec
from robot.observation import newest
from robot.scripted.frames import Array, Float32Array, PolicyState
from robot.scripted.motion import (
    BODY_JOINTS,
    IntArray,
    KeyPose,
    compile_track,
    mirrored,
    sample,
    stack_tracks,
)

_SETTLE, _FRONT, _BACK, _LEFT, _RIGHT, _STAND = range(6)


@dataclass(frozen=True, kw_only=True)
class GetupScript:
    """All numbers of the get-up.

    Attributes:
        settle: first pieces, whatever the posture; the side is judged at their end.
        front: from the chest; ends in the stand pose, as `back` does.
        back: from the back.
        left: from the left side, to roll onto chest or back; the right is its mirror.
        stand: pieces played when the robot is upright already.
        upright_tilt_rad: torso tilt below which it counts as upright.
        side_share: part of gravity along the torso's y axis above which it lies on a
            side.
        ankle_gain_s: rad of ankle pitch per rad/s of torso pitch rate, added in the
            last piece of a motion and while standing.
    """

    settle: tuple[KeyPose, ...]
    front: tuple[KeyPose, ...]
    back: tuple[KeyPose, ...]
    left: tuple[KeyPose, ...]
    stand: tuple[KeyPose, ...]
    upright_tilt_rad: float
    side_share: float
    ankle_gain_s: float

    @property
    def commit_s(self) -> float:
        """Time to settle and to rise from the slower side."""
        rises = max(_length_s(self.front), _length_s(self.back))
        return _length_s(self.settle) + rises


def _length_s(keys: tuple[KeyPose, ...]) -> float:
    return sum(key.duration_s for key in keys)


class GetupPolicy:
    """Plays a `GetupScript`. State: (time, track, begun) [3] and start pose [18]."""

    STATE_SHAPES = ((3,), (len(BODY_JOINTS),))

    def __init__(self, spec: PolicySpec, script: GetupScript):
        self.spec = spec
        self.script = script
        left = compile_track(script.left)
        names = (script.settle, script.front, script.back)
        self._tracks = stack_tracks(
            (
                *(compile_track(keys) for keys in names),
                left,
                mirrored(left),
                compile_track(script.stand),
            )
        )

    def initial_state(self) -> PolicyState:
        clock, start = self.STATE_SHAPES
        return np.zeros(clock, np.float32), np.zeros(start, np.float32)

    def act(
        self,
        observation: Float32Array,
        state: PolicyState,
        image: Image | None = None,
    ) -> tuple[Float32Array, PolicyState]:
        """Targets [..., 18] in rad and the next state; batch axes allowed."""
        seen = newest(self.spec.observation, observation)
        clock, start = state
        sent = seen["previous_target"][..., : len(BODY_JOINTS)]
        begun = clock[..., 2] > 0
        start = np.where(begun[..., None], start, sent)
        time, track = clock[..., 0].astype(float), clock[..., 1].astype(int)
        done = time >= self._tracks.length_s[track] - 1e-4
        following = self._next_track(seen["gravity"], track)
        changes = done & (following != track)
        start = np.where(changes[..., None], sent, start)
        track = np.where(done, following, track)
        time = np.where(changes, 0.0, time) + self.spec.control_period_s
        target = sample(self._tracks, track, start, time)
        target = target + self._balance(seen, track, time)
        clock = np.stack([time, track, np.ones_like(time)], axis=-1)
        return target.astype(np.float32), (
            clock.astype(np.float32),
            start.astype(np.float32),
        )

    def _next_track(self, gravity: Array, track: IntArray) -> IntArray:
        """What follows the track that has ended, by posture."""
        upright = -gravity[..., 2] > np.cos(self.script.upright_tilt_rad)
        side = np.where(gravity[..., 1] > 0, _LEFT, _RIGHT)
        flat = np.where(gravity[..., 0] > 0, _FRONT, _BACK)
        lying = np.where(np.abs(gravity[..., 1]) > self.script.side_share, side, flat)
        # After a rise that failed the limbs lie anywhere: settle before the next one.
        rose = (track == _FRONT) | (track == _BACK) | (track == _STAND)
        return np.where(upright, _STAND, np.where(rose, _SETTLE, lying))

    def _balance(self, seen: dict[str, Array], track: IntArray, time: Array) -> Array:
        """Ankle pitch against the torso's pitch rate near the end of a rise."""
        near_end = time > self._tracks.length_s[track] - 0.5
        rises = (track != _SETTLE) & (track != _LEFT) & (track != _RIGHT)
        push = -self.script.ankle_gain_s * np.clip(seen["gyro"][..., 1], -2, 2)
        return np.where(near_end & rises, push, 0.0)[..., None] * _ANKLES


_ANKLES = np.array([float(name == "l_ank_pitch") for name in BODY_JOINTS]) - np.array(
    [float(name == "r_ank_pitch") for name in BODY_JOINTS]
)
