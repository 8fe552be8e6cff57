"""What the page shows at one instant: a snapshot that any thread may hand over."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as field_default

import numpy as np
from numpy.typing import NDArray

from match.decisions import Decision
from match.effects import Ruling
from match.errors import MatchError
from match.observation import MatchObservation
from match.teams import Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameControl, PlayerInfo

Picture = NDArray[np.uint8]
"""uint8 RGB [H, W, 3]."""


@dataclass(frozen=True, kw_only=True)
class ServoHealth:
    """One servo as last read; None where nothing was read.

    Attributes:
        joint: by name.
        temperature_c: inside the servo.
        voltage_v: at the servo.
        current_a: of the motor, signed: its load.
        errors: names of the errors the servo has recorded.
    """

    joint: str
    temperature_c: float | None = None
    voltage_v: float | None = None
    current_a: float | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RobotHealth:
    """The servos of one robot."""

    team: int
    player: int
    servos: tuple[ServoHealth, ...]


@dataclass(frozen=True, kw_only=True)
class PageView:
    """Everything the page draws. Nothing it holds may be changed afterwards.

    Attributes:
        field: the pitch.
        teams: home and away.
        control: the true state of the game, not held back for any whistle.
        observation: ball and robots, None before anything was seen.
        decisions: oldest first, all of the match or its latest ones.
        rulings: those decisions that can be overruled or have been.
        pictures: camera insets by title, in the order they are to stand.
        health: of the robots that report it.

    Raises:
        MatchError: the control is about other teams, or a picture is no RGB picture.
    """

    field: FieldSpec
    teams: Teams
    control: GameControl
    observation: MatchObservation | None = None
    decisions: tuple[Decision, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    pictures: Mapping[str, Picture] = field_default(default_factory=dict)
    health: tuple[RobotHealth, ...] = ()

    def __post_init__(self) -> None:
        faults = []
        numbers = sorted(team.number for team in self.teams)
        found = sorted(team.team_number for team in self.control.teams)
        if numbers != found:
            faults.append(f"control: expected teams {numbers}, found {found}")
        for title, picture in self.pictures.items():
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                faults.append(
                    f"picture {title!r}: expected uint8 [H, W, 3], found "
                    f"{picture.dtype} {list(picture.shape)}"
                )
        if faults:
            raise MatchError("page view", faults)

    @property
    def score(self) -> tuple[int, int]:
        """Goals of home and away."""
        home, away = (self.control.team(team.number).score for team in self.teams)
        return home, away

    def standing(self, team: int, player: int) -> PlayerInfo:
        """One robot's penalty and cautions."""
        return self.control.team(team).players[player - 1]

    def team_name(self, number: int) -> str:
        """Of one of the two teams."""
        return next(team.name for team in self.teams if team.number == number)
