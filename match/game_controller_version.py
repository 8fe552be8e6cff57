"""One state of the game in the words of another struct version."""

from dataclasses import replace

from robot.contracts.game_control import (
    PENALTY_CODES,
    GameControl,
    Penalty,
    PlayerInfo,
    TeamInfo,
)

NEAREST_PENALTY = {
    Penalty.MOTION_IN_STOP: Penalty.MOTION_IN_SET,
    Penalty.CAUTIONED: Penalty.PUSHING,
}
"""What v19 has in place of what only v20 has: stand still, and leave after a foul. The
caution itself travels in the players' count of cautions."""


def in_version(control: GameControl, version: int) -> GameControl:
    """`control` as a packet of `version`: unknown penalties by their nearest sense.

    Version 20 has no warnings, so they are left out there.
    """
    left, right = (_team(team, version) for team in control.teams)
    return replace(control, version=version, teams=(left, right))


def _team(team: TeamInfo, version: int) -> TeamInfo:
    return replace(
        team, players=tuple(_player(player, version) for player in team.players)
    )


def _player(player: PlayerInfo, version: int) -> PlayerInfo:
    if player.penalty not in PENALTY_CODES[version]:
        player = replace(player, penalty=NEAREST_PENALTY[player.penalty])
    if version != 19 and player.warnings:
        player = replace(player, warnings=0)
    return player
