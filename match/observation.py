"""What the referee sees at one instant, from a simulator, a camera or a tracker.

Frame: see `robot.contracts.field`; the home team attacks +x and defends the left goal.
"""

import math
from dataclasses import dataclass

from match.errors import MatchError

RobotId = tuple[int, int]
"""Team number and jersey number."""


@dataclass(frozen=True, kw_only=True)
class RobotObservation:
    """One robot on the pitch.

    Attributes:
        x_m, y_m, yaw_rad: of the torso over the floor, in the pitch frame.
        fallen: lying or getting up.
        touching_ball: any part in contact with the ball since the last observation.
    """

    team: int
    player: int
    x_m: float
    y_m: float
    yaw_rad: float
    fallen: bool = False
    touching_ball: bool = False

    @property
    def robot(self) -> RobotId:
        return self.team, self.player


@dataclass(frozen=True, kw_only=True)
class MatchObservation:
    """Ball and robots at `time_s`. Robots that nothing sees are left out.

    Raises:
        MatchError: a number is not finite, or a robot appears twice.
    """

    time_s: float
    ball_xyz_m: tuple[float, float, float]
    robots: tuple[RobotObservation, ...]

    def __post_init__(self) -> None:
        faults = []
        numbers = [self.time_s, *self.ball_xyz_m]
        for robot in self.robots:
            numbers += [robot.x_m, robot.y_m, robot.yaw_rad]
        if not all(map(math.isfinite, numbers)):
            faults.append("expected finite numbers, found nan or infinity")
        names = [robot.robot for robot in self.robots]
        if len(set(names)) != len(names):
            faults.append(f"expected every robot once, found {names}")
        if faults:
            raise MatchError(f"match observation at {self.time_s} s", faults)

    def ball_distance_m(self, robot: RobotObservation) -> float:
        """Between ball and torso, over the floor."""
        return math.hypot(
            robot.x_m - self.ball_xyz_m[0], robot.y_m - self.ball_xyz_m[1]
        )
