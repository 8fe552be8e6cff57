"""A finished match as one page and one file of figures.

`report.html` needs nothing beside it: pictures are inside, styles are inside, there are
no scripts and no links to other places.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from match.errors import MatchError
from match.paths import Paths
from match.plots import (
    COLOURS,
    data_address,
    pitch_figure,
    png_bytes,
    speed_figure,
)
from match.record import decision_to_plain
from match.report_page import PAGE
from match.state import Decision, DecisionKind, Teams
from robot.contracts.field import FieldSpec

_MARKS = {
    DecisionKind.GOAL: "goal",
    DecisionKind.NO_GOAL: "stop",
    DecisionKind.INCAPABLE: "card",
    DecisionKind.PUSHING: "card",
    DecisionKind.CAUTION: "card",
    DecisionKind.SENT_OFF: "card",
    DecisionKind.OVERRULED: "stop",
    DecisionKind.BALL_OUT: "stop",
    DecisionKind.BALL_STUCK: "stop",
}


_RESTARTS = (DecisionKind.READY, DecisionKind.SET, DecisionKind.PLAYING)
_KICK_OFFS = ("start", "after a goal", "set", "kick-off")


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """What `write_report` left."""

    html: Path
    figures: Path


def write_report(
    folder: Path,
    *,
    summary: Mapping[str, Any],
    paths: Paths,
    decisions: Sequence[Decision],
    field: FieldSpec,
    teams: Teams,
    facts: Mapping[str, Any] | None = None,
    video: str | None = None,
) -> ReportFiles:
    """Write report.html and match.json.

    Args:
        summary: from `match.statistics.summary`.
        facts: printed as a table and kept in match.json: policies, seed, rule book.
        video: file name of a video in the same folder, shown on the page.

    Raises:
        MatchError: the folder cannot be written.
    """
    facts = dict(facts or {})
    figures = {
        "facts": facts,
        "summary": dict(summary),
        "events": [decision_to_plain(decision) for decision in decisions],
    }
    files = ReportFiles(html=folder / "report.html", figures=folder / "match.json")
    pitch = png_bytes(pitch_figure(field, teams, paths, decisions))
    speed = png_bytes(speed_figure(teams, paths, decisions))
    page = Template(PAGE).substitute(
        title=escape(_title(summary)),
        headline=_headline(summary, teams),
        video=_video(video),
        possession=_possession(summary, teams),
        team_table=_team_table(summary),
        pitch=data_address(pitch),
        speed=data_address(speed),
        events=_events(decisions, teams),
        falls=_falls(summary, teams),
        facts=_facts(facts),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.html.write_text(page, encoding="utf-8")
        text = json.dumps(figures, indent=2, sort_keys=True, allow_nan=False)
        files.figures.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise MatchError(
            "match report",
            [
                f"expected to write into {folder}, found: {error.strerror}; "
                "choose a folder that can be written"
            ],
        ) from error
    return files


def _title(summary: Mapping[str, Any]) -> str:
    home, away = summary["teams"]
    score = summary["score"]
    return f"{home['name']} {score[0]}:{score[1]} {away['name']}"


def _headline(summary: Mapping[str, Any], teams: Teams) -> str:
    score = summary["score"]
    home, away = (
        f'<span class="team"><i style="background:{COLOURS[team.colour]}"></i>'
        f"{escape(team.name)}</span>"
        for team in teams
    )
    return (
        f'<div class="score">{home}<b>{score[0]}&thinsp;:&thinsp;{score[1]}</b>'
        f"{away}</div>"
        f'<p class="sub">{_clock(summary["played_s"])} in state PLAYING</p>'
    )


def _video(video: str | None) -> str:
    if video is None:
        return ""
    return (
        f'<section><h2>Video</h2><video controls preload="metadata" '
        f'src="{escape(video, quote=True)}"></video></section>'
    )


def _possession(summary: Mapping[str, Any], teams: Teams) -> str:
    parts = []
    for team, figures in zip(teams, summary["teams"], strict=True):
        percent = 100 * figures["possession"]
        parts.append(
            f'<span style="flex:{max(percent, 1):.1f};'
            f'background:{COLOURS[team.colour]}">{percent:.0f}&nbsp;%</span>'
        )
    return f'<div class="bar">{"".join(parts)}</div>'


def _team_table(summary: Mapping[str, Any]) -> str:
    head = ["Robot", "Distance", "Mean speed", "Top speed", "Touches", "Shots", "Falls"]
    rows = []
    for team in summary["teams"]:
        for player, robot in team["robots"].items():
            name = team["name"] + (f" {player}" if len(team["robots"]) > 1 else "")
            first = robot["first_reach_s"]
            rows.append(
                [
                    name,
                    f"{robot['distance_m']:.1f} m",
                    f"{robot['mean_speed_m_s']:.2f} m/s",
                    f"{robot['top_speed_m_s']:.2f} m/s",
                    str(robot["touches"]),
                    str(robot["shots"]),
                    str(robot["falls"]),
                    "never" if first is None else f"{first:.1f} s",
                ]
            )
    return _turned_table([*head, "First at the ball"], rows)


def _turned_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One line per head, one column per row: fits a phone for a few robots."""
    lines = []
    for index, name in enumerate(head):
        cell = "th" if index == 0 else "td"
        cells = "".join(f"<{cell}>{escape(row[index])}</{cell}>" for row in rows)
        label = "" if index == 0 else escape(name)
        lines.append(f"<tr><th>{label}</th>{cells}</tr>")
    return f'<div class="wide"><table class="turned">{"".join(lines)}</table></div>'


def _events(decisions: Sequence[Decision], teams: Teams) -> str:
    names = {team.number: team.name for team in teams}
    items = []
    for decision in decisions:
        mark = _MARKS.get(decision.kind, "")
        who = names.get(decision.team, "") if decision.team is not None else ""
        if who and decision.kind in _RESTARTS and decision.rule in _KICK_OFFS:
            who = f"kick-off {who}"
        if decision.player is not None:
            who += f" {decision.player}"
        items.append(
            f'<li class="{mark}"><time>{_clock(decision.time_s)}</time>'
            f"<div><b>{escape(decision.kind.value.capitalize())}</b> "
            f"{escape(who)}<br><small>{escape(decision.reason)}</small></div></li>"
        )
    return f"<ol>{''.join(items)}</ol>"


def _falls(summary: Mapping[str, Any], teams: Teams) -> str:
    if not summary["falls"]:
        return "<p>Nobody fell.</p>"
    names = {team.number: team.name for team in teams}
    rows = "".join(
        f"<tr><td>{_clock(fall['time_s'])}</td>"
        f"<td>{escape(names[fall['team']])} {fall['player']}</td>"
        f"<td>{_fall_end(fall)}</td></tr>"
        for fall in summary["falls"]
    )
    return f"<table><tr><th>Time</th><th>Robot</th><th>Up after</th></tr>{rows}</table>"


def _fall_end(fall: Mapping[str, Any]) -> str:
    if fall["helped"]:
        return f"put up by hand after {fall['down_s']:.1f} s"
    if fall["up_after_s"] is None:
        return "still down at the end"
    return f"{fall['up_after_s']:.1f} s"


def _facts(facts: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
        if value != ""
    )
    return f"<section><h2>Match</h2><table>{rows}</table></section>" if rows else ""


def _clock(time_s: float) -> str:
    tenths = round(time_s * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"
