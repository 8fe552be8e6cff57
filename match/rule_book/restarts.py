"""How play begins, stops and begins again."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Restarts:
    """Marks, clearances and set plays.

    Nobody of the other team may come closer to the ball of a set play than the radius
    of the centre circle (rules 2026), as far as `illegal_positions` is on.

    Attributes:
        walls: a wall or ramp keeps the ball in; one that gets over it is dropped. If
            not, lines bound the pitch: throw-in, goal kick, corner kick.
        border_m: carpet beyond the lines, where there are no walls (1 m, rules 2026).
        goal_area_depth_m, goal_area_width_m: along x and y, from the goal line (1 m
            and 3 m, rules 2026).
        penalty_mark_m: from the goal line (1.5 m, rules 2026).
        kick_off_free_after_s: the ball is in play this long after a kick-off's start,
            touched or not (10 s, rules 2026).
        in_play_distance_m: or as soon as it has moved this far (5 cm, hlvs).
        placed_within_m: of its spot a ball lies that was placed by hand: where it lies
            at the whistle is where it has to move from (the project's choice).
        free_kick_s: as `kick_off_free_after_s`, for throw-in, goal kick, corner kick
            and free kicks (45 s, rules 2026).
        free_kick_ready_s: READY before those; 0: play goes on at once, without READY
            and SET (GameController 6).
        penalty_kick_ready_s: READY before a penalty kick (45 s, rules 2026).
        penalty_kick_s: for a penalty kick (60 s, rules 2026).
        keeper_line_m: torso to goal line, until a penalty kick is touched; farther is
            "off the line" (the project's choice: an OP3's foot is 0.13 m long).
        place_robots: robots that stand illegally in SET are put right by hand; if not,
            they are penalised (rules 2026).
        ball_clearance_m: no robot may stand closer to the ball's spot in SET (the
            project's choice).
        placement_clearance_m: between a hand-placed robot and ball or other robots
            (the project's choice).
        direct_goals: any ball in the goal counts. If not, a goal against the opponents
            straight from a kick-off, throw-in or indirect free kick does not, nor an
            own goal straight from one's own set play (rules 2026).
        small_team: a team of at most this many robots on the pitch may score from a
            kick-off once the kicker has touched the ball outside the centre circle
            (2, rules 2026); with more robots two of them must have touched it.
        double_touch: who takes a set play must not touch the ball again before
            somebody else has (rules 2026): indirect free kick. Kick-offs are exempt,
            and so is a `small_team` (GameController 7).
        clearly_moved_m: a set play's ball that has moved so far since the kick counts
            as played (0.1 m, GameController 7).
    """

    walls: bool = True
    border_m: float = 1.0
    goal_area_depth_m: float = 1.0
    goal_area_width_m: float = 3.0
    penalty_mark_m: float = 1.5
    kick_off_free_after_s: float = 10.0
    in_play_distance_m: float = 0.05
    placed_within_m: float = 0.3
    free_kick_s: float = 45.0
    free_kick_ready_s: float = 0.0
    penalty_kick_ready_s: float = 45.0
    penalty_kick_s: float = 60.0
    keeper_line_m: float = 0.25
    place_robots: bool = True
    ball_clearance_m: float = 0.2
    placement_clearance_m: float = 0.5
    direct_goals: bool = True
    small_team: int = 2
    double_touch: bool = False
    clearly_moved_m: float = 0.1
