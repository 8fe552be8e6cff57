"""One policy step: sensors and a request in, joint targets out. Never sleeps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from robot import observation, skills
from robot.action import filtered_targets
from robot.attitude import AttitudeState
from robot.contracts.camera import CameraModel, Image
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import CommandSpec, PolicySpec
from robot.contracts.sensors import SensorFrame
from robot.fall import Posture
from robot.player import Player
from robot.policy import Policy, PolicyState, image_shape
from robot.record.cycle import PolicyStep
from robot.skills import Running, SkillConfig, SkillRequest

HEAD_JOINTS = ("head_pan", "head_tilt")
HEAD_FILTER_KEEP = 0.8
"""The head follows its wish through the policies' own filter (arXiv:2304.13653)."""

_STAND_RAD = np.array([joint.stand_rad for joint in OP3_JOINTS])
_MOST_OFF_RAD = 0.06
"""That a joint which only holds its target is shown off it: training draws zeros up to
0.05 rad off, and the rest is sag. A head on its way is farther off."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LoopState:
    """What a policy step leaves for the next one.

    Attributes:
        skill: in charge.
        steps: policy steps since it started.
        clock_s: time of the gait clock: since the skill started, or one before it with
            the same clock.
        upright_s: how long the robot has been upright; 0 while it lies.
        policy_state: recurrent state.
        history: of the observation; empty before a skill's first step.
        targets_rad: [20] last targets, canonical order.
        kick_side: +1 left, -1 right; kept while a kick runs.
        ball_m: where the ball was last known, ahead and left of the torso; None if it
            never was: a kick then takes it to lie where it wants it.
        image: last seen; None before the first picture.
        decision: what the policy was asked and answered; None for "hold".
    """

    skill: Running
    steps: int
    upright_s: float
    policy_state: PolicyState
    history: observation.History
    targets_rad: FloatArray
    kick_side: float
    clock_s: float = 0.0
    ball_m: tuple[float, float] | None = None
    image: Image | None = None
    decision: PolicyStep | None = None


def start(player: Player, targets_rad: FloatArray) -> LoopState:
    """State of a robot that stands and holds `targets_rad` [20]."""
    return LoopState(
        skill="walk",
        steps=0,
        upright_s=0.0,
        policy_state=player.walk.initial_state(),
        history=(),
        targets_rad=targets_rad,
        kick_side=-1.0,
    )


def period_s(player: Player, state: LoopState) -> float:
    """Time until the next policy step."""
    return _spec(player, state.skill).control_period_s


def tick(
    player: Player,
    config: SkillConfig,
    state: LoopState,
    sensors: SensorFrame,
    attitude: AttitudeState,
    posture: Posture,
    request: SkillRequest,
    ball_m: tuple[float, float] | None = None,
    image: Image | None = None,
    game: Mapping[str, FloatArray] | None = None,
) -> tuple[LoopState, FloatArray]:
    """Choose the skill, ask its policy, filter its action.

    Args:
        ball_m: ahead and left of the torso; None while it is not seen.
        image: [H, W, 3] of the player's camera; None while there is no new one, and a
            policy then sees the last again, or black before the first.
        game: what only a score policy observes, see `robot.game_senses`.

    Returns:
        The next state and the targets [20] in rad, canonical order. They may lie
        outside the joints' limits or be NaN if the policy's are: `robot.safety` looks.
    """
    state = _switched(player, config, state, request, posture)
    if ball_m is not None:
        state = replace(state, ball_m=ball_m)
    if image is not None:
        state = replace(state, image=image)
    if state.skill == "hold":
        state = replace(state, steps=state.steps + 1, decision=None)
        return state, state.targets_rad
    policy = player.skill(state.skill)
    spec = policy.spec
    sources = {**_sources(spec, state, sensors, attitude, request), **(game or {})}
    if state.history:
        history = observation.push(spec.observation, state.history, sources)
    else:
        history = observation.start(spec.observation, sources)
    vector = observation.vector(spec.observation, history).astype(np.float32)
    action, policy_state, seen = _asked(policy, vector, state)
    targets = _targets(spec, state, action, request)
    following = replace(
        state,
        steps=state.steps + 1,
        clock_s=state.clock_s + spec.control_period_s,
        policy_state=policy_state,
        history=history,
        targets_rad=targets,
        decision=PolicyStep(
            skill=state.skill,
            step=state.steps,
            observation=vector,
            action=action,
            state=state.policy_state,
            image=seen,
            command=tuple(sources["velocity_command"].tolist()),
        ),
    )
    return following, targets


def _asked(
    policy: Policy, vector: NDArray[np.float32], state: LoopState
) -> tuple[NDArray[np.float32], PolicyState, Image | None]:
    camera = policy.spec.camera
    if camera is None:
        return *policy.act(vector, state.policy_state), None
    seen = _black(camera) if state.image is None else state.image
    return *policy.act(vector, state.policy_state, seen), seen


def _black(camera: CameraModel) -> Image:
    return np.zeros(image_shape(camera), dtype=np.uint8)


def _switched(
    player: Player,
    config: SkillConfig,
    state: LoopState,
    request: SkillRequest,
    posture: Posture,
) -> LoopState:
    spec = _spec(player, state.skill)
    upright_s = state.upright_s + spec.control_period_s if posture == "upright" else 0.0
    choice = skills.choose(
        config,
        state.skill,
        spec,
        state.steps * spec.control_period_s,
        upright_s,
        request,
        posture,
    )
    if not choice.restart:
        return replace(state, upright_s=upright_s)
    fresh: PolicyState = ()
    clock_s = 0.0
    if choice.skill != "hold":
        fresh = player.skill(choice.skill).initial_state()
        # One gait goes over into the other in step, not with a jump of its phase.
        if state.skill != "hold" and _spec(player, choice.skill).clock_hz == (
            spec.clock_hz
        ):
            clock_s = state.clock_s
    return replace(
        state,
        skill=choice.skill,
        steps=0,
        clock_s=clock_s,
        upright_s=upright_s,
        policy_state=fresh,
        history=(),
        kick_side=1.0 if request.kick_side == "left" else -1.0,
    )


def _spec(player: Player, skill: Running) -> PolicySpec:
    return player.walk.spec if skill == "hold" else player.skill(skill).spec


def _sources(
    spec: PolicySpec,
    state: LoopState,
    sensors: SensorFrame,
    attitude: AttitudeState,
    request: SkillRequest,
) -> Mapping[str, FloatArray]:
    time_s = np.asarray(state.clock_s)
    return {
        "gyro": sensors.gyro_rad_s,
        "gravity": attitude.gravity_array,
        "joint_position": _shown(spec, sensors.position_rad, state.targets_rad),
        "previous_target": _shown(spec, state.targets_rad, state.targets_rad),
        "velocity_command": _command(spec.command, request),
        "gait_clock": observation.gait_clock(time_s, spec.clock_hz),
        "kick_side": np.array([state.kick_side]),
        "ball_position": np.array(state.ball_m or _supposed_ball(spec, state)),
        "kick_direction": np.array(
            [
                math.cos(request.kick_direction_rad),
                math.sin(request.kick_direction_rad),
            ]
        ),
        "linear_acceleration": sensors.acceleration_m_s2,
    }


def _shown(
    spec: PolicySpec, angles_rad: FloatArray, targets_rad: FloatArray
) -> FloatArray:
    """[20] angles as the policy is shown them: joints that it does not move, such as
    those of a head that looks about, as far off the stand as they are off their
    targets, for wherever it learned they held the stand."""
    off = np.clip(angles_rad - targets_rad, -_MOST_OFF_RAD, _MOST_OFF_RAD)
    shown = _STAND_RAD + off
    own = _columns(spec.action.joints)
    shown[own] = angles_rad[own]
    return shown


def _supposed_ball(spec: PolicySpec, state: LoopState) -> tuple[float, float]:
    """Ahead and left of the torso."""
    if spec.kick is None:
        return 0.0, 0.0
    ahead, aside = spec.kick.point_m
    return ahead, aside if state.kick_side > 0 else -aside


def _command(spec: CommandSpec, request: SkillRequest) -> FloatArray:
    """[3] forward, left, turn, within the policy's bounds; 0 where it takes none."""
    values = [0.0, 0.0, 0.0]
    if request.kind == "walk":
        bounds = dict(
            zip(spec.names, zip(spec.low, spec.high, strict=True), strict=True)
        )
        for index, name in enumerate(("forward_m_s", "left_m_s", "turn_rad_s")):
            low, high = bounds.get(name, (0.0, 0.0))
            values[index] = min(max(getattr(request, name), low), high)
    return np.array(values)


def _targets(
    spec: PolicySpec,
    state: LoopState,
    action: NDArray[np.float32],
    request: SkillRequest,
) -> FloatArray:
    columns = _columns(spec.action.joints)
    targets = state.targets_rad.copy()
    targets[columns] = filtered_targets(
        spec.action, action.astype(np.float64), state.targets_rad[columns]
    )
    if state.skill == "walk":
        head = _columns(HEAD_JOINTS)
        wish = np.array([request.head_pan_rad, request.head_tilt_rad])
        kept = HEAD_FILTER_KEEP
        targets[head] = kept * state.targets_rad[head] + (1 - kept) * wish
    return targets


@lru_cache(maxsize=16)
def _columns(joints: tuple[str, ...]) -> NDArray[np.intp]:
    columns = np.array([JOINT_NAMES.index(name) for name in joints], dtype=np.intp)
    columns.flags.writeable = False
    return columns
