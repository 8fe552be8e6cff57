"""Fouls in play: removal, card, and a free kick where the ball is near."""

import math

from match.commands import CardColour
from match.decisions import Evidence
from match.observation import RobotObservation
from match.officials.desk import Desk
from match.officials.penalties import penalize, show_card
from match.officials.restarts import foul_kick
from robot.contracts.game_control import Penalty


def call_foul(
    desk: Desk,
    robot: RobotObservation,
    penalty: Penalty,
    reason: str,
    *,
    evidence: Evidence = (),
    card: CardColour | None = None,
) -> bool:
    """Penalise `robot`, and show it a card.

    Play goes on unless the foul was nearer to the ball than the centre circle's radius
    while the ball was in play (rules 2026).

    Returns:
        Whether play has stopped for a free kick or penalty kick.
    """
    rule = penalty.value
    distance_m = desk.observation.ball_distance_m(robot)
    number = penalize(
        desk,
        robot.robot,
        penalty,
        reason,
        rule=rule,
        evidence=(*evidence, ("ball_distance_m", distance_m)),
    )
    if card is not None:
        show_card(desk, robot.robot, card, f"for {rule}", rule=rule, cause=number)
    limit_m = desk.state.field.centre_circle_radius_m
    if not desk.state.ball_in_play or distance_m > limit_m:
        return False
    why = f"{rule} {distance_m:.2f} m from the ball (limit {limit_m:g} m)"
    foul_kick(desk, robot.team, why, rule=rule, cause=number)
    return True


def speed_toward_m_s(
    velocity_m_s: tuple[float, float], robot: RobotObservation, other: RobotObservation
) -> tuple[float, float]:
    """How fast `robot` moves toward `other`, and the angle between [rad].

    The angle is 0 for a robot that stands.
    """
    dx, dy = other.x_m - robot.x_m, other.y_m - robot.y_m
    distance_m, speed = math.hypot(dx, dy), math.hypot(*velocity_m_s)
    if distance_m == 0 or speed == 0:
        return 0.0, 0.0
    toward = (velocity_m_s[0] * dx + velocity_m_s[1] * dy) / distance_m
    return toward, math.acos(max(-1.0, min(1.0, toward / speed)))
