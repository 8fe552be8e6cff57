"""`op3-soccer scene view SCENE`: fly through a scene with robots and a ball in it."""

import argparse
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.page import PageAddress, page_address
from cli.scene_pictures import ScenePainter
from cli.scene_stage_page import CAMERA, StagePage
from nerf_render.cameras import CameraError
from nerf_render.scene_file import SceneError, read_scene
from sim.arena import match_arena

ERRORS = (CameraError, SceneError)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "view",
        help="fly through a scene with robots and ball, on a page",
        description="Serves a page: drag to fly, move robots and ball by their "
        "handles, turn heads by sliders. Beside it, live: what a robot's camera sees, "
        "as a person would look at it and in the 40 x 30 pixels a policy gets.",
    )
    parser.add_argument("scene", type=Path, help="scene file with a baked form")
    parser.add_argument(
        "--page",
        type=page_address,
        default=PageAddress(),
        metavar="[ADDRESS:]PORT",
        help="(localhost:8080); 0.0.0.0:8080 serves the whole network",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help="end by itself after N seconds (default: at Ctrl-C)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    scene = read_scene(args.scene)
    arena = match_arena()
    painter = ScenePainter(arena, [scene], CAMERA, fine=2)
    end_s = None if args.seconds is None else time.monotonic() + args.seconds
    page = StagePage(arena, painter, args.page.host, args.page.port)
    try:
        Console().print(f"http://{args.page.host}:{page.port}  (Ctrl-C ends)")
        while end_s is None or time.monotonic() < end_s:
            page.update()
            time.sleep(0.02)
    finally:
        page.close()
    return 0
