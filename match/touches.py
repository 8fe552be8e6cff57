"""Contacts with the ball, grouped into touches.

A foot that rolls a ball makes and breaks contact many times; rules and statistics want
to see one touch.
"""

from dataclasses import dataclass

from match.observation import MatchObservation, RobotId


@dataclass(frozen=True, kw_only=True)
class Touches:
    """Which robots touched when.

    Attributes:
        last_contact_s: latest contact of every robot that ever had one.
        latest: the robot whose touch began last, None before the first.
    """

    last_contact_s: tuple[tuple[RobotId, float], ...] = ()
    latest: RobotId | None = None

    @property
    def last_in_contact(self) -> RobotId | None:
        """Who was in contact last; of several at once, who touched first of all."""
        if not self.last_contact_s:
            return None
        newest_s = max(time_s for _, time_s in self.last_contact_s)
        last = [robot for robot, time_s in self.last_contact_s if time_s == newest_s]
        return self.latest if self.latest in last else last[0]


def update_touches(
    touches: Touches, observation: MatchObservation, gap_s: float
) -> tuple[Touches, tuple[RobotId, ...]]:
    """Take in one observation.

    Args:
        gap_s: a contact that follows a robot's last one within this time continues
            the same touch.

    Returns:
        The new state and the robots whose touch begins now. Where several begin at
        once the one nearer to the ball counts as the latest.
    """
    contacts = dict(touches.last_contact_s)
    begun = []
    for robot in observation.robots:
        if not robot.touching_ball:
            continue
        before = contacts.get(robot.robot)
        if before is None or observation.time_s - before > gap_s + 1e-9:
            begun.append(robot)
        contacts[robot.robot] = observation.time_s
    begun.sort(key=observation.ball_distance_m, reverse=True)
    latest = begun[-1].robot if begun else touches.latest
    ordered = tuple(sorted(contacts.items()))
    return (
        Touches(last_contact_s=ordered, latest=latest),
        tuple(robot.robot for robot in begun),
    )
