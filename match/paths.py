"""The ways of ball and robots over a match, thinned for drawing."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from match.observation import MatchObservation, RobotId

Path = NDArray[np.float64]
"""[N, 3]: time [s], x, y [m] in the pitch frame."""


@dataclass(frozen=True, kw_only=True)
class Paths:
    """One path per robot and the ball's."""

    ball: Path
    robots: dict[RobotId, Path]


class PathLog:
    """Collects paths, one sample every `period_s`."""

    def __init__(self, *, period_s: float = 0.1) -> None:
        self._period_s = period_s
        self._last_s = -math.inf
        self._ball: list[tuple[float, float, float]] = []
        self._robots: dict[RobotId, list[tuple[float, float, float]]] = {}

    def add(self, observation: MatchObservation) -> None:
        """Keep the observation if one is due."""
        time_s = observation.time_s
        if time_s - self._last_s < self._period_s - 1e-9:
            return
        self._last_s = time_s
        x_m, y_m, _ = observation.ball_xyz_m
        self._ball.append((time_s, x_m, y_m))
        for robot in observation.robots:
            row = (time_s, robot.x_m, robot.y_m)
            self._robots.setdefault(robot.robot, []).append(row)

    def paths(self) -> Paths:
        """Everything collected so far."""
        return Paths(
            ball=_array(self._ball),
            robots={
                robot: _array(rows) for robot, rows in sorted(self._robots.items())
            },
        )


def without_jumps(path: Path, limit_m: float) -> Path:
    """The path with a row of NaN wherever it moves more than `limit_m` at once.

    Things put somewhere by hand did not travel there; NaN breaks a drawn line.
    """
    if len(path) < 2:
        return path
    ways_m = np.hypot(*np.diff(path[:, 1:], axis=0).T)
    breaks = np.flatnonzero(ways_m > limit_m) + 1
    return np.insert(path, breaks, np.nan, axis=0)


def speeds(path: Path, *, jump_m: float, window_s: float = 1.0) -> tuple[Path, Path]:
    """Times [M] and speeds [M] (m/s), each over the `window_s` before its time.

    NaN where the thing moved more than `jump_m` at once within the window: it was put
    there by hand.
    """
    if len(path) < 2:
        return np.empty(0), np.empty(0)
    times = path[:, 0]
    late = np.flatnonzero(times - times[0] >= window_s - 1e-9)
    first = np.searchsorted(times, times[late] - window_s - 1e-9)
    steps_m = np.hypot(*np.diff(path[:, 1:], axis=0).T)
    jumps = np.concatenate([[0], np.cumsum(steps_m > jump_m)])
    elapsed_s = times[late] - times[first]
    ways_m = np.hypot(*(path[late, 1:] - path[first, 1:]).T)
    clean = (jumps[late] == jumps[first]) & (elapsed_s > 0)
    return times[late], np.where(clean, ways_m / np.where(clean, elapsed_s, 1), np.nan)


def _array(rows: list[tuple[float, float, float]]) -> Path:
    return np.array(rows, dtype=np.float64).reshape(-1, 3)
