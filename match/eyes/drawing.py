"""What the tracker believes, drawn into the camera's picture: for a look at the lab."""

import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from match.eyes.squad import Squad
from match.eyes.view import OverheadView, pixels_of
from robot.contracts.camera import Image
from robot.contracts.field import FieldSpec
from robot.contracts.tracker import TrackerFrame

_LINES, _BALL, _OLD = (255, 255, 0), (255, 0, 255), (160, 160, 160)
_TEAMS = ((60, 140, 255), (255, 70, 60))
_ARROW_M = 0.3


def drawn(
    image: Image,
    view: OverheadView,
    field: FieldSpec,
    frame: TrackerFrame | None = None,
    squad: Squad | None = None,
) -> Image:
    """[H, W, 3] the picture with the pitch's lines as the view has them, robots as
    arrows at their tags' height, and the ball; grey where only extrapolated."""
    shown = image.copy()
    for line in _pitch_lines(field):
        _line(shown, view, line, _LINES)
    if frame is None:
        return shown
    heights = {tag.robot: tag.height_m for tag in squad.tags} if squad else {}
    teams = sorted({robot.team for robot in frame.robots})
    for robot in frame.robots:
        height_m = heights.get((robot.team, robot.player), 0.0)
        tip = (
            robot.x_m + _ARROW_M * math.cos(robot.yaw_rad),
            robot.y_m + _ARROW_M * math.sin(robot.yaw_rad),
        )
        colour = _TEAMS[teams.index(robot.team) % 2] if robot.age_s == 0 else _OLD
        ends = np.array([(robot.x_m, robot.y_m, height_m), (*tip, height_m)])
        (first, last) = _whole(pixels_of(view, ends))
        cv2.arrowedLine(shown, first, last, colour, 3, tipLength=0.3)
        name = f"{robot.team}/{robot.player}"
        cv2.putText(shown, name, last, cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 2)
    if frame.ball_xy_m is not None:
        place = np.array([(*frame.ball_xy_m, field.ball_radius_m)])
        (centre,) = _whole(pixels_of(view, place))
        colour = _BALL if frame.ball_age_s == 0 else _OLD
        cv2.circle(shown, centre, 14, colour, 2)
    return shown


def _pitch_lines(field: FieldSpec) -> list[list[tuple[float, float]]]:
    x, y = field.half_length_m, field.half_width_m
    circle = [
        (
            field.centre_circle_radius_m * math.cos(angle),
            field.centre_circle_radius_m * math.sin(angle),
        )
        for angle in np.linspace(0, 2 * math.pi, 33)
    ]
    return [[(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)], [(0, -y), (0, y)], circle]


def _line(
    image: Image,
    view: OverheadView,
    points: Sequence[tuple[float, float]],
    colour: tuple[int, int, int],
) -> None:
    """Cut into short pieces, because a lens may bend it."""
    for start, end in pairwise(points):
        parts = np.linspace(start, end, 20)
        pixels = _whole(pixels_of(view, np.column_stack([parts, np.zeros(20)])))
        cv2.polylines(image, [np.array(pixels, dtype=np.int32)], False, colour, 1)


def _whole(pixels: np.ndarray) -> list[tuple[int, int]]:
    kept = pixels[np.isfinite(pixels).all(axis=1)]
    return [(round(float(column)), round(float(row))) for column, row in kept]
