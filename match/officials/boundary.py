"""The ball leaves the pitch: over lines, or over the laboratory's walls."""

import math

from match.decisions import DecisionKind, Evidence
from match.officials.desk import Desk
from match.officials.restarts import Spot, drop_ball, give
from match.restart import RestartKind
from match.rules import RuleBook
from robot.contracts.field import FieldSpec


def goal_kick_spot(rules: RuleBook, field: FieldSpec, end: int, y_m: float) -> Spot:
    """The goal area's corner at the goal line `end` (1 or -1), on the ball's side."""
    side = math.copysign(1.0, y_m)
    x_m = field.half_length_m - rules.goal_area_depth_m
    return end * x_m, side * rules.goal_area_width_m / 2


def corner_spot(field: FieldSpec, end: int, y_m: float) -> Spot:
    """The pitch's corner at that end, on the ball's side."""
    return end * field.half_length_m, math.copysign(field.half_width_m, y_m)


def watch_boundary(desk: Desk) -> bool:
    """Whether the ball is out; play has stopped then."""
    return _over_wall(desk) if desk.rules.walls else _over_line(desk)


def crossing(field: FieldSpec, before_m: Spot, now_m: Spot) -> tuple[str, Spot] | None:
    """Which line the whole ball has crossed, and where; None for neither.

    Args:
        before_m, now_m: x, y of the ball at two looks; the way between is straight.

    Returns:
        "touch line" or "goal line", and the point on it; of two lines the first.
    """
    radius_m = field.ball_radius_m
    limits = (
        ("goal line", 0, field.half_length_m),
        ("touch line", 1, field.half_width_m),
    )
    crossed = []
    for name, axis, line_m in limits:
        out_m = line_m + radius_m
        if abs(now_m[axis]) <= out_m:
            continue
        end = math.copysign(1.0, now_m[axis])
        way_m = end * (now_m[axis] - before_m[axis])
        left_m = max(0.0, out_m - end * before_m[axis])
        part = 1.0 if way_m <= 0 else min(1.0, left_m / way_m)
        point = [b + part * (n - b) for b, n in zip(before_m, now_m, strict=True)]
        point[axis] = end * line_m
        crossed.append((part, name, (point[0], point[1])))
    if not crossed:
        return None
    _, name, (x_m, y_m) = min(crossed)
    return name, (
        max(-field.half_length_m, min(field.half_length_m, x_m)),
        max(-field.half_width_m, min(field.half_width_m, y_m)),
    )


def _over_line(desk: Desk) -> bool:
    state, field = desk.state, desk.state.field
    crossed = crossing(field, state.ball_m, desk.ball_m)
    if crossed is None:
        return False
    line, spot = crossed
    where = f"over the {line} at ({spot[0]:.2f}, {spot[1]:.2f}) m"
    evidence: Evidence = (("ball_x_m", desk.ball_m[0]), ("ball_y_m", desk.ball_m[1]))
    last = state.touches.last_in_contact
    if last is None:
        number = desk.decide(
            DecisionKind.BALL_OUT, where, rule="ball out", evidence=evidence
        )
        drop_ball(
            desk, "nobody touched it: dropped ball", rule="ball out", cause=number
        )
        return True
    end = 1 if spot[0] > 0 else -1
    if line == "touch line":
        kind, team = RestartKind.THROW_IN, state.opponent(last[0])
    elif state.forward(last[0]) == end:
        kind, team = RestartKind.GOAL_KICK, state.opponent(last[0])
        spot = goal_kick_spot(desk.rules, field, end, spot[1])
    else:
        kind, team = RestartKind.CORNER_KICK, state.opponent(last[0])
        spot = corner_spot(field, end, spot[1])
    by = f"{state.team(last[0]).name} {last[1]}"
    give(
        desk,
        kind,
        team,
        f"{where}, last touched by {by}",
        rule=kind.value,
        spot_m=spot,
        evidence=evidence,
    )
    return True


def _over_wall(desk: Desk) -> bool:
    field, (x_m, y_m, z_m) = desk.state.field, desk.observation.ball_xyz_m
    limit_x_m = field.half_length_m + field.ramp_width_m
    if abs(y_m) < field.goal_width_m / 2:
        limit_x_m = field.half_length_m + max(field.ramp_width_m, field.goal_depth_m)
    limit_y_m = field.half_width_m + field.ramp_width_m
    inside = abs(x_m) <= limit_x_m and abs(y_m) <= limit_y_m
    if inside and z_m > -field.ball_radius_m:
        return False
    number = desk.decide(
        DecisionKind.BALL_OUT,
        f"ball at ({x_m:.2f}, {y_m:.2f}, {z_m:.2f}) m, "
        f"walls at {limit_x_m:.2f} and {limit_y_m:.2f} m",
        rule="ball out",
        evidence=(("ball_x_m", x_m), ("ball_y_m", y_m), ("ball_z_m", z_m)),
    )
    drop_ball(desk, "dropped ball", rule="ball out", cause=number)
    return True
