"""The robot's tactics play in a soccer task's environment, as a script to learn from.

They see only what the task's policy would observe, and wish for walking velocities.
They dribble and do not kick, so that a walk is in charge all the time.
"""

import math

import numpy as np
from numpy.typing import NDArray

from robot import tactics
from robot.contracts.field import FieldSpec
from robot.steering import SteeringConfig
from robot.tactics import TacticsConfig, TacticsState
from robot.world import Game, Pose, WorldView
from sim.demonstrator import DemonstratorError, newest
from sim.tasks.task import Task

Array = NDArray[np.float64]

_PLAYING = Game(phase="playing")
_SEEN = ("ball_position", "own_goal_position", "opponent_goal_position")

DRIBBLING = TacticsConfig(
    steering=SteeringConfig(
        forward_m_s=0.55, left_m_s=0.25, turn_rad_s=1.2, spin_rad_s=1.2
    ),
    dribble_m_s=0.45,
    kick_range_m=0.0,
    # A dribble need not stop before the ball.
    align_m=0.44,
    lost_m=0.55,
    pressed_m=0.0,
)
"""Faster than a match's tactics on the way, but for turns on the spot, and never a
kick: what policies/score was cloned from."""


class TacticsScript:
    """The tactics in `count` environments of a soccer task, one robot each."""

    def __init__(
        self,
        task: Task,
        count: int,
        config: TacticsConfig = DRIBBLING,
        pitch: FieldSpec | None = None,
    ):
        """At the beginning of `count` episodes.

        Raises:
            DemonstratorError: no game in the task's observation.
        """
        known = [term.name for term in task.observation.terms]
        if not set(_SEEN) <= set(known):
            raise DemonstratorError(
                f"{task.name}: expected {', '.join(_SEEN)} in its observation, found "
                f"{', '.join(known)}"
            )
        self._task, self._config = task, config
        self._pitch = pitch or FieldSpec()
        self._states = [TacticsState()] * count

    def restart(self, rows: NDArray[np.bool_]) -> None:
        """New episodes begin in these environments."""
        for row in np.flatnonzero(rows):
            self._states[row] = TacticsState()

    def __call__(self, seen: NDArray[np.float32]) -> Array:
        """Wishes [B, 3] in m/s forward, m/s left and rad/s for observations [B, N], one
        control step on."""
        sources = newest(self._task.observation, seen)
        wishes = np.zeros((len(self._states), 3))
        for row, state in enumerate(self._states):
            self._states[row], request = tactics.decide(
                self._config,
                self._pitch,
                state,
                seen_pitch(*(sources[name][row] for name in _SEEN)),
                _PLAYING,
                "upright",
                player=1,
                dt_s=self._task.control_period_s,
            )
            wishes[row] = request.forward_m_s, request.left_m_s, request.turn_rad_s
        return wishes


def seen_pitch(ball: Array, own_goal: Array, goal: Array) -> WorldView:
    """The pitch in the own team's frame, from places in the heading frame.

    Args:
        ball, own_goal, goal: [2] m ahead and left of the robot; the middles of goals.
    """
    ahead, left = goal - own_goal
    yaw = -math.atan2(left, ahead)
    middle = (goal + own_goal) / 2
    x, y = Pose(x_m=0.0, y_m=0.0, yaw_rad=-yaw).to_torso((-middle[0], -middle[1]))
    cosine, sine = math.cos(yaw), math.sin(yaw)
    place = (
        float(x + cosine * ball[0] - sine * ball[1]),
        float(y + sine * ball[0] + cosine * ball[1]),
    )
    return WorldView(pose=Pose(x_m=float(x), y_m=float(y), yaw_rad=yaw), ball=place)
