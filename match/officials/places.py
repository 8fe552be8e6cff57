"""Robots where they may not be: at set plays, in goal areas, off the carpet."""

import math
from dataclasses import replace

from match.decisions import DecisionKind
from match.observation import RobotObservation
from match.officials.desk import EPSILON_S, Desk
from match.officials.penalties import penalize
from match.positions import area_border_m, avoided, illegal_in_set, in_goal_area
from match.restart import RestartKind
from match.tracks import RobotTrack
from robot.contracts.game_control import Penalty


def penalise_in_set(desk: Desk) -> None:
    """At the beginning of SET: who stands illegally, and who crowds a goal area."""
    if not desk.rules.illegal_positions:
        return
    for _, robot in list(desk.players()):
        reason = illegal_in_set(desk.rules, desk.state, robot)
        if reason is not None:
            _call(desk, robot, reason)
    for team in desk.state.teams:
        inside = _in_goal_area(desk, team.number)
        inside.sort(key=lambda robot: area_border_m(desk.rules, desk.state, robot))
        for robot in inside[: max(0, len(inside) - desk.rules.goal_area_players)]:
            _call(desk, robot, f"one of {len(inside)} in its own goal area")


def watch_set_play(desk: Desk) -> None:
    """Keep opponents away from a set play until its ball is in play."""
    rules, state = desk.rules, desk.state
    restart = state.restart
    if not rules.illegal_positions or state.ball_in_play or restart.team is None:
        return
    for track, robot in list(desk.players()):
        if track.returning or _is_keeper(desk, robot):
            continue
        if robot.touching_ball and robot.team != restart.team:
            _call(desk, robot, f"touched the ball of the other team's {_what(desk)}")
            continue
        margin_m = rules.encroachment_margin_m
        reason = avoided(rules, state, robot, margin_m=margin_m)
        if reason is None:
            outside = avoided(rules, state, robot, margin_m=0.0) is None
            if outside and not track.watch.cleared:
                desk.set_watch(track.robot, replace(track.watch, cleared=True))
            continue
        grace_s = 0.0 if track.watch.cleared else rules.avoidance_grace_s
        if desk.lasted(grace_s):
            _call(desk, robot, reason)


def watch_goal_areas(desk: Desk) -> None:
    """One robot too many in its own goal area has some time to leave it."""
    rules = desk.rules
    if not rules.illegal_positions:
        return
    for team in desk.state.teams:
        inside = _in_goal_area(desk, team.number)
        names = [robot.robot for robot in inside]
        crowded = len(inside) > rules.goal_area_players
        for track in desk.state.robots:
            since_s = track.watch.crowding_since_s
            leaves = track.robot not in names or not crowded
            if track.team == team.number and since_s is not None and leaves:
                watch = replace(track.watch, crowding_since_s=None)
                desk.set_watch(track.robot, watch)
        if not crowded:
            continue
        tracks = [desk.state.track(name) for name in names]
        late = [t for t in tracks if t.watch.crowding_since_s is not None]
        if not late:
            inside.sort(key=lambda robot: area_border_m(rules, desk.state, robot))
            track = desk.state.track(inside[0].robot)
            watch = replace(track.watch, crowding_since_s=desk.now_s)
            desk.set_watch(track.robot, watch)
            continue
        _end_crowding(desk, late[0], len(inside))


def watch_leaving(desk: Desk) -> None:
    """Robots beyond the carpet, or standing in a goal."""
    rules, field = desk.rules, desk.state.field
    if not rules.leaving:
        return
    edge_x_m = field.half_length_m + rules.border_m
    edge_y_m = field.half_width_m + rules.border_m
    for track, robot in list(desk.players()):
        beyond_m = abs(robot.x_m) - field.half_length_m
        off = abs(robot.x_m) > edge_x_m or abs(robot.y_m) > edge_y_m
        mouth = abs(robot.y_m) < field.goal_width_m / 2
        in_goal = mouth and 0 < beyond_m < field.goal_depth_m
        watch = replace(
            track.watch,
            off_since_s=_since(desk, track.watch.off_since_s, off),
            in_goal_since_s=_since(desk, track.watch.in_goal_since_s, in_goal),
        )
        desk.set_watch(track.robot, watch)
        for what, since_s, limit_s in (
            ("beyond the carpet", watch.off_since_s, rules.leaving_after_s),
            ("inside a goal", watch.in_goal_since_s, rules.in_goal_after_s),
        ):
            if since_s is None or desk.now_s - since_s < limit_s - EPSILON_S:
                continue
            gone_s = desk.now_s - since_s
            penalize(
                desk,
                track.robot,
                Penalty.LEAVING_THE_FIELD,
                f"{what} for {gone_s:.1f} s (limit {limit_s:g} s)",
                rule=DecisionKind.LEAVING_THE_FIELD.value,
                evidence=(("gone_s", gone_s), ("x_m", robot.x_m), ("y_m", robot.y_m)),
            )
            break


def watch_returning(desk: Desk) -> None:
    """Who has walked back inside the lines is a player like all others."""
    field = desk.state.field
    for track, robot in list(desk.players()):
        inside = (
            abs(robot.x_m) < field.half_length_m and abs(robot.y_m) < field.half_width_m
        )
        if track.returning and inside:
            desk.set_track(replace(track, returning=False))


def _since(desk: Desk, since_s: float | None, holds: bool) -> float | None:
    if not holds:
        return None
    return desk.now_s if since_s is None else since_s


def _end_crowding(desk: Desk, track: RobotTrack, count: int) -> None:
    since_s = track.watch.crowding_since_s
    assert since_s is not None
    robot = desk.observation.robot(track.robot)
    if robot is None or desk.now_s - since_s < desk.rules.goal_area_grace_s - EPSILON_S:
        return
    _call(
        desk,
        robot,
        f"one of {count} in its own goal area for {desk.now_s - since_s:.1f} s",
    )


def _in_goal_area(desk: Desk, team: int) -> list[RobotObservation]:
    return [
        robot
        for _, robot in desk.players()
        if robot.team == team and in_goal_area(desk.rules, desk.state, robot)
    ]


def _is_keeper(desk: Desk, robot: RobotObservation) -> bool:
    """At a penalty kick its own rule holds for the goalkeeper."""
    restart = desk.state.restart
    return (
        restart.kind is RestartKind.PENALTY_KICK
        and robot.team != restart.team
        and robot.player == desk.state.team(robot.team).goalkeeper
    )


def _what(desk: Desk) -> str:
    return desk.state.restart.kind.value


def _call(desk: Desk, robot: RobotObservation, reason: str) -> None:
    distance_m = math.dist((robot.x_m, robot.y_m), desk.state.restart.spot_m)
    penalize(
        desk,
        robot.robot,
        Penalty.ILLEGAL_POSITIONING,
        reason,
        rule=Penalty.ILLEGAL_POSITIONING.value,
        evidence=(
            ("x_m", robot.x_m),
            ("y_m", robot.y_m),
            ("spot_distance_m", distance_m),
        ),
    )
