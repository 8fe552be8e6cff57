"""A session as one page and one file of figures.

`report.html` needs nothing beside it: pictures and films are inside, there are no
scripts and no links to other places.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from match.elo import Rating, ratings
from match.errors import MatchError
from match.occupancy import Occupancy, add_match, empty_occupancy, paths_within
from match.paths_file import read_paths
from match.plots import data_address, png_bytes
from match.session_files import PATHS, match_folder, read_result
from match.session_page import PAGE
from match.session_plan import SessionPlan, plan_to_plain
from match.session_plots import heat_figure
from match.session_store import StoredMatch, scores_of
from match.spans import times_of
from match.standings import Payoff, Standing, payoff, standings
from robot.contracts.field import FieldSpec

MOST_CLIPS_BYTES = 6_000_000
"""Of films on one page."""


@dataclass(frozen=True, kw_only=True)
class SessionReport:
    """All figures of a session so far."""

    table: tuple[Standing, ...]
    elo: tuple[Rating, ...]
    payoff: Payoff
    matches: tuple[StoredMatch, ...]
    total: int


def session_figures(
    plan: SessionPlan, matches: tuple[StoredMatch, ...], total: int
) -> SessionReport:
    """Everything that follows from the scores; matches that failed do not count."""
    names = [team.name for team in plan.teams]
    scores = scores_of(matches)
    table = standings(names, scores)
    ordered = [line.name for line in table]
    return SessionReport(
        table=table,
        elo=ratings(ordered, scores),
        payoff=payoff(ordered, scores),
        matches=matches,
        total=total,
    )


def write_session_report(
    folder: Path,
    plan: SessionPlan,
    report: SessionReport,
    *,
    begun_at: str,
    bundles: Mapping[str, str],
    field: FieldSpec,
) -> None:
    """Write report.html and session.json.

    Args:
        folder: of the session, with its matches' folders.
        bundles: hash of what plays for each team.

    Raises:
        MatchError: the folder cannot be written.
    """
    names = [line.name for line in report.table]
    maps = _occupancies(folder, names, report.matches, field)
    failed = sum(match.goals is None for match in report.matches)
    subtitle = (
        f"{len(report.matches)} of {report.total} matches played"
        + (f", {failed} failed" if failed else "")
        + f"; {plan.match_s:g} s each, {plan.rule_book}; begun {begun_at}"
    )
    page = Template(PAGE).substitute(
        title=escape(plan.name),
        subtitle=escape(subtitle),
        standings=_standings(report),
        payoff=_payoff(report.payoff),
        maps="".join(
            f'<h3>{escape(name)}</h3><img alt="Heat maps of {escape(name)}" '
            f'src="{data_address(png_bytes(heat_figure(maps[name], field)))}">'
            for name in names
        ),
        clips=_clips(folder, report.matches),
        matches=_matches(report.matches),
        facts=_facts(plan, bundles),
    )
    try:
        _replace(folder / "report.html", page)
        figures = _plain(plan, report, begun_at, bundles)
        text = json.dumps(figures, indent=1, sort_keys=True, allow_nan=False)
        _replace(folder / "session.json", text + "\n")
    except OSError as error:
        fault = f"expected to write into {folder}, found: {error.strerror}"
        raise MatchError("session report", [fault]) from error


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _occupancies(
    folder: Path,
    names: Sequence[str],
    matches: Sequence[StoredMatch],
    field: FieldSpec,
) -> dict[str, Occupancy]:
    """By team, over all its matches; a match whose files are gone is left out."""
    found = {name: empty_occupancy(field) for name in names}
    for match in matches:
        place = match_folder(folder, match.fixture.number)
        try:
            result, paths = read_result(place), read_paths(place / PATHS)
        except MatchError:
            continue
        for right in (True, False):
            times = times_of(result.spans, home_attacks_right=right)
            played = paths_within(paths, times)
            home, away = result.numbers
            for name, team, turn in (
                (match.fixture.home, home, not right),
                (match.fixture.away, away, right),
            ):
                found[name] = add_match(
                    found[name], played, team=team, turn=turn, field=field
                )
    return found


def _standings(report: SessionReport) -> str:
    head = ("", "Matches", "Won", "Drawn", "Lost", "Goals", "Points per match")
    head += ("Win share", "Goal difference", "Elo")
    elo = {rating.name: rating for rating in report.elo}
    rows = []
    for line in report.table:
        rating = elo[line.name]
        share = "-" if line.win_share is None else f"{line.win_share:.2f}"
        rows.append(
            (
                line.name,
                str(line.played),
                str(line.wins),
                str(line.draws),
                str(line.losses),
                f"{line.goals_for} : {line.goals_against}",
                f"{line.points_per_match:.2f}",
                share + _between(line.win_interval, ".2f"),
                f"{line.goal_difference:+.2f}"
                + _between(line.goal_difference_interval, "+.2f"),
                f"{rating.elo:.0f}" + _between(rating.interval, ".0f"),
            )
        )
    return _table(head, rows)


def _between(interval: tuple[float, float] | None, form: str) -> str:
    if interval is None:
        return ""
    return f" [{interval[0]:{form}}, {interval[1]:{form}}]"


def _payoff(matrix: Payoff) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in matrix.names)
    rows = []
    for row, name in enumerate(matrix.names):
        cells = "".join(
            _payoff_cell(matrix, row, column) for column in range(len(matrix.names))
        )
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _payoff_cell(matrix: Payoff, row: int, column: int) -> str:
    if matrix.played[row, column] == 0:
        return "<td></td>"
    share = float(matrix.share[row, column])
    # From red over yellow to green.
    colour = f"hsl({120 * share:.0f} 65% 72%)"
    goals, played = matrix.goal_difference[row, column], matrix.played[row, column]
    return (
        f'<td class="cell" style="background:{colour}"><b>{share:.2f}</b><br>'
        f"{goals:+.2f}, {played}</td>"
    )


def _clips(folder: Path, matches: Sequence[StoredMatch]) -> str:
    """The films of all matches, goals first, as many as fit the page."""
    found = []
    for match in matches:
        place = match_folder(folder, match.fixture.number)
        try:
            clips = read_result(place).clips
        except MatchError:
            continue
        for clip in clips:
            goals = 0 if match.goals is None else sum(match.goals)
            found.append((goals == 0, match, place / clip.file, clip.title))
    shown, size = [], 0
    for _, match, path, title in sorted(found, key=lambda entry: entry[0]):
        try:
            film = path.read_bytes()
        except OSError:
            continue
        if size + len(film) > MOST_CLIPS_BYTES:
            continue
        size += len(film)
        address = "data:video/mp4;base64," + base64.b64encode(film).decode()
        fixture = match.fixture
        shown.append(
            f'<div><video controls preload="metadata" src="{address}"></video>'
            f"<p>{fixture.number}: {escape(fixture.home)} - {escape(fixture.away)}; "
            f"{escape(title)}</p></div>"
        )
    if not shown:
        return ""
    return f'<section><h2>Films</h2><div class="grid">{"".join(shown)}</div></section>'


def _matches(matches: Sequence[StoredMatch]) -> str:
    rows = []
    for match in matches:
        fixture = match.fixture
        score = "failed"
        if match.goals is not None:
            score = f"{match.goals[0]} : {match.goals[1]}"
        falls = len(match.summary.get("falls", []))
        note = f'<td class="failed">{escape(match.reason)}</td>' if match.reason else ""
        cells = (str(fixture.number), f"{fixture.home} - {fixture.away}", score)
        cells += (str(fixture.seed), f"{falls}", f"{match.played_s:.0f} s")
        cells += (f"{match.wall_s:.0f} s", str(match.attempts))
        row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(f"<tr>{row}{note}</tr>")
    head = ("", "Home - away", "Score", "Seed", "Falls", "Played", "Took", "Restarts")
    line = "".join(f"<th>{name}</th>" for name in head)
    return f"<table><tr>{line}</tr>{''.join(rows)}</table>"


def _facts(plan: SessionPlan, bundles: Mapping[str, str]) -> str:
    rows = [
        (f"team {team.name}", f"{team.bundle}, {bundles.get(team.name, '')[:16]}")
        for team in plan.teams
    ]
    plain = plan_to_plain(plan)
    rows += [(k, str(v)) for k, v in plain.items() if k not in ("name", "teams")]
    cells = "".join(
        f'<tr><th>{escape(name)}</th><td class="name">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{cells}</table>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    line = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{line}</tr>{body}</table>"


def _plain(
    plan: SessionPlan,
    report: SessionReport,
    begun_at: str,
    bundles: Mapping[str, str],
) -> dict[str, Any]:
    matrix = report.payoff
    return {
        "plan": plan_to_plain(plan),
        "bundles": dict(bundles),
        "begun_at": begun_at,
        "matches_total": report.total,
        "standings": [
            {**asdict(line), "points": line.points, "played": line.played}
            for line in report.table
        ],
        "elo": [asdict(rating) for rating in report.elo],
        "payoff": {
            "names": list(matrix.names),
            "share": _lists(matrix.share),
            "goal_difference": _lists(matrix.goal_difference),
            "played": matrix.played.tolist(),
        },
        "matches": [
            {
                **asdict(match.fixture),
                "status": match.status,
                "goals": None if match.goals is None else list(match.goals),
                "played_s": match.played_s,
                "wall_s": match.wall_s,
                "attempts": match.attempts,
                "reason": match.reason,
            }
            for match in report.matches
        ],
    }


def _lists(matrix: np.ndarray) -> list[list[float | None]]:
    """Where teams have not met there is no number, and JSON has no NaN."""
    return [
        [None if np.isnan(v) else round(float(v), 6) for v in row] for row in matrix
    ]
