"""Snapshots for the page's tests: two teams of two on the standard pitch."""

from typing import Any

from match.observation import MatchObservation, RobotObservation
from match.page.view import PageView
from match.teams import Team, Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import (
    PLAYER_SLOTS,
    GameControl,
    GameState,
    Penalty,
    PlayerInfo,
    TeamColour,
    TeamInfo,
)

TOKEN = "a-token-of-24-characters"
HOME = Team(number=1, name="learned", colour=TeamColour.BLUE, players=(1, 2))
AWAY = Team(number=2, name="scripted", colour=TeamColour.RED, players=(1, 2))
TEAMS: Teams = (HOME, AWAY)


def team_info(
    team: Team, score: int = 0, players: dict[int, PlayerInfo] | None = None
) -> TeamInfo:
    """What the referee tells of one team; `players` differ from playing freely."""
    bench = PlayerInfo(penalty=Penalty.SUBSTITUTE)
    standing = {number: PlayerInfo() for number in team.players} | (players or {})
    return TeamInfo(
        team_number=team.number,
        field_player_colour=team.colour,
        goalkeeper_colour=team.goalkeeper_colour,
        score=score,
        players=tuple(standing.get(n, bench) for n in range(1, PLAYER_SLOTS + 1)),
    )


def control(*teams: TeamInfo, **fields: Any) -> GameControl:
    """PLAYING, 8:33 to go, unless said otherwise."""
    home, away = teams or (team_info(HOME), team_info(AWAY))
    values: dict = {
        "packet_number": 0,
        "players_per_team": 2,
        "state": GameState.PLAYING,
        "kicking_team": None,
        "secs_remaining": 513,
        "teams": (home, away),
    }
    return GameControl(**(values | fields))


def robot(team: int, player: int, **fields: Any) -> RobotObservation:
    """At the centre, facing +x, unless said otherwise."""
    values: dict = {"x_m": 0.0, "y_m": 0.0, "yaw_rad": 0.0}
    return RobotObservation(team=team, player=player, **(values | fields))


def seen(*robots: RobotObservation) -> MatchObservation:
    """The ball lies at (0.5, 0.25) m."""
    return MatchObservation(time_s=1.0, ball_xyz_m=(0.5, 0.25, 0.07), robots=robots)


def view(**fields: Any) -> PageView:
    """A snapshot with nothing seen and nothing decided, unless said otherwise."""
    values: dict = {"field": FieldSpec(), "teams": TEAMS, "control": control()}
    return PageView(**(values | fields))
