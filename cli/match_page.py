"""The live page of a simulated match: shows it, brings back what operators order."""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from cli.match_config import JERSEY, SIDES, TEAM_NUMBERS
from cli.simulated_match import SimulatedMatch
from match.control_view import control_view
from match.page.access import new_token
from match.page.view import PageView, Picture, RobotHealth, ServoHealth
from robot.contracts.joints import JOINT_NAMES
from sim.renderer import ArenaRenderer

if TYPE_CHECKING:
    from match.page.server import Page

TOKEN_VARIABLE = "OP3_SOCCER_PAGE_TOKEN"
_SHOWN_EVERY_S = 0.05
_PICTURED_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True)
class PageAddress:
    """Where the page is served; host "0.0.0.0" for every network."""

    host: str = "127.0.0.1"
    port: int = 8080


def page_address(text: str) -> PageAddress:
    """From "8080" or "0.0.0.0:8080". Raises ArgumentTypeError otherwise."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(
            f"expected PORT or ADDRESS:PORT, as 8080 or 0.0.0.0:8080, found {text}"
        )
    return PageAddress(host=host or PageAddress.host, port=int(port))


def add_page_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--page`."""
    parser.add_argument(
        "--page",
        type=page_address,
        nargs="?",
        const=PageAddress(),
        metavar="[ADDRESS:]PORT",
        help="a live page to watch and referee by (localhost:8080); 0.0.0.0:8080 "
        f"serves phones too; ${TOKEN_VARIABLE} sets the token that control needs",
    )


@contextmanager
def live_page(
    match: SimulatedMatch, address: PageAddress | None, console: Console
) -> Iterator[Callable[[], None]]:
    """Serve the page and print its links; nothing without an address.

    Yields:
        What to call after every cycle of the match.

    Raises:
        MatchError: the port is taken, or the token in the environment is too short.
    """
    if address is None:
        yield lambda: None
        return
    # Imported late: a match without a page needs none of its libraries.
    from match.page.server import Page

    token = os.environ.get(TOKEN_VARIABLE) or new_token()
    with (
        Page(token=token, host=address.host, port=address.port) as page,
        ExitStack() as stack,
    ):
        local = address.host in ("127.0.0.1", "0.0.0.0")
        url = f"http://{'localhost' if local else address.host}:{page.port}/"
        for what, link in (("watch", url), ("control", f"{url}?token={token}")):
            console.print(f"  {what}: {escape(link)}", soft_wrap=True)
        yield _LivePage(match, page, stack).update


class _LivePage:
    """Between one match and its page; `stack` closes what it opens."""

    def __init__(self, match: SimulatedMatch, page: "Page", stack: ExitStack) -> None:
        self._match = match
        self._page = page
        self._stack = stack
        self._renderer: ArenaRenderer | None = None
        self._pictures: dict[str, Picture] = {}
        self._shown_s = self._pictured_s = float("-inf")

    def update(self) -> None:
        """Show the present, take orders; cheap where nothing is due."""
        now_s = time.monotonic()
        self._match.order(*self._page.commands())
        if now_s - self._shown_s < _SHOWN_EVERY_S:
            return
        self._shown_s = now_s
        if self._page.watched and now_s - self._pictured_s >= _PICTURED_EVERY_S:
            self._pictured_s = now_s
            self._take_pictures()
        self._page.show(self._view())

    def _view(self) -> PageView:
        match = self._match
        return PageView(
            field=match.field,
            teams=match.teams,
            control=control_view(match.rules, match.state),
            observation=match.log.seen,
            decisions=tuple(match.log.decisions),
            rulings=match.state.rulings,
            pictures=dict(self._pictures),
            health=tuple(self._health(side) for side in SIDES),
        )

    def _take_pictures(self) -> None:
        if self._renderer is None:
            self._renderer = self._stack.enter_context(
                ArenaRenderer(self._match.stage.arena)
            )
        self._renderer.pose(self._match.stage.picture())
        self._pictures = {
            f"{team.name} {JERSEY}": self._renderer.head_camera(index).copy()
            for index, team in enumerate(self._match.teams)
        }

    def _health(self, side: str) -> RobotHealth:
        team = TEAM_NUMBERS[side]
        log = self._match.log
        known = log.health.get(team, {})
        servos = tuple(
            ServoHealth(
                joint=joint,
                temperature_c=known[joint].temperature_c,
                voltage_v=known[joint].voltage_v,
                current_a=float(log.current_a[team][index]),
                errors=known[joint].hardware_error,
            )
            for index, joint in enumerate(JOINT_NAMES)
            if joint in known
        )
        return RobotHealth(team=team, player=JERSEY, servos=servos)
