"""What plays for the teams of a session: bundles, proven and told apart."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from cli.match_players import DEFAULT_SKILLS, load_players
from robot.player import own_skills


def bundle_hash(folder: Path) -> str:
    """SHA-256 over everything that plays for a team; cards do not play."""
    digest = sha256()
    for role, skill in sorted(
        (own_skills(DEFAULT_SKILLS) | own_skills(folder)).items()
    ):
        for path in sorted(skill.iterdir()):
            if path.is_file() and path.suffix != ".md":
                digest.update(f"{role}/{path.name}".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def require_players(bundles: Mapping[str, Path]) -> None:
    """Load every player once, so that a broken bundle is found before the first match.

    Raises:
        ContractError: a bundle is missing or broken.
    """
    names = list(bundles)
    for home, away in zip(names, names[1:] + names[:1], strict=True):
        load_players({"home": bundles[home], "away": bundles[away]}, DEFAULT_SKILLS)
