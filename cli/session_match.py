"""One match of a session in a process of its own: `python -m cli.session_match DIR`.

It reads DIR/job.json, plays, and writes DIR/result.json last of all. Its standard
input is a pipe from the session: when that ends, the session is gone and so is this
process, so that nothing writes here while the match is played again.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape

from cli.free_ports import free_offset
from cli.match_config import MatchConfig, Ports
from cli.match_files import RECORD, keep
from cli.match_players import DEFAULT_SKILLS, load_players
from cli.session_clips import clip_moments, write_clips
from cli.session_job import MatchJob, read_job
from cli.simulated_match import SimulatedMatch
from match.paths_file import write_paths
from match.rules import RuleBook
from match.session_files import PATHS, MatchResult, write_result
from match.spans import SpanLog

ORPHANED = 70
_SAID_EVERY_S = 0.5


def play(folder: Path, job: MatchJob) -> MatchResult:
    """Play a match between virtual robots and write its files into `folder`.

    Raises:
        ContractError: a bundle is broken.
        MatchError: the folder cannot be written.
        RuntimeFault: a robot had to stop.
    """
    started_s = time.perf_counter()
    folders = {side: Path(bundle) for side, bundle in job.bundles.items()}
    players = load_players(folders, DEFAULT_SKILLS)
    config = MatchConfig(
        seconds=job.seconds,
        seed=job.seed,
        rules=RuleBook(**job.rules),
        ports=Ports(offset=free_offset()),
    )
    match = SimulatedMatch(config, players, job.names, folder / RECORD)
    spans, progress = SpanLog(), _Progress()

    def on_cycle(now: SimulatedMatch) -> None:
        spans.add(now.time_s, now.state)
        progress.say(now.state.clock_s, now.state.score)

    with match:
        match.run(on_cycle)
    keep(match, folder, video=None)
    write_paths(folder / PATHS, match.log.paths())
    moments = clip_moments(match.log, match.teams, match.field, job.clips)
    clips = write_clips(folder, match, moments)
    return MatchResult(
        goals=match.state.score,
        played_s=match.time_s,
        wall_s=round(time.perf_counter() - started_s, 3),
        spans=spans.spans(),
        clips=clips,
        summary=match.log.summary(),
    )


def _real(folder: Path, job: MatchJob) -> MatchResult:
    # Imported late: virtual robots need nothing of it.
    from cli.session_lab import play_lab

    return play_lab(folder, job)


class _Progress:
    """Says on standard output how far the match is; silence counts as death."""

    def __init__(self) -> None:
        self._said_s = float("-inf")

    def say(self, clock_s: float, score: tuple[int, int]) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= _SAID_EVERY_S:
            self._said_s = now_s
            print(json.dumps([clock_s, *score]), flush=True)


def _end_with_the_session() -> None:
    # Not through sys.stdin, whose lock a waiting thread would hold at the exit.
    while os.read(0, 1):
        pass
    os._exit(ORPHANED)


def main(folder: Path) -> int:
    """Play the job of `folder`; returns the exit code."""
    threading.Thread(target=_end_with_the_session, daemon=True).start()
    os.environ.setdefault("MUJOCO_GL", "egl")
    job = read_job(folder)
    try:
        result = _real(folder, job) if job.network else play(folder, job)
    except (ValueError, OSError, RuntimeError) as error:
        Console(stderr=True).print(escape(str(error)), soft_wrap=True)
        return 1
    write_result(folder, result)
    return 0


if __name__ == "__main__":
    # The numbers of one match use one core; sessions run several matches side by side.
    np.seterr(all="warn")
    sys.exit(main(Path(sys.argv[1])))
