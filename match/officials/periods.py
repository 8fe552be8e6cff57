"""Halves, extra time, and the end of a match."""

from dataclasses import replace

from match.decisions import DecisionKind
from match.officials.desk import EPSILON_S, Desk, clock_words
from match.officials.penalties import end_penalties
from match.restart import Restart, RestartKind
from match.rules import RuleBook
from match.state import MatchState, Period, ShootOut
from match.touches import Touches
from robot.contracts.game_control import GameState

_EXTRA = (Period.FIRST_EXTRA, Period.SECOND_EXTRA)


def period_s(rules: RuleBook, state: MatchState) -> float:
    """How long the present period is, with the time added to it."""
    if state.period is Period.SHOOT_OUT:
        return rules.penalty_shot_s
    length_s = rules.duration_s
    if state.period in _EXTRA:
        assert rules.extra_time_s is not None
        length_s = rules.extra_time_s
    return length_s + state.added_s


def watch_time(desk: Desk) -> bool:
    """Whether the period is over; then the next one waits, or the match has ended."""
    state, rules = desk.state, desk.rules
    length_s = period_s(rules, state)
    over_s = state.clock_s - length_s
    if state.period is Period.SHOOT_OUT or over_s < -EPSILON_S:
        return False
    if state.restart.kind is RestartKind.PENALTY_KICK and not state.ball_in_play:
        return False  # a penalty kick is taken even when time is up
    rolls = (
        state.phase is GameState.PLAYING
        and state.ball_in_play
        and desk.now_s - state.ball_still_s < rules.ball_still_s - EPSILON_S
        and over_s < rules.ball_stop_longest_s - EPSILON_S
    )
    if rules.ball_stop_rule and rolls:
        return False
    end_period(desk, f"{clock_words(length_s)} are played", rule="time is up")
    return True


def end_period(desk: Desk, why: str, *, rule: str) -> None:
    """The half-time break, extra time, the shoot-out or the end, as it has to be."""
    state, rules = desk.state, desk.rules
    score = f"{state.score[0]}:{state.score[1]}"
    drawn = rules.knock_out and state.score[0] == state.score[1]
    following = _next(rules, state.period, drawn=drawn)
    if following is None:
        finish(desk, why, rule=rule)
        return
    kind = {
        Period.SECOND_HALF: DecisionKind.HALF_TIME,
        Period.SHOOT_OUT: DecisionKind.SHOOT_OUT,
    }.get(following, DecisionKind.EXTRA_TIME)
    break_s = rules.extra_time_break_s
    if following is Period.SECOND_HALF:
        break_s = rules.half_time_s
    _wait_for(desk, following, break_s)
    desk.decide(kind, f"{why}; {score}; {following.value} in {break_s:g} s", rule=rule)


def finish(
    desk: Desk, why: str, *, rule: str, cause: int | None = None, early: bool = False
) -> None:
    """The match is over.

    Args:
        early: and could go on, were this overruled.
    """
    home, away = desk.state.score
    shots = ""
    if desk.state.shoot_out is not None:
        goals = [sum(shots) for shots in desk.state.shoot_out.shots]
        shots = f", {goals[0]}:{goals[1]} on penalties"
    desk.enter(GameState.FINISHED)
    desk.state = replace(desk.state, stopped=False, time_out=None)
    desk.decide(
        DecisionKind.FINISHED,
        f"{why}; final score {home}:{away}{shots}",
        rule=rule,
        cause=cause,
        ended_match=early,
    )


def _next(rules: RuleBook, period: Period, *, drawn: bool) -> Period | None:
    if period is Period.FIRST_HALF and rules.halves == 2:
        return Period.SECOND_HALF
    if period is Period.FIRST_EXTRA:
        return Period.SECOND_EXTRA
    if not drawn:
        return None
    regular = period in (Period.FIRST_HALF, Period.SECOND_HALF)
    if regular and rules.extra_time_s is not None:
        return Period.FIRST_EXTRA
    return Period.SHOOT_OUT


def _wait_for(desk: Desk, period: Period, break_s: float) -> None:
    """The teams change sides; who did not begin the last period begins this one."""
    state = desk.state
    other_side = state.opponent(state.left_team)
    home = state.teams[0].number
    begins = home
    if period in (Period.SECOND_HALF, Period.SECOND_EXTRA):
        begins = state.opponent(home)
    end_penalties(desk)
    desk.state = replace(
        desk.state,
        period=period,
        clock_s=0.0,
        clock_started=False,
        added_s=0.0,
        wait_s=break_s,
        left_team=other_side,
        restart=Restart(kind=RestartKind.KICK_OFF, team=begins),
        ball_in_play=False,
        touches=Touches(),
        contacts=(),
        shoot_out=ShootOut() if period is Period.SHOOT_OUT else None,
    )
    desk.enter(GameState.INITIAL)
