"""`op3-soccer play`: one command plays a match through the whole stack."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cli.arguments import from_zero, positive_seconds
from cli.calibrated import BODIES, add_calibration_option, known_robot
from cli.match_config import MatchConfig, Ports, add_network_options
from cli.match_files import RECORD, VIDEO, keep, say, say_file
from cli.match_page import live_page
from cli.match_players import (
    DEFAULT_PLAYER,
    DEFAULT_SKILLS,
    load_players,
    team_names,
)
from cli.match_video import write_video
from cli.pacing import RealTimePace
from cli.page import add_page_option
from cli.shipped_scenes import add_scene_options, chosen_scene
from cli.simulated_match import SimulatedMatch
from firmware_bridge.errors import BusError
from match.errors import MatchError
from nerf_render.cameras import CameraError
from nerf_render.scene_file import SceneError
from robot.contracts.errors import ContractError
from robot.faults import RuntimeFault
from robot.real_time import MonotonicClock
from sim.robot_model import ModelError

ERRORS = (
    BusError,
    CameraError,
    ContractError,
    MatchError,
    ModelError,
    RuntimeFault,
    SceneError,
)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "play",
        help="a 1v1 match through the whole stack: video, report, record",
        description="Two OP3s play 1v1: bundles in the onboard runtime, Dynamixel "
        "bytes on an emulated bus, MuJoCo bodies, a referee on UDP.",
    )
    parser.add_argument(
        "--home",
        type=Path,
        default=DEFAULT_PLAYER,
        metavar="BUNDLE",
        help="one bundle, or a folder with walk, getup, kick, score (policies)",
    )
    parser.add_argument(
        "--away",
        type=Path,
        default=DEFAULT_SKILLS,
        metavar="BUNDLE",
        help="as --home (policies/scripted)",
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=120.0,
        metavar="N",
        help="length on the match clock (%(default)g)",
    )
    parser.add_argument(
        "--seed",
        type=from_zero,
        default=1,
        metavar="S",
        help="of places, floor and tracker noise (%(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("match_out"),
        metavar="DIR",
        help="folder for match.mp4, report.html, match.json, match.mcap (%(default)s)",
    )
    parser.add_argument(
        "--realtime", action="store_true", help="pace by the wall clock"
    )
    add_page_option(parser)
    add_scene_options(parser)
    parser.add_argument("--no-video", action="store_true", help="leave match.mp4 out")
    add_calibration_option(parser, BODIES)
    add_network_options(parser)


def run(args: argparse.Namespace) -> int:
    """Play, then write what happened; a match that breaks off leaves its record."""
    console = Console()
    folders = {"home": args.home, "away": args.away}
    players = load_players(folders, DEFAULT_SKILLS)
    config = MatchConfig(
        seconds=args.seconds,
        seed=args.seed,
        ports=Ports(offset=args.port_offset),
        scene=chosen_scene(args),
        calibration=known_robot(args.calibration),
        protocol=args.protocol,
        whistle_delay_s=args.whistle_delay,
    )
    match = SimulatedMatch(config, players, team_names(folders), args.out / RECORD)
    try:
        with match, live_page(match, args.page, console) as update_page:
            # The folder holds one match: an earlier one's video does not belong to it.
            (args.out / VIDEO).unlink(missing_ok=True)
            _play(match, console, update_page, realtime=args.realtime)
    finally:
        if match.begun:
            video = VIDEO if match.finished and not args.no_video else None
            keep(match, args.out, video=video)
            say(match, args.out, console)
    if not args.no_video:
        video = args.out / VIDEO
        write_video(video, match.stage.arena, match.log, match.teams, config.scene)
        say_file(video, console)
    return 0


def _play(
    match: SimulatedMatch,
    console: Console,
    update_page: Callable[[], None],
    *,
    realtime: bool,
) -> None:
    pace = RealTimePace(MonotonicClock()) if realtime else None
    bar = Progress(
        TextColumn("playing"),
        BarColumn(),
        TextColumn("{task.fields[score]}  {task.fields[phase]}"),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("", total=match.rules.duration_s, score="0 : 0", phase="")

        def on_cycle(now: SimulatedMatch) -> None:
            state = now.state
            bar.update(
                task,
                completed=state.clock_s,
                score=f"{state.score[0]} : {state.score[1]}",
                phase=state.phase.name.lower(),
            )
            update_page()
            if pace is not None:
                pace.wait_for(now.time_s)

        match.run(on_cycle)
