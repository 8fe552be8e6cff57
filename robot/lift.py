"""Lifted or on its feet: from the current of the legs, or the shocks of the steps.

The OP3 has no foot sensors. A robot that stands in somebody's hands is as upright and
as still as one on the floor, but its legs bear nothing. One that walks in the air draws
as much current as on the floor (it moves the same masses), but no foot hits anything.
Both are compared with the same robot's own usual values, so that neither its weight nor
its floor must be known. The thresholds come from the virtual robot alone.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import JOINT_NAMES

Activity = Literal["stand", "walk"]
"""What decides: the current of a standing robot, the shocks of a walking one."""

BEARING_JOINTS = tuple(
    f"{side}_{joint}" for joint in ("hip_pitch", "knee", "ank_pitch") for side in "rl"
)
_COLUMNS = np.array([JOINT_NAMES.index(name) for name in BEARING_JOINTS])


@dataclass(frozen=True, kw_only=True)
class LiftConfig:
    """When the legs count as unloaded (project's choices).

    Attributes:
        enabled: look at all.
        average_s: over which both signs are averaged; about a step of the gait.
        usual_s: over which the usual values are averaged.
        learn_s: at an activity, before its usual value is known.
        settle_s: after a change of activity, when the signs mean nothing.
        freeze_s: a lifted robot stays so at least this long: first it moves to the
            stand pose, and moving legs draw current.
        light_share: of the usual value, below which the legs bear nothing.
        light_s: for which that must last.
        least_a: usual current below which no load can be told from friction; then
            nothing is decided.
        least_shock_m_s2: the same for the usual shock.
    """

    enabled: bool = True
    average_s: float = 0.15
    usual_s: float = 3.0
    learn_s: float = 1.0
    settle_s: float = 0.6
    freeze_s: float = 1.5
    light_share: float = 0.4
    light_s: float = 0.4
    least_a: float = 0.05
    least_shock_m_s2: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Usual:
    """The sign of one activity on the floor, and for how long it was watched."""

    level: float = 0.0
    seen_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LiftState:
    """What the next look must remember.

    Attributes:
        lifted: the verdict.
        load_a: mean current of the leg joints, averaged.
        shock_m_s2: change of the acceleration from cycle to cycle, averaged.
        acceleration_m_s2: [3] at the last look.
        stand: usual load.
        walk: usual shock.
        activity: at the last look; None while lying, kicking or getting up.
        since_s: since that began.
        doubt_s: time the load has contradicted the verdict.
    """

    lifted: bool = False
    load_a: float = 0.0
    shock_m_s2: float = 0.0
    acceleration_m_s2: tuple[float, ...] = ()
    stand: Usual = Usual()
    walk: Usual = Usual()
    activity: Activity | None = None
    since_s: float = 0.0
    doubt_s: float = 0.0


def update(
    config: LiftConfig,
    state: LiftState,
    current_a: NDArray[np.float64],
    acceleration_m_s2: NDArray[np.float64],
    activity: Activity | None,
    dt_s: float,
) -> LiftState:
    """The state one cycle later.

    Args:
        config: settings.
        state: the last one.
        current_a: [20] motor currents.
        acceleration_m_s2: [3] specific force, torso frame.
        activity: what an upright robot does; None for all else, which is neither
            judged nor learned from. A lifted robot stands.
        dt_s: time since the last update.
    """
    if not config.enabled:
        return state
    state = _sensed(config, state, current_a, acceleration_m_s2, dt_s)
    if activity is None or activity != state.activity:
        # One that lies was let go of.
        lifted = state.lifted and activity is not None
        return replace(
            state,
            lifted=lifted,
            activity=activity,
            since_s=0.0,
            doubt_s=0.0,
        )
    state = replace(state, since_s=state.since_s + dt_s)
    if state.since_s < (config.freeze_s if state.lifted else config.settle_s):
        return state
    if activity == "stand":
        level, usual, least = state.load_a, state.stand, config.least_a
    else:
        level, usual, least = state.shock_m_s2, state.walk, config.least_shock_m_s2
    light = level < config.light_share * usual.level
    # To tell when it stands again, its load at standing must be known in any case.
    known = _known(config, usual, least) and _known(config, state.stand, config.least_a)
    if known and light != state.lifted:
        doubt_s = state.doubt_s + dt_s
        if doubt_s < config.light_s:
            return replace(state, doubt_s=doubt_s)
        return replace(state, lifted=light, doubt_s=0.0, since_s=0.0)
    state = replace(state, doubt_s=0.0)
    if state.lifted:
        return state
    learned = _learned(config, usual, level, dt_s)
    if activity == "stand":
        return replace(state, stand=learned)
    return replace(state, walk=learned)


def _sensed(
    config: LiftConfig,
    state: LiftState,
    current_a: NDArray[np.float64],
    acceleration_m_s2: NDArray[np.float64],
    dt_s: float,
) -> LiftState:
    share = min(dt_s / config.average_s, 1.0)
    load_a = float(np.abs(current_a[_COLUMNS]).mean())
    now = tuple(acceleration_m_s2.tolist())
    before = state.acceleration_m_s2 or now
    shock = sum(abs(a - b) for a, b in zip(now, before, strict=True))
    return replace(
        state,
        load_a=state.load_a + (load_a - state.load_a) * share,
        shock_m_s2=state.shock_m_s2 + (shock - state.shock_m_s2) * share,
        acceleration_m_s2=now,
    )


def _known(config: LiftConfig, usual: Usual, least: float) -> bool:
    return usual.seen_s >= config.learn_s and usual.level >= least


def _learned(config: LiftConfig, usual: Usual, level: float, dt_s: float) -> Usual:
    """The plain mean at first, then one that forgets."""
    seen_s = min(usual.seen_s + dt_s, config.usual_s)
    share = min(dt_s / seen_s, 1.0)
    return Usual(level=usual.level + (level - usual.level) * share, seen_s=seen_s)
