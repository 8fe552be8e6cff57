"""Walking at a commanded velocity: what is observed, rewarded and ended.

All functions are pure, batched over leading axes [B] and written against the array API.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import (
    ActionSpec,
    CommandSpec,
    ObservationSpec,
    ObservationTerm,
)

Array = Any

LEG_AND_ARM_JOINTS = tuple(name for name in JOINT_NAMES if not name.startswith("head"))
_STAND = {joint.name: joint.stand_rad for joint in OP3_JOINTS}
_BY_NAME = {joint.name: joint for joint in OP3_JOINTS}
_STAND_M = 0.236
"""Torso height in the stand pose."""
_STRETCH_M = 0.03
"""From there to nearly straight legs."""
_BRISK_M_S = 0.4
"""Slower commands earn less by progress: it pays for too slow and not for too fast, and
would make a walk that sways overshoot them."""


def _limbs_named(*starts: str) -> NDArray[np.float64]:
    """1 for the limb joints whose names, the side aside, start so; else 0."""
    return np.array([float(name[2:].startswith(starts)) for name in LEG_AND_ARM_JOINTS])


_LIMB_STAND = np.array([_STAND[name] for name in LEG_AND_ARM_JOINTS])
_IS_HIP = _limbs_named("hip_yaw", "hip_roll")
_IS_ARM = _limbs_named("sho", "el")


@dataclass(frozen=True, kw_only=True)
class WalkRewards:
    """Weights of the reward terms; the sum is scaled by `scale`.

    The form follows measured trials on this robot: kernels on velocity errors, plus a
    linear share of the commanded velocity so that standing still is no optimum.
    `stature` pays for a tall torso: at full speed hips, knees and ankles turn as fast
    as their servos can (3.5 of at most 3.8 rad/s), and only a longer leg goes farther
    with the same angle.

    A robot is faster where no clock tells it when to step, and turns faster on its
    soles than in steps of hip joints that reach 0.3 rad: for commands of `brisk` (m/s
    along, rad/s) or more, `gait`, `clearance`, `slip` and `hip_pose` do not count, from
    half of these down they count as a whole; None: always. `pace` pays per m/s along
    such a command: at 0.5 m/s a walk then keeps its feet, at 1 m/s it risks them.
    """

    velocity: float = 1.5
    progress: float = 2.0
    pace: float = 0.0
    turn: float = 1.0
    turn_progress: float = 0.5
    alive: float = 0.3
    gait: float = 1.2
    clearance: float = 0.3
    tilt: float = -2.0
    tilt_rate: float = -0.03
    bounce: float = -0.5
    action_rate: float = -0.01
    action_jerk: float = -0.005
    slip: float = -0.3
    hip_pose: float = -0.2
    arm_pose: float = -0.15
    torque: float = -0.004
    stature: float = 0.0
    fall: float = -10.0
    brisk: tuple[float, float] | None = None
    scale: float = 0.1


@dataclass(frozen=True, kw_only=True)
class CommandMix:
    """Shares of the kinds of command; what is left is anything within the bounds.

    Attributes:
        stand: nothing commanded.
        fast: straight ahead with 60 to 100 % of the highest speed.
        straight: straight ahead or back.
        sideways, turn: only that.
    """

    stand: float = 0.10
    fast: float = 0.20
    straight: float = 0.12
    sideways: float = 0.13
    turn: float = 0.13

    def __post_init__(self) -> None:
        total = sum(vars(self).values())
        if total > 1 or min(vars(self).values()) < 0:
            raise ValueError(
                f"CommandMix: expected shares >= 0 that add up to at most 1, found "
                f"{vars(self)}"
            )


@dataclass(frozen=True, kw_only=True)
class WalkConfig:
    """The walking task.

    Attributes:
        control_period_s: 25 ms, as arXiv:2304.13653.
        episode_s: time limit.
        clock_hz: gait frequency (two steps per period).
        action_scale_rad: joint offset per unit of action.
        filter_keep: of the action filter.
        history: steps of proprioception in the observation.
        low, high: command bounds (m/s forward, m/s left, rad/s).
        least: slowest commands that a walk learned so answers: policies/walk stands
            when told 0.08 m/s forward, 0.05 m/s sideways or 0.3 rad/s (measured).
        mix: how often each kind of command is drawn.
        command_s: range of the time a command holds.
        velocity_filter_s: time constant of the velocity that rewards look at; about one
            gait period, so that sway within a step costs nothing.
        clearance_m: wanted height of the swinging sole.
        min_height_m: torso height that counts as a fall.
        min_upright: cosine of the tilt that counts as a fall.
    """

    control_period_s: float = 0.025
    episode_s: float = 12.0
    clock_hz: float = 2.8
    action_scale_rad: float = 0.5
    filter_keep: float = 0.4
    history: int = 3
    low: tuple[float, float, float] = (-0.4, -0.3, -3.0)
    high: tuple[float, float, float] = (0.9, 0.3, 3.0)
    least: tuple[float, float, float] = (0.16, 0.11, 0.4)
    mix: CommandMix = field(default_factory=CommandMix)
    command_s: tuple[float, float] = (2.0, 5.0)
    velocity_filter_s: float = 0.25
    clearance_m: float = 0.03
    min_height_m: float = 0.15
    min_upright: float = 0.5
    rewards: WalkRewards = field(default_factory=WalkRewards)

    @property
    def action(self) -> ActionSpec:
        joints = [_BY_NAME[name] for name in LEG_AND_ARM_JOINTS]
        return ActionSpec(
            joints=LEG_AND_ARM_JOINTS,
            default_rad=tuple(joint.stand_rad for joint in joints),
            scale_rad=(self.action_scale_rad,) * len(joints),
            min_rad=tuple(joint.min_rad for joint in joints),
            max_rad=tuple(joint.max_rad for joint in joints),
            filter_keep=self.filter_keep,
        )

    @property
    def command(self) -> CommandSpec:
        return CommandSpec(
            names=("forward_m_s", "left_m_s", "turn_rad_s"),
            low=self.low,
            high=self.high,
            least=self.least,
        )

    @property
    def observation(self) -> ObservationSpec:
        """Fixed means and scales: no running statistics to ship or to drift."""
        stand = tuple(_STAND[name] for name in JOINT_NAMES)
        spread = (0.3,) * len(stand)

        def term(name: str, size: int, unit: str, frame: str, **more: Any):
            return ObservationTerm(name=name, size=size, unit=unit, frame=frame, **more)

        past = {"history": self.history}
        return ObservationSpec(
            terms=(
                term("gyro", 3, "rad/s", "torso", std=(1.5, 1.5, 1.5), **past),
                term(
                    "gravity",
                    3,
                    "1",
                    "torso",
                    mean=(0.0, 0.0, -1.0),
                    std=(0.2, 0.2, 0.2),
                    **past,
                ),
                term(
                    "joint_position",
                    20,
                    "rad",
                    "joint",
                    mean=stand,
                    std=spread,
                    **past,
                ),
                term(
                    "previous_target",
                    20,
                    "rad",
                    "joint",
                    mean=stand,
                    std=spread,
                    **past,
                ),
                term(
                    "velocity_command",
                    3,
                    "m/s, m/s, rad/s",
                    "torso",
                    std=(0.4, 0.2, 1.0),
                ),
                term("gait_clock", 2, "1", "none"),
            )
        )


@dataclass(frozen=True, kw_only=True)
class WalkView:
    """What rewards and terminations look at, after one control step.

    Attributes:
        velocity: [B, 3] forward, left (heading frame, m/s) and yaw rate (rad/s),
            low-pass filtered.
        height_m: [B] torso above the floor.
        gravity: [B, 3] in the torso frame.
        gyro: [B, 3] rad/s.
        vertical_m_s: [B] torso speed up.
        contact: [B, 2] bool, left and right sole on the floor.
        sole_height_m: [B, 2] of the sole centres.
        sole_speed_m_s: [B, 2] horizontal.
        position_rad: [B, A] joints in action order.
        torque_nm: [B, A] mean absolute servo torque over the control step.
    """

    velocity: Array
    height_m: Array
    gravity: Array
    gyro: Array
    vertical_m_s: Array
    contact: Array
    sole_height_m: Array
    sole_speed_m_s: Array
    position_rad: Array
    torque_nm: Array


def fallen(config: WalkConfig, view: WalkView) -> Array:
    """[B] bool: the episode ends here."""
    tilted = -view.gravity[..., 2] < config.min_upright
    return tilted | (view.height_m < config.min_height_m)


def is_standing_command(command: Array) -> Array:
    """[B] bool: nothing is asked for, so the robot should stand still."""
    xp = command.__array_namespace__()
    size = xp.abs(command) / xp.asarray([1.0, 1.0, 4.0], dtype=command.dtype)
    return xp.max(size, axis=-1) < 0.04


def briskness(brisk: tuple[float, float] | None, command: Array) -> Array:
    """[B] 0 to 1: how far a command is one of speed alone, see `WalkRewards`."""
    xp = command.__array_namespace__()
    if brisk is None:
        return xp.zeros_like(command[..., 2])
    speed = xp.sqrt(xp.sum(command[..., :2] ** 2, axis=-1)) / brisk[0]
    share = xp.maximum(speed, xp.abs(command[..., 2]) / brisk[1])
    return xp.clip(2.0 * share - 1.0, 0.0, 1.0)


def reward_terms(
    config: WalkConfig,
    view: WalkView,
    command: Array,
    phase: Array,
    actions: tuple[Array, Array, Array],
) -> dict[str, Array]:
    """Weighted reward terms [B] of one step, not yet scaled.

    Args:
        config: weights and scales.
        view: the state reached.
        command: [B, 3] wanted velocity.
        phase: [B] gait phase in rad; the left foot swings while sin(phase) > 0.
        actions: this step's and the two previous actions, [B, A] each.
    """
    weights = config.rewards
    terms = _velocity_terms(view, command)
    terms |= _gait_terms(config, view, is_standing_command(command), phase)
    terms |= _posture_terms(view)
    brisk = briskness(weights.brisk, command)
    terms["pace"] = brisk * terms["pace"]
    strict = 1.0 - brisk
    for name in ("gait", "clearance", "slip", "hip_pose"):
        terms[name] = strict * terms[name]
    terms |= _effort_terms(view, actions)
    terms["fall"] = fallen(config, view).astype(view.height_m.dtype)
    terms["alive"] = 1.0 - terms["fall"]
    return {name: getattr(weights, name) * value for name, value in terms.items()}


def _velocity_terms(view: WalkView, command: Array) -> dict[str, Array]:
    xp = command.__array_namespace__()
    wanted = command[..., :2]
    speed = xp.sqrt(xp.sum(wanted * wanted, axis=-1))
    error = view.velocity[..., :2] - wanted
    squared = xp.sum(error * error, axis=-1)
    # Wide for fast commands, narrow for slow ones: 0.15 of the squared speed.
    width = 0.010 + 0.15 * speed * speed
    along = xp.sum(view.velocity[..., :2] * wanted, axis=-1)
    reached = xp.clip(along / xp.clip(speed, 0.05, None) ** 2, -1.0, 1.0)
    share = reached * xp.clip(speed / _BRISK_M_S, None, 1.0)
    turn, wanted_turn = view.velocity[..., 2], command[..., 2]
    turn_error = turn - wanted_turn
    turn_width = 0.06 + 0.1 * wanted_turn * wanted_turn
    turn_share = turn * wanted_turn / xp.clip(wanted_turn * wanted_turn, 0.1, None)
    return {
        "velocity": xp.exp(-squared / width),
        "progress": share,
        "pace": reached * speed,
        "turn": xp.exp(-turn_error * turn_error / turn_width),
        "turn_progress": xp.clip(turn_share, -1.0, 1.0),
    }


def _gait_terms(
    config: WalkConfig, view: WalkView, standing: Array, phase: Array
) -> dict[str, Array]:
    xp = phase.__array_namespace__()
    wave = xp.sin(phase)
    swing = xp.stack([wave > 0, wave <= 0], axis=-1)
    wanted = xp.where(standing[..., None], True, ~swing)
    match = xp.mean((wanted == view.contact).astype(phase.dtype), axis=-1)
    lift = xp.clip(view.sole_height_m / config.clearance_m, 0.0, 1.0)
    raised = xp.sum(xp.where(swing, lift, 0.0), axis=-1)
    slip = xp.sum(xp.where(view.contact, view.sole_speed_m_s, 0.0), axis=-1)
    return {
        "gait": match,
        "clearance": xp.where(standing, 0.0, raised),
        "slip": slip,
    }


def _posture_terms(view: WalkView) -> dict[str, Array]:
    xp = view.gravity.__array_namespace__()
    lean = view.gravity[..., :2]
    rate = view.gyro[..., :2]
    offset = view.position_rad - xp.asarray(_LIMB_STAND, dtype=view.gravity.dtype)
    squared = offset * offset
    return {
        "tilt": xp.sum(lean * lean, axis=-1),
        "tilt_rate": xp.sum(rate * rate, axis=-1),
        "bounce": view.vertical_m_s**2,
        "stature": xp.clip((view.height_m - _STAND_M) / _STRETCH_M, -1.0, 1.0),
        "hip_pose": xp.sum(squared * xp.asarray(_IS_HIP, dtype=squared.dtype), axis=-1),
        "arm_pose": xp.sum(squared * xp.asarray(_IS_ARM, dtype=squared.dtype), axis=-1),
    }


def _effort_terms(view: WalkView, actions: tuple[Array, Array, Array]):
    now, before, earlier = actions
    xp = now.__array_namespace__()
    rate = now - before
    jerk = now - 2 * before + earlier
    return {
        "action_rate": xp.sum(rate * rate, axis=-1),
        "action_jerk": xp.sum(jerk * jerk, axis=-1),
        "torque": xp.sum(view.torque_nm**2, axis=-1),
    }


def sample_commands(config: WalkConfig, uniform: Array) -> Array:
    """[B, 3] commands from [B, 4] uniform numbers in [0, 1): the kind, then the values.

    Kinds are drawn by `config.mix`, so that no direction starves.
    """
    xp = uniform.__array_namespace__()
    low = xp.asarray(config.low, dtype=uniform.dtype)
    high = xp.asarray(config.high, dtype=uniform.dtype)
    free = low + (high - low) * uniform[..., 1:4]
    mix, kind = config.mix, uniform[..., 0]
    edges = [0.0]
    for share in (mix.stand, mix.fast, mix.straight, mix.sideways, mix.turn):
        edges.append(edges[-1] + share)
    stand, fast, straight, sideways, turn = (
        (kind >= first) & (kind < last) for first, last in pairwise(edges)
    )
    speed = xp.where(fast, high[0] * (0.6 + 0.4 * uniform[..., 1]), free[..., 0])
    zero = xp.zeros_like(kind)
    ahead = fast | straight
    return xp.stack(
        [
            xp.where(stand | sideways | turn, zero, speed),
            xp.where(stand | ahead | turn, zero, free[..., 1]),
            xp.where(stand | ahead | sideways, zero, free[..., 2]),
        ],
        axis=-1,
    )


def gait_phase(config: WalkConfig, time_s: Array) -> Array:
    """[B] gait phase in rad since the episode's start."""
    return 2 * math.pi * config.clock_hz * time_s
