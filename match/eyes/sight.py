"""What the referee looks at, made of a tracker's frame.

A camera does not feel contact, so a touch is told from places and speeds: a robot
within reach of the ball touches it when the ball's velocity changes.
"""

import math
from dataclasses import dataclass

from match.observation import MatchObservation, RobotObservation
from robot.contracts.field import FieldSpec
from robot.contracts.tracker import TrackedRobot, TrackerFrame


@dataclass(frozen=True, kw_only=True)
class SightConfig:
    """What counts as what (project's choice).

    Attributes:
        reach_m: from torso to ball; an OP3's foot reaches the ball's near side from
            here.
        kick_m_s: change of the ball's velocity that a touch makes at least.
        body_m: two torsos closer than this are in contact.
    """

    reach_m: float = 0.25
    kick_m_s: float = 0.15
    body_m: float = 0.18


def sight_of(
    frame: TrackerFrame,
    before: TrackerFrame | None,
    field: FieldSpec,
    config: SightConfig | None = None,
) -> MatchObservation | None:
    """The referee's observation; None while nobody knows where the ball is.

    Args:
        frame: of now.
        before: of the observation before this one.
        field: for the height of the ball's centre: it is taken to be on the floor.
    """
    config = config or SightConfig()
    if frame.ball_xy_m is None:
        return None
    kicked = _kicked(frame, before, config)
    robots = tuple(
        RobotObservation(
            team=robot.team,
            player=robot.player,
            x_m=robot.x_m,
            y_m=robot.y_m,
            yaw_rad=robot.yaw_rad,
            fallen=robot.fallen,
            touching_ball=kicked and _ball_m(frame, robot) <= config.reach_m,
        )
        for robot in frame.robots
    )
    return MatchObservation(
        time_s=frame.time_s,
        ball_xyz_m=(*frame.ball_xy_m, field.ball_radius_m),
        robots=robots,
        contacts=_contacts(frame.robots, config.body_m),
    )


def _kicked(
    frame: TrackerFrame, before: TrackerFrame | None, config: SightConfig
) -> bool:
    if before is None or before.ball_xy_m is None:
        return False
    change = math.dist(frame.ball_velocity_m_s, before.ball_velocity_m_s)
    return change >= config.kick_m_s


def _ball_m(frame: TrackerFrame, robot: TrackedRobot) -> float:
    ball = frame.ball_xy_m
    return math.inf if ball is None else math.dist(ball, (robot.x_m, robot.y_m))


def _contacts(
    robots: tuple[TrackedRobot, ...], within_m: float
) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    pairs = [
        ((one.team, one.player), (other.team, other.player))
        for number, one in enumerate(robots)
        for other in robots[number + 1 :]
        if math.hypot(one.x_m - other.x_m, one.y_m - other.y_m) <= within_m
    ]
    return tuple((min(pair), max(pair)) for pair in pairs)
