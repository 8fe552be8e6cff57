"""Training curves as one picture."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

_COLUMNS = 2
_PANELS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("reward per step", (("reward/total", "total"),)),
    ("return per episode", (("episode/return", "whole episodes"),)),
    (
        "share of the commanded speed reached",
        (
            ("share/forward", "forward"),
            ("share/backward", "backward"),
            ("share/left", "sideways"),
            ("share/turn", "turn"),
        ),
    ),
    (
        "share of episodes",
        (
            ("end/up", "that end up"),
            ("end/fallen", "that end fallen"),
            ("episodes_with/goals", "with a goal"),
        ),
    ),
    ("seconds until up", (("first_s/up", "of those that come up"),)),
    ("ball's top speed, m/s", (("max/best_m_s", "mean over episodes"),)),
    (
        "per minute",
        (("falls_per_min", "falls"), ("goals_per_min", "goals")),
    ),
    (
        "teachers' weights",
        (
            ("teacher/upright_weight", "score teacher"),
            ("teacher/fallen_weight", "get-up teacher"),
        ),
    ),
    (
        "curriculum",
        (
            ("curriculum/pushes", "strength of pushes"),
            ("curriculum/difficulty", "difficulty"),
        ),
    ),
    ("samples per second", (("steps_per_s", "end to end"),)),
)
"""Title and lines; a panel without any data is left out."""


def joined(histories: list[list[dict[str, float]]]) -> list[dict[str, float]]:
    """The reports of runs that followed each other, steps counted through."""
    rows: list[dict[str, float]] = []
    done = 0.0
    for history in histories:
        rows += [row | {"step": row["step"] + done} for row in history]
        done = rows[-1]["step"] if rows else 0.0
    return rows


def draw_curves(rows: list[dict[str, float]], path: Path) -> None:
    """Draw the reports of a run (`RunFolder.history`) over actions."""
    known = set().union(*rows)
    panels = [
        (title, [(name, label) for name, label in lines if name in known])
        for title, lines in _PANELS
    ]
    panels = [(title, lines) for title, lines in panels if lines]
    count = -(-len(panels) // _COLUMNS)
    figure, axes = plt.subplots(
        count,
        _COLUMNS,
        figsize=(9, 2.8 * count),
        constrained_layout=True,
        squeeze=False,
    )
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (title, lines) in zip(axes.flat, panels, strict=False):
        for name, label in lines:
            points = [(row["step"] / 1e6, row[name]) for row in rows if name in row]
            axis.plot(*zip(*points, strict=True), label=label, linewidth=1.2)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("million actions")
        axis.grid(alpha=0.3)
        if len(lines) > 1:
            axis.legend(fontsize=8)
    figure.savefig(path, dpi=90)
    plt.close(figure)
