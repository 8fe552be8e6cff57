"""A session's results in SQLite: what is to be played, and how each match ended.

One transaction per match: it is in the file whole or not at all, whatever kills the
process. A match's number is a primary key, so no match can be in it twice.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from match.errors import MatchError
from match.fixtures import Fixture, fixtures
from match.session_plan import SessionPlan, plan_to_plain
from match.standings import MatchScore

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4F503353  # "OP3S"; `file` and others read it from the header
_SCHEMA = """
CREATE TABLE session (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  plan TEXT NOT NULL,
  bundles TEXT NOT NULL,
  begun_at TEXT NOT NULL
);
CREATE TABLE fixture (
  number INTEGER PRIMARY KEY,
  home TEXT NOT NULL,
  away TEXT NOT NULL,
  seed INTEGER NOT NULL,
  repeat INTEGER NOT NULL
);
CREATE TABLE attempt (
  number INTEGER NOT NULL REFERENCES fixture,
  attempt INTEGER NOT NULL,
  reason TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  PRIMARY KEY (number, attempt)
);
CREATE TABLE result (
  number INTEGER PRIMARY KEY REFERENCES fixture,
  status TEXT NOT NULL CHECK (status IN ('finished', 'failed')),
  home_goals INTEGER,
  away_goals INTEGER,
  played_s REAL NOT NULL,
  wall_s REAL NOT NULL,
  reason TEXT NOT NULL,
  summary TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  CHECK ((status = 'finished') = (home_goals IS NOT NULL AND away_goals IS NOT NULL))
);
"""
Status = Literal["finished", "failed"]


@dataclass(frozen=True, kw_only=True)
class FinishedMatch:
    """What a match that was played to its end gives.

    Attributes:
        goals: home, away.
        played_s: simulated or real time from switching on to the end.
        wall_s: on the wall clock, with everything around it.
        summary: from `match.statistics.summary`.
    """

    goals: tuple[int, int]
    played_s: float
    wall_s: float
    summary: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StoredMatch:
    """A line of the session.

    Attributes:
        goals: home, away; None if it failed.
        reason: why it failed; empty if it did not.
        attempts: how many processes died over it.
        ended_at: date and time, ISO 8601.
    """

    fixture: Fixture
    status: Status
    goals: tuple[int, int] | None
    played_s: float
    wall_s: float
    reason: str
    summary: dict[str, Any]
    attempts: int
    ended_at: str


class SessionStore:
    """The file of one session; use it as a context manager.

    Several processes may read it while one writes.
    """

    def __init__(
        self,
        path: Path,
        plan: SessionPlan,
        bundles: Mapping[str, str],
        begun_at: str,
    ) -> None:
        """Begin a session, or go on with the one that is in the file.

        Args:
            bundles: what plays for each team, as a hash.
            begun_at: date and time, kept if the session begins now.

        Raises:
            MatchError: the file is of another session or of another program, or
                cannot be written.
        """
        self._path = path
        self.fixtures = fixtures(plan)
        try:
            self._file = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        except sqlite3.Error as error:
            raise self._fault(f"expected a file to open, found: {error}") from error
        try:
            self._open(plan, dict(bundles), begun_at)
        except sqlite3.Error as error:
            self._file.close()
            raise self._fault(
                f"expected a session's results, found: {error}; choose another folder"
            ) from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def unfinished(self) -> tuple[Fixture, ...]:
        """Matches without a result, in order."""
        rows = self._file.execute("SELECT number FROM result")
        done = {number for (number,) in rows}
        return tuple(f for f in self.fixtures if f.number not in done)

    def attempts(self, number: int) -> int:
        """How many processes have died over this match."""
        query = "SELECT COUNT(*) FROM attempt WHERE number = ?"
        return self._file.execute(query, (number,)).fetchone()[0]

    def matches(self) -> tuple[StoredMatch, ...]:
        """All results so far, in order."""
        rows = self._file.execute(
            "SELECT number, status, home_goals, away_goals, played_s, wall_s, reason, "
            "summary, ended_at, (SELECT COUNT(*) FROM attempt "
            "WHERE attempt.number = result.number) FROM result ORDER BY number"
        ).fetchall()
        return tuple(self._stored(row) for row in rows)

    def begun_at(self) -> str:
        """When the session began, ISO 8601."""
        return self._file.execute("SELECT begun_at FROM session").fetchone()[0]

    def add_finished(self, number: int, match: FinishedMatch, ended_at: str) -> None:
        """Keep one match; it is on the disk when this returns.

        Raises:
            MatchError: it has a result already, or the disk is full.
        """
        with self._transaction():
            self._file.execute(
                "INSERT INTO result VALUES (?, 'finished', ?, ?, ?, ?, '', ?, ?)",
                (
                    number,
                    *match.goals,
                    match.played_s,
                    match.wall_s,
                    json.dumps(match.summary, sort_keys=True, allow_nan=False),
                    ended_at,
                ),
            )

    def add_death(
        self, number: int, reason: str, ended_at: str, *, restarts: int
    ) -> bool:
        """Note that a match's process died; the last straw makes it a failed match.

        Args:
            restarts: how often it may be begun anew.

        Returns:
            Whether it is to be begun anew.
        """
        with self._transaction():
            died = self.attempts(number) + 1
            self._file.execute(
                "INSERT INTO attempt VALUES (?, ?, ?, ?)",
                (number, died, reason, ended_at),
            )
            if died > restarts:
                self._file.execute(
                    "INSERT INTO result VALUES (?, 'failed', NULL, NULL, 0, 0, ?, "
                    "'{}', ?)",
                    (number, reason, ended_at),
                )
        return died <= restarts

    def _open(self, plan: SessionPlan, bundles: dict[str, str], begun_at: str) -> None:
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("PRAGMA foreign_keys = ON")
        with self._transaction():
            (version,) = self._file.execute("PRAGMA user_version").fetchone()
            (tables,) = self._file.execute(
                "SELECT COUNT(*) FROM sqlite_master"
            ).fetchone()
            if version == 0 and tables == 0:
                self._create(plan, bundles, begun_at)
                return
            (application,) = self._file.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID:
                raise self._fault(
                    "expected a session's results, found another program's tables; "
                    "choose another folder"
                )
            if version != SCHEMA_VERSION:
                raise self._fault(
                    f"expected version {SCHEMA_VERSION} of the tables, found {version};"
                    " go on with the version of this program that began the session"
                )
            self._compare(plan, bundles)

    def _create(
        self, plan: SessionPlan, bundles: dict[str, str], begun_at: str
    ) -> None:
        for statement in _SCHEMA.split(";"):
            self._file.execute(statement)
        self._file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._file.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        texts = (_text(plan_to_plain(plan)), _text(bundles))
        self._file.execute(
            "INSERT INTO session VALUES (1, ?, ?, ?)", (*texts, begun_at)
        )
        self._file.executemany(
            "INSERT INTO fixture VALUES (:number, :home, :away, :seed, :repeat)",
            [asdict(fixture) for fixture in self.fixtures],
        )

    def _compare(self, plan: SessionPlan, bundles: dict[str, str]) -> None:
        row = self._file.execute("SELECT plan, bundles FROM session").fetchone()
        old_plan, old_bundles = map(json.loads, row)
        new_plan = json.loads(_text(plan_to_plain(plan)))
        faults = [
            f"{name}: expected {old_plan.get(name)!r} as this session began, found "
            f"{new_plan.get(name)!r}"
            for name in sorted(old_plan.keys() | new_plan.keys())
            if old_plan.get(name) != new_plan.get(name)
        ]
        faults += [
            f"team {name}: expected the bundle as this session began, found another one"
            for name in sorted(old_bundles.keys() & bundles.keys())
            if old_bundles[name] != bundles[name]
        ]
        if faults:
            advice = "choose another folder for a new session"
            raise self._fault(*faults[:-1], f"{faults[-1]}; {advice}")

    def _stored(self, row: tuple[Any, ...]) -> StoredMatch:
        number, status, home, away, played_s, wall_s, reason, summary, at, died = row
        return StoredMatch(
            fixture=self.fixtures[number - 1],
            status=status,
            goals=None if home is None else (home, away),
            played_s=played_s,
            wall_s=wall_s,
            reason=reason,
            summary=json.loads(summary),
            attempts=died,
            ended_at=at,
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            raise self._fault(
                f"expected a match without a result, found: {error}"
            ) from error

    def _fault(self, *faults: str) -> MatchError:
        return MatchError(str(self._path), faults)


def scores_of(matches: tuple[StoredMatch, ...]) -> list[MatchScore]:
    """Those that were played to their end."""
    return [
        MatchScore(
            home=match.fixture.home,
            away=match.fixture.away,
            home_goals=match.goals[0],
            away_goals=match.goals[1],
        )
        for match in matches
        if match.goals is not None
    ]


def _text(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True)
