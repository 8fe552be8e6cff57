"""`op3-soccer referee follow`: an outside GameController leads; we record and obey."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.arguments import from_zero, positive_seconds
from match.errors import MatchError
from match.follow import LEADER_LOST_S, GameHistory, Orders, orders_of
from match.follow_changes import GameChange
from match.follow_network import FollowConfig, GameControllerFollower
from match.follow_text import change_plain, change_text, work_between
from match.record import MatchRecord
from robot.contracts.game_control import CONTROL_PORT, RobotStatus, encode_control
from robot.contracts.game_control_monitor import FORWARD_PORT, MONITOR_PORT
from robot.real_time import MonotonicClock

ERRORS = (MatchError,)
LOOK_S = 0.02


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "follow",
        help="an outside GameController leads: record it, say what to obey",
        description="Hears a GameController of version 20 or 19, prints every change "
        "and what people at the pitch have to do about it, and records both. Robots "
        "obey by themselves: they hear the same packets. Ctrl-C ends it.",
    )
    parser.add_argument(
        "--monitor",
        metavar="HOST",
        help="of the GameController: ask it for the true state, not held back for the "
        "whistle, and for the robots' reports; not from a computer that runs robots",
    )
    parser.add_argument(
        "--address",
        default="",
        metavar="IP",
        help="of this computer, to listen on (all); to monitor a GameController on "
        "this computer, one of its own as 127.0.0.2",
    )
    parser.add_argument(
        "--record",
        type=Path,
        default=Path("follow_out/match.mcap"),
        metavar="FILE",
        help="MCAP file (%(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=float("inf"),
        metavar="N",
        help="end by itself after N seconds (until Ctrl-C)",
    )
    parser.add_argument(
        "--port-offset",
        type=from_zero,
        default=0,
        metavar="N",
        help="add N to the UDP ports 3636, 3838, 3940",
    )


def run(args: argparse.Namespace) -> int:
    """Listen until the time is over or Ctrl-C; returns the exit code."""
    config = FollowConfig(
        address=args.address,
        monitor=args.monitor,
        control_port=CONTROL_PORT + args.port_offset,
        monitor_port=MONITOR_PORT + args.port_offset,
        forward_port=FORWARD_PORT + args.port_offset,
    )
    clock = MonotonicClock()
    begun_s = clock.now()
    console = Console()
    with MatchRecord(args.record) as record, GameControllerFollower(config) as game:
        console.print(f"listening on UDP port {config.control_port}; Ctrl-C ends it")
        scribe = _Scribe(game, record, console)
        while (now_s := clock.now() - begun_s) < args.seconds:
            scribe.look(now_s)
            clock.sleep_until(begun_s + now_s + LOOK_S)
    told = game.told.state
    console.print(
        f"{told.packets} packets, {told.lost} lost, {len(game.told.changes)} changes; "
        f"{escape(str(args.record))}",
        soft_wrap=True,
    )
    return 0


class _Scribe:
    """Prints and records what comes in."""

    def __init__(
        self, game: GameControllerFollower, record: MatchRecord, console: Console
    ) -> None:
        self._game = game
        self._record = record
        self._console = console
        self._orders: Orders | None = None
        self._packets = {"told": 0, "truth": 0}
        self._lost = False
        self._rivals: tuple[str, ...] = ()

    def look(self, now_s: float) -> None:
        news = self._game.poll(now_s)
        for change in news.told:
            self._say(now_s, change_text(change))
        self._keep_packet("told", self._game.told, now_s)
        self._keep_packet("truth", self._game.truth, now_s)
        self._keep_changes("told", news.told)
        self._keep_changes("truth", news.truth)
        self._obey(now_s)
        for host, status in news.reports:
            self._keep_report(now_s, host, status)
        self._watch(now_s)

    def _obey(self, now_s: float) -> None:
        control = self._game.told.state.control
        if control is None:
            return
        orders = orders_of(control)
        for line in work_between(self._orders, orders):
            self._say(now_s, f"[bold]{line}[/]")
            self._record.write("/game_controller/work", now_s, {"work": line})
        self._orders = orders

    def _keep_packet(self, whose: str, history: GameHistory, now_s: float) -> None:
        control = history.state.control
        if control is None or history.state.packets == self._packets[whose]:
            return
        self._packets[whose] = history.state.packets
        message = {
            "host": history.state.leader,
            "packet": encode_control(control).hex(),
        }
        self._record.write(f"/game_controller/{whose}/packet", now_s, message)

    def _keep_changes(self, whose: str, changes: tuple[GameChange, ...]) -> None:
        for change in changes:
            topic = f"/game_controller/{whose}/change"
            self._record.write(topic, change.time_s, change_plain(change))

    def _keep_report(self, now_s: float, host: str, status: RobotStatus) -> None:
        x_mm, y_mm, yaw_rad = status.pose_mm_rad
        message = {
            "host": host,
            "player": status.player,
            "fallen": status.fallen,
            "x_mm": x_mm,
            "y_mm": y_mm,
            "yaw_rad": yaw_rad,
        }
        self._record.write(f"/robot/{status.team}/status", now_s, message)

    def _watch(self, now_s: float) -> None:
        """Say when the leader falls silent, comes back, or is not alone."""
        state = self._game.told.state
        lost = state.control is not None and state.silent_s(now_s) > LEADER_LOST_S
        if lost is not self._lost:
            self._lost = lost
            what = f"nothing heard for {LEADER_LOST_S:g} s" if lost else "heard again"
            self._say(now_s, f"[yellow]{what}: {escape(state.leader)}[/]")
        for host in set(state.rivals) - set(self._rivals):
            self._say(now_s, f"[yellow]ignored, a second one: {escape(host)}[/]")
        self._rivals = state.rivals

    def _say(self, now_s: float, text: str) -> None:
        self._console.print(f"{now_s:8.1f} s  {text}", highlight=False, soft_wrap=True)
