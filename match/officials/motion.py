"""Robots that must stand still and do not."""

import math
from dataclasses import replace

from match.observation import RobotObservation
from match.officials.desk import EPSILON_S, Desk
from match.officials.penalties import penalize
from match.state import Still
from robot.contracts.game_control import Penalty


def watch_motion(desk: Desk, penalty: Penalty) -> None:
    """Penalise in place who moves after the signal to stand has had its time.

    Robots on the floor may get up; where they stand then they have to stay.
    """
    from_s = desk.state.still_from_s
    if from_s is None or desk.observation.time_s < from_s - EPSILON_S:
        return
    stood = {still[0]: still for still in desk.state.still}
    kept: list[Still] = []
    moved: list[tuple[RobotObservation, float, float]] = []
    for track, robot in desk.players():
        if robot.fallen:
            continue
        here: Still = (track.robot, robot.x_m, robot.y_m, robot.yaw_rad)
        before = stood.get(track.robot, here)
        way_m = math.dist(before[1:3], here[1:3])
        turn_rad = abs(math.remainder(here[3] - before[3], 2 * math.pi))
        if (
            way_m > desk.rules.motion_distance_m
            or turn_rad > desk.rules.motion_angle_rad
        ):
            moved.append((robot, way_m, turn_rad))
        else:
            kept.append(before)
    desk.state = replace(desk.state, still=tuple(kept))
    for robot, way_m, turn_rad in moved:
        penalize(
            desk,
            robot.robot,
            penalty,
            f"moved {way_m:.2f} m and turned {turn_rad:.2f} rad (limits "
            f"{desk.rules.motion_distance_m:g} m, {desk.rules.motion_angle_rad:g} rad)",
            rule=penalty.value,
            evidence=(("moved_m", way_m), ("turned_rad", turn_rad)),
        )
