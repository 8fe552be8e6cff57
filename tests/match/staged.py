"""A match on a stage: put ball and robots somewhere, let time pass, read decisions.

Small size league, 9 x 6 m, four against four, goalkeepers 1. The stage hands obey:
what the referee wants placed is placed. Everything stands where it was put.
"""

from dataclasses import replace
from typing import Any, Self

from match.commands import Command, GoTo, Start
from match.decisions import BallPlacement, Decision
from match.observation import MatchObservation, RobotId, RobotObservation
from match.referee import start, step
from match.rules import SMALL_SIZE_LEAGUE, SMALL_SIZE_PITCH, RuleBook
from match.teams import Team
from match.tracks import RobotTrack
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, Penalty, TeamColour

HOME, AWAY = 1, 2
STANDING: dict[RobotId, tuple[float, float]] = {
    (HOME, 1): (-4.4, 0.0),
    (HOME, 2): (-0.5, 0.0),
    (HOME, 3): (-2.0, 2.0),
    (HOME, 4): (-2.0, -2.0),
    (AWAY, 1): (4.4, 0.0),
    (AWAY, 2): (1.5, 0.0),
    (AWAY, 3): (2.0, 2.0),
    (AWAY, 4): (2.0, -2.0),
}
"""Legal for home's kick-off: the circle's radius is 0.75 m."""


def team(number: int, **changes: Any) -> Team:
    colour = TeamColour.BLUE if number == HOME else TeamColour.RED
    values: dict[str, Any] = {
        "number": number,
        "name": {HOME: "Home", AWAY: "Away"}[number],
        "colour": colour,
        "players": (1, 2, 3, 4),
        "goalkeeper": 1,
    }
    return Team(**(values | changes))


class Staged:
    """One match.

    Attributes:
        decisions: all so far.
        time_s: of the last look; -1 before the first.
        seen: the last look.
    """

    def __init__(
        self,
        rules: RuleBook = SMALL_SIZE_LEAGUE,
        field: FieldSpec = SMALL_SIZE_PITCH,
        *,
        home: Team | None = None,
        away: Team | None = None,
        **changes: Any,
    ) -> None:
        self.rules = replace(rules, **changes)
        self.teams = (home or team(HOME), away or team(AWAY))
        self.state = start(self.rules, field, self.teams)
        self.time_s = -1.0
        self.decisions: list[Decision] = []
        self._ball = (0.0, 0.0, field.ball_radius_m)
        self._robots = {
            (team.number, player): RobotObservation(
                team=team.number,
                player=player,
                x_m=STANDING[team.number, player][0],
                y_m=STANDING[team.number, player][1],
                yaw_rad=0.0,
            )
            for team in self.teams
            for player in team.players
        }
        self._contacts: set[tuple[RobotId, RobotId]] = set()
        self._read = 0
        self._orders = 0
        self.look(at_s=0.0)

    def put(self, team: int, player: int, x_m: float, y_m: float, **more: Any) -> Self:
        """The robot is here from now on; `more` are fields of its observation."""
        old = self._robots[team, player]
        self._robots[team, player] = replace(old, x_m=x_m, y_m=y_m, **more)
        return self

    def robot(self, team: int, player: int, **more: Any) -> Self:
        """Fields of the robot's observation from now on."""
        self._robots[team, player] = replace(self._robots[team, player], **more)
        return self

    def take_away(self, team: int, player: int) -> Self:
        """Nobody sees this robot any more."""
        del self._robots[team, player]
        return self

    def ball(self, x_m: float, y_m: float, z_m: float = 0.07) -> Self:
        """The ball is here from now on."""
        self._ball = (x_m, y_m, z_m)
        return self

    def touch(self, team: int, player: int) -> Self:
        """The robot touches the ball for one look."""
        self.robot(team, player, touching_ball=True).look()
        return self.robot(team, player, touching_ball=False)

    def contact(self, first: RobotId, second: RobotId, *, on: bool = True) -> Self:
        """Two robots touch each other from now on, or no more."""
        pair = (min(first, second), max(first, second))
        (self._contacts.add if on else self._contacts.discard)(pair)
        return self

    def look(self, *commands: Command, at_s: float | None = None) -> Self:
        """One look of the referee, 0.1 s after the last one."""
        self.time_s = self.time_s + 0.1 if at_s is None else at_s
        seen = self.seen = MatchObservation(
            time_s=round(self.time_s, 6),
            ball_xyz_m=self._ball,
            robots=tuple(self._robots.values()),
            contacts=tuple(sorted(self._contacts)),
        )
        self.state, decisions = step(self.rules, self.state, seen, commands)
        self.decisions += decisions
        for decision in decisions:
            for placed in decision.placements:
                if isinstance(placed, BallPlacement):
                    self.ball(placed.x_m, placed.y_m)
                elif (placed.team, placed.player) in self._robots:
                    self.put(placed.team, placed.player, placed.x_m, placed.y_m)
                    self.robot(placed.team, placed.player, fallen=False)
        return self

    def wait(self, seconds: float, every_s: float = 0.1) -> Self:
        """Time passes and nothing moves."""
        end_s = self.time_s + seconds
        while self.time_s + every_s < end_s - 1e-6:
            self.look(at_s=self.time_s + every_s)
        return self.look(at_s=end_s)

    def order(self, kind: type[Command], **fields: Any) -> Self:
        """One look with one order."""
        self._orders += 1
        return self.look(kind(id=f"order {self._orders}", **fields))

    def ready(self) -> Self:
        """READY for the first kick-off."""
        return self.order(Start)

    def set(self) -> Self:
        """SET, everybody where they stand."""
        return self.order(GoTo, phase=GameState.SET)

    def whistle(self) -> Self:
        """PLAYING; home's kick-off unless something else waits."""
        return self.order(GoTo, phase=GameState.PLAYING)

    def kick_off(self) -> Self:
        """PLAYING, the ball on the centre spot, nothing read yet."""
        self.ready().set().whistle().said()
        return self

    def in_play(self, x_m: float = 1.0, y_m: float = -1.0) -> Self:
        """Home 2 has kicked off, away 2 has had the ball; it lies there, far from all.

        Both have touched it, so that no rule about restarts is left over.
        """
        self.kick_off().touch(HOME, 2).ball(0.4, 0.0).look().touch(AWAY, 2)
        self.ball(x_m, y_m).look().said()
        assert self.state.ball_in_play
        return self

    def said(self) -> list[str]:
        """Kinds of the decisions since the last call."""
        new = self.decisions[self._read :]
        self._read = len(self.decisions)
        return [decision.kind.value for decision in new]

    @property
    def last(self) -> Decision:
        return self.decisions[-1]

    def decision(self, kind: str) -> Decision:
        """The latest of that kind."""
        return next(d for d in reversed(self.decisions) if d.kind.value == kind)

    @property
    def phase(self) -> GameState:
        return self.state.phase

    @property
    def score(self) -> tuple[int, int]:
        return self.state.score

    @property
    def ball_m(self) -> tuple[float, float]:
        return self._ball[:2]

    def where(self, team: int, player: int) -> tuple[float, float]:
        robot = self._robots[team, player]
        return robot.x_m, robot.y_m

    def track(self, team: int, player: int) -> RobotTrack:
        return self.state.track((team, player))

    def penalty(self, team: int, player: int) -> Penalty:
        return self.track(team, player).penalty
