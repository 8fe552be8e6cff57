"""What a session asks of one match's process."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from match.session_files import JOB
from robot.contracts.codec import from_plain


@dataclass(frozen=True, kw_only=True)
class MatchJob:
    """One match to play.

    Attributes:
        bundles: folders by side.
        names: of the teams by side.
        numbers: of the teams by side; real robots have them already.
        seed: of everything that is drawn.
        seconds: on the match clock.
        rules: all numbers of the rule book.
        clips: how many goals are filmed.
        network: broadcast address of real robots; empty for virtual ones.
        port_offset: added to all UDP ports of a match of real robots.
    """

    bundles: dict[str, str]
    names: dict[str, str]
    numbers: dict[str, int]
    seed: int
    seconds: float
    clips: int
    network: str = ""
    port_offset: int = 0
    rules: dict[str, Any] = field(default_factory=dict)


def write_job(folder: Path, job: MatchJob) -> None:
    """Raises OSError where the folder cannot be written."""
    (folder / JOB).write_text(json.dumps(asdict(job)), encoding="utf-8")


def read_job(folder: Path) -> MatchJob:
    """What `write_job` wrote; only sessions write there."""
    path = folder / JOB
    plain = json.loads(path.read_text(encoding="utf-8"))
    rules = plain.pop("rules")
    job = from_plain(MatchJob, {**plain, "rules": {}}, subject=str(path))
    return MatchJob(**{**vars(job), "rules": rules})
