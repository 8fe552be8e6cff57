"""The values of the walking environment: what it carries, what a step returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.contracts.joints import OP3_JOINTS
from robot.observation import History
from sim.randomization import EpisodeParameters

FloatArray = NDArray[np.float64]
STAND_RAD = np.array([joint.stand_rad for joint in OP3_JOINTS])
# Torso height in the stand, soles on the floor; it settles 1.5 mm lower under load.
STAND_HEIGHT_M = 0.238


@dataclass(frozen=True, kw_only=True)
class WalkState:
    """Everything but the physics state, one row per environment.

    Attributes:
        time_s: [B] since the episode's start.
        clock_offset_s: [B] where the gait clock started.
        targets_rad: [B, 20] last joint targets.
        history: observation history.
        command: [B, 3] wanted velocity.
        command_left_s: [B] until the next command.
        push_left_s: [B] until the next push.
        velocity: [B, 3] filtered forward, left (m/s) and turn (rad/s).
        actions: the last two actions, [B, A] each.
        parameters: this episode's randomization.
    """

    time_s: FloatArray
    clock_offset_s: FloatArray
    targets_rad: FloatArray
    history: History
    command: FloatArray
    command_left_s: FloatArray
    push_left_s: FloatArray
    velocity: FloatArray
    actions: tuple[FloatArray, FloatArray]
    parameters: EpisodeParameters

    @property
    def clock_time_s(self) -> FloatArray:
        """[B] since the gait clock's start."""
        return self.time_s - self.clock_offset_s

    def replaced(self, rows: NDArray[np.bool_], other: "WalkState") -> "WalkState":
        """This state with the rows where `rows` is true taken from `other`."""
        values = {
            name: _mixed(rows, getattr(other, name), old)
            for name, old in vars(self).items()
        }
        return WalkState(**values)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """What a step returns to a learner.

    Attributes:
        observation: [B, N] float32 of the state to act in next (after a reset, if any).
        privileged: [B, P] float32, what only a critic may see.
        reward: [B] float32, scaled.
        terminated: [B] bool, the robot fell.
        truncated: [B] bool, the time limit.
        final_observation, final_privileged: as above, before a reset.
        terms: weighted reward terms [B], for curves.
        velocity: [B, 3] reached, filtered; command: [B, 3] that was asked.
    """

    observation: NDArray[np.float32]
    privileged: NDArray[np.float32]
    reward: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    final_observation: NDArray[np.float32]
    final_privileged: NDArray[np.float32]
    terms: dict[str, FloatArray]
    velocity: FloatArray
    command: FloatArray


def _mixed(rows: NDArray[np.bool_], new: Any, old: Any) -> Any:
    """Rows of `new` where `rows` is true, else of `old`; tuples member by member."""
    if isinstance(old, EpisodeParameters):
        return old.replaced(rows, new)
    if isinstance(old, tuple):
        return tuple(_mixed(rows, *pair) for pair in zip(new, old, strict=True))
    return np.where(rows.reshape(-1, *([1] * (old.ndim - 1))), new, old)
