"""Where stage hands put robots: in SET, beside the pitch, and back onto it."""

import math
from collections.abc import Collection

from match.observation import MatchObservation, RobotId
from match.positions import illegal_in_set, keeper_of
from match.restart import FROM_THE_CENTRE, RestartKind
from match.rules import RuleBook
from match.state import MatchState, RobotPlacement
from robot.contracts.field import FieldSpec


def restart_placements(
    rules: RuleBook,
    state: MatchState,
    observation: MatchObservation,
    fetched: Collection[RobotId] = (),
) -> tuple[RobotPlacement, ...]:
    """Robots to be placed by hand in SET: off the pitch, unseen, or standing illegally.

    Those in `fetched` come back from a penalty and are placed too. A legal robot keeps
    its place even where a hand-placed one would stand too close: each robot has its own
    spot, and spots lie apart. Penalised robots stay away.
    """
    placements = []
    for team in state.teams:
        for index, player in enumerate(_on_duty(state, team.number)):
            robot = observation.robot((team.number, player))
            here = (team.number, player) not in fetched
            stands = (
                here and robot is not None and not illegal_in_set(rules, state, robot)
            )
            if stands:
                continue
            x_m, y_m = _spot(rules, state, team.number, player, index)
            placements.append(_facing((team.number, player), (x_m, y_m), state))
    return tuple(placements)


def restart_spot(
    rules: RuleBook, field: FieldSpec, index: int, kicks: bool
) -> tuple[float, float]:
    """Home's spot of its index-th player at a kick-off; away's is turned by 180 deg.

    The kicking team's first player stands behind the ball, the other team's half way
    between circle and goal line; all others in pairs left and right of that line.
    """
    circle_m = field.centre_circle_radius_m
    if index == 0 and kicks:
        return -max(rules.ball_clearance_m + 0.1, 0.7 * circle_m), 0.0
    back_m = (circle_m + field.half_length_m) / 2
    if index == 0:
        return -back_m, 0.0
    row, left = (index + 1) // 2, index % 2 == 1
    spread_m = min(row * rules.placement_clearance_m * 1.2, field.half_width_m - 0.2)
    return -back_m, spread_m if left else -spread_m


def return_placement(
    rules: RuleBook, state: MatchState, observation: MatchObservation, robot: RobotId
) -> RobotPlacement:
    """Where a robot comes back: at a touch line of its own half, clear of the play."""
    edge_m = state.field.half_width_m - 0.3
    return _at_touch_line(rules, state, observation, robot, edge_m, (0.5, 0.75, 0.25))


def beside_placement(
    rules: RuleBook, state: MatchState, observation: MatchObservation, robot: RobotId
) -> RobotPlacement:
    """Where a removed robot waits: beyond a touch line, level with the penalty mark."""
    field = state.field
    mark = 1 - rules.penalty_mark_m / field.half_length_m
    edge_m = field.half_width_m + rules.penalty_place_m
    shares = (mark, mark - 0.15, mark - 0.3, mark + 0.1)
    return _at_touch_line(rules, state, observation, robot, edge_m, shares)


def _at_touch_line(
    rules: RuleBook,
    state: MatchState,
    observation: MatchObservation,
    robot: RobotId,
    edge_m: float,
    shares: tuple[float, ...],
) -> RobotPlacement:
    """Of the spots in the own half, better away from the ball, the first that is clear.

    Clear is one that keeps `placement_clearance_m` from ball and robots; if none does,
    the one with most room is taken.
    """
    field = state.field
    sign = -state.forward(robot[0])
    ball_x, ball_y, _ = observation.ball_xyz_m
    away = -1 if ball_y >= 0 else 1
    spots = [
        (sign * share * field.half_length_m, lateral * away * edge_m)
        for lateral in (1, -1)
        for share in shares
    ]
    others = [(ball_x, ball_y)] + [
        (other.x_m, other.y_m) for other in observation.robots if other.robot != robot
    ]

    def room_m(spot: tuple[float, float]) -> float:
        return min(math.dist(spot, other) for other in others)

    clear = (spot for spot in spots if room_m(spot) >= rules.placement_clearance_m)
    x_m, y_m = next(clear, max(spots, key=room_m))
    return RobotPlacement(
        team=robot[0],
        player=robot[1],
        x_m=x_m,
        y_m=y_m,
        yaw_rad=math.atan2(-y_m, 0.0),
    )


def _on_duty(state: MatchState, team: int) -> list[int]:
    """Jersey numbers that may play, in the order of their spots."""
    return [
        track.player for track in state.robots if track.team == team and track.may_play
    ]


def _spot(
    rules: RuleBook, state: MatchState, team: int, player: int, index: int
) -> tuple[float, float]:
    restart, field = state.restart, state.field
    forward, kicks = state.forward(team), restart.team == team
    if restart.kind in FROM_THE_CENTRE:
        x_m, y_m = restart_spot(rules, field, index, kicks)
        return forward * x_m, forward * y_m
    x_m, y_m = restart.spot_m
    if restart.kind is RestartKind.PENALTY_KICK:
        if (team, player) == keeper_of(state, state.opponent(restart.team or team)):
            return -forward * field.half_length_m, 0.0
        if kicks and player == kicker_of(state, team):
            return x_m - forward * rules.placement_clearance_m, 0.0
        attack = forward if kicks else -forward
        row = 0.4 + 0.6 * index
        side = 1 if kicks else -1
        return (
            attack * max(0.0, abs(x_m) - field.centre_circle_radius_m - row),
            side * (0.3 + 0.5 * index),
        )
    if kicks:
        return x_m - forward * rules.placement_clearance_m * (index + 1), y_m
    # On the way to their own goal, beyond the region round the ball.
    goal = (-forward * field.half_length_m, 0.0)
    way_m = max(math.dist(goal, restart.spot_m), 1e-6)
    part = min(1.0, (field.centre_circle_radius_m + 0.2) / way_m)
    spread_m = 0.6 * ((index + 1) // 2) * (1 if index % 2 else -1)
    return x_m + part * (goal[0] - x_m), y_m + part * (goal[1] - y_m) + spread_m


def kicker_of(state: MatchState, team: int) -> int | None:
    """Who takes a penalty kick: the first that may play and is no goalkeeper."""
    players = _on_duty(state, team)
    keeper = state.team(team).goalkeeper
    outfield = [player for player in players if player != keeper]
    return next(iter(outfield or players), None)


def _facing(
    robot: RobotId, spot_m: tuple[float, float], state: MatchState
) -> RobotPlacement:
    """There, facing the ball's spot."""
    ball = state.restart.spot_m
    return RobotPlacement(
        team=robot[0],
        player=robot[1],
        x_m=spot_m[0],
        y_m=spot_m[1],
        yaw_rad=math.atan2(ball[1] - spot_m[1], ball[0] - spot_m[0]),
    )
