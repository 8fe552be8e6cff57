"""A parametric omnidirectional gait: feet on timed curves, inverse kinematics, gyro.

Each foot has a phase p in [0, 1), half a turn apart. It swings while p < swing share
and then moves back with the floor. The torso sways over the standing foot. All offsets
scale with the gait's amplitude, so that amplitude 0 is the stand.
"""

from dataclasses import dataclass

import numpy as np

from robot.contracts.camera import Image
from robot.contracts.joints import OP3_JOINTS
from robot.contracts.policy import PolicySpec
from robot.observation import newest
from robot.scripted.frames import Array, Float32Array, PolicyState
from robot.scripted.leg_kinematics import (
    LEG_JOINTS,
    foot_pose,
    leg_angles,
    rot_x,
    rot_y,
    rot_z,
)
from robot.scripted.motion import BODY_JOINTS, STAND_RAD, ease

_SIDES = (("l_", 1), ("r_", -1))
_LEG = {
    side: np.array([BODY_JOINTS.index(prefix + name) for name in LEG_JOINTS])
    for prefix, side in _SIDES
}
_SHOULDER = {side: BODY_JOINTS.index(f"{prefix}sho_pitch") for prefix, side in _SIDES}
_MIN_RAD = np.array([joint.min_rad for joint in OP3_JOINTS[:18]])
_MAX_RAD = np.array([joint.max_rad for joint in OP3_JOINTS[:18]])
_ROLL, _ANKLE_PITCH, _ANKLE_ROLL = (
    LEG_JOINTS.index(name) for name in ("hip_roll", "ank_pitch", "ank_roll")
)
_GYRO_LIMIT_RAD_S = 2.5


@dataclass(frozen=True, kw_only=True)
class GaitScript:
    """All numbers of the gait.

    Attributes:
        lowest_command: m/s forward, m/s left, rad/s counter-clockwise.
        highest_command: likewise.
        largest_effort: of a combined command, the sum over the axes of the command's
            share of its bound; larger ones are scaled down as a whole.
        command_gain: stride per unit of command on each axis, 1 = no slip.
        turn_per_m_s: turn added per m/s of leftward command, rad/m: a sideways gait
            slips around its heel.
        command_per_s: how fast each command may change.
        blend_s: from the pose found at the start to the stand, before the first step.
        ramp_s: from standing to full amplitude and back.
        period_s: two steps.
        swing_share: of the period that one foot is off the floor, below 0.5.
        lift_m: height of the swinging foot.
        crouch_m: torso lower than in the stand.
        ahead_m: feet further forward than in the stand.
        spread_m: each foot further out than in the stand.
        sway_m: half the torso's way from side to side.
        sway_phase: of the sway against the feet, in periods.
        roll_rad: half the torso's roll from side to side.
        roll_phase: of the roll, in periods.
        pitch_rad: forward lean.
        pitch_per_m_s: more lean per m/s of forward command.
        arm_rad_per_m: arm swing per metre of stride.
        pitch_gain_s: ankle pitch per rad/s of torso pitch rate.
        roll_gain_s: ankle roll per rad/s of torso roll rate.
    """

    lowest_command: tuple[float, float, float]
    highest_command: tuple[float, float, float]
    largest_effort: float
    command_gain: tuple[float, float, float]
    turn_per_m_s: float
    command_per_s: tuple[float, float, float]
    blend_s: float
    ramp_s: float
    period_s: float
    swing_share: float
    lift_m: float
    crouch_m: float
    ahead_m: float
    spread_m: float
    sway_m: float
    sway_phase: float
    roll_rad: float
    roll_phase: float
    pitch_rad: float
    pitch_per_m_s: float
    arm_rad_per_m: float
    pitch_gain_s: float
    roll_gain_s: float

    @property
    def commit_s(self) -> float:
        """A walk may be left at once."""
        return 0.0


class WalkPolicy:
    """Walks by a `GaitScript`.

    State: (begun, time, phase, amplitude) [4], slewed command [3], start pose [18].
    """

    STATE_SHAPES = ((4,), (3,), (len(BODY_JOINTS),))

    def __init__(self, spec: PolicySpec, script: GaitScript):
        self.spec = spec
        self.script = script
        self._stand_foot = {
            side: foot_pose(STAND_RAD[_LEG[side]], side) for _, side in _SIDES
        }

    def initial_state(self) -> PolicyState:
        return tuple(np.zeros(shape, np.float32) for shape in self.STATE_SHAPES)

    def act(
        self,
        observation: Float32Array,
        state: PolicyState,
        image: Image | None = None,
    ) -> tuple[Float32Array, PolicyState]:
        """Targets [..., 18] in rad and the next state; batch axes allowed."""
        script, seen = self.script, newest(self.spec.observation, observation)
        sent = seen["previous_target"][..., : len(BODY_JOINTS)]
        begun = state[0][..., 0] > 0
        start = np.where(begun[..., None], state[2], sent)
        asked = self._bounded(seen["velocity_command"])
        was, slewed = (part.astype(np.float64) for part in state[:2])
        clock, command = self._advance(was, slewed, asked)
        target = self._balance(self.pose(clock[..., 2], clock[..., 3], command), seen)
        share = ease(clock[..., 1] / script.blend_s)[..., None]
        target = start + share * (target - start)
        target = np.clip(target, _MIN_RAD, _MAX_RAD)
        parts = (clock, command, start)
        return target.astype(np.float32), tuple(p.astype(np.float32) for p in parts)

    def _bounded(self, asked: Array) -> Array:
        """The command within each axis' bounds and within the largest effort."""
        low, high = self.script.lowest_command, self.script.highest_command
        bounded = np.clip(asked, low, high)
        share = np.abs(bounded) / np.where(bounded < 0, np.abs(low), high)
        effort = share.sum(axis=-1, keepdims=True)
        limit = self.script.largest_effort
        return bounded * (limit / np.maximum(effort, limit))

    def _advance(
        self, clock: Array, command: Array, asked: Array
    ) -> tuple[Array, Array]:
        """Time, phase and amplitude one control step on, and the slewed command."""
        script, period = self.script, self.spec.control_period_s
        time = clock[..., 1] + period
        ready = time > script.blend_s
        change = np.array(script.command_per_s) * period
        slewed = command + np.clip(asked - command, -change, change)
        command = np.where(ready[..., None], slewed, command)
        wanted = np.abs(asked).max(-1) > 1e-3
        step = period / script.ramp_s
        amplitude = np.clip(
            clock[..., 3] + np.where(wanted & ready, step, -step), 0.0, 1.0
        )
        phase = np.where(
            amplitude > 0, (clock[..., 2] + period / script.period_s) % 1.0, 0.0
        )
        begun = np.ones_like(time)
        return np.stack([begun, time, phase, amplitude], axis=-1), command

    def pose(self, phase: Array, amplitude: Array, command: Array) -> Array:
        """Joint targets [..., 18] of the gait at a phase, without feedback."""
        script = self.script
        target = np.broadcast_to(STAND_RAD, (*phase.shape, len(BODY_JOINTS))).copy()
        stride_s = script.period_s * (1 - script.swing_share)
        slip = script.turn_per_m_s * command[..., 1]
        turned = command + np.stack([0 * slip, 0 * slip, slip], axis=-1)
        stride = turned * np.array(script.command_gain) * stride_s
        torso_turn, torso_at = self._torso(phase, amplitude, command)
        for _, side in _SIDES:
            own = (phase + (0.0 if side > 0 else 0.5)) % 1.0
            place = self._foot(own, side, amplitude, stride)
            yaw = stride[..., 2] * self._travel(own)
            inverse = np.swapaxes(torso_turn, -1, -2)
            seen = np.squeeze(inverse @ (place - torso_at)[..., None], -1)
            angles = leg_angles(
                seen, inverse @ rot_z(yaw) @ self._stand_foot[side][1], side
            )
            target[..., _LEG[side]] = _level_sole(angles, _LEG[side])
            swing = -side * script.arm_rad_per_m * stride[..., 0] * self._travel(own)
            target[..., _SHOULDER[side]] += -swing * amplitude
        return target

    def _torso(
        self, phase: Array, amplitude: Array, command: Array
    ) -> tuple[Array, Array]:
        """Orientation and displacement of the torso from where it stands."""
        script = self.script
        # The left foot swings first, so the torso goes right (negative y) first.
        sway = -script.sway_m * np.sin(2 * np.pi * (phase + script.sway_phase))
        roll = script.roll_rad * np.sin(2 * np.pi * (phase + script.roll_phase))
        pitch = script.pitch_rad + script.pitch_per_m_s * command[..., 0]
        turn = rot_y(amplitude * pitch) @ rot_x(amplitude * roll)
        zero = np.zeros_like(sway)
        at = np.stack([zero, sway, zero - script.crouch_m], axis=-1)
        return turn, at * amplitude[..., None]

    def _foot(self, own: Array, side: int, amplitude: Array, stride: Array) -> Array:
        """Sole centre [..., 3] in the frame of the stand's torso."""
        script = self.script
        stand, travel = self._stand_foot[side][0], self._travel(own)
        # Sideways and turning strides start from wider feet: the hips cannot close.
        wide = script.spread_m * amplitude + 0.5 * np.abs(stride[..., 1])
        lateral = stand[1] + side * wide
        yaw = stride[..., 2] * travel
        forward = stand[0] + script.ahead_m * amplitude
        swing = np.clip(own / script.swing_share, 0.0, 1.0)
        lift = script.lift_m * amplitude * np.sin(np.pi * swing) ** 2
        return np.stack(
            [
                forward - lateral * np.sin(yaw) + stride[..., 0] * travel,
                lateral * np.cos(yaw) + stride[..., 1] * travel,
                stand[2] + lift,
            ],
            axis=-1,
        )

    def _travel(self, own: Array) -> Array:
        """Place along the stride: -1/2 to 1/2 in the swing, evenly back in stance."""
        share = self.script.swing_share
        forth = ease(own / share) - 0.5
        back = 0.5 - (own - share) / (1 - share)
        return np.where(own < share, forth, back)

    def _balance(self, target: Array, seen: dict[str, Array]) -> Array:
        """Ankles against the torso's rates."""
        gyro = np.clip(seen["gyro"], -_GYRO_LIMIT_RAD_S, _GYRO_LIMIT_RAD_S)
        for _, side in _SIDES:
            leg = _LEG[side]
            # A torso tipping forward is met by pressing the toes down, and so on.
            target[..., leg[_ANKLE_PITCH]] -= (
                side * self.script.pitch_gain_s * gyro[..., 1]
            )
            target[..., leg[_ANKLE_ROLL]] += self.script.roll_gain_s * gyro[..., 0]
        return target


def _level_sole(angles: Array, leg: Array) -> Array:
    """Keep the sole's roll where the hip roll runs into its limit."""
    hip = np.clip(angles[..., _ROLL], _MIN_RAD[leg[_ROLL]], _MAX_RAD[leg[_ROLL]])
    angles[..., _ANKLE_ROLL] += hip - angles[..., _ROLL]
    angles[..., _ROLL] = hip
    return angles
