"""What reports say of a task: rewards, events, and measures of whole episodes.

Per step, over all environments: `reward/TERM`, `reward/total`, `EVENT_per_min` and
`mean/LEVEL`. Per whole episode (the first one of a staggered environment is none):
`episode/return`, `episode/seconds`, `episodes_with/EVENT`, `end/LEVEL`, `max/LEVEL`
and, for levels that are true or false, `first_s/LEVEL`: seconds until it was first true
in episodes that began with it false and came to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot.contracts.policy import ObservationSpec
from sim.env import TimeStep
from sim.tasks.body_state import STAND_HEIGHT_M
from sim.tasks.task import Task

FloatArray = NDArray[np.floating[Any]]

UP_HEIGHT = 36 / 41
"""Share of the standing height from which a robot counts as up: where the shoulder
marker of arXiv:2304.13653's get-up trials ends them (36 of 41 cm)."""
UP_COSINE = 0.9
"""Cosine of the tilt from which it counts as up (chosen)."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What one step shows, per agent.

    Attributes:
        levels: [B, R] numbers or bools that last.
        events: [B, R] or [B] bools that are true in the one step they happen in.
        plain: averages over the batch, taken as they are.
    """

    levels: dict[str, NDArray[Any]] = field(default_factory=dict)
    events: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    plain: dict[str, float] = field(default_factory=dict)


Watch = Callable[[Task, TimeStep], Watched]


def watch(task: Task, moved: TimeStep) -> Watched:
    """What to report of a task's step.

    The task's own rule where `WATCHES` has one; and all of the task's measures that
    are one number per agent, as levels.
    """
    own = WATCHES.get(task.name, _ended)(task, moved)
    shape = moved.reward.shape
    levels = {
        name: value for name, value in moved.measures.items() if value.shape == shape
    }
    return Watched(levels=levels | own.levels, events=own.events, plain=own.plain)


def truth(spec: ObservationSpec, vector: FloatArray, name: str) -> FloatArray:
    """[..., size] raw value of a privileged term, read back from the vector."""
    offset = 0
    for term in spec.terms:
        if term.name == name:
            value = vector[..., offset : offset + term.size]
            mean = np.array(term.mean or 0.0, value.dtype)
            return value * np.array(term.std or 1.0, value.dtype) + mean
        offset += term.size * term.history
    known = ", ".join(term.name for term in spec.terms)
    raise ValueError(f"privileged term: expected one of {known}, found {name!r}")


class EpisodeMeter:
    """Sums over the running episode of every environment; gives whole ones back."""

    def __init__(self, rows: tuple[int, int], period_s: float, *, whole: bool):
        """For `rows` (environments, agents).

        Args:
            rows: B and R.
            period_s: of control.
            whole: the first episodes begin at their beginning, not staggered.
        """
        self._period_s = period_s
        self._rows = rows
        self._whole = np.full(rows[0], whole)
        self._steps = np.zeros(rows[0], np.int64)
        self._return = np.zeros(rows)
        self._events: dict[str, NDArray[np.bool_]] = {}
        self._most: dict[str, FloatArray] = {}
        self._first_s: dict[str, FloatArray] = {}

    def add(self, moved: TimeStep, seen: Watched) -> list[tuple[str, FloatArray]]:
        """One step further: names and values of whole episodes that ended in it."""
        began = self._steps == 0
        self._steps += 1
        self._return += moved.reward
        self._follow_events(seen)
        self._follow_levels(seen, began)
        cut = np.logical_or(moved.terminated, moved.truncated)
        if not cut.any():
            return []
        ended = np.flatnonzero(cut & self._whole)
        found = self._of_ended(ended, seen) if len(ended) else []
        self._forget(cut)
        return found

    def _follow_events(self, seen: Watched) -> None:
        for name, happened in seen.events.items():
            wide = happened.reshape(len(happened), -1)
            before = self._events.setdefault(name, np.zeros(self._rows, bool))
            np.logical_or(before, wide, out=before)

    def _follow_levels(self, seen: Watched, began: NDArray[np.bool_]) -> None:
        for name, level in seen.levels.items():
            most = self._most.setdefault(name, np.full(self._rows, -np.inf))
            np.maximum(most, level, out=most)
            if level.dtype != np.bool_:
                continue
            # nan: not yet; infinite: true from the start, so never reached.
            first = self._first_s.setdefault(name, np.full(self._rows, np.nan))
            first[began[:, None] & level] = np.inf
            now = (self._steps * self._period_s)[:, None]
            np.copyto(first, now, where=level & np.isnan(first))

    def _of_ended(
        self, rows: NDArray[np.int64], seen: Watched
    ) -> list[tuple[str, FloatArray]]:
        found = [
            ("episode/return", self._return[rows]),
            ("episode/seconds", self._steps[rows] * self._period_s),
        ]
        for name, happened in self._events.items():
            found.append((f"episodes_with/{name}", happened[rows].astype(float)))
        for name, level in seen.levels.items():
            found.append((f"end/{name}", level[rows].astype(float)))
            found.append((f"max/{name}", self._most[name][rows]))
        for name, first in self._first_s.items():
            reached = first[rows]
            found.append((f"first_s/{name}", reached[np.isfinite(reached)]))
        return found

    def _forget(self, cut: NDArray[np.bool_]) -> None:
        self._whole |= cut
        self._steps[cut] = 0
        self._return[cut] = 0.0
        for happened in self._events.values():
            happened[cut] = False
        for most in self._most.values():
            most[cut] = -np.inf
        for first in self._first_s.values():
            first[cut] = np.nan


class Meter:
    """Averages of whatever is added, until taken."""

    def __init__(
        self, task: Task, rows: tuple[int, int], *, whole: bool, steps: int = 1
    ) -> None:
        """For `rows` (environments, agents) whose actions last `steps` control steps;
        `whole`: see `EpisodeMeter`."""
        self._task, self._period_s = task, steps * task.control_period_s
        self._episodes = EpisodeMeter(rows, self._period_s, whole=whole)
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """One more value of each name."""
        for name, value in values.items():
            self._count(name, value, 1)

    def add_step(self, moved: TimeStep) -> None:
        """One action of all environments."""
        seen = watch(self._task, moved)
        minutes = self._period_s / 60
        values = {f"reward/{name}": float(v.mean()) for name, v in moved.terms.items()}
        values["reward/total"] = float(moved.reward.mean())
        for name, happened in seen.events.items():
            values[f"{name}_per_min"] = float(happened.mean()) / minutes
        for name, level in seen.levels.items():
            values[f"mean/{name}"] = float(level.mean())
        self.add(values | seen.plain)
        for name, ended in self._episodes.add(moved, seen):
            self._count(name, float(ended.sum()), ended.size)

    def take(self) -> dict[str, float]:
        """Averages since the last call."""
        means = {
            name: total / self._counts[name]
            for name, total in self._sums.items()
            if self._counts[name]
        }
        self._sums, self._counts = {}, {}
        return means

    def _count(self, name: str, total: float, count: int) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + total
        self._counts[name] = self._counts.get(name, 0) + count


def _ended(task: Task, moved: TimeStep) -> Watched:
    return Watched(events={"terminations": moved.terminated})


def _walk(task: Task, moved: TimeStep) -> Watched:
    """Falls, and the speed reached as a share of what was asked, per direction."""
    command, velocity = (
        moved.measures[name].reshape(-1, 3) for name in ("command", "velocity")
    )
    asked = {
        "forward": (0, command[:, 0] > 0.4),
        "backward": (0, command[:, 0] < -0.15),
        "left": (1, command[:, 1] > 0.12),
        "turn": (2, np.abs(command[:, 2]) > 0.8),
    }
    shares = {}
    for name, (axis, rows) in asked.items():
        if rows.any():
            wanted = command[rows, axis]
            along = velocity[rows, axis] * np.sign(wanted)
            shares[f"share/{name}"] = float(along.mean() / np.abs(wanted).mean())
    return Watched(events={"falls": moved.terminated}, plain=shares)


def _getup(task: Task, moved: TimeStep) -> Watched:
    return Watched(levels={"up": _is_up(task, moved)})


def _soccer(task: Task, moved: TimeStep) -> Watched:
    """Goals, speeds, and whether the robots are up."""

    def speed(name: str) -> FloatArray:
        return truth(task.privileged, moved.final_privileged, name)

    ball = speed("ball_motion")
    return Watched(
        levels={
            "up": _is_up(task, moved),
            "forward_m_s": speed("velocity")[..., 0],
            "ball_m_s": np.linalg.norm(ball[..., :2], axis=-1),
        },
        events={
            "goals": moved.terms["scoring"] > 0,
            "conceded": moved.terms["conceding"] < 0,
            "terminations": moved.terminated,
        },
    )


def _is_up(task: Task, moved: TimeStep) -> NDArray[np.bool_]:
    """[B, R] tall and upright."""
    spec, vector = task.privileged, moved.final_privileged
    height = truth(spec, vector, "height")[..., 0]
    upright = -truth(spec, vector, "upright")[..., 2]
    return (height > UP_HEIGHT * STAND_HEIGHT_M) & (upright > UP_COSINE)


WATCHES: Mapping[str, Watch] = MappingProxyType(
    {"walk": _walk, "getup": _getup, "score": _soccer, "match": _soccer}
)
"""Rules by task name. A task without one reports its own measures."""
