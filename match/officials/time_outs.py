"""Time-outs, of the teams and the referee's own."""

from dataclasses import replace

from match.decisions import DecisionKind
from match.officials.desk import Desk
from match.restart import Restart, RestartKind
from match.state import Period, TimeOut
from robot.contracts.game_control import GameState


def take_time_out(desk: Desk, team: int | None) -> str | None:
    """Begin one; why not, where it cannot be.

    A team may take one at a stoppage. The clock goes back to where it was when play
    was stopped, and the other team has the kick-off (rules 2026). After the referee's
    own, the restart that was coming comes; in play, the ball is dropped.
    """
    state, rules = desk.state, desk.rules
    fault = _fault(desk, team)
    if fault is not None:
        return fault
    restart, clock_s = state.restart, state.clock_s
    if state.phase is GameState.PLAYING:
        restart = Restart(kind=RestartKind.DROPPED_BALL, team=None)
    elif state.phase is not GameState.INITIAL:
        clock_s = restart.clock_s
        if team is not None:
            restart = Restart(kind=RestartKind.KICK_OFF, team=state.opponent(team))
    taken = list(state.time_outs_taken)
    who, lasts = "the referee", "until the start is ordered"
    if team is not None:
        taken[state.index(team)] += 1
        who, lasts = state.team(team).name, f"at most {rules.time_out_s:g} s"
    desk.state = replace(
        state,
        time_out=TimeOut(team=team),
        time_outs_taken=(taken[0], taken[1]),
        wait_s=None if team is None else rules.time_out_s,
        restart=restart,
        clock_s=clock_s,
        ball_in_play=False,
        stopped=False,
    )
    desk.enter(GameState.INITIAL)
    desk.decide(DecisionKind.TIME_OUT, f"of {who}, {lasts}", rule="time-out", team=team)
    return None


def _fault(desk: Desk, team: int | None) -> str | None:
    state = desk.state
    if state.time_out is not None:
        return "there is a time-out"
    if team is None:
        return None
    begun = state.phase is not GameState.INITIAL or (
        state.shoot_out is not None and any(state.shoot_out.shots)
    )
    if state.period is Period.SHOOT_OUT and begun:
        return "not during a penalty shoot-out"
    if state.phase is GameState.PLAYING:
        return "a team's time-out has to wait for a stoppage"
    taken = state.time_outs_taken[state.index(team)]
    if taken >= desk.rules.time_outs:
        return f"the team has taken {taken} of {desk.rules.time_outs}"
    return None
