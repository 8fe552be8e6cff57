"""A match of a session on a real pitch: robots that people started, eyes, a referee.

The match waits until the tracker has seen both robots for a while, then starts by
itself.
"""

import json
import time
from dataclasses import replace
from pathlib import Path

from cli.lab_match import LabMatch, LabMatchConfig
from cli.match_config import SIDES, Ports
from cli.match_files import RECORD
from cli.session_job import MatchJob
from match.commands import Command, Start
from match.eyes.lookout import LookoutConfig
from match.game_controller_lead import LeadConfig
from match.paths_file import write_paths
from match.report import write_report
from match.rules import RuleBook
from match.session_files import PATHS, MatchResult
from match.spans import SpanLog
from match.teams import Team, Teams
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import TeamColour
from robot.real_time import MonotonicClock

LOOK_S = 0.025
READY_FOR_S = 2.0
"""Both robots have been seen for so long before the match starts."""
ASK_AGAIN_S = 10.0
"""Between two reminders that robots are waited for."""
_COLOURS = {"home": TeamColour.BLUE, "away": TeamColour.RED}


def teams_of_job(job: MatchJob) -> Teams:
    """The numbers are those that the robots have, whatever the side."""
    home, away = (
        Team(number=job.numbers[side], name=job.names[side], colour=_COLOURS[side])
        for side in SIDES
    )
    return home, away


def play_lab(folder: Path, job: MatchJob) -> MatchResult:
    """Referee one match by the wall clock and write its files into `folder`.

    Raises:
        MatchError: a port is taken, or the folder cannot be written.
        RuntimeFault: the tracker's port is taken.
    """
    clock, started_s = MonotonicClock(), time.perf_counter()
    rules = replace(RuleBook(**job.rules), duration_s=job.seconds, waits_for_start=True)
    ports = Ports(offset=job.port_offset)
    # Our robots have no ears for a whistle: they are told of PLAYING at once.
    network = LeadConfig(address=job.network, whistle_delay_s=0.0)
    config = LabMatchConfig(
        rules=rules,
        field=FieldSpec(),
        teams=teams_of_job(job),
        network=network.moved(ports.offset),
        tracker_port=ports.tracker,
        eyes=LookoutConfig(),
    )
    spans, starter = SpanLog(), _Starter(job)
    begun_s = clock.now()
    with LabMatch(config, folder / RECORD, _say) as match:
        while not match.finished:
            now_s = clock.now() - begun_s
            match.look(now_s, starter.orders(match, now_s))
            spans.add(now_s, match.state)
            starter.tell(match, now_s)
            clock.sleep_until(begun_s + now_s + LOOK_S)
    summary = match.log.summary()
    write_report(
        folder,
        summary=summary,
        paths=match.log.paths(),
        decisions=match.log.decisions,
        field=config.field,
        teams=config.teams,
        facts={"seconds": job.seconds, "rule book": rules.name},
    )
    write_paths(folder / PATHS, match.log.paths())
    return MatchResult(
        goals=match.state.score,
        numbers=(config.teams[0].number, config.teams[1].number),
        played_s=round(clock.now() - begun_s, 3),
        wall_s=round(time.perf_counter() - started_s, 3),
        spans=spans.spans(),
        clips=(),
        summary=summary,
    )


class _Starter:
    """Says which robots are missing, starts the match when none is, tells how far it
    is."""

    def __init__(self, job: MatchJob) -> None:
        self._names = {job.numbers[side]: job.names[side] for side in SIDES}
        self._told_s = self._asked_s = float("-inf")
        self._complete_s: float | None = None
        self._started = False

    def orders(self, match: LabMatch, now_s: float) -> tuple[Command, ...]:
        """The start, once."""
        seen = match.log.seen
        present = set() if seen is None else {robot.team for robot in seen.robots}
        if self._started or not set(self._names) <= present:
            self._complete_s = None
            return ()
        if self._complete_s is None:
            self._complete_s = now_s
        if now_s - self._complete_s < READY_FOR_S:
            return ()
        self._started = True
        return (Start(id="session-start", by="session"),)

    def tell(self, match: LabMatch, now_s: float) -> None:
        """A sign of life, twice a second; silence counts as death."""
        if now_s - self._told_s < 0.5:
            return
        self._told_s = now_s
        print(json.dumps([match.state.clock_s, *match.state.score]), flush=True)
        if not self._started and now_s - self._asked_s >= ASK_AGAIN_S:
            self._asked_s = now_s
            waiting = ", ".join(
                f"robot of {name} (robot run ... --team {number})"
                for number, name in self._names.items()
            )
            _say(f"waiting until the tracker sees: {waiting}")


def _say(line: str) -> None:
    print(json.dumps(line), flush=True)
