"""Plays a session's matches in processes of their own and keeps each result once.

Whatever dies, this process or a match's, nothing is lost but the matches that were on:
they are played again. A match's folder is put in order before its result is kept.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cli.session_job import MatchJob, write_job
from match.errors import MatchError
from match.fixtures import Fixture
from match.session_files import MatchResult, match_folder, read_result
from match.session_plan import SessionPlan, rules_of
from match.session_store import FinishedMatch, SessionStore

_LOOK_S = 0.1
_WORDS = 400


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the matches that are on have come: clock and score by fixture number."""

    done: int
    total: int
    playing: dict[int, tuple[float, int, int]]


class _Child:
    """A match's process, and what it says."""

    def __init__(self, fixture: Fixture, folder: Path, say: Callable[[str], None]):
        self._say = say
        self.fixture = fixture
        self.folder = folder
        self.said: tuple[float, int, int] = (0.0, 0, 0)
        self.heard_s = time.monotonic()
        self._errors = (folder / "errors.txt").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.session_match", str(folder)],
            stdin=subprocess.PIPE,  # never written: its end tells that we are gone
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def last_words(self) -> str:
        """The end of what it complained of."""
        text = (self.folder / "errors.txt").read_text(
            encoding="utf-8", errors="replace"
        )
        return text.strip()[-_WORDS:]

    def end(self) -> None:
        """Kill it if it lives, and collect it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._listener.join(1.0)
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard_s = time.monotonic()
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, str):
                self._say(said)
            else:
                clock_s, home, away = said
                self.said = (clock_s, home, away)


class SessionRunner:
    """Plays what a session's store says is unfinished."""

    def __init__(
        self,
        plan: SessionPlan,
        bundles: Mapping[str, Path],
        folder: Path,
        store: SessionStore,
        *,
        processes: int = 1,
        network: str = "",
        port_offset: int = 0,
        say: Callable[[str], None] = print,
    ):
        """
        Args:
            bundles: folders by team.
            folder: of the session; matches get folders in it.
            store: open.
            processes: how many matches are on at a time.
            network: broadcast address of real robots; empty for virtual ones.
            port_offset: of a match of real robots.
            say: takes what a match has to say to people at the pitch.
        """
        self._plan = plan
        self._bundles = bundles
        self._folder = folder
        self._store = store
        self._processes = processes
        self._network = network
        self._port_offset = port_offset
        self._say = say
        self._children: list[_Child] = []

    def run(self, on_look: Callable[[Progress], None]) -> None:
        """Play all that is unfinished, in order; broken off, it may be called again.

        Raises:
            MatchError: the folder cannot be written.
        """
        waiting = list(self._store.unfinished())
        total = len(self._store.fixtures)
        try:
            while waiting or self._children:
                while waiting and len(self._children) < self._processes:
                    self._children.append(self._begin(waiting.pop(0)))
                for child in list(self._children):
                    if self._over(child) and not self._collect(child):
                        waiting.insert(0, child.fixture)
                unfinished = len(waiting) + len(self._children)
                playing = {c.fixture.number: c.said for c in self._children}
                done = total - unfinished
                on_look(Progress(done=done, total=total, playing=playing))
                time.sleep(_LOOK_S)
        finally:
            for child in self._children:
                child.end()
            self._children.clear()

    def _begin(self, fixture: Fixture) -> _Child:
        folder = match_folder(self._folder, fixture.number)
        plan = self._plan
        job = MatchJob(
            bundles={
                "home": str(self._bundles[fixture.home]),
                "away": str(self._bundles[fixture.away]),
            },
            names={"home": fixture.home, "away": fixture.away},
            numbers={
                "home": plan.numbers[fixture.home],
                "away": plan.numbers[fixture.away],
            },
            seed=fixture.seed,
            seconds=plan.match_s,
            clips=plan.clips_per_match,
            network=self._network,
            port_offset=self._port_offset,
            rules=asdict(rules_of(plan)),
        )
        try:
            # What lies there is of a match that did not end.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_job(folder, job)
            return _Child(fixture, folder, self._say)
        except OSError as error:
            fault = f"expected to write {folder}, found: {error.strerror}"
            raise MatchError("session", [fault]) from error

    def _over(self, child: _Child) -> bool:
        if child.process.poll() is not None:
            return True
        return time.monotonic() - child.heard_s > self._plan.stall_s

    def _collect(self, child: _Child) -> bool:
        """Keep a result or a death; False if the match is to be begun anew."""
        self._children.remove(child)
        stalled = child.process.poll() is None
        child.end()
        number, now = child.fixture.number, timestamp()
        code = child.process.returncode
        if stalled:
            reason = f"no sign of life for {self._plan.stall_s:g} s"
        elif code != 0:
            reason = f"ended with code {code}: {child.last_words()}"
        else:
            try:
                result = read_result(child.folder)
            except MatchError as error:
                reason = str(error)
            else:
                self._store.add_finished(number, _finished(result), now)
                return True
        again = self._store.add_death(number, reason, now, restarts=self._plan.restarts)
        return not again


def _finished(result: MatchResult) -> FinishedMatch:
    return FinishedMatch(
        goals=result.goals,
        played_s=result.played_s,
        wall_s=result.wall_s,
        summary=result.summary,
    )


def timestamp() -> str:
    """Date and time of now, ISO 8601, with the time zone."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
