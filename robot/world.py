"""What a robot knows of the match, seen from its own side: it attacks toward +x."""

import math
from dataclasses import dataclass
from typing import Literal

from robot.contracts.game_control import (
    GameControl,
    GameState,
    Penalty,
    SetPlay,
)
from robot.contracts.tracker import TrackerFrame

Point = tuple[float, float]

Phase = Literal["initial", "ready", "set", "playing", "finished"]


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Torso over the floor: position and heading, counter-clockwise from +x."""

    x_m: float
    y_m: float
    yaw_rad: float

    @property
    def point(self) -> Point:
        return self.x_m, self.y_m

    def to_torso(self, point: Point) -> Point:
        """`point` as (ahead, left) of the torso, in metres."""
        dx, dy = point[0] - self.x_m, point[1] - self.y_m
        cosine, sine = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return cosine * dx + sine * dy, cosine * dy - sine * dx


@dataclass(frozen=True, kw_only=True)
class WorldView:
    """Positions in the own team's frame (pitch frame, turned so that it attacks +x).

    Attributes:
        pose: of this robot; None while the tracker does not see it.
        ball: on the floor; None while nobody sees it.
        others: all other robots.
        opponents: those of them that belong to the other team.
    """

    pose: Pose | None
    ball: Point | None
    others: tuple[Point, ...] = ()
    opponents: tuple[Point, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Game:
    """What the referee says, as far as one robot must know.

    Attributes:
        phase: of the game.
        penalised: this robot has to stand still.
        own_kick_off: the next (or current) kick-off is the own team's.
        ball_free: not so during the other team's kick-off.
        attacks_positive_x: the own team defends the left goal, at -x of the pitch.
    """

    phase: Phase = "initial"
    penalised: bool = False
    own_kick_off: bool = False
    attacks_positive_x: bool = True
    ball_free: bool = True

    @property
    def may_play(self) -> bool:
        """This robot may play the ball now."""
        return self.phase == "playing" and self.ball_free and not self.penalised


_PHASES: dict[GameState, Phase] = {
    GameState.INITIAL: "initial",
    GameState.READY: "ready",
    GameState.SET: "set",
    GameState.PLAYING: "playing",
    GameState.FINISHED: "finished",
}


def game_of(control: GameControl, *, team: int, player: int) -> Game:
    """What a control packet means for one robot; stopped play is like SET.

    Raises:
        ContractError: the packet is about other teams.
    """
    own = control.team(team)
    penalty = own.players[player - 1].penalty
    phase = _PHASES[control.state]
    return Game(
        phase="set" if control.stopped and phase == "playing" else phase,
        penalised=penalty is not Penalty.NONE,
        own_kick_off=control.kicking_team == team,
        attacks_positive_x=control.teams[0].team_number == team,
        ball_free=control.state is not GameState.PLAYING
        or control.set_play is not SetPlay.NONE
        or control.kicking_team in (None, team)
        or control.secondary_time <= 0,
    )


BLIND = WorldView(pose=None, ball=None)
"""The view of a robot that hears no tracker."""


def view_of(
    frame: TrackerFrame, *, team: int, player: int, attacks_positive_x: bool
) -> WorldView:
    """The tracker's frame with the eyes of one robot."""
    flip = 1.0 if attacks_positive_x else -1.0
    turn_rad = 0.0 if attacks_positive_x else math.pi
    pose = None
    others, opponents = [], []
    for robot in frame.robots:
        if (robot.team, robot.player) == (team, player):
            pose = Pose(
                x_m=flip * robot.x_m,
                y_m=flip * robot.y_m,
                yaw_rad=wrapped(robot.yaw_rad + turn_rad),
            )
        else:
            others.append((flip * robot.x_m, flip * robot.y_m))
            if robot.team != team:
                opponents.append(others[-1])
    ball = frame.ball_xy_m
    return WorldView(
        pose=pose,
        ball=None if ball is None else (flip * ball[0], flip * ball[1]),
        others=tuple(others),
        opponents=tuple(opponents),
    )


def wrapped(angle_rad: float) -> float:
    """The same direction in [-pi, pi]."""
    return math.remainder(angle_rad, 2 * math.pi)
