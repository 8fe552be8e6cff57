"""The referee's state as the robots get told it."""

import math

from match.rules import RuleBook
from match.state import MatchState, Team
from robot.contracts.game_control import (
    PLAYER_SLOTS,
    CompetitionType,
    GameControl,
    GameState,
    Penalty,
    PlayerInfo,
    TeamInfo,
)


def control_view(
    rules: RuleBook, state: MatchState, *, version: int = 20
) -> GameControl:
    """The control packet of `state`, numbered 0: the broadcaster numbers packets.

    As the GameController does: a kick-off is set play NONE with a kicking team, which
    goes when the ball is in play; a dropped ball has no kicking team. The secondary
    time is what is left of READY, SET, or until the ball is free after a kick-off.
    """
    kicking = None if state.ball_in_play else state.kick_off_team
    return GameControl(
        version=version,
        packet_number=0,
        players_per_team=max(len(team.players) for team in state.teams),
        competition_type=CompetitionType.SMALL,
        state=state.phase,
        kicking_team=kicking,
        secs_remaining=math.ceil(rules.duration_s - state.clock_s - 1e-6),
        secondary_time=_secondary_time(rules, state),
        teams=(_team(rules, state, 0), _team(rules, state, 1)),
    )


def _secondary_time(rules: RuleBook, state: MatchState) -> int:
    durations = {
        GameState.READY: rules.ready_duration_s,
        GameState.SET: rules.set_duration_s,
    }
    if state.phase is GameState.PLAYING and not state.ball_in_play:
        durations[GameState.PLAYING] = rules.kick_off_free_after_s
    return _left(durations.get(state.phase), state.phase_since_s, state.time_s)


def _team(rules: RuleBook, state: MatchState, side: int) -> TeamInfo:
    team = state.teams[side]
    return TeamInfo(
        team_number=team.number,
        field_player_colour=team.colour,
        goalkeeper_colour=team.goalkeeper_colour,
        score=state.score[side],
        message_budget=rules.message_budget,
        players=tuple(
            _player(rules, state, team, player) for player in range(1, PLAYER_SLOTS + 1)
        ),
    )


def _player(rules: RuleBook, state: MatchState, team: Team, player: int) -> PlayerInfo:
    if player not in team.players:
        return PlayerInfo(penalty=Penalty.SUBSTITUTE)
    track = next(t for t in state.robots if t.robot == (team.number, player))
    if track.removed_since_s is None:
        return PlayerInfo()
    return PlayerInfo(
        penalty=Penalty.INCAPABLE_ROBOT,
        secs_till_unpenalised=_left(
            rules.removal_duration_s, track.removed_since_s, state.time_s
        ),
    )


def _left(duration_s: float | None, since_s: float | None, time_s: float | None) -> int:
    if duration_s is None or since_s is None or time_s is None:
        return 0
    return max(0, math.ceil(since_s + duration_s - time_s - 1e-6))
