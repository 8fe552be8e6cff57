"""What a simulated match is made of before it begins."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cli.arguments import from_zero
from firmware_bridge.emulator import ChainConfig
from match.game_controller_budget import TEAM_PORT
from match.game_controller_lead import LeadConfig
from match.rules import LAB_1V1, RuleBook
from match.state import Team, Teams
from robot.contracts.calibration import CalibrationBundle
from robot.contracts.game_control import TeamColour
from robot.joint_map import JointMap

SIDES = ("home", "away")
TEAM_NUMBERS = {"home": 1, "away": 2}
JERSEY = 1
_HIGHEST_TEAM = 254
_COLOURS = {"home": TeamColour.BLUE, "away": TeamColour.RED}


@dataclass(frozen=True, kw_only=True)
class Ports:
    """UDP ports of a match; the standard ones, all moved by `offset`."""

    offset: int = 0

    @property
    def control(self) -> int:
        return 3838 + self.offset

    @property
    def status(self) -> int:
        return 3939 + self.offset

    @property
    def tracker(self) -> int:
        return 3737 + self.offset

    @property
    def monitor(self) -> int:
        return 3636 + self.offset

    @property
    def all(self) -> tuple[int, ...]:
        """Those that must be free; teams' ports are shared by all that listen."""
        return self.monitor, self.tracker, self.control, self.status


def port_offset(text: str) -> int:
    """What may be added to all ports. Raises ArgumentTypeError otherwise."""
    offset, highest = from_zero(text), 65535 - TEAM_PORT - _HIGHEST_TEAM
    if offset > highest:
        raise argparse.ArgumentTypeError(f"expected 0 to {highest}, found {text}")
    return offset


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Declare what concerns the match on the network."""
    parser.add_argument(
        "--port-offset",
        type=port_offset,
        default=0,
        metavar="N",
        help="add N to all UDP ports (3838, 3939, ...), for matches side by side",
    )
    parser.add_argument(
        "--protocol",
        type=int,
        choices=(20, 19),
        default=20,
        help="version of the GameController's packets (%(default)s)",
    )
    parser.add_argument(
        "--whistle-delay",
        type=from_zero,
        default=0,
        metavar="S",
        help="tell robots of PLAYING so much later (%(default)s; 10 as at RoboCup)",
    )


@dataclass(frozen=True, kw_only=True)
class MatchConfig:
    """One match.

    Attributes:
        seconds: on the match clock, from the first kick-off; overrules `rules`.
        seed: of start poses, floor friction and tracker noise.
        rules: all other times and thresholds.
        tracker_noise_m, tracker_noise_rad: sigma of what the tracker reports
            (project's choice; motion capture is better, an overhead camera worse).
        floor_friction: drawn per match (arXiv:2304.13653 randomizes 0.5 to 1.0).
        ports: UDP ports.
        protocol: version of the GameController's packets, 20 or 19.
        whistle_delay_s: robots are told of PLAYING so much later; 0 for robots without
            ears, 10 as at RoboCup.
        chains: emulated buses that are not as usual, by side.
        joint_maps: robots that are not wired as the vendor's, by side.
        scene: where players that see are; without one they have no camera.
        calibration: both robots have the servos and the camera of this one, and P gains
            that make up for them; None: the papers' robot.
    """

    seconds: float = 120.0
    seed: int = 1
    rules: RuleBook = LAB_1V1
    tracker_noise_m: float = 0.005
    tracker_noise_rad: float = 0.01
    floor_friction: tuple[float, float] = (0.6, 1.0)
    ports: Ports = field(default_factory=Ports)
    protocol: int = 20
    whistle_delay_s: float = 0.0
    chains: Mapping[str, ChainConfig] = field(default_factory=dict)
    joint_maps: Mapping[str, JointMap] = field(default_factory=dict)
    scene: Path | None = None
    calibration: CalibrationBundle | None = None

    @property
    def network(self) -> LeadConfig:
        """The GameController's side; it hears nobody outside this computer."""
        config = LeadConfig(
            listen_address="127.0.0.1",
            version=self.protocol,
            whistle_delay_s=self.whistle_delay_s,
        )
        return config.moved(self.ports.offset)


def teams_of(names: Mapping[str, str]) -> Teams:
    """Both teams; `names` by side."""
    home, away = (
        Team(number=TEAM_NUMBERS[side], name=names[side], colour=_COLOURS[side])
        for side in SIDES
    )
    return home, away
