"""Where robots may not be: pure functions of rules, state and one robot."""

import math

from match.observation import RobotId, RobotObservation
from match.restart import FROM_THE_CENTRE, RestartKind
from match.rules import RuleBook
from match.state import MatchState

_MOUTH_M = 0.15  # torso to goal line of a robot that stands on it


def illegal_in_set(
    rules: RuleBook, state: MatchState, robot: RobotObservation
) -> str | None:
    """Why a robot must not stand there in SET; None where it may."""
    field = state.field
    if abs(robot.x_m) > field.half_length_m or abs(robot.y_m) > field.half_width_m:
        on_line = robot.robot == _penalty_keeper(state)
        if not on_line or not on_goal_line(state, robot):
            return f"off the pitch at ({robot.x_m:.2f}, {robot.y_m:.2f}) m"
    if state.restart.kind in FROM_THE_CENTRE:
        return _before_kick_off(rules, state, robot)
    return avoided(rules, state, robot, margin_m=0.0) or _on_ball(rules, state, robot)


def avoided(
    rules: RuleBook, state: MatchState, robot: RobotObservation, *, margin_m: float
) -> str | None:
    """Why a robot is too near to the set play under way; None where it is not.

    Args:
        margin_m: it has to be deeper in the forbidden region than this.
    """
    restart, field = state.restart, state.field
    distance_m = math.dist((robot.x_m, robot.y_m), restart.spot_m)
    near = distance_m < field.centre_circle_radius_m - margin_m
    if restart.kind is RestartKind.PENALTY_KICK:
        return _at_penalty_kick(rules, state, robot, near=near, margin_m=margin_m)
    if restart.team is None or robot.team == restart.team:
        return None
    if restart.kind is RestartKind.KICK_OFF:
        beyond_m = state.forward(robot.team) * robot.x_m
        if beyond_m > margin_m:
            return f"{beyond_m:.2f} m inside the opponents' half before the kick-off"
    if restart.kind is RestartKind.GOAL_KICK:
        depth_m = _area_depth_m(state, robot, restart.team)
        inside = depth_m > margin_m
        return "inside the penalty area at a goal kick" if inside else None
    if near and not on_goal_line(state, robot):
        return f"{distance_m:.2f} m from the ball of a {restart.kind.value}"
    return None


def on_goal_line(state: MatchState, robot: RobotObservation) -> bool:
    """Whether it stands on its own goal line between the posts."""
    field = state.field
    to_line_m = field.half_length_m + state.forward(robot.team) * robot.x_m
    return abs(to_line_m) <= _MOUTH_M and abs(robot.y_m) <= field.goal_width_m / 2


def in_goal_area(rules: RuleBook, state: MatchState, robot: RobotObservation) -> bool:
    """Whether it is in the goal area of its own team."""
    depth_m = state.field.half_length_m + state.forward(robot.team) * robot.x_m
    return (
        0 <= depth_m <= rules.goal_area_depth_m
        and abs(robot.y_m) <= rules.goal_area_width_m / 2
    )


def area_border_m(rules: RuleBook, state: MatchState, robot: RobotObservation) -> float:
    """From a robot in its own goal area to the nearest border inside the pitch."""
    depth_m = state.field.half_length_m + state.forward(robot.team) * robot.x_m
    return min(
        rules.goal_area_depth_m - depth_m, rules.goal_area_width_m / 2 - abs(robot.y_m)
    )


def keeper_of(state: MatchState, team: int) -> RobotId | None:
    """Who keeps the goal at a penalty kick: the goalkeeper, else the last that may."""
    numbers = [
        track.player for track in state.robots if track.team == team and track.may_play
    ]
    keeper = state.team(team).goalkeeper
    if keeper in numbers:
        return team, keeper
    return (team, numbers[-1]) if numbers else None


def _before_kick_off(
    rules: RuleBook, state: MatchState, robot: RobotObservation
) -> str | None:
    field = state.field
    forward_m = state.forward(robot.team) * robot.x_m
    centre_m = math.hypot(robot.x_m, robot.y_m)
    if forward_m > 0:
        return f"{forward_m:.2f} m inside the opponents' half"
    kicks = state.restart.team == robot.team
    if not kicks and centre_m < field.centre_circle_radius_m:
        return f"inside the centre circle, {centre_m:.2f} m from the spot"
    return _on_ball(rules, state, robot)


def _on_ball(rules: RuleBook, state: MatchState, robot: RobotObservation) -> str | None:
    distance_m = math.dist((robot.x_m, robot.y_m), state.restart.spot_m)
    if distance_m < rules.ball_clearance_m:
        return f"on the ball's spot, {distance_m:.2f} m from it"
    return None


def _penalty_keeper(state: MatchState) -> RobotId | None:
    restart = state.restart
    if restart.kind is not RestartKind.PENALTY_KICK or restart.team is None:
        return None
    return keeper_of(state, state.opponent(restart.team))


def _at_penalty_kick(
    rules: RuleBook,
    state: MatchState,
    robot: RobotObservation,
    *,
    near: bool,
    margin_m: float,
) -> str | None:
    restart, field = state.restart, state.field
    assert restart.team is not None
    attack = state.forward(restart.team)
    if robot.robot == _penalty_keeper(state):
        to_line_m = abs(field.half_length_m - attack * robot.x_m)
        off = to_line_m > rules.keeper_line_m or abs(robot.y_m) > field.goal_width_m / 2
        return f"goalkeeper {to_line_m:.2f} m off its line" if off else None
    ahead_m = attack * (robot.x_m - restart.spot_m[0])
    if ahead_m > margin_m:
        return f"{ahead_m:.2f} m beyond the penalty mark"
    first = restart.kicker == robot.robot or (
        restart.kicker is None and robot.team == restart.team
    )
    if first:
        return None
    depth_m = _area_depth_m(state, robot, state.opponent(restart.team))
    if near or depth_m > margin_m:
        return "too near to the penalty mark"
    return None


def _area_depth_m(state: MatchState, robot: RobotObservation, team: int) -> float:
    """How deep a robot is in the penalty area that `team` defends; negative outside."""
    field = state.field
    depth_m = field.half_length_m + state.forward(team) * robot.x_m
    return min(
        depth_m,
        field.penalty_area_depth_m - depth_m,
        field.penalty_area_width_m / 2 - abs(robot.y_m),
    )
