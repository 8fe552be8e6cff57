"""How long a match and its parts last."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Times:
    """Periods, waits and time-outs.

    The clock of a period starts with its first kick-off and runs on through goals and
    restarts (rules 2026, Law 7); it stands while play is stopped and in time-outs.

    Attributes:
        duration_s: of one period, on the match clock (600 s, rules 2026).
        halves: 1: one period without a change of sides. 2: the teams change sides and
            the other one has the kick-off.
        half_time_s: between the halves (600 s, rules 2026).
        knock_out: a drawn match goes on: extra time, then a penalty shoot-out.
        extra_time_s: of each of two halves of extra time (300 s, GameController 6);
            None: straight to the shoot-out, as in rules 2026.
        extra_time_break_s: before each of them and before the shoot-out (the project's
            choice).
        initial_duration_s: in INITIAL before the first READY.
        waits_for_start: INITIAL lasts until somebody orders the start instead.
        ready_duration_s: for the robots to walk to their positions (45 s, rules 2026).
        set_duration_s: for the robots to stand still before play (5 s, hlvs).
        ball_stop_rule: a period goes on while the ball still rolls (rules 2026) ...
        ball_stop_longest_s: ... but not longer than this (10 s, GameController 7).
        ball_still_distance_m: a ball that stays within this distance ...
        ball_still_s: ... for this long has come to rest (1 s and 0.01 m in simulation,
            GameController 7; 0.03 m lets a camera see it).
        mercy_goals: a lead that ends the match, or None (10, rules 2026).
        time_outs: of each team per match (1, rules 2026).
        time_out_s: how long one lasts (300 s, rules 2026).
        referee_time_out_s: shown for the referee's own time-out, which lasts until
            the start is ordered (600 s, GameController 6).
        penalty_shots: of each team in a shoot-out (3, rules 2026).
        sudden_death_shots: of each team after that (3, rules 2026).
        shot_pause_s: between two shots (the project's choice).
        penalty_shot_s: for one shot (60 s, rules 2026).
        message_budget: team messages allowed in a match (12000, rules 2026);
            announced, not counted here.
    """

    duration_s: float = 600.0
    halves: int = 1
    half_time_s: float = 600.0
    knock_out: bool = False
    extra_time_s: float | None = 300.0
    extra_time_break_s: float = 60.0
    initial_duration_s: float = 1.0
    waits_for_start: bool = False
    ready_duration_s: float = 45.0
    set_duration_s: float = 5.0
    ball_stop_rule: bool = False
    ball_stop_longest_s: float = 10.0
    ball_still_distance_m: float = 0.03
    ball_still_s: float = 1.0
    mercy_goals: int | None = 10
    time_outs: int = 1
    time_out_s: float = 300.0
    referee_time_out_s: float = 600.0
    penalty_shots: int = 3
    sudden_death_shots: int = 3
    shot_pause_s: float = 10.0
    penalty_shot_s: float = 60.0
    message_budget: int = 12000
