"""The search behind `op3-soccer tune`: which trials judge which skill."""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from robot.contracts.policy import KickSpec, PolicySpec, read_spec
from robot.scripted.bundle import (
    Provenance,
    Script,
    ScriptedPolicy,
    load,
    make_policy,
    role_of,
    scripted_spec,
)
from robot.scripted.parameters import numbers, spreads, with_numbers
from sim.env_parameters import taken
from sim.kick_trials import KickTrialConfig, kick_score, kick_trials
from sim.motion_tuning import (
    FallConfig,
    SearchConfig,
    WalkTrialConfig,
    cross_entropy,
    getup_trials,
    walk_trials,
)
from sim.motion_world import MotionWorldConfig
from training.run_folder import RunError
from training.walk_recordings import Recording, record_walks

SHIPPED = Path("policies/scripted")
Array = NDArray[np.float64]
Policies = tuple[ScriptedPolicy, ...]

SEARCH_COMMANDS = (
    (0.25, 0.0, 0.0),
    (0.12, 0.0, 0.4),
    (-0.12, 0.0, 0.0),
    (0.0, 0.09, 0.0),
    (0.0, 0.0, 0.8),
    (0.0, -0.08, 0.0),
    (0.0, 0.0, -0.8),
    (0.1, 0.05, 0.0),
)
_STOPPED_M_S, _STOPPED_RAD_S = 0.08, 0.4
"""A walk that goes and turns slower stands, or is about to."""
PUSHED_WITHIN_S = 2.0
"""A push every two seconds, as the randomization has them on average."""
_WORST_SHARE = 0.3
"""Of the worst trial in a candidate's score: one bad fall must not hide in a mean. Not
where robots are drawn with all their faults: the worst of those fail whatever they do.
"""


@dataclass(frozen=True, kw_only=True)
class Before:
    """What a robot does before a kick.

    Attributes:
        walk: the scripted one, which leads to the ball.
        stops: of a learned one; where there are any, the kick begins in these, with
            the robots that stood so.
        stance: of the kick, where its bundle says one.
    """

    walk: ScriptedPolicy
    stops: Recording | None = None
    stance: KickSpec | None = None

    @property
    def balls(self) -> KickTrialConfig:
        """Up to 1.5 cm off the places for which a robot stands."""
        if self.stance is None:
            return KickTrialConfig()
        return KickTrialConfig(
            ahead_m=self.stance.ahead_m, beside_m=self.stance.aside_m
        )


def search(
    script: Script, before: Before, args: argparse.Namespace, console: Console
) -> Script:
    """The mean script of the last generation; `args` as `cli.tune` parses them."""
    judge = _JUDGES[role_of(script)]
    worst = _WORST_SHARE if before.stops is None else 0.0

    def score(candidates: Sequence[Array], generation: int) -> Array:
        scripts = [with_numbers(script, vector) for vector in candidates]
        world = MotionWorldConfig(
            count=len(candidates) * args.trials,
            distinct=args.trials,
            seed=args.seed + generation,
        )
        policies = tuple(make_policy(_spec_for(item), item) for item in scripts)
        rows = judge(policies, world, before).reshape(len(candidates), args.trials)
        return rows.mean(axis=1) + worst * rows.min(axis=1)

    def report(generation: int, mean: float, elite: float) -> None:
        console.print(f"generation {generation}: mean {mean:.3f}, elite {elite:.3f}")

    config = SearchConfig(
        generations=args.generations, candidates=args.candidates, seed=args.seed
    )
    spread = args.spread * spreads(script)
    found = cross_entropy(score, numbers(script), spread, config, report)
    return with_numbers(script, found)


def stops_of(bundle: str | None) -> Recording | None:
    """Moments in which a learned walk hardly moves, out of a recording that takes half
    a minute of computing; none without a walk.

    Raises:
        RunError: no such walk, or one that never stands.
    """
    if bundle is None:
        return None
    moments, robots = record_walks(bundle, worlds=256, seconds=6.0, seed=0)
    rows = [
        row
        for row, moment in enumerate(moments)
        if math.hypot(*moment.velocity[:2]) < _STOPPED_M_S
        and abs(moment.velocity[5]) < _STOPPED_RAD_S
    ]
    if not rows:
        raise RunError(
            f"{bundle}: expected a walk that comes to stand, found none of "
            f"{len(moments)} moments in which it does"
        )
    return Recording(tuple(moments[row] for row in rows), taken(robots, np.array(rows)))


def _spec_for(script: Script) -> PolicySpec:
    return scripted_spec(
        script, Provenance(robot_model_sha256="", made_by="tune", commit="")
    )


def _judge_getup(policies: Policies, world: MotionWorldConfig, before: Before) -> Array:
    del before
    return getup_trials(policies, world, FallConfig(limit_s=5.5)).score


def _judge_kick(policies: Policies, world: MotionWorldConfig, before: Before) -> Array:
    kick = replace(before.balls, watch_s=0.5, push_within_s=PUSHED_WITHIN_S)
    if before.stops is not None:
        moments, robots = before.stops
        world = replace(world, robots=robots)
        return kick_score(kick_trials(policies, world, kick, starts=moments))
    approach = None if world.seed % 2 else before.walk
    return kick_score(kick_trials(policies, world, kick, approach))


def _judge_walk(policies: Policies, world: MotionWorldConfig, before: Before) -> Array:
    del before
    trial = WalkTrialConfig(commands=SEARCH_COMMANDS, walk_s=5.0, stop_s=1.0)
    return walk_trials(policies, world, trial).score


def shipped_walk() -> ScriptedPolicy:
    """The walk that leads to the ball before a kick."""
    folder = SHIPPED / "walk"
    return load(folder, read_spec(folder / "spec.json"))


_JUDGES: dict[str, Callable[[Policies, MotionWorldConfig, Before], Array]] = {
    "getup": _judge_getup,
    "kick": _judge_kick,
    "walk": _judge_walk,
}
