"""What one match of a session leaves in its folder for the session's report."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from match.errors import MatchError
from match.spans import Span
from robot.contracts.codec import from_plain, to_plain
from robot.contracts.errors import ContractError

JOB, RESULT, PATHS = "job.json", "result.json", "paths.npz"


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A short film in the match's folder, and what it shows."""

    file: str
    title: str


@dataclass(frozen=True, kw_only=True)
class MatchResult:
    """How a match ended.

    Attributes:
        goals: home, away.
        numbers: of the teams in paths and summary: home, away.
        played_s: from switching on to the end, simulated or real.
        wall_s: on the wall clock.
        spans: when it was really played.
        clips: films of its goals.
        summary: from `match.statistics.summary`.
    """

    goals: tuple[int, int]
    played_s: float
    wall_s: float
    spans: tuple[Span, ...]
    clips: tuple[Clip, ...]
    summary: dict[str, Any]
    numbers: tuple[int, int] = (1, 2)


def match_folder(session: Path, number: int) -> Path:
    """Where match `number` of a session lies."""
    return session / "matches" / f"{number:04d}"


def write_result(folder: Path, result: MatchResult) -> None:
    """Keep it, whole or not at all.

    Raises:
        MatchError: the folder cannot be written.
    """
    plain = to_plain(result)
    text = json.dumps(plain, indent=1, sort_keys=True, allow_nan=False) + "\n"
    draft = folder / f"{RESULT}.part"
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / RESULT)
    except OSError as error:
        fault = f"expected to write {folder / RESULT}, found: {error.strerror}"
        raise MatchError("match result", [fault]) from error


def read_result(folder: Path) -> MatchResult:
    """What `write_result` wrote.

    Raises:
        MatchError: there is none, or not a whole one.
    """
    path = folder / RESULT
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        summary = plain.pop("summary")
        empty = from_plain(MatchResult, {**plain, "summary": {}}, subject=str(path))
    except (OSError, ValueError, KeyError, AttributeError, ContractError) as error:
        fault = f"expected a match's result in {path}, found: {error}"
        raise MatchError("match result", [fault]) from error
    return MatchResult(**{**vars(empty), "summary": summary})
