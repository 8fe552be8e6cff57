"""Penalty kicks in play: the goalkeeper stays on its line until the ball is touched."""

from match.observation import RobotId
from match.officials.desk import Desk
from match.officials.goals import score_goal


def watch_keeper(desk: Desk) -> bool:
    """A goalkeeper that leaves its line early concedes a goal (rules 2026)."""
    state = desk.state
    restart = state.restart
    if restart.team is None or state.ball_in_play:
        return False
    team = state.opponent(restart.team)
    keeper = state.team(team).goalkeeper
    if keeper is None:
        return False
    fault = off_line(desk, (team, keeper))
    if fault is None:
        return False
    score_goal(desk, restart.team, fault, rule="goalkeeper off its line")
    return True


def off_line(desk: Desk, keeper: RobotId) -> str | None:
    """How the goalkeeper is off its line before the kick; None where it is not."""
    state, robot = desk.state, desk.observation.robot(keeper)
    may_play = any(track.robot == keeper and track.may_play for track in state.robots)
    if state.restart.kicker is not None or robot is None or not may_play:
        return None
    to_line_m = state.field.half_length_m + state.forward(keeper[0]) * robot.x_m
    if robot.fallen:
        return "the goalkeeper went down before the kick"
    limit_m = desk.rules.keeper_line_m
    if abs(to_line_m) <= limit_m:
        return None
    return f"the goalkeeper left its line by {to_line_m:.2f} m (limit {limit_m:g} m)"
