"""The suite's results as a table, a JSON file and a page that needs nothing else."""

import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import imageio.v2 as imageio
import numpy as np
from rich import box
from rich.table import Table

from cli.suite_jobs import SuiteError
from cli.suite_plots import film_strip, results_figure
from cli.suite_trial import scene, trials
from match.plots import data_address, png_bytes
from training.paper_results import ROWS, Outcome

COLUMNS = ("ours", "scripted", "paper sim", "paper real")
_PAPER_KEYS = ("paper_simulation", "paper_real")


def table(found: Mapping[str, Any]) -> Table:
    """The rows for a terminal."""
    shown = Table(title=headline(found), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("", no_wrap=True)
    for name in COLUMNS:
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("failed", justify="right", no_wrap=True)
    shown.add_column("falls", justify="right", no_wrap=True)
    for cells in _lines(found):
        shown.add_row(*cells)
    shown.caption = caption(found)
    return shown


def headline(found: Mapping[str, Any]) -> str:
    """What was tried, and how."""
    drawn = "randomized" if found["randomization"] else "nominal"
    pushed = "pushed" if found["pushes"] else "not pushed"
    stopped = "" if found["complete"] else " at most (stopped before the end)"
    return (
        f"{found['name']} ({', '.join(found['roles'])}): {found['trials']} trials "
        f"each{stopped}, {drawn}, {pushed}, seed {found['seed']}"
    )


def caption(found: Mapping[str, Any]) -> str:
    """How to read the numbers."""
    text = (
        "mean±standard error; get-up: median. failed, falls: trials and falls, "
        "ours/scripted. * made of the default player's skills alone"
    )
    duel = found.get("duel")
    if duel:
        text += "\n" + duel_line(duel)
    return text


def duel_line(duel: Mapping[str, Any]) -> str:
    """Wins and goals in words."""
    share = duel["won_of_decided"]
    won = "none decided" if share is None else f"{100 * share:.0f} % of the decided"
    return (
        f"duel against scripted: {duel['matches']} matches of {duel['seconds']:g} s: "
        f"{duel['wins']} won, {duel['draws']} drawn, {duel['losses']} lost ({won}), "
        f"goals {duel['goals'][0]} : {duel['goals'][1]}"
    )


def write_files(
    folder: Path,
    found: Mapping[str, Any],
    outcomes: Sequence[Outcome],
    frames: Mapping[str, np.ndarray],
) -> str:
    """`paper.json`, `paper.html`, and a film strip per protocol where OpenGL works.

    Args:
        folder: exists.
        found: all results.
        outcomes: every trial.
        frames: of one trial per protocol, [F, nq].

    Returns:
        Why there are no film strips; empty if there are.

    Raises:
        SuiteError: the folder cannot be written.
    """
    strips, notice = _strips(frames)
    figure = png_bytes(results_figure(found, outcomes)) if _keys(found) else b""
    page = Template(_PAGE).substitute(
        title=escape(f"{found['name']}: paper suite"),
        headline=escape(headline(found)),
        table=_html_table(found),
        caption=escape(caption(found)),
        plots=_image(figure, "All trials") if figure else "",
        postures=_postures(found),
        strips="".join(
            f"<h3>{escape(name)}</h3>{_image(png, name)}" for name, png in strips
        ),
    )
    text = json.dumps(found, indent=1, allow_nan=False)
    try:
        (folder / "paper.json").write_text(text + "\n", encoding="utf-8")
        (folder / "paper.html").write_text(page, encoding="utf-8")
        if figure:
            (folder / "paper.png").write_bytes(figure)
        for name, png in strips:
            (folder / f"{name}.png").write_bytes(png)
    except OSError as error:
        raise SuiteError(f"--out: expected a folder to write, {error}") from None
    return notice


def _strips(frames: Mapping[str, np.ndarray]) -> tuple[list[tuple[str, bytes]], str]:
    found: list[tuple[str, bytes]] = []
    for name, states in frames.items():
        try:
            picture = film_strip(scene(trials()[name].scene), states)
        except Exception as error:  # each OpenGL backend raises a class of its own
            return found, f"no film strips: OpenGL does not start here ({error})"
        stream = io.BytesIO()
        imageio.imwrite(stream, picture, format="png")  # type: ignore[call-overload]
        found.append((name, stream.getvalue()))
    return found, ""


def _keys(found: Mapping[str, Any]) -> list[str]:
    return [row.key for row in ROWS if row.key in found]


def _lines(found: Mapping[str, Any]) -> list[list[str]]:
    """Cells of all rows: label, values, failures, falls."""
    lines = []
    for row in ROWS:
        plain = found.get(row.key)
        if plain is None:
            continue
        mark = " *" if plain["player"] == "default" else ""
        unit = "" if row.unit == "share" else f", {row.unit}"
        scripted = plain["scripted"]
        values = [_value(plain), _value(scripted)]
        values += [_value(plain[key]) for key in _PAPER_KEYS]
        lines.append(
            [
                f"{row.label}{unit}{mark}",
                *values,
                _both(plain, scripted, "failures"),
                _both(plain, scripted, "falls"),
            ]
        )
    return lines


def _value(plain: Mapping[str, Any] | None) -> str:
    """A mean and its standard error; a dash for nothing."""
    if plain is None or plain["value"] is None:
        return "-"
    spread = plain.get("spread") or {}
    error = plain.get("standard_error", spread.get("standard_error"))
    shown = f"{plain['value']:.2f}"
    if error is None:
        return shown
    return f"{shown}±{error:.2f}" if error >= 0.01 else f"{shown}±{error:.1g}"


def _both(
    ours: Mapping[str, Any], scripted: Mapping[str, Any] | None, name: str
) -> str:
    right = "-" if scripted is None else str(scripted[name])
    return f"{ours[name]}/{right}"


def _html_table(found: Mapping[str, Any]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", *COLUMNS, "failed", "falls"))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells in _lines(found)
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _postures(found: Mapping[str, Any]) -> str:
    """Get-ups by how the robot lay."""
    plain = found.get("getup_s")
    if plain is None:
        return ""
    cells = []
    for who, side in (("ours", plain), ("scripted", plain["scripted"])):
        for name, posture in (side or {}).get("postures", {}).items():
            value = posture["value"]
            cells.append(
                f"<tr><td>{who}</td><td>{name}</td>"
                f"<td>{posture['trials'] - posture['failures']} of "
                f"{posture['trials']}</td>"
                f"<td>{'-' if value is None else f'{value:.2f}'}</td></tr>"
            )
    head = "<tr><th></th><th>lying on</th><th>up within 5 s</th><th>median s</th></tr>"
    return (
        "<section><h2>Get-up by posture</h2>"
        f"<table>{head}{''.join(cells)}</table></section>"
    )


def _image(png: bytes, label: str) -> str:
    return f'<img alt="{escape(label)}" src="{data_address(png)}">'


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { --ink: #1d2430; --paper: #f3f5f8; --card: #fff; --soft: #66707f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf0; --paper: #14181f; --card: #1e242e; --soft: #98a2b3; }
  img { background: #fff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: .75rem; background: var(--paper);
  color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
section { background: var(--card); border-radius: 14px; padding: 1rem;
  margin-bottom: .75rem; }
h1 { font-size: 1.2rem; margin: 0 0 .6rem; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
h3 { font-size: .95rem; margin: .8rem 0 .3rem; color: var(--soft); }
img { display: block; width: 100%; border-radius: 8px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .5rem .3rem 0;
  border-bottom: 1px solid #8883; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.note { color: var(--soft); font-size: .85rem; white-space: pre-line; }
</style>
</head>
<body>
<section><h1>$headline</h1>$table<p class="note">$caption</p></section>
<section><h2>All trials</h2>$plots</section>
$postures
<section><h2>One trial of each kind</h2>$strips</section>
</body>
</html>
"""
