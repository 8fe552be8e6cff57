"""`op3-soccer tracker run`: follow robots and ball, send their places."""

import argparse
import math
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.arguments import positive_seconds
from cli.tracker_camera import open_source, save_picture
from match.errors import MatchError
from match.eyes.drawing import drawn
from match.eyes.overhead import OverheadTracker
from match.eyes.squad import read_squad
from match.eyes.view import read_view
from match.game_controller import LOOPBACK_BROADCAST, TRACKER_PORT, TrackerSender
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec
from robot.contracts.tracker import TrackerFrame
from robot.faults import RuntimeFault
from robot.real_time import MonotonicClock

ERRORS = (ContractError, MatchError, RuntimeFault)
_LOOK_S = 0.001
_SAY_S = 1.0
_LOST_S = 2.0


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "run",
        help="follow robots and ball, send their places",
        description="Reads the overhead camera and sends a datagram per picture to all "
        "robots. Ends at Ctrl-C, or where the pictures end.",
    )
    for name, text in (
        ("camera", "a device, as /dev/video2, or a video file"),
        ("view", "where it hangs, from op3-soccer tracker calibrate"),
        ("squad", "tags and ball: docs/match-day.md shows one"),
    ):
        parser.add_argument(
            f"--{name}", type=Path, required=True, metavar="FILE", help=text
        )
    parser.add_argument(
        "--address",
        default=LOOPBACK_BROADCAST,
        metavar="IP",
        help="broadcast address of the robots' network (%(default)s: this computer)",
    )
    parser.add_argument(
        "--port", type=int, default=TRACKER_PORT, metavar="N", help="UDP (%(default)s)"
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="once a second: the camera's picture with what the tracker believes",
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=math.inf,
        metavar="N",
        help="end by itself after N seconds",
    )


def run(args: argparse.Namespace) -> int:
    """Track until something ends it."""
    view, squad = read_view(args.view), read_squad(args.squad)
    field, clock, console = FieldSpec(), MonotonicClock(), Console()
    tracker = OverheadTracker(view, squad, field)
    end_s = clock.now() + args.seconds
    seen, said_s, busy_s, pictures = -1, clock.now(), 0.0, 0
    with (
        open_source(args.camera, view.camera, clock) as camera,
        TrackerSender(address=args.address, port=args.port) as sender,
    ):
        while (now_s := clock.now()) < end_s:
            taken = camera.newest()
            if taken is None or taken.sequence == seen:
                if taken is not None and taken.age_s(now_s) > _LOST_S:
                    console.print("no more pictures")
                    break
                clock.sleep_until(now_s + _LOOK_S)
                continue
            seen = taken.sequence
            started = time.perf_counter()
            try:
                frame = tracker.step(taken.image, taken.captured_s)
            except ValueError as error:
                raise MatchError(str(args.camera), [str(error)]) from None
            busy_s += time.perf_counter() - started
            pictures += 1
            sender.send(frame)
            if now_s - said_s >= _SAY_S:
                line = _line(frame, pictures / (now_s - said_s), busy_s / pictures)
                console.print(line, highlight=False)
                if args.picture is not None:
                    shown = drawn(taken.image, view, field, frame, squad)
                    save_picture(args.picture, shown)
                said_s, busy_s, pictures = now_s, 0.0, 0
    return 0


def _line(frame: TrackerFrame, rate_hz: float, busy_s: float) -> str:
    robots = ", ".join(
        f"{r.team}/{r.player} ({r.x_m:.2f}, {r.y_m:.2f}) {math.degrees(r.yaw_rad):.0f}°"
        + ("" if r.age_s == 0 else f" {r.age_s:.1f} s ago")
        for r in frame.robots
    )
    ball = "no ball"
    if frame.ball_xy_m is not None:
        ball = f"ball ({frame.ball_xy_m[0]:.2f}, {frame.ball_xy_m[1]:.2f})"
    return (
        f"{rate_hz:.0f} pictures/s, {1000 * busy_s:.1f} ms each; "
        f"{robots or 'no robots'}; {ball}"
    )
