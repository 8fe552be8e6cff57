"""When a control packet is due: at once on a change, else 2 Hz, 5 Hz while stopped.

Sources: README of RoboCup-HumanoidSoccerLeague/GameController (2 Hz) and its version
7.0.0 (5 Hz while play is stopped).
"""

import math
from dataclasses import replace

from robot.contracts.game_control import GameControl

PLAYING_PERIOD_S = 0.5
STOPPED_PERIOD_S = 0.2
_EPSILON_S = 1e-9


class Pace:
    """Numbers the packets and says when the next one is due."""

    def __init__(self) -> None:
        self._last: GameControl | None = None
        self._sent_s = -math.inf
        self._number = 0

    def next(self, control: GameControl, time_s: float) -> GameControl | None:
        """The numbered packet if one is due, else None.

        A count-down of the clocks alone is not a change. A clock that was set back is a
        new match: its first packet is due.
        """
        news = _without_clocks(control)
        period_s = STOPPED_PERIOD_S if control.stopped else PLAYING_PERIOD_S
        waited_s = time_s - self._sent_s
        due = waited_s >= period_s - _EPSILON_S or waited_s < 0
        if news == self._last and not due:
            return None
        packet = replace(control, packet_number=self._number)
        self._number = (self._number + 1) % 256
        self._last, self._sent_s = news, time_s
        return packet


def _without_clocks(control: GameControl) -> GameControl:
    left, right = (
        replace(
            team,
            message_budget=0,
            players=tuple(
                player
                if player.secs_till_unpenalised == 0
                else replace(player, secs_till_unpenalised=0)
                for player in team.players
            ),
        )
        for team in control.teams
    )
    return replace(
        control,
        packet_number=0,
        secs_remaining=0,
        secondary_time=0,
        teams=(left, right),
    )
