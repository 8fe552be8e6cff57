"""Who plays: two teams and their jersey numbers."""

from dataclasses import dataclass

from match.errors import MatchError
from robot.contracts.game_control import PLAYER_SLOTS, TeamColour


@dataclass(frozen=True, kw_only=True)
class Team:
    """One side of a match.

    Attributes:
        number: as the robots have it configured, 1 to 254.
        players: jersey numbers on the pitch at the start.
        goalkeeper: who may use its hands in its own penalty area; None for nobody.
        substitutes: jersey numbers that may come in.
    """

    number: int
    name: str
    colour: TeamColour
    goalkeeper_colour: TeamColour = TeamColour.BLACK
    players: tuple[int, ...] = (1,)
    goalkeeper: int | None = None
    substitutes: tuple[int, ...] = ()


Teams = tuple[Team, Team]
"""teams[0] is home: in the first half it defends the left goal (-x) and attacks +x."""


def team_faults(teams: Teams) -> list[str]:
    """What is wrong with a pair of teams, in words."""
    faults = []
    if teams[0].number == teams[1].number:
        faults.append(f"expected two team numbers, found {teams[0].number} twice")
    for team in teams:
        if not 1 <= team.number <= 254:
            faults.append(f"team number: expected 1 to 254, found {team.number}")
        jerseys = (*team.players, *team.substitutes)
        legal = all(1 <= player <= PLAYER_SLOTS for player in jerseys)
        if not team.players or not legal or len(set(jerseys)) < len(jerseys):
            faults.append(
                f"team {team.number}: expected different jersey numbers from 1 to "
                f"{PLAYER_SLOTS}, found {jerseys}"
            )
        if team.goalkeeper is not None and team.goalkeeper not in jerseys:
            faults.append(
                f"team {team.number}: expected a goalkeeper out of {jerseys}, found "
                f"{team.goalkeeper}"
            )
    return faults


def require_teams(teams: Teams) -> None:
    """Raise MatchError unless the two teams can play each other."""
    faults = team_faults(teams)
    if faults:
        raise MatchError("teams of a match", faults)
