"""From a snapshot to the places of what moves in the scene: pure functions."""

import math
from dataclasses import dataclass

from match.observation import RobotId, RobotObservation
from match.page.colours import JERSEYS, Rgb
from match.page.figure import LYING_HEIGHT_M, STANDING_HEIGHT_M, TORSO_HEIGHT_M
from match.page.text import penalty_text
from match.page.view import PageView
from robot.contracts.game_control import Penalty

Position = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

_LABEL_OVER_HEAD_M = 0.12
_HALF = math.sqrt(0.5)


@dataclass(frozen=True, kw_only=True)
class RobotPlace:
    """How one robot stands in the scene.

    Attributes:
        position_m, quat_wxyz: of the figure's origin (see `match.page.figure`).
        label_m: where its label floats, in the pitch frame.
        label: jersey number, and why it does not play.
        jersey: colour.
        faded: it is penalized and takes no part.
    """

    robot: RobotId
    position_m: Position
    quat_wxyz: Quaternion
    label_m: Position
    label: str
    jersey: Rgb
    faded: bool


def robot_places(view: PageView) -> tuple[RobotPlace, ...]:
    """All robots that were seen."""
    seen = view.observation
    return () if seen is None else tuple(_place(view, robot) for robot in seen.robots)


def _place(view: PageView, robot: RobotObservation) -> RobotPlace:
    standing = view.standing(robot.team, robot.player)
    out = standing.penalty is not Penalty.NONE
    label = str(robot.player)
    if out:
        label += f" · {penalty_text(standing)}"
    elif robot.fallen:
        label += " · fallen"
    position, turn, top_m = _lying(robot) if robot.fallen else _upright(robot)
    return RobotPlace(
        robot=robot.robot,
        position_m=position,
        quat_wxyz=turn,
        label_m=(robot.x_m, robot.y_m, top_m + _LABEL_OVER_HEAD_M),
        label=label,
        jersey=_jersey(view, robot),
        faded=out,
    )


def _upright(robot: RobotObservation) -> tuple[Position, Quaternion, float]:
    half = robot.yaw_rad / 2
    turn = (math.cos(half), 0.0, 0.0, math.sin(half))
    return (robot.x_m, robot.y_m, 0.0), turn, STANDING_HEIGHT_M


def _lying(robot: RobotObservation) -> tuple[Position, Quaternion, float]:
    """On its front, the torso where it was seen: yaw, then 90 deg of pitch.

    The figure's z axis then points along the heading, so its origin lies a torso's
    height behind the torso.
    """
    half = robot.yaw_rad / 2
    cos, sin = math.cos(half) * _HALF, math.sin(half) * _HALF
    position = (
        robot.x_m - TORSO_HEIGHT_M * math.cos(robot.yaw_rad),
        robot.y_m - TORSO_HEIGHT_M * math.sin(robot.yaw_rad),
        LYING_HEIGHT_M,
    )
    return position, (cos, -sin, cos, sin), 2 * LYING_HEIGHT_M


def _jersey(view: PageView, robot: RobotObservation) -> Rgb:
    info = view.control.team(robot.team)
    keeps = info.goalkeeper == robot.player
    return JERSEYS[info.goalkeeper_colour if keeps else info.field_player_colour]
