"""How play starts and starts again: the restart that is coming, on, or was the last."""

from dataclasses import dataclass
from enum import Enum

from match.observation import RobotId
from robot.contracts.game_control import SetPlay


class RestartKind(Enum):
    """Kinds of restarts."""

    KICK_OFF = "kick-off"
    DROPPED_BALL = "dropped ball"
    THROW_IN = "throw-in"
    GOAL_KICK = "goal kick"
    CORNER_KICK = "corner kick"
    DIRECT_FREE_KICK = "direct free kick"
    INDIRECT_FREE_KICK = "indirect free kick"
    PENALTY_KICK = "penalty kick"

    @property
    def set_play(self) -> SetPlay:
        """Its name for the robots; NONE for kick-off and dropped ball."""
        if self in FROM_THE_CENTRE:
            return SetPlay.NONE
        return SetPlay[self.name]


FROM_THE_CENTRE = (RestartKind.KICK_OFF, RestartKind.DROPPED_BALL)
INDIRECT = (RestartKind.THROW_IN, RestartKind.INDIRECT_FREE_KICK)


@dataclass(frozen=True, kw_only=True)
class Restart:
    """One restart.

    Attributes:
        team: who takes it; None for a dropped ball.
        spot_m: x, y of the ball.
        decision: number of the decision that gave it, 0 for the first kick-off.
        clock_s: of the match when play was stopped for it.
        kicker: who took it, None before.
        kick_s: when, on the running clock.
        other_touched: somebody else has touched the ball since.
        touched_outside_circle: the kicker has touched it outside the centre circle.
        clearly_moved: the ball has moved so far since the kick that it was played.
        lapsed: nobody took it in time, so that all its restrictions have gone.
    """

    kind: RestartKind
    team: int | None
    spot_m: tuple[float, float] = (0.0, 0.0)
    decision: int = 0
    clock_s: float = 0.0
    kicker: RobotId | None = None
    kick_s: float = 0.0
    other_touched: bool = False
    touched_outside_circle: bool = False
    clearly_moved: bool = False
    lapsed: bool = False
