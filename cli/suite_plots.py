"""Pictures of the suite's results: every trial as a dot, and film strips."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.arena import Arena
from sim.renderer import ArenaRenderer, Image, RenderConfig
from training.film import strip
from training.paper_results import OURS, ROWS, SCRIPTED, Outcome, Row

_COLOURS = {OURS: "#33669a", SCRIPTED: "#c0392b"}
_PAPER = (
    ("paper_simulation", "paper, simulation", "--"),
    ("paper_real", "paper, real", ":"),
)
_COLUMNS = 2
_STRIP_FRAMES = 8


def results_figure(results: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Figure:
    """One panel per row: dots of all trials, or a bar per share; the paper's lines."""
    rows = [row for row in ROWS if row.key in results]
    lines = -(-len(rows) // _COLUMNS)
    figure = Figure(figsize=(8.6, 2.1 * lines + 0.4), layout="constrained")
    places = list(figure.subplots(lines, _COLUMNS, squeeze=False).flat)
    for place, row in zip(places, rows, strict=False):
        if row.unit == "share":
            _share_panel(place, row, results[row.key])
        else:
            _dots_panel(place, row, results[row.key], outcomes)
        place.set_title(row.label, fontsize=11, loc="left")
        place.spines[["top", "right"]].set_visible(False)
    for place in places[len(rows) :]:
        place.axis("off")
    labels: dict[str, Any] = {}
    for place in figure.axes:
        for handle, label in zip(*place.get_legend_handles_labels(), strict=True):
            labels.setdefault(label, handle)
    figure.legend(
        labels.values(), labels.keys(), loc="outside upper center", ncols=4, fontsize=9
    )
    return figure


def film_strip(arena: Arena, frames: NDArray[np.float32]) -> Image:
    """[H, W, 3] eight moments of a trial in two lines, close to the first robot.

    Raises:
        Exception: OpenGL does not start here; each backend raises a class of its own.
    """
    chosen = np.linspace(0, len(frames) - 1, _STRIP_FRAMES).round().astype(int)
    look = RenderConfig(
        broadcast_px=(240, 200), head_px=(16, 12), distance_m=1.2, elevation_deg=-18.0
    )
    with ArenaRenderer(arena, look) as renderer:
        images = []
        for row in chosen:
            renderer.pose(frames[row].astype(np.float64))
            images.append(renderer.follow(0))
    return strip(images, _STRIP_FRAMES // 2)


def _dots_panel(
    place: Axes, row: Row, plain: Mapping[str, Any], outcomes: Sequence[Outcome]
) -> None:
    spread = np.random.default_rng(0)
    for height, who in ((1, OURS), (0, SCRIPTED)):
        values = [
            o.value
            for o in outcomes
            if (o.who, o.protocol) == (who, row.protocol) and o.value is not None
        ]
        at = height + spread.uniform(-0.22, 0.22, len(values))
        place.plot(values, at, "o", ms=3.5, alpha=0.45, color=_COLOURS[who], mew=0)
        side = plain if who == OURS else plain["scripted"]
        if side and side["value"] is not None:
            place.vlines(
                side["value"],
                height - 0.35,
                height + 0.35,
                color=_COLOURS[who],
                lw=2.5,
                label=who,
            )
    _paper_lines(place, plain)
    place.set(yticks=(0, 1), yticklabels=(SCRIPTED, OURS), ylim=(-0.6, 1.6))
    place.set_xlim(left=0)
    place.set_xlabel(row.unit, fontsize=9)
    place.tick_params(labelsize=9)


def _share_panel(place: Axes, row: Row, plain: Mapping[str, Any]) -> None:
    for height, who in ((1, OURS), (0, SCRIPTED)):
        side = plain if who == OURS else plain["scripted"]
        if side:
            error = side["spread"]["standard_error"]
            place.barh(
                height, side["value"], 0.5, xerr=error, color=_COLOURS[who], alpha=0.8
            )
    _paper_lines(place, plain)
    place.set(yticks=(0, 1), yticklabels=(SCRIPTED, OURS), ylim=(-0.6, 1.6))
    place.set_xlim(0, 1.02)
    place.set_xlabel("share of trials", fontsize=9)
    place.tick_params(labelsize=9)


def _paper_lines(place: Axes, plain: Mapping[str, Any]) -> None:
    for key, label, style in _PAPER:
        if plain[key] is not None:
            place.axvline(
                plain[key]["value"], color="#1d2430", lw=1.3, ls=style, label=label
            )
