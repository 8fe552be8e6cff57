"""Stuck balls, held balls, touches."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BallRules:
    """What may not happen to the ball in play.

    Attributes:
        touch_gap_s: contacts of a robot with the ball closer in time than this are one
            touch (the project's choice; GameController 7 takes 0.2 s).
        resting_ball: switch: a ball at rest is dropped anew, whoever is near (hlvs).
        stuck_distance_m: a ball within this distance of where it was ...
        stuck_after_s: ... for this long is at rest (5 cm and 120 s, hlvs; 30 s is the
            project's choice).
        local_stuck: switch: the robot nearest to a stuck ball is removed and play goes
            on (rules 2026).
        local_stuck_distance_m: a ball within this distance of where it was ...
        local_stuck_after_s: ... for this long ... (10 s, rules 2026)
        local_stuck_reach_m: ... with a robot's torso this near is stuck (0.1 m and
            0.5 m, GameController 7).
        global_stuck: switch: a ball that nobody comes near is dropped (rules 2026).
        global_stuck_reach_m: no torso nearer than this ... (1 m, rules 2026)
        global_stuck_after_s: ... for this long (30 s, rules 2026).
        ball_holding: switch.
        holding_cover: a robot holds the ball if its convex hull covers more than this
            share of it, seen from above (1/2, rules 2026).
        holding_after_s: a field player for longer than this (5 s, rules 2026).
        holding_keeper_after_s: the goalkeeper in its own penalty area (10 s, rules
            2026). Releasing the ball sets the count back as fast as holding it counts
            up (rules 2026: "for approximately as long").
        hands: switch: who plays the ball with arm or hand is removed and warned, but
            for the goalkeeper in its own penalty area and robots on the floor.
    """

    touch_gap_s: float = 0.3
    resting_ball: bool = True
    stuck_distance_m: float = 0.05
    stuck_after_s: float = 30.0
    local_stuck: bool = False
    local_stuck_distance_m: float = 0.1
    local_stuck_after_s: float = 10.0
    local_stuck_reach_m: float = 0.5
    global_stuck: bool = False
    global_stuck_reach_m: float = 1.0
    global_stuck_after_s: float = 30.0
    ball_holding: bool = False
    holding_cover: float = 0.5
    holding_after_s: float = 5.0
    holding_keeper_after_s: float = 10.0
    hands: bool = False
