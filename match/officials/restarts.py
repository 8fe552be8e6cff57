"""Restarts: given, taken, and how long they may take."""

import math
from dataclasses import replace

from match.decisions import BallPlacement, DecisionKind, Evidence
from match.effects import Award
from match.officials.desk import Desk
from match.restart import FROM_THE_CENTRE, Restart, RestartKind
from match.rules import RuleBook
from match.touches import Touches
from robot.contracts.game_control import GameState

Spot = tuple[float, float]


def ready_s(rules: RuleBook, kind: RestartKind) -> float:
    """How long READY lasts before such a restart; 0: there is none."""
    if kind in FROM_THE_CENTRE:
        return rules.ready_duration_s
    if kind is RestartKind.PENALTY_KICK:
        return rules.penalty_kick_ready_s
    return rules.free_kick_ready_s


def free_after_s(rules: RuleBook, kind: RestartKind) -> float:
    """How long only one team may play the ball."""
    if kind in FROM_THE_CENTRE:
        return rules.kick_off_free_after_s
    if kind is RestartKind.PENALTY_KICK:
        return rules.penalty_kick_s
    return rules.free_kick_s


def give(
    desk: Desk,
    kind: RestartKind,
    team: int | None,
    why: str,
    *,
    rule: str,
    spot_m: Spot = (0.0, 0.0),
    evidence: Evidence = (),
    cause: int | None = None,
) -> int:
    """Stop play and restart it so; the number of the decision that says it.

    With READY before it the ball is placed in SET, else at once.
    """
    number = desk.state.decisions + 1
    _prepare(desk, kind, team, spot_m, number)
    award = Award(kind=kind, team=team, spot_m=spot_m)
    waits = ready_s(desk.rules, kind) > 0
    named = DecisionKind.READY
    if kind not in FROM_THE_CENTRE:
        named = DecisionKind(kind.value)
    desk.decide(
        named,
        why,
        rule=rule,
        team=team,
        evidence=evidence,
        placements=() if waits else (BallPlacement(x_m=spot_m[0], y_m=spot_m[1]),),
        cause=cause,
        award=award,
    )
    desk.enter(GameState.READY if waits else GameState.PLAYING)
    if waits and named is not DecisionKind.READY:
        desk.decide(
            DecisionKind.READY,
            f"{kind.value} in {ready_s(desk.rules, kind):g} s",
            rule=rule,
            team=team,
            cause=number,
        )
    if not waits:
        desk.mark_ball(*spot_m)
    return number


def drop_ball(desk: Desk, why: str, *, rule: str, cause: int | None = None) -> int:
    """Neither team has a right to the ball: it is dropped at the centre."""
    return give(desk, RestartKind.DROPPED_BALL, None, why, rule=rule, cause=cause)


def kick_off(
    desk: Desk, team: int, why: str, *, rule: str, cause: int | None = None
) -> int:
    """A kick-off for `team`."""
    return give(desk, RestartKind.KICK_OFF, team, why, rule=rule, cause=cause)


def foul_kick(desk: Desk, offender: int, why: str, *, rule: str, cause: int) -> int:
    """A free kick where the ball is against team `offender`, or a penalty kick."""
    state, spot = desk.state, foul_spot(desk)
    team = state.opponent(offender)
    if in_penalty_area(desk, spot, offender):
        kind, spot = RestartKind.PENALTY_KICK, penalty_mark(desk, team)
    else:
        kind = RestartKind.DIRECT_FREE_KICK
    return give(desk, kind, team, why, rule=rule, spot_m=spot, cause=cause)


def penalty_mark(desk: Desk, team: int) -> Spot:
    """Where `team` takes penalty kicks from."""
    x_m = desk.state.field.half_length_m - desk.rules.penalty_mark_m
    return desk.state.forward(team) * x_m, 0.0


def in_penalty_area(desk: Desk, spot_m: Spot, team: int) -> bool:
    """Whether the spot lies in the penalty area that `team` defends."""
    field = desk.state.field
    depth_m = field.half_length_m + desk.state.forward(team) * spot_m[0]
    return (
        0 <= depth_m <= field.penalty_area_depth_m
        and abs(spot_m[1]) <= field.penalty_area_width_m / 2
    )


def watch_restart(desk: Desk) -> None:
    """Who has taken the restart, and who has touched the ball since."""
    state = desk.state
    restart = state.restart
    touching = [robot for robot in desk.observation.robots if robot.touching_ball]
    touching.sort(
        key=lambda robot: (
            robot.team != restart.team,
            desk.observation.ball_distance_m(robot),
        )
    )
    for robot in touching:
        if restart.kicker is None:
            restart = replace(restart, kicker=robot.robot, kick_s=desk.now_s)
        elif robot.robot != restart.kicker:
            restart = replace(restart, other_touched=True)
        if robot.robot == restart.kicker:
            outside = math.hypot(*desk.ball_m) > state.field.centre_circle_radius_m
            restart = replace(
                restart,
                touched_outside_circle=restart.touched_outside_circle or outside,
            )
    desk.state = replace(state, restart=restart)


def come_into_play(desk: Desk) -> bool:
    """The ball is in play once it has moved, or once its time is over.

    Returns:
        Whether it is in play now.
    """
    state, rules = desk.state, desk.rules
    restart = state.restart
    moved_m = math.dist(desk.ball_m, restart.spot_m)
    if moved_m > rules.clearly_moved_m and not restart.clearly_moved:
        restart = replace(restart, clearly_moved=True)
        desk.state = replace(desk.state, restart=restart)
    if state.ball_in_play:
        return True
    limit_s = free_after_s(rules, restart.kind)
    evidence: Evidence = (("moved_m", moved_m), ("waited_s", desk.in_phase_s()))
    if moved_m > rules.in_play_distance_m:
        reason = f"ball moved {moved_m:.3f} m"
    elif desk.lasted(limit_s):
        what = "not kicked off" if restart.kind in FROM_THE_CENTRE else "not taken"
        reason = f"{what} for {limit_s:g} s: free for all"
        restart = replace(restart, lapsed=True)
    else:
        return False
    desk.state = replace(desk.state, ball_in_play=True, restart=restart)
    desk.mark_ball(*desk.ball_m)
    desk.decide(
        DecisionKind.BALL_IN_PLAY,
        reason,
        rule="ball in play",
        team=restart.team,
        evidence=evidence,
    )
    return True


def _prepare(
    desk: Desk, kind: RestartKind, team: int | None, spot_m: Spot, number: int
) -> None:
    state = desk.state
    robots = tuple(
        replace(track, watch=replace(track.watch, cleared=False, holding_s=0.0))
        for track in state.robots
    )
    desk.state = replace(
        state,
        restart=Restart(
            kind=kind,
            team=team,
            spot_m=spot_m,
            decision=number,
            clock_s=state.clock_s,
        ),
        ball_in_play=False,
        touches=Touches(),
        robots=robots,
        contacts=(),
    )


def foul_spot(desk: Desk) -> Spot:
    """Where the ball is, on the pitch."""
    field, spot_m = desk.state.field, desk.ball_m
    return (
        max(-field.half_length_m, min(field.half_length_m, spot_m[0])),
        max(-field.half_width_m, min(field.half_width_m, spot_m[1])),
    )
