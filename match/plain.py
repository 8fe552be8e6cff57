"""What a match is refereed by, as JSON values and back: setup, looks, orders."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any, TypeVar

from match import commands
from match.commands import Command
from match.errors import MatchError
from match.observation import MatchObservation, RobotObservation
from match.restart import RestartKind
from match.rules import RuleBook
from match.teams import Team, Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState, Penalty, TeamColour

Plain = dict[str, Any]
Value = TypeVar("Value")

_COMMANDS: dict[str, type[Command]] = {
    name: value
    for name in dir(commands)
    if isinstance(value := getattr(commands, name), type) and issubclass(value, Command)
}


def setup_to_plain(rules: RuleBook, field: FieldSpec, teams: Teams) -> Plain:
    """All that the referee knew before the match."""
    return {
        "rules": asdict(rules),
        "field": asdict(field),
        "teams": [
            asdict(team)
            | {
                "colour": team.colour.name,
                "goalkeeper_colour": team.goalkeeper_colour.name,
            }
            for team in teams
        ],
    }


def setup_from_plain(plain: Mapping[str, Any]) -> tuple[RuleBook, FieldSpec, Teams]:
    """The inverse of `setup_to_plain`.

    Raises:
        MatchError: it is not such a setup.
    """
    return _parsed(
        "match setup",
        lambda: (
            RuleBook(**plain["rules"]),
            FieldSpec(**plain["field"]),
            (_team(plain["teams"][0]), _team(plain["teams"][1])),
        ),
    )


def observation_to_plain(observation: MatchObservation) -> Plain:
    """One look, exactly: floats keep all their digits."""
    return asdict(observation)


def observation_from_plain(plain: Mapping[str, Any]) -> MatchObservation:
    """The inverse of `observation_to_plain`; other fields are left aside.

    Raises:
        MatchError: it is not such an observation.
    """

    def robot(number: list[int]) -> tuple[int, int]:
        team, player = number
        return team, player

    return _parsed(
        "recorded observation",
        lambda: MatchObservation(
            time_s=plain["time_s"],
            ball_xyz_m=tuple(plain["ball_xyz_m"]),
            robots=tuple(RobotObservation(**robot) for robot in plain["robots"]),
            contacts=tuple((robot(a), robot(b)) for a, b in plain["contacts"]),
        ),
    )


def command_to_plain(command: Command) -> Plain:
    """An order by the name of its kind."""
    values = {
        name: value.name if isinstance(value, Enum) else value
        for name, value in asdict(command).items()
    }
    return {"order": type(command).__name__, **values}


def command_from_plain(plain: Mapping[str, Any]) -> Command:
    """The inverse of `command_to_plain`.

    Raises:
        MatchError: there is no such order.
    """
    values = {key: value for key, value in plain.items() if key != "order"}
    for key, kind in (
        ("penalty", Penalty),
        ("phase", GameState),
        ("kick", RestartKind),
    ):
        if key in values:
            name = values[key]
            values[key] = _parsed("recorded order", lambda k=kind, n=name: k[n])
    if values.get("spot_m") is not None:
        values["spot_m"] = tuple(values["spot_m"])
    return _parsed("recorded order", lambda: _COMMANDS[plain["order"]](**values))


def _team(plain: Mapping[str, Any]) -> Team:
    return Team(
        **{
            **plain,
            "players": tuple(plain["players"]),
            "substitutes": tuple(plain["substitutes"]),
            "colour": TeamColour[plain["colour"]],
            "goalkeeper_colour": TeamColour[plain["goalkeeper_colour"]],
        }
    )


def _parsed(subject: str, read: Callable[[], Value]) -> Value:
    try:
        return read()
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, MatchError):
            raise
        raise MatchError(
            subject,
            [
                f"expected what this version records, found {error!r}; "
                "read the record with the version that wrote it"
            ],
        ) from error
