"""Trials that judge a kick with a told foot, in batched single-robot worlds.

The policies come from outside (see `sim.motion_world.BatchPolicy`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.motion_tuning import Policies, is_standing, let_settle
from sim.motion_world import (
    Array,
    BatchPolicy,
    MotionWorld,
    MotionWorldConfig,
    PolicyBatch,
)
from sim.tasks.walking_starts import WalkingState

_MOVES_M_S = 0.05
"""Faster, a ball that lay still has been touched."""
_OVER_S = 0.2
"""The ball's way in this time after the first touch is measured (arXiv:2304.13653)."""
_ROLLS_S = 0.6
"""A ball that slid at first rolls by this time after the first touch."""
_SLID = 5 / 3
"""A shell that starts without spin rolls, once it no longer slides, at 1 / (1 + 2/3) of
its speed."""


@dataclass(frozen=True, kw_only=True)
class KickTrialConfig:
    """Where the ball lies, seen from the torso, and how the robot stands.

    Attributes:
        ahead_m: of the ball's centre, nominal range.
        beside_m: of the ball's centre toward the kicking foot, nominal range.
        error_m: uniform error added on both axes.
        watch_s: time after the kick's length until the robot is judged.
        jolt_m_s: standard deviation of the torso's initial velocity.
        push_n, push_s: ranges of a push's force and length.
        push_within_s: each robot is pushed at a moment drawn from 0 to this after the
            kick begins, once or, where its trial is over by then, never; 0 for never.
        approach_s: time of walking with a random command before, given a walk.
        approach_high: largest command then, forward only, both ways aside and around.
        pause_s: range of the time with command zero between walk and kick; drawn once
            per call.
    """

    ahead_m: tuple[float, float] = (0.14, 0.19)
    beside_m: tuple[float, float] = (0.03, 0.07)
    error_m: float = 0.015
    watch_s: float = 1.0
    jolt_m_s: float = 0.05
    push_n: tuple[float, float] = (5.0, 15.0)
    push_s: tuple[float, float] = (0.05, 0.15)
    push_within_s: float = 0.0
    approach_s: float = 1.5
    approach_high: tuple[float, float, float] = (0.2, 0.08, 0.6)
    pause_s: tuple[float, float] = (0.6, 1.0)


@dataclass(frozen=True, kw_only=True)
class KickOutcome:
    """One entry per robot.

    Attributes:
        side: +1 left foot, -1 right foot.
        speed_m_s: the ball's way in the 0.2 s after the first touch, over that time; 0
            for a miss.
        angle_rad: of that way, 0 ahead, positive left; 0 for a miss.
        roll_m_s: the ball's speed, in the direction of that way, 0.6 s after the first
            touch, when it rolls: spin from the foot makes it more or less than three
            fifths of what it started with. 0 for a miss, or a touch later than 0.6 s
            before the end.
        upright: robot on its feet at the end.
        tilt: most of 1 - the cosine of the torso's tilt.
    """

    side: Array
    speed_m_s: Array
    angle_rad: Array
    roll_m_s: Array
    upright: NDArray[np.bool_]
    tilt: Array


def kick_score(outcome: KickOutcome) -> Array:
    """What a search raises: the speed ahead with which the ball would have started to
    roll as far without spin, less 0.1 m/s for each degree aside (a goal of 0.8 m is 9
    degrees to either side from 2.5 m), and a robot that stays on its feet. One that
    falls afterwards has still shot."""
    ahead = _SLID * outcome.roll_m_s * np.cos(outcome.angle_rad)
    aside = np.clip(np.abs(outcome.angle_rad) - 0.03, 0, 0.5)
    return ahead - 6.0 * aside + outcome.upright - 0.3 * outcome.tilt


def kick_trials(
    policies: Policies,
    world: MotionWorldConfig,
    kick: KickTrialConfig,
    approach: BatchPolicy | None = None,
    starts: Sequence[WalkingState] = (),
) -> KickOutcome:
    """Every policy kicks its share of balls, left and right in turn.

    Args:
        policies: each on an equal share of the worlds.
        world: how these are drawn.
        kick: ball and disturbances.
        approach: a walk with which the robots walk and stop before.
        starts: moments, in one of which each kick begins instead. With neither, the
            robots have stood for half a second.
    """
    arena = MotionWorld(replace(world, ball=True))
    count = world.count
    side = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    if starts:
        arena.place(np.array([start.row for start in starts]))
    else:
        let_settle(arena)
    if approach is not None:
        _walk_and_stop(arena, approach, kick)
    _place_ball(arena, kick, side)
    arena.push(np.pad(kick.jolt_m_s * arena.normal(2), ((0, 0), (0, 4))))
    pushes = _Pushes(arena, kick)
    flight = _Flight(arena)
    batch = PolicyBatch(policies, count)
    aim = arena.yaw_rad
    tilt = np.zeros(count)
    length_s = max(policy.spec.commit_s for policy in policies) + kick.watch_s
    for step in range(round(length_s / arena.period_s)):
        pushes.apply(arena, step * arena.period_s)
        flight.before(arena)
        off = aim - arena.yaw_rad
        direction = np.stack([np.cos(off), np.sin(off)], axis=-1)
        arena.step(
            batch.targets(arena, kick_side=side[:, None], kick_direction=direction)
        )
        flight.after(arena)
        tilt = np.maximum(tilt, 1 - arena.uprightness)
    speed, angle, roll = flight.result()
    return KickOutcome(
        side=side,
        speed_m_s=speed,
        angle_rad=angle,
        roll_m_s=roll,
        upright=is_standing(arena),
        tilt=tilt,
    )


class _Pushes:
    """One for each robot: the speed it gives the whole of it, at its moment."""

    def __init__(self, world: MotionWorld, kick: KickTrialConfig):
        self._end_s = kick.push_within_s
        if not self._end_s:
            return
        force, length, toward, at = (
            world.uniform(*ends)[:, 0]
            for ends in (kick.push_n, kick.push_s, (0, 2 * np.pi), (0, self._end_s))
        )
        speed = force * length / world.mass_kg
        x, y = speed * np.cos(toward), speed * np.sin(toward)
        self._speed = np.pad(np.stack([x, y], axis=-1), ((0, 0), (0, 4)))
        self._at_s = at

    def apply(self, world: MotionWorld, time_s: float) -> None:
        if time_s < self._end_s:
            now = (self._at_s >= time_s) & (self._at_s < time_s + world.period_s)
            world.push(now[:, None] * self._speed)


class _Flight:
    """The balls' way from the first touch on."""

    def __init__(self, world: MotionWorld):
        count = world.config.count
        self._heading = world.yaw_rad
        self._steps = round(_OVER_S / world.period_s)
        self._since = np.zeros(count, int)
        self._rolling = round(_ROLLS_S / world.period_s)
        self._start, self._way, self._roll = np.zeros((3, count, 2))

    def before(self, world: MotionWorld) -> None:
        still = self._since == 0
        self._start[still] = world.ball_m[still]

    def after(self, world: MotionWorld) -> None:
        moving = np.hypot(*world.ball_velocity_m_s.T) > _MOVES_M_S
        self._since += moving | (self._since > 0)
        done = self._since == self._steps
        self._way[done] = (world.ball_m - self._start)[done]
        rolling = self._since == self._rolling
        self._roll[rolling] = world.ball_velocity_m_s[rolling]

    def result(self) -> tuple[Array, Array, Array]:
        """Speed, angle off the first heading, and speed along it once it rolls."""
        ahead, left = _turned(self._way, -self._heading).T
        length = np.hypot(ahead, left)
        along = (self._roll * self._way).sum(axis=-1) / np.maximum(length, 1e-9)
        return length / _OVER_S, np.arctan2(left, ahead), along


def _place_ball(world: MotionWorld, kick: KickTrialConfig, side: Array) -> None:
    ahead, beside = world.uniform(*kick.ahead_m), world.uniform(*kick.beside_m)
    nominal = np.concatenate([ahead, side[:, None] * beside], axis=-1)
    error = world.uniform(-kick.error_m, kick.error_m, 2)
    world.put_ball(world.position_m + _turned(nominal + error, world.yaw_rad))


def _walk_and_stop(
    world: MotionWorld, approach: BatchPolicy, kick: KickTrialConfig
) -> None:
    forward, left, turn = kick.approach_high
    command = np.concatenate(
        [
            world.uniform(0, forward),
            world.uniform(-left, left),
            world.uniform(-turn, turn),
        ],
        axis=-1,
    )
    batch = PolicyBatch((approach,), world.config.count)
    walk = round(kick.approach_s / world.period_s)
    pause = round(world.rng.uniform(*kick.pause_s) / world.period_s)
    for step in range(walk + pause):
        asked = command if step < walk else 0 * command
        world.step(batch.targets(world, velocity_command=asked))


def _turned(vector: Array, yaw_rad: Array) -> Array:
    """[B, 2] turned from the robot's heading into the world."""
    cosine, sine = np.cos(yaw_rad), np.sin(yaw_rad)
    x, y = vector.T
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)
