"""The kick: shift onto one foot, lift, draw back, swing, return to the stand."""

from dataclasses import dataclass

import numpy as np

from robot.contracts.camera import Image
from robot.contracts.policy import PolicySpec
from robot.scripted.frames import Float32Array, PolicyState, split
from robot.scripted.motion import (
    BODY_JOINTS,
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
    """

    left: tuple[KeyPose, ...]
    roll_gain_s: float
    pitch_gain_s: float

    @property
    def commit_s(self) -> float:
        return sum(key.duration_s for key in self.left)


class KickPolicy:
    """Plays a `KickScript`. State: (begun, time, side) [3] and start pose [18]."""

    STATE_SHAPES = ((3,), (len(BODY_JOINTS),))

    def __init__(self, spec: PolicySpec, script: KickScript):
        self.spec = spec
        self.script = script
        left = compile_track(script.left)
        self._tracks = stack_tracks((left, mirrored(left)))

    def initial_state(self) -> PolicyState:
        clock, start = self.STATE_SHAPES
        return np.zeros(clock, np.float32), np.zeros(start, np.float32)

    def act(
        self,
        observation: Float32Array,
        state: PolicyState,
        image: Image | None = None,
    ) -> tuple[Float32Array, PolicyState]:
        """Targets [..., 18] in rad and the next state; batch axes allowed.

        The side is taken from the first observation. After the motion the stand holds.
        """
        seen = split(self.spec.observation, observation)
        clock, start = (part.astype(np.float64) for part in state)
        begun = clock[..., _BEGUN] > 0
        sent = seen["previous_target"][..., : len(BODY_JOINTS)]
        start = np.where(begun[..., None], start, sent)
        asked = np.where(seen["kick_side"][..., 0] < 0, -1.0, 1.0)
        side = np.where(begun, clock[..., _SIDE], asked)
        time = clock[..., _TIME] + self.spec.control_period_s
        which = (side < 0).astype(int)
        target = sample(self._tracks, which, start, time)
        gyro = np.clip(seen["gyro"], -2.0, 2.0)
        roll = self.script.roll_gain_s * gyro[..., 0]
        pitch = self.script.pitch_gain_s * gyro[..., 1]
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


def _unit(joint: str) -> np.ndarray:
    return np.array([float(name == joint) for name in BODY_JOINTS])


_LEFT_ROLL, _RIGHT_ROLL = _unit("l_ank_roll"), _unit("r_ank_roll")
_LEFT_PITCH, _RIGHT_PITCH = _unit("l_ank_pitch"), _unit("r_ank_pitch")
