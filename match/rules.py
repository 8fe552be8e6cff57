"""Rule books: every time and threshold of a game, named and with its unit."""

from dataclasses import dataclass, fields, replace

from match.errors import MatchError
from match.rule_book.ball import BallRules
from match.rule_book.fouls import Fouls
from match.rule_book.penalties import Penalties
from match.rule_book.restarts import Restarts
from match.rule_book.times import Times
from robot.contracts.field import FieldSpec

_MAY_BE_ZERO = {
    "initial_duration_s",
    "free_kick_ready_s",
    "message_budget",
    "removal_increment_s",
    "sudden_death_shots",
    "time_outs",
}
_HALVES = (1, 2)


@dataclass(frozen=True, kw_only=True)
class RuleBook(Times, Restarts, BallRules, Fouls, Penalties):
    """The numbers one kind of game is refereed by; the sections explain each.

    Attributes:
        name: printed in reports.

    Raises:
        MatchError: a number that must be positive is not; lists them all.
    """

    name: str

    def __post_init__(self) -> None:
        faults = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or isinstance(value, bool | str):
                continue
            if not (value > 0 or (value == 0 and field.name in _MAY_BE_ZERO)):
                faults.append(f"{field.name}: expected more than 0, found {value}")
        if self.halves not in _HALVES:
            faults.append(f"halves: expected 1 or 2, found {self.halves}")
        if faults:
            raise MatchError(f"rule book {self.name!r}", faults)


LAB_1V1 = RuleBook(
    name="lab 1v1",
    ready_duration_s=8.0,
    set_duration_s=2.0,
    stuck_after_s=12.0,
    removal_duration_s=5.0,
    removal_increment_s=0.0,
    cautions_to_send_off=None,
    mercy_goals=None,
    goal_area_depth_m=0.3,
    goal_area_width_m=1.2,
    penalty_mark_m=0.8,
    free_kick_s=10.0,
    penalty_kick_ready_s=8.0,
    penalty_kick_s=20.0,
    in_place_duration_s=5.0,
    extra_time_s=None,
    extra_time_break_s=5.0,
    shot_pause_s=3.0,
    penalty_shot_s=20.0,
)
"""Two robots on the small laboratory pitch: short ways, so short times.

The times that differ from RoboCup's are the project's choice: an OP3 walks across its
own half in about 8 s. The marks are the small size league's, scaled to 5 x 4 m and
rounded. Set the length with `dataclasses.replace(LAB_1V1, duration_s=…)`.
"""

LAB_2V2 = replace(
    LAB_1V1,
    name="lab 2v2",
    resting_ball=False,
    local_stuck=True,
    global_stuck=True,
    global_stuck_after_s=12.0,
    direct_goals=False,
    illegal_positions=True,
    avoidance_grace_s=5.0,
    motion_in_stop=True,
    pushing=True,
    ball_holding=True,
    removal_duration_s=10.0,
    removal_increment_s=5.0,
    goal_area_players=1,
)
"""Four robots on the same pitch: teammates get in each other's way, so the rules about
positions, contact and stuck balls are on. Numbers: the project's choice."""

SMALL_SIZE_LEAGUE = RuleBook(
    name="small size league 2026",
    halves=2,
    initial_duration_s=10.0,
    walls=False,
    place_robots=False,
    restart_ends_penalties=False,
    ball_stop_rule=True,
    direct_goals=False,
    double_touch=True,
    resting_ball=False,
    local_stuck=True,
    global_stuck=True,
    ball_holding=True,
    hands=True,
    illegal_positions=True,
    motion_in_set=True,
    motion_in_stop=True,
    pushing=True,
    leaving=True,
)
"""RoboCup Humanoid Soccer League 2026, small size, on `SMALL_SIZE_PITCH`. For matches
that need a winner: `dataclasses.replace(SMALL_SIZE_LEAGUE, knock_out=True)`."""

SMALL_SIZE_PITCH = FieldSpec(
    length_m=9.0,
    width_m=6.0,
    goal_width_m=1.8,
    goal_height_m=1.2,
    goal_depth_m=0.5,
    post_radius_m=0.05,
    line_width_m=0.05,
    penalty_area_depth_m=2.0,
    penalty_area_width_m=4.0,
    centre_circle_radius_m=0.75,
)
"""The S-field of rules 2026: 9 x 6 m, to the outer edges of the lines; goals 1.8 x
1.2 m (the smallest allowed). Ball as in the laboratory (FIFA mini ball, circumference
0.44 m)."""
