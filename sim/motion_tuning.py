"""Trials that judge scripted skills, and a cross-entropy search over their numbers.

The policies come from outside (see `sim.motion_world.BatchPolicy`); this module knows
only what a good get-up or walk looks like; a good kick is in `sim.kick_trials`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.motion_world import (
    STAND_HEIGHT_M,
    STAND_RAD,
    Array,
    BatchPolicy,
    MotionWorld,
    MotionWorldConfig,
    PolicyBatch,
)

Policies = tuple[BatchPolicy, ...]


@dataclass(frozen=True, kw_only=True)
class FallConfig:
    """How robots are thrown before a get-up.

    Attributes:
        push_m_s: torso speed given to a standing, limp robot; its direction is drawn.
        spin_rad_s: standard deviation of the angular speed given with it.
        lie_s: time without torque until the policy takes over.
        sides: share of robots laid on a side by turning them before they drop.
        limit_s: time to get up.
    """

    push_m_s: tuple[float, float] = (0.5, 1.5)
    spin_rad_s: float = 2.0
    lie_s: float = 1.5
    sides: float = 0.3
    limit_s: float = 6.0


@dataclass(frozen=True, kw_only=True)
class GetupOutcome:
    """One entry per robot.

    Attributes:
        start: gravity in the torso frame [B, 3] when the policy took over.
        upright_after_s: from when on it stood until the end; inf if it did not.
        score: what the search raises, about 0 to 2.
    """

    start: Array
    upright_after_s: Array
    score: Array


def getup_trials(
    policies: Policies, world: MotionWorldConfig, fall: FallConfig
) -> GetupOutcome:
    """Throw robots, then let each policy raise its share of them."""
    arena = MotionWorld(world)
    throw(arena, fall)
    start = -arena.torso[:, 2, :]
    batch = PolicyBatch(policies, world.count)
    steps = round(fall.limit_s / arena.period_s)
    stood, rise = np.zeros((steps, world.count), bool), np.zeros(world.count)
    for step in range(steps):
        arena.step(batch.targets(arena))
        stood[step] = is_standing(arena)
        share = np.clip(arena.height_m / STAND_HEIGHT_M, 0, 1)
        rise += share * np.clip(arena.uprightness, 0, 1) / steps
    down = steps - np.argmin(stood[::-1], axis=0)
    down = np.where(stood.all(axis=0), 0, down)
    after = np.where(stood[-1], down * arena.period_s, np.inf)
    final = np.clip(arena.uprightness, 0, 1) * np.clip(
        arena.height_m / STAND_HEIGHT_M, 0, 1
    )
    return GetupOutcome(
        start=start,
        upright_after_s=after,
        score=stood[-1] + 0.5 * final + 0.5 * rise,
    )


def throw(world: MotionWorld, fall: FallConfig) -> None:
    """Push standing robots (or drop them turned on a side) and wait, limp."""
    count = world.config.count
    heading = world.uniform(0, 2 * np.pi)[:, 0]
    speed = world.uniform(*fall.push_m_s)[:, 0]
    push = np.zeros((count, 6))
    push[:, 0], push[:, 1] = speed * np.cos(heading), speed * np.sin(heading)
    push[:, 3:] = fall.spin_rad_s * world.normal(3)
    turned = world.uniform(0, 1)[:, 0] < fall.sides
    half = np.where(world.uniform(0, 1)[:, 0] < 0.5, 1, -1) * np.pi / 4
    roll = np.stack([np.cos(half), np.sin(half), 0 * half, 0 * half], axis=-1)
    world.qpos[np.ix_(turned, world.index.root_qpos[3:])] = roll[turned]
    push[turned] *= 0.2
    world.push(push)
    for _ in range(round(fall.lie_s / world.period_s)):
        world.step(np.tile(STAND_RAD, (count, 1)), limp=True)


def is_standing(world: MotionWorld) -> NDArray[np.bool_]:
    """[B] torso within 0.4 rad of upright and higher than a squat."""
    return (world.uprightness > np.cos(0.4)) & (world.height_m > 0.85 * STAND_HEIGHT_M)


@dataclass(frozen=True, kw_only=True)
class WalkTrialConfig:
    """What is asked of a gait.

    Attributes:
        commands: each (m/s forward, m/s left, rad/s counter-clockwise), in turn.
        walk_s: time with the command; speed is measured over all but the first 2 s.
        stop_s: time with command zero afterwards, still judged for falls.
    """

    commands: tuple[tuple[float, float, float], ...]
    walk_s: float = 8.0
    stop_s: float = 2.0


@dataclass(frozen=True, kw_only=True)
class WalkOutcome:
    """One entry per robot.

    Attributes:
        command: [B, 3] asked.
        velocity: [B, 3] reached: mean in the robot's own heading.
        upright: to the end of walking and stopping.
        sway_rad_s: [B] root mean square of roll and pitch rate.
        score: what the search raises.
    """

    command: Array
    velocity: Array
    upright: NDArray[np.bool_]
    sway_rad_s: Array
    score: Array


def walk_trials(
    policies: Policies, world: MotionWorldConfig, walk: WalkTrialConfig
) -> WalkOutcome:
    """Start, walk with one command, stop; commands are dealt to the robots in turn."""
    arena = MotionWorld(world)
    count = world.count
    command = np.array(walk.commands)[np.arange(count) % len(walk.commands)]
    let_settle(arena)
    batch = PolicyBatch(policies, count)
    total, sway = np.zeros((count, 3)), np.zeros(count)
    alive = np.zeros(count)
    steps, stop = (round(t / arena.period_s) for t in (walk.walk_s, walk.stop_s))
    first = round(2.0 / arena.period_s)
    for step in range(steps + stop):
        asked = command if step < steps else 0 * command
        before, heading = arena.position_m, arena.yaw_rad
        arena.step(batch.targets(arena, velocity_command=asked))
        alive += is_standing(arena)
        rate = arena.qvel[:, arena.index.root_qvel[3:5]]
        sway += (rate**2).sum(-1)
        if first <= step < steps:
            total += _own_motion(arena, before, heading)
    span = (steps - first) * arena.period_s
    velocity = total / span
    upright = alive > 0.99 * (steps + stop)
    sway = np.sqrt(sway / (steps + stop))
    weight = np.array([1.0, 1.0, 0.25])
    error = (np.abs(velocity - command) * weight).sum(-1)
    score = alive / (steps + stop) + upright - 6.0 * error - 0.1 * sway
    return WalkOutcome(
        command=command,
        velocity=velocity,
        upright=upright,
        sway_rad_s=sway,
        score=score,
    )


def _own_motion(world: MotionWorld, before: Array, heading: Array) -> Array:
    """[B, 3] step forward, left and turn since `before`, in the old heading."""
    moved = world.position_m - before
    turn = world.yaw_rad - heading
    cosine, sine = np.cos(heading), np.sin(heading)
    return np.stack(
        [
            cosine * moved[:, 0] + sine * moved[:, 1],
            -sine * moved[:, 0] + cosine * moved[:, 1],
            np.arctan2(np.sin(turn), np.cos(turn)),
        ],
        axis=-1,
    )


def let_settle(world: MotionWorld) -> None:
    """Half a second in the stand."""
    for _ in range(20):
        world.step(np.tile(STAND_RAD, (world.config.count, 1)))


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Cross-entropy search.

    Attributes:
        generations: how often candidates are drawn.
        candidates: per generation.
        elite_share: of the candidates that the next mean and spread are taken from.
        keep: share of the old spread kept, against collapse.
        seed: of the draws.
    """

    generations: int = 20
    candidates: int = 32
    elite_share: float = 0.25
    keep: float = 0.3
    seed: int = 0


def cross_entropy(
    score: Callable[[Sequence[Array], int], Array],
    start: Array,
    spread: Array,
    config: SearchConfig,
    report: Callable[[int, float, float], None] = lambda *_: None,
) -> Array:
    """The mean of the last elite; Ctrl-C after the first generation ends the search
    with the one there is.

    Args:
        score: candidates [P] each and the generation to one number each, to raise.
        start: [P] first mean.
        spread: [P] first standard deviation.
        report: called with generation, score of the mean and mean score of the elite.
    """
    rng = np.random.default_rng(config.seed)
    mean, deviation = start.copy(), spread.copy()
    elite_count = max(2, round(config.elite_share * config.candidates))
    for generation in range(config.generations):
        draws = rng.normal(mean, deviation, (config.candidates, len(mean)))
        draws[0] = mean
        try:
            scores = score(list(draws), generation)
        except KeyboardInterrupt:
            if generation == 0:
                raise
            break
        elite = draws[np.argsort(-scores)[:elite_count]]
        mean = elite.mean(axis=0)
        deviation = config.keep * deviation + (1 - config.keep) * elite.std(axis=0)
        deviation = np.maximum(deviation, 0.03 * spread)
        report(
            generation, float(scores[0]), float(np.sort(scores)[-elite_count:].mean())
        )
    return mean
