"""Rule books: every time and threshold of a game, named and with its unit."""

from dataclasses import dataclass, fields

from match.errors import MatchError


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """The numbers one kind of game is refereed by.

    A match is one period without a change of sides. The clock starts with the first
    kick-off and runs on through goals and restarts. Every restart is a kick-off from
    the centre spot; after a dropped ball neither team has the right to kick.

    Attributes:
        name: printed in reports.
        duration_s: of the match, on the match clock.
        initial_duration_s: in INITIAL before the first READY.
        ready_duration_s: for the robots to walk to their positions.
        set_duration_s: for the robots to stand still before play.
        kick_off_free_after_s: the ball is in play this long after a kick-off's start,
            touched or not (10 s, GameController 6.0).
        in_play_distance_m: or as soon as it has moved this far (5 cm, hlvs_webots).
        stuck_distance_m: a ball within this distance of where it was ...
        stuck_after_s: ... for this long is dropped anew.
        fallen_incapable_after_s: on the floor for this long makes a robot incapable
            (20 s, RoboCup rules 2026).
        removal_duration_s: an incapable robot's time off the pitch.
        touch_gap_s: contacts with the ball closer in time than this are one touch.
        ball_clearance_m: no robot may stand closer to the ball's spot in SET.
        placement_clearance_m: between a hand-placed robot and ball or other robots.
        mercy_goals: a lead that ends the match, or None.
        message_budget: team messages allowed in a match (12000, GameController 6.0);
            announced, not counted here.
    """

    name: str
    duration_s: float = 600.0
    initial_duration_s: float = 1.0
    ready_duration_s: float = 45.0
    set_duration_s: float = 5.0
    kick_off_free_after_s: float = 10.0
    in_play_distance_m: float = 0.05
    stuck_distance_m: float = 0.05
    stuck_after_s: float = 30.0
    fallen_incapable_after_s: float = 20.0
    removal_duration_s: float = 45.0
    touch_gap_s: float = 0.3
    ball_clearance_m: float = 0.2
    placement_clearance_m: float = 0.5
    mercy_goals: int | None = 10
    message_budget: int = 12000

    def __post_init__(self) -> None:
        may_be_zero = {"initial_duration_s", "message_budget"}
        faults = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "name" or (field.name == "mercy_goals" and value is None):
                continue
            if not (value > 0 or (value == 0 and field.name in may_be_zero)):
                faults.append(f"{field.name}: expected more than 0, found {value}")
        if faults:
            raise MatchError(f"rule book {self.name!r}", faults)


LAB_1V1 = RuleBook(
    name="lab 1v1",
    ready_duration_s=8.0,
    set_duration_s=2.0,
    stuck_after_s=12.0,
    removal_duration_s=5.0,
    mercy_goals=None,
)
"""Two robots on the small laboratory pitch: short ways, so short times.

The times that differ from RoboCup's are the project's choice: an OP3 walks across its
own half in about 8 s. Set the length with `dataclasses.replace(LAB_1V1, duration_s=…)`.
"""
