"""The referee's state as the robots get told it."""

import math

from match.game_controller_version import in_version
from match.observation import RobotId
from match.officials.periods import period_s
from match.officials.restarts import free_after_s, ready_s
from match.rules import RuleBook
from match.state import MatchState, Period, ShootOut, Team
from robot.contracts.game_control import (
    PLAYER_SLOTS,
    CompetitionType,
    GameControl,
    GamePhase,
    GameState,
    Penalty,
    PlayerInfo,
    SetPlay,
    TeamInfo,
)

_EXTRA = (Period.FIRST_EXTRA, Period.SECOND_EXTRA)
_FIRST = (Period.FIRST_HALF, Period.FIRST_EXTRA, Period.SHOOT_OUT)


def control_view(
    rules: RuleBook, state: MatchState, *, version: int = 20
) -> GameControl:
    """The control packet of `state`, numbered 0: the broadcaster numbers packets.

    As the GameController does: a kick-off is set play NONE with a kicking team, which
    goes when the ball is in play; a dropped ball has no kicking team. The secondary
    time is what is left of READY, SET, a break or a time-out, or until the ball is
    free. The team that defends the left goal comes first. A shoot-out's goals count.
    """
    waits = not state.ball_in_play
    left, right = sorted(state.teams, key=lambda team: state.side(team.number))
    control = GameControl(
        packet_number=0,
        players_per_team=max(len(team.players) for team in state.teams),
        competition_type=CompetitionType.SMALL,
        stopped=state.stopped,
        game_phase=_phase(state),
        state=state.phase,
        set_play=state.restart.kind.set_play if waits else SetPlay.NONE,
        first_half=state.period in _FIRST,
        kicking_team=state.kicking_team if waits else None,
        secs_remaining=_remaining(rules, state),
        secondary_time=_secondary_time(rules, state),
        teams=(_team(rules, state, left), _team(rules, state, right)),
    )
    return in_version(control, version)


def _phase(state: MatchState) -> GamePhase:
    if state.time_out is not None:
        return GamePhase.TIMEOUT
    if state.period is Period.SHOOT_OUT:
        return GamePhase.PENALTY_SHOOT_OUT
    return GamePhase.EXTRA_TIME if state.period in _EXTRA else GamePhase.NORMAL


def _remaining(rules: RuleBook, state: MatchState) -> int:
    left_s = period_s(rules, state) - state.clock_s
    shoots = state.period is Period.SHOOT_OUT and state.phase is GameState.PLAYING
    if shoots and state.phase_since_s is not None:
        left_s = rules.penalty_shot_s - (state.running_s - state.phase_since_s)
    return math.ceil(left_s - 1e-6)


def _secondary_time(rules: RuleBook, state: MatchState) -> int:
    kind = state.restart.kind
    durations: dict[GameState, float | None] = {
        GameState.READY: ready_s(rules, kind),
        GameState.SET: rules.set_duration_s,
    }
    if state.phase is GameState.INITIAL:
        breaks = state.time_out is not None or state.period is not Period.FIRST_HALF
        wait_s = state.wait_s
        if state.time_out is not None and state.time_out.team is None:
            wait_s = rules.referee_time_out_s
        durations[GameState.INITIAL] = wait_s if breaks else None
    if state.phase is GameState.PLAYING and not state.ball_in_play:
        durations[GameState.PLAYING] = free_after_s(rules, kind)
    duration_s = durations.get(state.phase)
    if duration_s is None or state.phase_since_s is None:
        return 0
    return _seconds(state.phase_since_s + duration_s - state.running_s)


def _team(rules: RuleBook, state: MatchState, team: Team) -> TeamInfo:
    index = state.index(team.number)
    shots = () if state.shoot_out is None else state.shoot_out.shots[index]
    return TeamInfo(
        team_number=team.number,
        field_player_colour=team.colour,
        goalkeeper_colour=team.goalkeeper_colour,
        goalkeeper=team.goalkeeper or 0,
        score=state.score[index] + sum(shots),
        penalty_shot=len(shots),
        single_shots=sum(1 << shot for shot, scored in enumerate(shots) if scored),
        message_budget=rules.message_budget,
        players=tuple(
            _player(rules, state, team, player) for player in range(1, PLAYER_SLOTS + 1)
        ),
    )


def _player(rules: RuleBook, state: MatchState, team: Team, player: int) -> PlayerInfo:
    if player not in (*team.players, *team.substitutes):
        return PlayerInfo(penalty=Penalty.SUBSTITUTE)
    track = state.track((team.number, player))
    sentence = track.sentence
    penalty, left_s = track.penalty, 0
    if sentence is not None and sentence.left_s is not None:
        left_s = _seconds(sentence.left_s)
    shoot_out = state.shoot_out
    shoots = shoot_out is not None and shoot_out.striker is not None
    if shoots and track.may_play and track.robot not in _two(shoot_out):
        penalty = Penalty.SUBSTITUTE
    return PlayerInfo(
        penalty=penalty,
        secs_till_unpenalised=min(255, left_s),
        cautions=track.cautions,
        warnings=track.warnings,
    )


def _two(shoot_out: ShootOut | None) -> tuple[RobotId | None, ...]:
    """Who plays in a shoot-out."""
    return () if shoot_out is None else (shoot_out.striker, shoot_out.keeper)


def _seconds(left_s: float) -> int:
    return max(0, math.ceil(left_s - 1e-6))
