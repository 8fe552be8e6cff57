"""The two teams of a match, from their folders."""

from collections.abc import Mapping
from pathlib import Path

from cli.match_config import SIDES
from robot.contracts.errors import ContractError, raise_if_any
from robot.player import Player, load_player
from sim.robot_model import model_hash

POLICIES = Path(__file__).parent.parent / "policies"
DEFAULT_SKILLS = POLICIES / "scripted"
"""Gives the skills that a player's folder does not."""
DEFAULT_PLAYER = POLICIES
"""Who plays at home when nobody is named: the learned skills, side by side."""


def load_players(folders: Mapping[str, Path], defaults: Path) -> dict[str, Player]:
    """Both sides' skills, each proven by its golden.

    Raises:
        ContractError: a bundle is missing, broken or made for another robot model;
            lists the faults of both sides.
        ModelError: this computer has no robot model.
    """
    players: dict[str, Player] = {}
    faults: list[str] = []
    for side in SIDES:
        try:
            players[side] = load_player(folders[side], defaults)
        except ContractError as error:
            faults += [f"{side}: {error.subject}: {fault}" for fault in error.faults]
        else:
            faults += [f"{side}: {fault}" for fault in _model_faults(players[side])]
    raise_if_any("players", faults)
    return players


def team_names(folders: Mapping[str, Path]) -> dict[str, str]:
    """Folder names; told apart where both teams play bundles of one name."""
    names = {side: _team_name(folders[side].resolve()) for side in SIDES}
    if names["home"] == names["away"]:
        return {side: f"{names[side]} {side}" for side in SIDES}
    return names


def _team_name(folder: Path) -> str:
    return "learned" if folder == DEFAULT_PLAYER.resolve() else folder.name


def _model_faults(player: Player) -> list[str]:
    expected = model_hash()
    return [
        f"{spec.role}: expected robot model {expected[:12]}, found "
        f"{spec.robot_model_sha256[:12]}; make the bundle again for this model "
        f"({spec.made_by!r} made it)"
        for spec in player.specs
        if spec.robot_model_sha256 != expected
    ]
