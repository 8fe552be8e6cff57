"""Where ball and robots spent their time: counts on a grid over the pitch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from match.paths import Path, Paths
from robot.contracts.field import FieldSpec

CELL_M = 0.1
Counts = NDArray[np.float64]
"""[X, Y] samples per cell; x along the pitch, y across it, both from the low end."""


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """One team's matches as if it always attacked +x.

    Attributes:
        ball: where the ball was.
        robots: where the team's own robots were.
    """

    ball: Counts
    robots: Counts


def grid_edges(field: FieldSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cell borders [X + 1] and [Y + 1], m: the pitch, the goals and the ramps."""
    half_x = field.half_length_m + field.goal_depth_m
    half_y = field.half_width_m + field.ramp_width_m
    columns, rows = round(2 * half_x / CELL_M), round(2 * half_y / CELL_M)
    return np.linspace(-half_x, half_x, columns + 1), np.linspace(
        -half_y, half_y, rows + 1
    )


def empty_occupancy(field: FieldSpec) -> Occupancy:
    """Before the first match."""
    x, y = grid_edges(field)
    nothing = np.zeros((len(x) - 1, len(y) - 1))
    return Occupancy(ball=nothing, robots=nothing)


def add_match(
    before: Occupancy, paths: Paths, *, team: int, turn: bool, field: FieldSpec
) -> Occupancy:
    """Count one match of a team.

    Args:
        paths: of all, in the pitch frame.
        team: its number in that match.
        turn: it attacked -x, so everything is turned by 180 deg.
    """
    own = [path for robot, path in paths.robots.items() if robot[0] == team]
    return Occupancy(
        ball=before.ball + _count([paths.ball], turn=turn, field=field),
        robots=before.robots + _count(own, turn=turn, field=field),
    )


def within(path: Path, spans: Sequence[tuple[float, float]]) -> Path:
    """The samples of a path whose time is in one of `spans` (from, to; s)."""
    keep = np.zeros(len(path), dtype=bool)
    for begin_s, end_s in spans:
        keep |= (path[:, 0] >= begin_s) & (path[:, 0] <= end_s)
    return path[keep]


def paths_within(paths: Paths, spans: Sequence[tuple[float, float]]) -> Paths:
    """All paths, in `spans` only."""
    return Paths(
        ball=within(paths.ball, spans),
        robots={robot: within(path, spans) for robot, path in paths.robots.items()},
    )


def _count(paths: Iterable[Path], *, turn: bool, field: FieldSpec) -> Counts:
    edges = grid_edges(field)
    sign = -1 if turn else 1
    total = np.zeros((len(edges[0]) - 1, len(edges[1]) - 1))
    for path in paths:
        total += np.histogram2d(sign * path[:, 1], sign * path[:, 2], bins=edges)[0]
    return total
