"""The live page of a simulated match: its bodies, cameras and servos."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

from cli.match_config import JERSEY, SIDES, TEAM_NUMBERS
from cli.page import PageAddress, Screen, open_page
from cli.simulated_match import SimulatedMatch
from match.control_view import control_view
from match.page.view import PageView, Picture, RobotHealth, ServoHealth
from robot.contracts.joints import JOINT_NAMES
from sim.renderer import ArenaRenderer

_PICTURED_EVERY_S = 0.5


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
    with open_page(address, console) as screen, ExitStack() as stack:
        yield _LivePage(match, screen, stack).update


class _LivePage:
    """Between one match and its page; `stack` closes what it opens."""

    def __init__(self, match: SimulatedMatch, screen: Screen, stack: ExitStack) -> None:
        self._match = match
        self._screen = screen
        self._stack = stack
        self._renderer: ArenaRenderer | None = None
        self._pictures: dict[str, Picture] = {}
        self._pictured_s = float("-inf")

    def update(self) -> None:
        """Show the present, take orders; cheap where nothing is due."""
        self._match.order(*self._screen.commands())
        self._screen.show(self._view)

    def _view(self) -> PageView:
        match = self._match
        return PageView(
            field=match.field,
            teams=match.teams,
            control=control_view(match.rules, match.state),
            observation=match.log.seen,
            decisions=tuple(match.log.decisions),
            rulings=match.state.rulings,
            pictures=self._present_pictures(),
            health=tuple(self._health(side) for side in SIDES),
        )

    def _present_pictures(self) -> dict[str, Picture]:
        """What the robots see; taken only for somebody, and not for every snapshot."""
        now_s = time.monotonic()
        if self._screen.watched and now_s - self._pictured_s >= _PICTURED_EVERY_S:
            self._pictured_s = now_s
            if self._renderer is None:
                self._renderer = self._stack.enter_context(
                    ArenaRenderer(self._match.stage.arena)
                )
            self._renderer.pose(self._match.stage.picture())
            self._pictures = {
                f"{team.name} {JERSEY}": self._renderer.head_camera(index).copy()
                for index, team in enumerate(self._match.teams)
            }
        return dict(self._pictures)

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
