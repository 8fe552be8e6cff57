"""Training curves as one picture."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

_PANELS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("reward per step", (("reward/total", "total"),)),
    (
        "share of the commanded speed reached",
        (
            ("share/forward", "forward"),
            ("share/backward", "backward"),
            ("share/left", "sideways"),
            ("share/turn", "turn"),
        ),
    ),
    ("falls per minute", (("falls_per_min", "falls"),)),
    ("samples per second", (("steps_per_s", "end to end"),)),
)


def joined(histories: list[list[dict[str, float]]]) -> list[dict[str, float]]:
    """The reports of runs that followed each other, steps counted through."""
    rows: list[dict[str, float]] = []
    done = 0.0
    for history in histories:
        rows += [row | {"step": row["step"] + done} for row in history]
        done = rows[-1]["step"] if rows else 0.0
    return rows


def draw_curves(rows: list[dict[str, float]], path: Path) -> None:
    """Draw the reports of a run (`RunFolder.history`) over control steps."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 5.6), constrained_layout=True)
    for axis, (title, lines) in zip(axes.flat, _PANELS, strict=True):
        for name, label in lines:
            points = [(row["step"] / 1e6, row[name]) for row in rows if name in row]
            if points:
                axis.plot(*zip(*points, strict=True), label=label, linewidth=1.2)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("million control steps")
        axis.grid(alpha=0.3)
        if len(lines) > 1:
            axis.legend(fontsize=8)
    figure.savefig(path, dpi=90)
    plt.close(figure)
