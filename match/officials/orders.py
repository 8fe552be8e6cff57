"""Orders carried out: each handler returns why it could not be, or None."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from match.commands import (
    AddTime,
    AwardGoal,
    AwardKick,
    Command,
    DropBall,
    Finish,
    GoTo,
    Overrule,
    Penalize,
    RequestPickUp,
    ResumePlay,
    ShowCard,
    Start,
    StopPlay,
    Substitute,
    TakeTimeOut,
    Unpenalize,
    VoidGoals,
)
from match.decisions import BallPlacement, DecisionKind
from match.effects import ScoreEffect, VoidEffect
from match.observation import RobotId
from match.officials import goals, phases
from match.officials.boundary import corner_spot, goal_kick_spot
from match.officials.desk import Desk
from match.officials.penalties import penalize, release, show_card
from match.officials.periods import finish
from match.officials.restarts import drop_ball, foul_spot, give, penalty_mark
from match.officials.rulings import overrule
from match.officials.time_outs import take_time_out
from match.restart import FROM_THE_CENTRE, RestartKind
from match.state import Period
from match.tracks import Sentence
from robot.contracts.game_control import GameState, Penalty

_ORDERED = "ordered"
_IN_GAME = (GameState.READY, GameState.SET, GameState.PLAYING)


def carry_out(desk: Desk, command: Command) -> None:
    """Do it once; an order that cannot be carried out is refused in a decision."""
    if command.id in desk.state.commands:
        return
    desk.state = replace(desk.state, commands=(*desk.state.commands, command.id))
    desk.command = command.id
    reason = _refusal(desk, command)
    if reason is not None:
        desk.decide(
            DecisionKind.REFUSED,
            f"{type(command).__name__}: {reason}",
            rule=_ORDERED,
            team=getattr(command, "team", None),
            player=getattr(command, "player", None),
        )
    desk.command = ""


def _refusal(desk: Desk, command: Command) -> str | None:
    handler = _HANDLERS.get(type(command))
    if handler is None:
        return "no such order"
    if desk.state.phase is GameState.FINISHED and not isinstance(command, Overrule):
        return "the match is over"
    return handler(desk, command)


def _start(desk: Desk, command: Start) -> str | None:
    if desk.state.phase is not GameState.INITIAL:
        return f"expected INITIAL, found {desk.state.phase.name}"
    phases.begin(desk)
    return None


def _go_to(desk: Desk, command: GoTo) -> str | None:
    phase = desk.state.phase
    if (phase, command.phase) == (GameState.INITIAL, GameState.READY):
        phases.begin(desk)
    elif (phase, command.phase) == (GameState.READY, GameState.SET):
        phases.enter_set(desk, "ordered")
    elif (phase, command.phase) == (GameState.SET, GameState.PLAYING):
        phases.start_playing(desk)
    else:
        return f"{command.phase.name} does not come after {phase.name}"
    return None


def _stop(desk: Desk, command: StopPlay) -> str | None:
    if desk.state.stopped:
        return "play is stopped"
    still_from_s = desk.observation.time_s + desk.rules.motion_settle_s
    desk.state = replace(desk.state, stopped=True, still_from_s=still_from_s, still=())
    desk.decide(DecisionKind.STOPPED, "everybody stands still", rule=_ORDERED)
    return None


def _resume(desk: Desk, command: ResumePlay) -> str | None:
    state = desk.state
    if not state.stopped:
        return "play is not stopped"
    playing = state.phase is GameState.PLAYING
    ball = (BallPlacement(x_m=state.ball_m[0], y_m=state.ball_m[1]),) if playing else ()
    still_from_s = None
    if state.phase is GameState.SET:
        still_from_s = desk.observation.time_s + desk.rules.motion_settle_s
    desk.state = replace(state, stopped=False, still_from_s=still_from_s, still=())
    desk.decide(
        DecisionKind.RESUMED,
        "play goes on, the ball where it was",
        rule=_ORDERED,
        placements=ball,
    )
    return None


def _penalize(desk: Desk, command: Penalize) -> str | None:
    fault = _unknown(desk, (command.team, command.player))
    if fault is not None:
        return fault
    if command.penalty in (Penalty.NONE, Penalty.SUBSTITUTE):
        return f"expected a penalty, found {command.penalty.value!r}"
    penalize(
        desk,
        (command.team, command.player),
        command.penalty,
        command.penalty.value,
        rule=_ORDERED,
    )
    return None


def _unpenalize(desk: Desk, command: Unpenalize) -> str | None:
    robot = (command.team, command.player)
    fault = _unknown(desk, robot)
    if fault is not None:
        return fault
    track = desk.state.track(robot)
    if track.may_play or track.penalty is Penalty.SUBSTITUTE:
        return "the robot is not penalised"
    release(desk, robot, "released", rule=_ORDERED)
    return None


def _pick_up(desk: Desk, command: RequestPickUp) -> str | None:
    robot = (command.team, command.player)
    fault = _unknown(desk, robot)
    if fault is None:
        penalize(
            desk,
            robot,
            Penalty.PICK_UP,
            "picked up at its team's request",
            rule="pick-up",
        )
    return fault


def _card(desk: Desk, command: ShowCard) -> str | None:
    robot = (command.team, command.player)
    fault = _unknown(desk, robot)
    if fault is not None:
        return fault
    number = show_card(desk, robot, command.card, "shown", rule=_ORDERED)
    if command.card == "yellow" and desk.state.track(robot).may_play:
        penalize(
            desk, robot, Penalty.CAUTIONED, "cautioned", rule=_ORDERED, cause=number
        )
    return None


def _substitute(desk: Desk, command: Substitute) -> str | None:
    leaves, comes = (
        (command.team, player) for player in (command.player_out, command.player_in)
    )
    fault = _unknown(desk, leaves) or _unknown(desk, comes)
    if fault is not None:
        return fault
    old, new = desk.state.track(leaves), desk.state.track(comes)
    if new.penalty is not Penalty.SUBSTITUTE or old.penalty is Penalty.SUBSTITUTE:
        return "expected a substitute to come in for a player"
    if old.penalty is Penalty.SENT_OFF:
        return "a player that has been sent off may not be substituted"
    number = desk.decide(
        DecisionKind.SUBSTITUTE,
        f"{command.player_in} for {command.player_out}",
        rule="substitution",
        team=command.team,
        player=command.player_in,
    )
    bench = Sentence(
        decision=number,
        penalty=Penalty.SUBSTITUTE,
        since_s=desk.now_s,
        left_s=None,
    )
    desk.set_track(
        replace(
            new,
            sentences=old.sentences,
            cautions=old.cautions,
            warnings=old.warnings,
            returning=True,
        )
    )
    desk.set_track(
        replace(old, sentences=(bench,), cautions=0, warnings=0, returning=False)
    )
    return None


def _award_goal(desk: Desk, command: AwardGoal) -> str | None:
    fault = _not_in_game(desk) or _no_team(desk, command.team)
    if fault is not None:
        return fault
    scorer = None if command.player is None else (command.team, command.player)
    goals.score_goal(
        desk, command.team, "awarded by order", rule=_ORDERED, scorer=scorer
    )
    return None


def _void_goals(desk: Desk, command: VoidGoals) -> str | None:
    fault = _no_team(desk, command.team)
    if fault is not None:
        return fault
    if command.team in desk.state.voided:
        return "the team's goals are void"
    goals_now = desk.state.score[desk.state.index(command.team)]
    desk.decide(
        DecisionKind.GOALS_VOID,
        f"{goals_now} goals and all later ones: {command.why}",
        rule="goals void",
        team=command.team,
        evidence=(("goals", float(goals_now)),),
        effects=(
            ScoreEffect(team=command.team, goals=-goals_now),
            VoidEffect(team=command.team),
        ),
    )
    return None


def _award_kick(desk: Desk, command: AwardKick) -> str | None:
    fault = _not_in_game(desk) or _no_team(desk, command.team)
    if fault is not None:
        return fault
    kind, team = command.kick, command.team
    if kind is RestartKind.DROPPED_BALL:
        drop_ball(desk, "dropped ball", rule=_ORDERED)
        return None
    spot = command.spot_m or foul_spot(desk)
    y_m, forward = desk.ball_m[1], desk.state.forward(team)
    if kind in FROM_THE_CENTRE:
        spot = (0.0, 0.0)
    elif kind is RestartKind.PENALTY_KICK:
        spot = penalty_mark(desk, team)
    elif kind is RestartKind.GOAL_KICK:
        spot = goal_kick_spot(desk.rules, desk.state.field, -forward, y_m)
    elif kind is RestartKind.CORNER_KICK:
        spot = corner_spot(desk.state.field, forward, y_m)
    name = desk.state.team(team).name
    give(desk, kind, team, f"{kind.value} for {name}", rule=_ORDERED, spot_m=spot)
    return None


def _drop_ball(desk: Desk, command: DropBall) -> str | None:
    fault = _not_in_game(desk)
    if fault is None:
        drop_ball(desk, "dropped ball", rule=_ORDERED)
    return fault


def _add_time(desk: Desk, command: AddTime) -> str | None:
    if not 0 < command.seconds < 3600:
        return f"expected 0 to 3600 s, found {command.seconds:g} s"
    desk.state = replace(desk.state, added_s=desk.state.added_s + command.seconds)
    desk.decide(
        DecisionKind.ADDED_TIME,
        f"{command.seconds:g} s for time lost",
        rule=_ORDERED,
        evidence=(("added_s", command.seconds),),
    )
    return None


def _overrule(desk: Desk, command: Overrule) -> str | None:
    return overrule(desk, command.decision)


def _finish(desk: Desk, command: Finish) -> str | None:
    finish(desk, "ended by order", rule=_ORDERED, early=True)
    return None


def _time_out(desk: Desk, command: TakeTimeOut) -> str | None:
    if command.team is not None and _no_team(desk, command.team):
        return _no_team(desk, command.team)
    return take_time_out(desk, command.team)


def _unknown(desk: Desk, robot: RobotId) -> str | None:
    known = sorted(track.robot for track in desk.state.robots)
    return None if robot in known else f"expected one of {known}, found {robot}"


def _no_team(desk: Desk, team: int) -> str | None:
    numbers = [team.number for team in desk.state.teams]
    return None if team in numbers else f"expected a team of {numbers}, found {team}"


def _not_in_game(desk: Desk) -> str | None:
    if desk.state.period is Period.SHOOT_OUT:
        return "not in a penalty shoot-out"
    if desk.state.phase not in _IN_GAME:
        return f"expected READY, SET or PLAYING, found {desk.state.phase.name}"
    return None


_HANDLERS: dict[type[Command], Callable[[Desk, Any], str | None]] = {
    Start: _start,
    GoTo: _go_to,
    StopPlay: _stop,
    ResumePlay: _resume,
    Penalize: _penalize,
    Unpenalize: _unpenalize,
    RequestPickUp: _pick_up,
    ShowCard: _card,
    Substitute: _substitute,
    AwardGoal: _award_goal,
    AwardKick: _award_kick,
    VoidGoals: _void_goals,
    DropBall: _drop_ball,
    TakeTimeOut: _time_out,
    AddTime: _add_time,
    Overrule: _overrule,
    Finish: _finish,
}
