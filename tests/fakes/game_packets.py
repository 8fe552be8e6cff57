"""Control packets for tests: an empty one, and a match between teams 1 and 2."""

from dataclasses import replace
from typing import Any

from robot.contracts.game_control import (
    GameControl,
    GameState,
    Penalty,
    PlayerInfo,
    RobotStatus,
    TeamColour,
    TeamInfo,
)

STATUS = RobotStatus(
    player=1,
    team=2,
    fallen=False,
    pose_mm_rad=(100.0, 0.0, 0.0),
    ball_age_s=0.5,
    ball_mm=(200.0, 0.0),
)


def zero_packet(version: int = 20) -> GameControl:
    """A packet in which every byte but magic and version is zero."""
    team = TeamInfo(
        team_number=0,
        field_player_colour=TeamColour.BLUE,
        goalkeeper_colour=TeamColour.BLUE,
    )
    return GameControl(
        version=version,
        packet_number=0,
        players_per_team=0,
        state=GameState.INITIAL,
        first_half=False,
        kicking_team=0,
        secs_remaining=0,
        teams=(team, team),
    )


def game(state: GameState = GameState.PLAYING, **changes: Any) -> GameControl:
    """Team 1 (left, blue) against team 2 (red); players 1 to 4 may play."""
    bench = PlayerInfo(penalty=Penalty.SUBSTITUTE)
    players = (PlayerInfo(),) * 4 + (bench,) * 16
    left, right = (
        TeamInfo(
            team_number=number,
            field_player_colour=colour,
            goalkeeper_colour=TeamColour.BLACK,
            goalkeeper=1,
            message_budget=12000,
            players=players,
        )
        for number, colour in ((1, TeamColour.BLUE), (2, TeamColour.RED))
    )
    control = GameControl(
        packet_number=0,
        players_per_team=4,
        state=state,
        kicking_team=1,
        secs_remaining=600,
        teams=(left, right),
    )
    return replace(control, **changes)


def with_team(control: GameControl, number: int, **changes: Any) -> GameControl:
    """`control` with one team changed."""
    left, right = (
        replace(team, **changes) if team.team_number == number else team
        for team in control.teams
    )
    return replace(control, teams=(left, right))


def with_player(
    control: GameControl, team: int, player: int, **changes: Any
) -> GameControl:
    """`control` with one player changed."""
    players = list(control.team(team).players)
    players[player - 1] = replace(players[player - 1], **changes)
    return with_team(control, team, players=tuple(players))
