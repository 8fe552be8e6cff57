"""The ball in play: stuck, held, handled, touched twice."""

import math
from collections.abc import Iterable
from dataclasses import replace

from match.decisions import DecisionKind
from match.observation import RobotId, RobotObservation
from match.officials.desk import EPSILON_S, Desk
from match.officials.fouls import call_foul
from match.officials.penalties import penalize
from match.officials.restarts import drop_ball, foul_spot, give, in_penalty_area
from match.restart import FROM_THE_CENTRE, RestartKind
from robot.contracts.game_control import Penalty


def track_ball(desk: Desk) -> None:
    """Where and since when the ball rests, and when somebody was near it."""
    rules, state, ball_m = desk.rules, desk.state, desk.ball_m
    if math.dist(ball_m, state.ball_mark_m) > _rest_distance_m(desk):
        state = replace(state, ball_mark_m=ball_m, ball_mark_s=desk.now_s)
    if math.dist(ball_m, state.ball_still_m) > rules.ball_still_distance_m:
        state = replace(state, ball_still_m=ball_m, ball_still_s=desk.now_s)
    near_m = min(
        (desk.observation.ball_distance_m(robot) for _, robot in desk.players()),
        default=math.inf,
    )
    if near_m <= rules.global_stuck_reach_m:
        state = replace(state, ball_near_s=desk.now_s)
    desk.state = state


def watch_resting_ball(desk: Desk) -> bool:
    """A ball at rest is dropped anew."""
    rules, state = desk.rules, desk.state
    rested_s = desk.now_s - state.ball_mark_s
    if not rules.resting_ball or rested_s < rules.stuck_after_s - EPSILON_S:
        return False
    number = desk.decide(
        DecisionKind.BALL_STUCK,
        f"ball within {_rest_distance_m(desk):g} m of ({state.ball_mark_m[0]:.2f}, "
        f"{state.ball_mark_m[1]:.2f}) m for {rested_s:.1f} s",
        rule="resting ball",
        evidence=(("rested_s", rested_s), ("limit_s", rules.stuck_after_s)),
    )
    drop_ball(desk, "dropped ball", rule="resting ball", cause=number)
    return True


def watch_local_stuck(desk: Desk) -> bool:
    """The robot nearest to a stuck ball is removed; play goes on."""
    rules, state = desk.rules, desk.state
    rested_s = desk.now_s - state.ball_mark_s
    if not rules.local_stuck or rested_s < rules.local_stuck_after_s - EPSILON_S:
        return False
    near = sorted(
        (desk.observation.ball_distance_m(robot), robot.robot)
        for _, robot in desk.players()
    )
    if not near or near[0][0] > rules.local_stuck_reach_m:
        return False
    distance_m, robot = near[0]
    penalize(
        desk,
        robot,
        Penalty.LOCAL_GAME_STUCK,
        f"nearest, {distance_m:.2f} m, to a ball that has not left "
        f"{rules.local_stuck_distance_m:g} m for {rested_s:.1f} s",
        rule="local game stuck",
        evidence=(("rested_s", rested_s), ("distance_m", distance_m)),
    )
    desk.state = replace(desk.state, ball_mark_m=desk.ball_m, ball_mark_s=desk.now_s)
    return False


def watch_global_stuck(desk: Desk) -> bool:
    """A ball that nobody comes near is dropped."""
    rules = desk.rules
    alone_s = desk.now_s - desk.state.ball_near_s
    if not rules.global_stuck or alone_s < rules.global_stuck_after_s - EPSILON_S:
        return False
    number = desk.decide(
        DecisionKind.BALL_STUCK,
        f"nobody within {rules.global_stuck_reach_m:g} m of the ball for "
        f"{alone_s:.1f} s",
        rule="global game stuck",
        evidence=(("alone_s", alone_s), ("limit_s", rules.global_stuck_after_s)),
    )
    drop_ball(desk, "dropped ball", rule="global game stuck", cause=number)
    return True


def watch_holding(desk: Desk) -> bool:
    """Holding counts up and releasing counts down; too much is a foul."""
    rules = desk.rules
    if not rules.ball_holding:
        return False
    for track, robot in desk.players():
        holds = robot.ball_cover > rules.holding_cover and not robot.fallen
        change_s = desk.elapsed_s if holds else -desk.elapsed_s
        held_s = max(0.0, track.watch.holding_s + change_s)
        desk.set_watch(track.robot, replace(track.watch, holding_s=held_s))
        limit_s = rules.holding_after_s
        if keeps_own_area(desk, robot):
            limit_s = rules.holding_keeper_after_s
        if holds and held_s > limit_s + EPSILON_S:
            return call_foul(
                desk,
                robot,
                Penalty.BALL_HOLDING,
                f"held the ball for {held_s:.1f} s (limit {limit_s:g} s)",
                evidence=(("held_s", held_s), ("cover", robot.ball_cover)),
            )
    return False


def watch_hands(desk: Desk) -> bool:
    """Arms and hands are for goalkeepers in their own penalty area."""
    if not desk.rules.hands:
        return False
    for _, robot in desk.players():
        if not robot.hand_on_ball or robot.fallen or keeps_own_area(desk, robot):
            continue
        return call_foul(
            desk,
            robot,
            Penalty.PLAYING_WITH_ARMS_HANDS,
            f"hand on the ball at ({robot.x_m:.2f}, {robot.y_m:.2f}) m",
            card="warning",
        )
    return False


def watch_double_touch(desk: Desk, begun: Iterable[RobotId]) -> bool:
    """Who has taken a set play must wait until somebody else has touched the ball.

    Args:
        begun: robots whose touch begins now.
    """
    rules, state, restart = desk.rules, desk.state, desk.state.restart
    kicker = restart.kicker
    exempt = restart.kind in FROM_THE_CENTRE or restart.other_touched or restart.lapsed
    if not rules.double_touch or exempt or kicker is None:
        return False
    again = kicker in begun and restart.clearly_moved and restart.kick_s < desk.now_s
    robots = sum(track.team == kicker[0] for track, _ in desk.players())
    if not again or robots <= rules.small_team:
        return False
    give(
        desk,
        RestartKind.INDIRECT_FREE_KICK,
        state.opponent(kicker[0]),
        f"{state.team(kicker[0]).name} {kicker[1]} took the {restart.kind.value} and "
        "touched the ball again before anybody else",
        rule="double touch",
        spot_m=foul_spot(desk),
        evidence=(("since_kick_s", desk.now_s - restart.kick_s),),
    )
    return True


def keeps_own_area(desk: Desk, robot: RobotObservation) -> bool:
    """Whether it is the goalkeeper in its own penalty area."""
    keeper = desk.state.team(robot.team).goalkeeper
    spot = (robot.x_m, robot.y_m)
    return robot.player == keeper and in_penalty_area(desk, spot, robot.team)


def _rest_distance_m(desk: Desk) -> float:
    rules = desk.rules
    return rules.local_stuck_distance_m if rules.local_stuck else rules.stuck_distance_m
