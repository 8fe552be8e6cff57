"""Where robots may stand, when they may move, and how they may meet."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fouls:
    """Positions, motion, contact, falls.

    Attributes:
        illegal_positions: switch: too near to the other team's set play, touching its
            ball, beyond the halfway line at a kick-off, crowding the own goal area.
        encroachment_margin_m: a robot must be in a forbidden region by more than this
            ("clearly", rules 2026; the project's number).
        avoidance_grace_s: to leave the region round a set play that was awarded while
            one stood there; coming back is illegal at once (10 s, GameController 7).
        goal_area_players: at most so many in their own goal area (3, rules 2026).
        goal_area_grace_s: one more may be there for this long, as it may have been
            pushed (5 s, rules 2026); in SET it may not.
        motion_in_set, motion_in_stop: switches: moving in SET, while play is stopped.
        motion_settle_s: from the signal until robots must stand (1 s, GameController 7)
        motion_distance_m, motion_angle_rad: farther than this from where it stood then
            is motion (0.1 m and 0.3 rad, GameController 7). A robot on the floor may
            get up.
        pushing: switch. A robot pushes an opponent if it is not itself nearer to the
            ball, moves toward the other, and is in contact ...
        pushing_contact_s: ... for this long ...
        pushing_window_s: ... within this time (1 s of 2 s, hlvs),
        pushing_speed_m_s: is faster than this (0.2 m/s, hlvs),
        pushing_angle_rad: moves in the other's direction up to this angle (30 deg,
            hlvs),
        pushing_farther_m: is farther from the ball by more than this (0.1 m, hlvs),
        pushing_reach_m: and nearer to it than this (2 m, hlvs).
        pushing_long_s: or in one contact for longer than this, however slow (5 s,
            rules 2026),
        pushing_long_speed_m_s: unless it stands: slower than this toward the other (the
            project's choice).
        contact_gap_s: contacts closer in time than this are one (the project's choice).
        speed_window_s: a walking torso sways; speeds are means over this time (the
            project's choice).
        foul_immunity_s: after a foul no pushing is called for this long (2 s, hlvs).
        leaving: switch: leaving the carpet, or standing in a goal.
        leaving_after_s: beyond the carpet for this long (the project's choice;
            GameController 7: at once).
        in_goal_after_s: inside a goal for this long (5 s, rules 2026).
        fallen_incapable_after_s: on the floor for this long makes a robot incapable
            (20 s, rules 2026).
    """

    illegal_positions: bool = False
    encroachment_margin_m: float = 0.1
    avoidance_grace_s: float = 10.0
    goal_area_players: int = 3
    goal_area_grace_s: float = 5.0
    motion_in_set: bool = False
    motion_in_stop: bool = False
    motion_settle_s: float = 1.0
    motion_distance_m: float = 0.1
    motion_angle_rad: float = 0.3
    pushing: bool = False
    pushing_contact_s: float = 1.0
    pushing_window_s: float = 2.0
    pushing_speed_m_s: float = 0.2
    pushing_angle_rad: float = math.pi / 6
    pushing_farther_m: float = 0.1
    pushing_reach_m: float = 2.0
    pushing_long_s: float = 5.0
    pushing_long_speed_m_s: float = 0.05
    contact_gap_s: float = 0.3
    speed_window_s: float = 0.5
    foul_immunity_s: float = 2.0
    leaving: bool = False
    leaving_after_s: float = 1.0
    in_goal_after_s: float = 5.0
    fallen_incapable_after_s: float = 20.0
