"""The session's page and file of figures, from a store and match folders by hand."""

import base64
import json
from html.parser import HTMLParser

import numpy as np
import pytest

from match.errors import MatchError
from match.paths import Paths
from match.paths_file import write_paths
from match.session_files import (
    PATHS,
    Clip,
    MatchResult,
    match_folder,
    read_result,
    write_result,
)
from match.session_plan import SessionPlan, TeamEntry
from match.session_report import session_figures, write_session_report
from match.session_store import FinishedMatch, SessionStore
from match.spans import Span, SpanLog, times_of
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameState
from tests.match.scenes import playing

FIELD = FieldSpec()
NAMES = ("a&b", "c", "d")
PLAN = SessionPlan(
    name="<cup>", teams=tuple(TeamEntry(name=n, bundle=n) for n in NAMES), match_s=30.0
)
HASHES = dict.fromkeys(NAMES, "0123456789abcdef" * 4)
FILM = b"not really a film"
GOALS = [(2, 0), (1, 1), (0, 3), None, (1, 0), (2, 2)]


def add_match(folder, store, number, goals):
    place = match_folder(folder, number)
    place.mkdir(parents=True)
    (place / "clip_1.mp4").write_bytes(FILM)
    paths = Paths(
        ball=np.array([[1.0, 0.5, 0.5], [9.0, 2.0, 1.0]]),
        robots={
            (1, 1): np.array([[1.0, -1.0, 0.0]]),
            (2, 1): np.array([[1.0, 1.0, 0.0]]),
        },
    )
    write_paths(place / PATHS, paths)
    result = MatchResult(
        goals=goals,
        played_s=40.0,
        wall_s=12.0,
        spans=(Span(begin_s=0.0, end_s=5.0, home_attacks_right=True),),
        clips=(Clip(file="clip_1.mp4", title="goal <1>"),),
        summary={"falls": [{}, {}], "goals": []},
    )
    write_result(place, result)
    assert read_result(place) == result
    finished = FinishedMatch(
        goals=goals, played_s=40.0, wall_s=12.0, summary=result.summary
    )
    store.add_finished(number, finished, "2026-11-28T12:00:00")


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.sources, self.words, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [v for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    with SessionStore(folder / "s.sqlite", PLAN, HASHES, "2026-11-28") as store:
        for number, goals in enumerate(GOALS, 1):
            if goals is None:
                store.add_death(number, "bus <dead>", "2026-11-28", restarts=0)
            else:
                add_match(folder, store, number, goals)
        report = session_figures(PLAN, store.matches(), len(store.fixtures))
        write_session_report(
            folder,
            PLAN,
            report,
            begun_at=store.begun_at(),
            bundles=HASHES,
            field=FIELD,
        )
    return folder, report


def test_the_page_needs_nothing_beside_it(session):
    folder, _ = session
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert page.sources
    assert all(source.startswith("data:") for source in page.sources)
    assert "script" not in page.tags
    films = [s for s in page.sources if s.startswith("data:video/mp4;base64,")]
    assert len(films) == 5
    assert base64.b64decode(films[0].partition(",")[2]) == FILM
    assert sum(s.startswith("data:image/png") for s in page.sources) == 3


def test_the_page_says_what_was_played(session):
    folder, _ = session
    text = " ".join(Page((folder / "report.html").read_text(encoding="utf-8")).words)
    assert "6 of 6 matches played, 1 failed; 30 s each, lab 1v1" in text
    assert "bus <dead>" in text
    assert "goal <1>" in text
    assert text.count("2 : 0") == 1


def test_the_figures_are_the_pages(session):
    folder, report = session
    figures = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    assert [line["name"] for line in figures["standings"]] == [
        line.name for line in report.table
    ]
    # Five matches were played to their end, so their lines add up to ten.
    assert sum(line["played"] for line in figures["standings"]) == 10
    goals = [match["goals"] for match in figures["matches"]]
    assert goals == [None if g is None else list(g) for g in GOALS]
    assert figures["payoff"]["share"][0][0] is None
    assert sum(map(sum, figures["payoff"]["played"])) == 10


def test_a_result_that_is_not_whole_is_none(tmp_path):
    with pytest.raises(MatchError, match="expected a match's result"):
        read_result(tmp_path)
    (tmp_path / "result.json").write_text('{"goals": [1, 0]')
    with pytest.raises(MatchError, match="expected a match's result"):
        read_result(tmp_path)


def test_spans_are_the_times_of_play():
    state = playing()
    assert state.phase is GameState.PLAYING
    still = type(state)(**{**vars(state), "phase": GameState.READY})
    swapped = type(state)(**{**vars(state), "left_team": 2})
    log = SpanLog()
    seen = [(0.0, still), (1.0, state), (2.0, state), (3.0, still), (4.0, state)]
    for time_s, now in [*seen, (5.0, state), (6.0, swapped), (7.0, swapped)]:
        log.add(time_s, now)
    assert times_of(log.spans(), home_attacks_right=True) == [(1.0, 2.0), (4.0, 5.0)]
    assert times_of(log.spans(), home_attacks_right=False) == [(6.0, 7.0)]
