"""`op3-soccer tracker calibrate`: where the overhead camera hangs."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.tracker_camera import one_picture, save_picture
from match.errors import MatchError
from match.eyes.drawing import drawn
from match.eyes.landmarks import (
    floor_tags,
    pitch_points,
    read_landmarks,
    solve_view,
)
from match.eyes.tags import Family
from match.eyes.view import write_view
from robot.contracts.camera import read_camera
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec
from robot.faults import RuntimeFault
from robot.real_time import MonotonicClock

ERRORS = (ContractError, MatchError, RuntimeFault)
_FAMILY: Family = "36h11"
_CORNER_TAGS = {
    0: "corner -x +y",
    1: "corner +x +y",
    2: "corner +x -y",
    3: "corner -x -y",
}


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    corners = ", ".join(f"{tag} at {name}" for tag, name in _CORNER_TAGS.items())
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "calibrate",
        help="where the camera hangs, from the pitch",
        description="From points of the pitch whose pixels a person marked, or from "
        f"four tags of family {_FAMILY} whose middles lie on the corners of the lines: "
        f"{corners}. Home attacks +x; +y is to its left.",
        epilog="Names of points: " + ", ".join(pitch_points(FieldSpec())),
    )
    parser.add_argument(
        "--camera",
        type=Path,
        required=True,
        metavar="SOURCE",
        help="a picture, a video or a device",
    )
    parser.add_argument(
        "--camera-model",
        type=Path,
        required=True,
        metavar="FILE",
        help="its lens, from op3-soccer calibrate camera",
    )
    parser.add_argument(
        "--landmarks",
        type=Path,
        metavar="FILE",
        help='marked points, {"named": {"corner -x +y": [112.5, 64.0], ...}}; '
        "without it tags are looked for",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("view.json"),
        metavar="FILE",
        help="%(default)s",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="the camera's picture with the pitch's lines drawn in, to look at",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and write; prints height and residual."""
    console, field = Console(), FieldSpec()
    camera = read_camera(args.camera_model)
    image = one_picture(args.camera, camera, MonotonicClock())
    if args.landmarks is not None:
        marks = read_landmarks(args.landmarks, field)
    else:
        points = pitch_points(field)
        places = {tag: points[name] for tag, name in _CORNER_TAGS.items()}
        marks = floor_tags(image, _FAMILY, places)
    view = solve_view(camera, marks)
    write_view(args.out, view)
    x_m, y_m, height_m = view.position_m
    console.print(
        f"camera {height_m:.2f} m above ({x_m:.2f}, {y_m:.2f}) m; {len(marks)} points, "
        f"{view.residual_px:.2f} px RMS; {args.out}",
        highlight=False,
        soft_wrap=True,
    )
    if args.picture is not None:
        save_picture(args.picture, drawn(image, view, field))
    return 0
