"""Gymnasium's spaces of observations and actions, also used by PettingZoo."""

from typing import Any

import numpy as np
from gymnasium import Space
from gymnasium.spaces import Box

from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.views.bounds import action_bounds


def observation_box(spec: ObservationSpec, count: int = 1) -> Space[Any]:
    """[count x N] float32 within the clip."""
    return Box(-spec.clip, spec.clip, (count * spec.size,), np.float32)


def action_box(spec: ActionSpec) -> Space[Any]:
    """[A] float32, all actions of which none is cut at a joint limit."""
    low, high = action_bounds(spec)
    return Box(low, high, dtype=np.float32)
