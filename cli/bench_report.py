"""Throughput as a table, a CSV file and a plot."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from rich.console import Group
from rich.table import Table

from sim.throughput import Throughput

_COLOURS = {"walk": "#33669a", "match": "#c0392b"}


class BenchError(Exception):
    """What was asked for cannot be measured or written."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement of a sweep.

    Attributes:
        axis: what is swept, "environments" or "robots".
        task: name.
        robots: agents in each environment.
        found: the measurement.
    """

    axis: str
    task: str
    robots: int
    found: Throughput

    @property
    def columns(self) -> dict[str, Any]:
        """A line of the CSV file."""
        found = self.found
        return {
            "axis": self.axis,
            "task": self.task,
            "robots": self.robots,
            "environments": found.num_envs,
            "threads": found.threads,
            "env_steps_per_s": round(found.env_steps_per_s, 1),
            "raw_steps_per_s": round(found.raw_steps_per_s, 1),
            "ratio": round(found.ratio.median, 4),
            "ratio_low": round(found.ratio.low, 4),
            "ratio_high": round(found.ratio.high, 4),
            "pairs": found.pairs,
            "resets_per_step": round(found.resets_per_step, 6),
        }


def write_csv(path: Path, rows: list[Row]) -> None:
    """One line per measurement.

    Raises:
        BenchError: the file cannot be written.
    """
    try:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0].columns))
            writer.writeheader()
            writer.writerows(row.columns for row in rows)
    except OSError as error:
        raise BenchError(f"{path}: expected a file to write, {error}") from None


def plot(path: Path, rows: list[Row], title: str) -> None:
    """Throughput against the number of environments, and of robots.

    Raises:
        BenchError: the picture cannot be written.
    """
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(11, 4.2), layout="constrained"
    )
    for task, colour in _COLOURS.items():
        chosen = [r for r in rows if r.axis == "environments" and r.task == task]
        _lines(left, [r.found.num_envs for r in chosen], chosen, task, colour)
    left.set(xscale="log", yscale="log", xlabel="environments")
    left.set_ylabel("control steps of environments per second")
    chosen = [r for r in rows if r.axis == "robots"]
    _lines(right, [r.robots for r in chosen], chosen, "match", _COLOURS["match"])
    right.set(ylim=(0, None), xticks=[r.robots for r in chosen])
    right.set_xlabel(f"robots, {chosen[0].found.num_envs} environments")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(title)
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise BenchError(f"{path}: expected a picture to write, {error}") from None
    finally:
        pyplot.close(figure)


def _lines(axes: Any, x: list[int], rows: list[Row], task: str, colour: str) -> None:
    env = [row.found.env_steps_per_s for row in rows]
    raw = [row.found.raw_steps_per_s for row in rows]
    axes.plot(x, env, "o-", color=colour, label=f"{task}, environment")
    axes.plot(x, raw, "x--", color=colour, alpha=0.6, label=f"{task}, bare rollout")


def table(result: dict[str, Any], rows: list[Row]) -> Group:
    """The headline, and the sweeps where there are any."""
    head = Table(show_header=False)
    head.add_column(no_wrap=True)
    head.add_column()
    for name, value in result.items():
        head.add_row(name, str(value))
    if not rows:
        return Group(head)
    body = Table()
    shown = ("task", "robots", "environments", "env_steps_per_s", "ratio")
    for name in shown:
        body.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        body.add_row(*(str(row.columns[name]) for name in shown))
    return Group(head, body)
