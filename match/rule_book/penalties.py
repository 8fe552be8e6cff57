"""What an offence costs."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Penalties:
    """Removal, cautions, send-off.

    Penalties are served in READY and PLAYING only (GameController 6). All but send-offs
    end with a period (rules 2026). Where there are no walls, a removed robot is put
    beside the pitch at once and walks back in; where there are, it stays where it is
    and is put at the edge of the pitch when it may play again.

    Attributes:
        removal_duration_s: a robot's time off the pitch (45 s, rules 2026).
        removal_increment_s: more for every earlier penalty of the team that counts:
            pick-up, ball holding, leaving the field, arms or hands, pushing (10 s,
            rules 2026).
        in_place_duration_s: for motion in SET or while play is stopped, served
            standing where it is (15 s, rules 2026).
        restart_ends_penalties: robots come back at the next SET, so that a small match
            never plays on with one robot (the project's choice).
        cautions_to_send_off: yellow cards that send a player off (2, rules 2026);
            None: however many, nobody is sent off.
        warnings_to_caution: warnings that make one of them (2, rules 2026).
        penalty_place_m: a removed robot waits this far beyond the touch line, where
            there are no walls (the project's choice).
    """

    removal_duration_s: float = 45.0
    removal_increment_s: float = 10.0
    in_place_duration_s: float = 15.0
    restart_ends_penalties: bool = True
    cautions_to_send_off: int | None = 2
    warnings_to_caution: int = 2
    penalty_place_m: float = 0.3
