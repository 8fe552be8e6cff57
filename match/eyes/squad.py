"""What the overhead camera looks for: which tag is on which robot, and the ball."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from match.eyes.ball import BallColour
from match.eyes.tags import Family
from match.observation import RobotId
from robot.contracts.codec import from_plain
from robot.contracts.errors import ContractError


@dataclass(frozen=True, kw_only=True)
class RobotTag:
    """A level tag on a robot's torso, its upper edge pointing ahead.

    It belongs on the torso (the head turns) and low: a walking OP3 rocks by 6 degrees
    (RMS), which moves a plate above its head by 3 cm. The default is a plate of 16 cm
    on the torso's upper deck, behind the head, which rests on the rear handle.

    Attributes:
        tag_id: of the family.
        team, player: whose robot.
        side_m: of the black square.
        height_m: of the tag over the floor while the robot stands.
        forward_m, left_m: of the tag's centre from the torso's origin.
        turn_rad: of the tag's upper edge from straight ahead, counter-clockwise.
    """

    tag_id: int
    team: int
    player: int
    side_m: float = 0.128
    height_m: float = 0.381
    forward_m: float = -0.125
    left_m: float = 0.0
    turn_rad: float = 0.0

    @property
    def robot(self) -> RobotId:
        return self.team, self.player


@dataclass(frozen=True, kw_only=True)
class Squad:
    """Everything the camera looks for.

    Attributes:
        tags: one per robot.
        family: of AprilTags.
        ball_colour: see `BallColour`.
        ball_radius_m: of the ball; None for the pitch's usual one.
    """

    tags: tuple[RobotTag, ...]
    family: Family = "36h11"
    ball_colour: BallColour = field(default_factory=BallColour)
    ball_radius_m: float | None = None

    def __post_init__(self) -> None:
        faults = []
        for name in ("tag_id", "robot"):
            listed = [getattr(tag, name) for tag in self.tags]
            if len(set(listed)) < len(listed):
                faults.append(f"tags: expected every {name} once, found {listed}")
        for tag in self.tags:
            numbers = (tag.side_m, tag.height_m)
            if not all(0 < number < math.inf for number in numbers):
                faults.append(f"tag {tag.tag_id}: expected side and height above 0 m")
        if faults:
            raise ValueError("; ".join(faults))


def read_squad(path: Path) -> Squad:
    """Read a squad file, JSON.

    Raises:
        ContractError: missing, not JSON, or not this contract; lists every fault.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        fault = f"expected a list of tags, found: {error.strerror}; check the path"
        raise ContractError(str(path), [fault]) from None
    except ValueError as error:
        raise ContractError(str(path), [f"expected JSON, found {error}"]) from None
    return from_plain(Squad, plain, subject=str(path))
