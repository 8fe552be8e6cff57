"""`op3-soccer scene capture SOURCE`: camera poses and the pitch frame."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.scene_progress import StageBar
from nerf_render.capture.document import CaptureError
from nerf_render.capture.reference import read_reference
from nerf_render.capture.report import COVERAGE, REPORT
from nerf_render.capture.run import CaptureConfig, make_capture

ERRORS = (CaptureError,)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    default = CaptureConfig()
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "capture",
        help="camera poses and the pitch frame from a video or pictures",
        description="Walk slowly around and across the pitch for one to three minutes, "
        "exposure and focus locked, ball and robots off the pitch. Tags of known place "
        "(--reference) give metres. Interrupted or failed, the same command goes on.",
    )
    parser.add_argument("source", type=Path, help="video, or folder of pictures")
    parser.add_argument(
        "--out", type=Path, help="folder of the capture (SOURCE's name + _capture)"
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="JSON",
        help="tags or marked points of known place in the pitch frame",
    )
    parser.add_argument(
        "--frames",
        type=int,
        default=default.frames.count,
        help="pictures taken from a video (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Make the capture, print what it is worth."""
    if args.frames < 1:
        raise CaptureError(f"--frames: expected a number > 0, found {args.frames}")
    folder = args.out or args.source.with_name(args.source.stem + "_capture")
    reference = None if args.reference is None else read_reference(args.reference)
    config = CaptureConfig()
    config = replace(config, frames=replace(config.frames, count=args.frames))
    with StageBar() as bar:
        done = make_capture(args.source, folder, config, reference, bar.stage)
    console = Console()
    console.print(
        f"{len(done.posed.frames)} of {len(done.chosen.images)} pictures have a pose, "
        f"reprojection error {done.posed.error_px:.2f} px"
    )
    if done.located is not None:
        worst = 1000 * max(done.located.error_m.values())
        console.print(
            f"pitch found by {len(done.located.error_m)} references, the worst is "
            f"{worst:.0f} mm off"
        )
    for line in done.advice:
        console.print(f"[yellow]film again:[/] {escape(line)}", soft_wrap=True)
    console.print(f"capture in {folder}, see {REPORT} and {COVERAGE} there")
    return 0
