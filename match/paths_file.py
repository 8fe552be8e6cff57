"""Paths of a match in a file: NumPy's npz, no pickles."""

from pathlib import Path as FilePath
from zipfile import BadZipFile

import numpy as np

from match.errors import MatchError
from match.paths import Paths

_BALL = "ball"


def write_paths(file: FilePath, paths: Paths) -> None:
    """Keep ball and robots, one array [N, 3] each (time s, x m, y m).

    Raises:
        MatchError: the file cannot be written.
    """
    arrays = {f"robot_{team}_{player}": p for (team, player), p in paths.robots.items()}
    arrays[_BALL] = paths.ball
    try:
        with file.open("wb") as stream:
            np.savez_compressed(stream, **arrays)  # pyright: ignore[reportArgumentType]
    except OSError as error:
        fault = f"expected to write {file}, found: {error.strerror}; check the folder"
        raise MatchError("paths", [fault]) from error


def read_paths(file: FilePath) -> Paths:
    """What `write_paths` wrote.

    Raises:
        MatchError: no such file, or another kind of file.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        ball = found.pop(_BALL)
        robots = {}
        for name, path in found.items():
            _, team, player = name.split("_")
            robots[int(team), int(player)] = path
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        fault = f"expected paths in {file}, found: {error}; play the match again"
        raise MatchError("paths", [fault]) from error
    return Paths(ball=ball, robots=robots)
