"""Where robots may stand at a restart, and where stage hands put them."""

import math

from match.observation import MatchObservation, RobotObservation
from match.rules import RuleBook
from match.state import MatchState, RobotPlacement
from robot.contracts.field import FieldSpec


def restart_placements(
    rules: RuleBook, state: MatchState, observation: MatchObservation
) -> tuple[RobotPlacement, ...]:
    """Robots to be placed by hand in SET: off the pitch, unseen, or standing illegally.

    A legal robot keeps its place even where a hand-placed one would stand too close:
    each robot has its own spot, and spots lie apart.
    """
    seen = {robot.robot: robot for robot in observation.robots}
    placements = []
    for team in state.teams:
        kicks = state.kick_off_team == team.number
        for index, player in enumerate(team.players):
            robot = seen.get((team.number, player))
            track = next(t for t in state.robots if t.robot == (team.number, player))
            side = state.side(team.number)
            if (
                robot is not None
                and track.removed_since_s is None
                and not illegal_position(rules, state.field, robot, side, kicks)
            ):
                continue
            x_m, y_m = restart_spot(rules, state.field, index, kicks)
            if side == 1:
                x_m, y_m = -x_m, -y_m
            placements.append(
                RobotPlacement(
                    team=team.number,
                    player=player,
                    x_m=x_m,
                    y_m=y_m,
                    yaw_rad=math.atan2(-y_m, -x_m),
                )
            )
    return tuple(placements)


def illegal_position(
    rules: RuleBook, field: FieldSpec, robot: RobotObservation, side: int, kicks: bool
) -> str | None:
    """Why a robot must not stand there at a kick-off; None where it may."""
    forward_m = robot.x_m if side == 0 else -robot.x_m
    centre_m = math.hypot(robot.x_m, robot.y_m)
    if abs(robot.x_m) > field.half_length_m or abs(robot.y_m) > field.half_width_m:
        return f"off the pitch at ({robot.x_m:.2f}, {robot.y_m:.2f}) m"
    if forward_m > 0:
        return f"{forward_m:.2f} m inside the opponents' half"
    if not kicks and centre_m < field.centre_circle_radius_m:
        return f"inside the centre circle, {centre_m:.2f} m from the spot"
    if centre_m < rules.ball_clearance_m:
        return f"on the ball's spot, {centre_m:.2f} m from it"
    return None


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
    rules: RuleBook,
    state: MatchState,
    observation: MatchObservation,
    team: int,
    player: int,
) -> RobotPlacement:
    """Where a robot comes back: at a touch line of its own half, clear of the play.

    Of the candidates the first that keeps `placement_clearance_m` from ball and robots
    is taken, the one with most room if none does.
    """
    field = state.field
    sign = -1 if state.side(team) == 0 else 1
    ball_x, ball_y, _ = observation.ball_xyz_m
    away = -1 if ball_y >= 0 else 1
    edge_m = field.half_width_m - 0.3
    spots = [
        (sign * share * field.half_length_m, lateral * away * edge_m)
        for lateral in (1, -1)
        for share in (0.5, 0.75, 0.25)
    ]
    others = [(ball_x, ball_y)] + [
        (other.x_m, other.y_m)
        for other in observation.robots
        if other.robot != (team, player)
    ]

    def room_m(spot: tuple[float, float]) -> float:
        return min(math.dist(spot, other) for other in others)

    clear = (spot for spot in spots if room_m(spot) >= rules.placement_clearance_m)
    x_m, y_m = next(clear, max(spots, key=room_m))
    return RobotPlacement(
        team=team,
        player=player,
        x_m=x_m,
        y_m=y_m,
        yaw_rad=math.atan2(-y_m, 0.0),
    )
