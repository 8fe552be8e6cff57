"""A match that runs beside a test: the real referee, bodies that the test moves."""

import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from match import referee
from match.control_view import control_view
from match.decisions import BallPlacement, Decision
from match.observation import MatchObservation
from match.page.server import Page
from match.page.view import PageView
from match.rules import LAB_1V1
from match.teams import Team
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import TeamColour
from tests.match.page.views import robot

RULES = replace(
    LAB_1V1,
    duration_s=6000.0,
    removal_duration_s=6000.0,
    restart_ends_penalties=False,
)
"""Nothing ends by itself, however slow the browser is."""

_TEAMS = (
    Team(number=1, name="learned", colour=TeamColour.BLUE),
    Team(number=2, name="scripted", colour=TeamColour.RED),
)
_LOOK_S = 0.05
_FASTER = 4.0


class LiveMatch:
    """Looks 20 times per second, at four times the speed of a real match.

    Attributes:
        ball_m: x, y of the ball: moved by the test, and by the referee's orders.
    """

    def __init__(self, page: Page) -> None:
        self.ball_m = (0.0, 0.0)
        self._page = page
        self._field = FieldSpec()
        self._state = referee.start(RULES, self._field, _TEAMS)
        self._decisions: list[Decision] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        begun_s = time.monotonic()
        while not self._over.wait(_LOOK_S):
            seen = MatchObservation(
                time_s=_FASTER * (time.monotonic() - begun_s),
                ball_xyz_m=(*self.ball_m, self._field.ball_radius_m),
                robots=(
                    robot(1, 1, x_m=-1.0, y_m=0.4),
                    robot(2, 1, x_m=1.0, y_m=-0.4, yaw_rad=3.14),
                ),
            )
            self._state, new = referee.step(
                RULES, self._state, seen, self._page.commands()
            )
            self._decisions += new
            for placed in (place for decision in new for place in decision.placements):
                if isinstance(placed, BallPlacement):
                    self.ball_m = (placed.x_m, placed.y_m)
            self._page.show(
                PageView(
                    field=self._field,
                    teams=_TEAMS,
                    control=control_view(RULES, self._state),
                    observation=seen,
                    decisions=tuple(self._decisions),
                    rulings=self._state.rulings,
                )
            )
