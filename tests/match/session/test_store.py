"""Results in SQLite: whole or not at all, once and only once, through kills."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from match.errors import MatchError
from match.session_plan import SessionPlan, TeamEntry
from match.session_store import FinishedMatch, SessionStore, scores_of
from match.standings import MatchScore

ROOT = Path(__file__).parents[3]
PLAN = SessionPlan(
    name="p",
    teams=tuple(TeamEntry(name=name, bundle=name) for name in "abcd"),
    repeats=2,
)  # 6 pairings, both sides, twice: 24 matches
BUNDLES = {name: f"hash of {name}" for name in "abcd"}
NOW, LATER = "2026-11-28T12:00:00", "2026-11-28T13:00:00"
MATCH = FinishedMatch(goals=(2, 1), played_s=90.0, wall_s=30.0, summary={"falls": []})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "session.sqlite"


def open_store(path, plan=PLAN, bundles=BUNDLES, begun_at=NOW):
    return SessionStore(path, plan, bundles, begun_at)


def test_a_result_is_there_when_the_file_is_opened_again(path):
    with open_store(path) as store:
        assert [f.number for f in store.unfinished()] == list(range(1, 25))
        store.add_finished(1, MATCH, NOW)
    with open_store(path, begun_at=LATER) as store:
        assert store.begun_at() == NOW
        assert store.unfinished()[0].number == 2
        (match,) = store.matches()
        assert match.fixture == store.fixtures[0]
        assert (match.status, match.goals, match.attempts) == ("finished", (2, 1), 0)
        assert match.summary == {"falls": []}
        home, away = store.fixtures[0].home, store.fixtures[0].away
        assert scores_of(store.matches()) == [
            MatchScore(home=home, away=away, home_goals=2, away_goals=1)
        ]


def test_no_match_counts_twice(path):
    with open_store(path) as store:
        store.add_finished(1, MATCH, NOW)
        with pytest.raises(MatchError, match="expected a match without a result"):
            store.add_finished(1, replace(MATCH, goals=(9, 9)), LATER)
        with pytest.raises(MatchError, match="expected a match without a result"):
            store.add_finished(25, MATCH, NOW)  # no such fixture
        assert [match.goals for match in store.matches()] == [(2, 1)]


def test_a_match_whose_process_dies_too_often_has_failed(path):
    with open_store(path) as store:
        assert store.add_death(1, "signal 9", NOW, restarts=1) is True
        assert store.unfinished()[0].number == 1
    with open_store(path) as store:
        assert store.attempts(1) == 1
        assert store.add_death(1, "signal 9", NOW, restarts=1) is False
        assert store.unfinished()[0].number == 2
        (match,) = store.matches()
        assert (match.status, match.goals, match.attempts) == ("failed", None, 2)
        assert match.reason == "signal 9"
        assert scores_of(store.matches()) == []


def test_another_plan_or_bundle_does_not_go_on_with_it(path):
    open_store(path).__exit__(None, None, None)
    other = replace(PLAN, match_s=30.0, seed=2)
    with pytest.raises(MatchError) as caught:
        open_store(path, plan=other, bundles={**BUNDLES, "b": "retrained"})
    assert caught.value.faults == (
        "match_s: expected 120.0 as this session began, found 30.0",
        "seed: expected 1 as this session began, found 2",
        "team b: expected the bundle as this session began, found another one; "
        "choose another folder for a new session",
    )


def test_other_files_are_left_alone(path):
    path.write_text("a diary")
    with pytest.raises(MatchError, match="expected a session's results"):
        open_store(path)
    assert path.read_text() == "a diary"
    path.unlink()
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE t (x)")
    foreign.commit()
    foreign.close()
    with pytest.raises(MatchError, match="another program's tables"):
        open_store(path)


def test_others_may_read_while_it_writes(path):
    with open_store(path) as store:
        store.add_finished(1, MATCH, NOW)
        reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        rows = reader.execute("SELECT number, home_goals FROM result").fetchall()
        reader.close()
        assert rows == [(1, 2)]


WRITER = """
import sys
from pathlib import Path
from tests.match.session.test_store import BUNDLES, MATCH, NOW, PLAN
from match.session_store import SessionStore

with SessionStore(Path(sys.argv[1]), PLAN, BUNDLES, NOW) as store:
    print("open", flush=True)
    for fixture in store.unfinished():
        store.add_finished(fixture.number, MATCH, NOW)
        print(fixture.number, flush=True)
"""


def test_kills_lose_and_double_nothing(path):
    """A writer is killed after some matches, again and again, until all are in."""
    told = []
    for kills in range(1, 6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        for _ in range(kills):
            line = writer.stdout.readline()
            told += [int(line)] if line else []
        os.kill(writer.pid, signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
        writer.wait()
        time.sleep(0.01)
        with open_store(path) as store:
            kept = [match.fixture.number for match in store.matches()]
        # What was told is kept; at most one more was being told.
        assert kept == list(range(1, len(kept) + 1))
        assert len(told) <= len(kept) <= len(told) + 1
        told = kept
