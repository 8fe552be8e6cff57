"""A match on a real pitch, from the command line's arguments."""

import argparse
from dataclasses import replace

from cli.lab_match import LabMatchConfig
from match.eyes.lookout import LookoutConfig
from match.game_controller_lead import LeadConfig
from match.rules import LAB_1V1, LAB_2V2, SMALL_SIZE_LEAGUE, SMALL_SIZE_PITCH
from match.teams import Team
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import TeamColour
from robot.network import TRACKER_PORT

RULES = {
    "lab-1v1": (LAB_1V1, FieldSpec(), 1),
    "lab-2v2": (LAB_2V2, FieldSpec(), 2),
    "small-size": (SMALL_SIZE_LEAGUE, SMALL_SIZE_PITCH, 4),
}
"""Rule book, pitch and robots per team."""

_COLOURS = {colour.name.lower(): colour for colour in TeamColour}


def team_argument(text: str) -> Team:
    """From "5:rhinos:green". Raises ArgumentTypeError otherwise."""
    number, _, rest = text.partition(":")
    name, _, colour = rest.rpartition(":")
    if not number.isdecimal() or not name or colour not in _COLOURS:
        raise argparse.ArgumentTypeError(
            f"expected NUMBER:NAME:COLOUR with a colour of {', '.join(_COLOURS)}, "
            f"found {text}"
        )
    return Team(number=int(number), name=name, colour=_COLOURS[colour])


def lab_config(args: argparse.Namespace) -> LabMatchConfig:
    """The match that the arguments of `referee lead` ask for."""
    rules, field, robots = RULES[args.rules]
    rules = replace(
        rules,
        duration_s=args.seconds or rules.duration_s,
        waits_for_start=args.page is not None,
    )
    jerseys = tuple(range(1, robots + 1))
    network = LeadConfig(
        address=args.address,
        version=args.protocol,
        whistle_delay_s=args.whistle_delay,
    )
    return LabMatchConfig(
        rules=rules,
        field=field,
        teams=(
            replace(args.home, players=jerseys),
            replace(args.away, players=jerseys),
        ),
        network=network.moved(args.port_offset),
        tracker_port=TRACKER_PORT + args.port_offset,
        eyes=LookoutConfig(),
    )
