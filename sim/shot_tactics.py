"""The tactics of many robots, each alone with a ball on a pitch of its own: they lead a
walk to the ball and say when to kick, as on board.
"""

import numpy as np
from numpy.typing import NDArray

from robot import tactics
from robot.contracts.field import FieldSpec
from robot.contracts.policy import PolicySpec
from robot.tactics import TacticsConfig, TacticsState
from robot.world import Game, Pose, WorldView

Array = NDArray[np.float64]

_PLAYING = Game(phase="playing")


class ShotTactics:
    """Of `count` robots, in the frame of `robot.contracts.field`: the goal to score in
    lies at +x."""

    def __init__(
        self,
        walk: PolicySpec,
        kick: PolicySpec,
        count: int,
        pitch: FieldSpec | None = None,
    ):
        """At the beginning of `count` shots of a player with these skills."""
        self._config = tactics.fitted(TacticsConfig(), walk.command.least, kick.kick)
        self._pitch = pitch or FieldSpec()
        self._states = [TacticsState()] * count
        self._waited_s = np.zeros(count)

    @property
    def aligning(self) -> NDArray[np.bool_]:
        """[B] on the last steps to a kick."""
        return np.array([state.plan == "align" for state in self._states])

    @property
    def memory(self) -> Array:
        """[B, 3] what decides beside the view: 1 on the last steps, else 0; seconds in
        place; the foot, 1 for the left one, -1 for the right one."""
        others = [
            (state.settled_s, 1.0 if state.side == "left" else -1.0)
            for state in self._states
        ]
        return np.column_stack([self.aligning, others])

    def restart(self, rows: NDArray[np.int64]) -> None:
        """New shots begin there."""
        for row in rows:
            self._states[row] = TacticsState()
        self._waited_s[rows] = 0.0

    def wait(self, period_s: float) -> None:
        """Time passes for all."""
        self._waited_s += period_s

    def decide(
        self, rows: NDArray[np.int64], poses: Array, balls: Array
    ) -> tuple[Array, Array]:
        """What these robots shall do now.

        Args:
            rows: [n].
            poses: [n, 3] m, m, rad, as they are seen.
            balls: [n, 2] m, the same.

        Returns:
            Velocities of the walk [n, 3] in m/s forward, m/s left and rad/s; and the
            foot of those that kick [n]: 1 left, -1 right, 0 for those that do not.
        """
        velocities, feet = np.zeros((len(rows), 3)), np.zeros(len(rows))
        for number, row in enumerate(rows):
            (x, y, yaw), ball = poses[number].tolist(), balls[number].tolist()
            view = WorldView(
                pose=Pose(x_m=x, y_m=y, yaw_rad=yaw), ball=(ball[0], ball[1])
            )
            self._states[row], request = tactics.decide(
                self._config,
                self._pitch,
                self._states[row],
                view,
                _PLAYING,
                "upright",
                player=1,
                dt_s=float(self._waited_s[row]),
            )
            if request.kind == "kick":
                feet[number] = 1.0 if request.kick_side == "left" else -1.0
            else:
                velocities[number] = (
                    request.forward_m_s,
                    request.left_m_s,
                    request.turn_rad_s,
                )
        self._waited_s[rows] = 0.0
        return velocities, feet
