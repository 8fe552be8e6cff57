"""What robots report of themselves, as a frame like any other source's."""

import math
from dataclasses import dataclass

from match.state import MatchState
from robot.contracts.game_control import RobotStatus
from robot.contracts.tracker import TrackedRobot, TrackerFrame


@dataclass(frozen=True, kw_only=True)
class ReportTrust:
    """How good robots' own positions are (project's choice).

    Attributes:
        deviation_m: of a robot's own place.
        ball_deviation_m, ball_deviation_per_m: of a ball it sees, near and per metre
            of distance.
        ball_age_s: a ball seen longer ago is left out.
    """

    deviation_m: float = 0.15
    ball_deviation_m: float = 0.15
    ball_deviation_per_m: float = 0.1
    ball_age_s: float = 0.5


def frame_of_report(
    status: RobotStatus, time_s: float, state: MatchState, trust: ReportTrust
) -> TrackerFrame | None:
    """A status packet in the pitch frame; None where it tells no place.

    A robot's own frame has +x toward the goal that it attacks, so one that attacks -x
    of the pitch is turned by 180 degrees. The exact centre of the pitch is what robots
    send that do not know where they are.
    """
    ours = {team.number for team in state.teams}
    if status.team not in ours or not any(status.pose_mm_rad):
        return None
    forward = state.forward(status.team)
    x_mm, y_mm, yaw_rad = status.pose_mm_rad
    x_m, y_m = forward * x_mm / 1000, forward * y_mm / 1000
    if forward < 0:
        yaw_rad += math.pi
    yaw_rad = math.remainder(yaw_rad, 2 * math.pi)
    robot = TrackedRobot(
        team=status.team,
        player=status.player,
        x_m=x_m,
        y_m=y_m,
        yaw_rad=yaw_rad,
        fallen=status.fallen,
        deviation_m=trust.deviation_m,
    )
    if not 0 <= status.ball_age_s <= trust.ball_age_s:
        return TrackerFrame(time_s=time_s, ball_xy_m=None, robots=(robot,))
    ahead_m, left_m = (mm / 1000 for mm in status.ball_mm)
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    return TrackerFrame(
        time_s=time_s,
        ball_xy_m=(
            x_m + cosine * ahead_m - sine * left_m,
            y_m + sine * ahead_m + cosine * left_m,
        ),
        ball_deviation_m=trust.ball_deviation_m
        + trust.ball_deviation_per_m * math.hypot(ahead_m, left_m),
        robots=(robot,),
    )
