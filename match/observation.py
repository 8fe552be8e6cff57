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
        hand_on_ball: an arm or hand was; implies `touching_ball`.
        ball_cover: share of the ball, seen from above, that the robot's convex hull
            covers; 0 to 1, 0 where nobody measures it.
    """

    team: int
    player: int
    x_m: float
    y_m: float
    yaw_rad: float
    fallen: bool = False
    touching_ball: bool = False
    hand_on_ball: bool = False
    ball_cover: float = 0.0

    @property
    def robot(self) -> RobotId:
        return self.team, self.player


@dataclass(frozen=True, kw_only=True)
class MatchObservation:
    """Ball and robots at `time_s`. Robots that nothing sees are left out.

    Attributes:
        contacts: pairs of robots that touched each other since the last observation;
            in a pair the smaller number comes first.

    Raises:
        MatchError: a number is not finite, a robot appears twice, or a contact is not
            one of two different robots.
    """

    time_s: float
    ball_xyz_m: tuple[float, float, float]
    robots: tuple[RobotObservation, ...]
    contacts: tuple[tuple[RobotId, RobotId], ...] = ()

    def __post_init__(self) -> None:
        faults = []
        numbers = [self.time_s, *self.ball_xyz_m]
        for robot in self.robots:
            numbers += [robot.x_m, robot.y_m, robot.yaw_rad, robot.ball_cover]
        if not all(map(math.isfinite, numbers)):
            faults.append("expected finite numbers, found nan or infinity")
        names = [robot.robot for robot in self.robots]
        if len(set(names)) != len(names):
            faults.append(f"expected every robot once, found {names}")
        unordered = [pair for pair in self.contacts if not pair[0] < pair[1]]
        if unordered:
            faults.append(
                "expected contacts as (smaller, greater) robot, found "
                f"{unordered}; sort each pair"
            )
        if faults:
            raise MatchError(f"match observation at {self.time_s} s", faults)

    def robot(self, robot: RobotId) -> RobotObservation | None:
        """That robot; None where nothing sees it."""
        return next((seen for seen in self.robots if seen.robot == robot), None)

    def ball_distance_m(self, robot: RobotObservation) -> float:
        """Between ball and torso, over the floor."""
        return math.hypot(
            robot.x_m - self.ball_xyz_m[0], robot.y_m - self.ball_xyz_m[1]
        )
