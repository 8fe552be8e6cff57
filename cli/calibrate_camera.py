"""`op3-soccer calibrate camera`: intrinsics and distortion, from views of a board."""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from calibration.camera.boards import STAND_BOARD, BoardSpec
from calibration.camera.coverage import coverage
from calibration.camera.intrinsics import IntrinsicsFit, View, fit_intrinsics
from calibration.camera.live import camera_view
from calibration.camera.report import write_camera_report
from calibration.camera.views import picture_paths, read_pictures, view_of
from calibration.errors import CalibrationError
from cli import calibrate_step, robot_link
from cli.arguments import at_least_one, from_zero
from cli.calibrate_camera_live import VIEWS, Collector, live_pictures, virtual_pictures
from cli.calibrate_step import StepPlace, add_step_options, step_place
from firmware_bridge.clock import MonotonicClock
from robot.camera.v4l2 import C920, open_camera
from robot.contracts.calibration import CalibrationBundle, CameraPart
from robot.stop import KeyStop

ERRORS = (*calibrate_step.ERRORS, *robot_link.ERRORS)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "camera",
        help="intrinsics and distortion, from views of a board",
        description="Show the printed board where you are told; pictures are taken by "
        "themselves when the board rests. Any key ends it early, Ctrl-C too; the same "
        "command goes on with the views it has.",
    )
    add_step_options(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--folder", type=Path, metavar="DIR", help="pictures taken before"
    )
    source.add_argument(
        "--virtual",
        action="store_true",
        help="a virtual person shows the board to a hidden lens",
    )
    source.add_argument(
        "--camera",
        type=Path,
        default=Path(C920.device),
        metavar="DEVICE",
        help="(%(default)s)",
    )
    parser.add_argument(
        "--board",
        type=_board,
        default=STAND_BOARD,
        metavar="KIND:COLUMNSxROWS:MM[:MARKER_MM]",
        help="charuco by squares, chessboard by inner corners, e.g. chessboard:9x6:25 "
        f"({STAND_BOARD.told()})",
    )
    parser.add_argument("--lens", choices=("pinhole", "fisheye"), default="pinhole")
    parser.add_argument(
        "--most", type=at_least_one, default=40, metavar="N", help="views (%(default)s)"
    )
    parser.add_argument(
        "--hidden",
        type=from_zero,
        default=1,
        metavar="N",
        help="with --virtual: which one",
    )


def run(args: argparse.Namespace) -> int:
    """Collect views, fit, report."""
    console = Console()
    place = step_place(args, "camera")
    found = (_from_folder if args.folder else _from_stream)(args, place, console)
    views, unseen, example = found
    fit = fit_intrinsics(views, args.board, args.lens)
    covered = coverage([view.narrow for view in views], args.board)
    write_camera_report(place.report, fit, covered, unseen, example)
    _tell(fit, covered.missing, unseen, console)
    part = _part(fit, place, args.lens)
    place.save(CalibrationBundle(camera=part), console)
    return 0


def _from_folder(
    args: argparse.Namespace, place: StepPlace, console: Console
) -> tuple[list[View], list[str], Any]:
    views, unseen, example = [], [], None
    for path, image in read_pictures(picture_paths(args.folder)):
        example = image if example is None else example
        view = view_of(image, args.board, path.name)
        if view is None:
            unseen.append(path.name)
        else:
            views.append(view)
    return views, unseen, example


def _from_stream(
    args: argparse.Namespace, place: StepPlace, console: Console
) -> tuple[list[View], list[str], Any]:
    store = place.store({"board": args.board.told(), "virtual": args.virtual}, console)
    collector = Collector(args.board, store, args.most, console)
    with ExitStack() as stack:
        if args.virtual:
            pictures = virtual_pictures(collector, args.hidden)
        else:
            clock = MonotonicClock()
            camera = open_camera(replace(C920, device=str(args.camera)), clock)
            stack.callback(camera.close)
            keys = stack.enter_context(KeyStop(sys.stdin))
            pictures = live_pictures(collector, camera, clock, keys)
        for image in pictures:
            collector.offer(image)
    views = [camera_view(row) for row in store.rows(VIEWS)]
    if not collector.done:
        console.print("ended early; missing:", *collector.covered.missing, sep="\n- ")
    return views, [], collector.example


def _tell(
    fit: IntrinsicsFit, missing: list[str], unseen: list[str], console: Console
) -> None:
    model = fit.model
    console.print(
        f"{sum(v.used for v in fit.views)} of {len(fit.views)} views, rms "
        f"{fit.rms_px:.3f} px ({fit.first_rms_px:.3f} at first); focal length "
        f"{model.fx_px:.1f}, {model.fy_px:.1f} px, centre {model.cx_px:.1f}, "
        f"{model.cy_px:.1f} px",
        highlight=False,
    )
    for view in fit.views:
        if view.flagged:
            fate = "corners refined again" if view.used else "left out"
            told = f"{view.name} stood out ({view.first_rms_px:.2f} px): {fate}"
            console.print(told, style="yellow")
    for name in unseen:
        console.print(f"{name}: no board found", style="yellow")
    for line in missing:
        console.print(f"missing: {line}", style="yellow")


def _part(fit: IntrinsicsFit, place: StepPlace, lens: str) -> CameraPart:
    fx, fy, cx, cy, *coefficients = fit.sigma
    procedure = f"op3-soccer calibrate camera --lens {lens}"
    used = sum(view.used for view in fit.views)
    return CameraPart(
        provenance=place.provenance(procedure, f"{fit.rms_px:.3f} px rms", used),
        model=fit.model,
        focal_sigma_px=(fx, fy),
        centre_sigma_px=(cx, cy),
        coefficient_sigma=tuple(coefficients),
        rms_px=fit.rms_px,
    )


def _board(text: str) -> BoardSpec:
    kind, *rest = text.split(":")
    try:
        columns, rows = (int(number) for number in rest[0].split("x"))
        square_m, *marker_m = (float(number) / 1000 for number in rest[1:])
        if kind == "chessboard" and not marker_m:
            return BoardSpec("chessboard", columns, rows, square_m)
        if kind == "charuco" and len(marker_m) == 1:
            return BoardSpec("charuco", columns, rows, square_m, marker_m[0])
    except (ValueError, IndexError, CalibrationError):
        pass
    raise argparse.ArgumentTypeError(
        f"expected charuco:COLUMNSxROWS:MM:MARKER_MM or chessboard:COLUMNSxROWS:MM, "
        f"found {text}"
    )
