"""Matches of a player against the scripted one, on swapped sides."""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.free_ports import free_offset
from cli.match_config import SIDES, MatchConfig, Ports
from cli.match_players import DEFAULT_SKILLS
from cli.simulated_match import SimulatedMatch
from cli.suite_jobs import suite_player
from robot.faults import RuntimeFault
from training.paper_results import OURS, SCRIPTED


@dataclass(frozen=True, kw_only=True)
class DuelJob:
    """One match; every second one with the sides swapped, on the same seed."""

    bundle: Path
    seconds: float
    seed: int
    number: int

    @property
    def our_side(self) -> str:
        return SIDES[self.number % 2]

    @property
    def match_seed(self) -> int:
        return self.seed + self.number // 2


@dataclass(frozen=True, kw_only=True)
class DuelMatch:
    """How it ended.

    Attributes:
        number: see `DuelJob`.
        our_side: "home" or "away".
        goals: ours, theirs.
        stopped_by: why it broke off; empty if it did not.
    """

    number: int
    our_side: str
    goals: tuple[int, int]
    stopped_by: str = ""


def play_duel(job: DuelJob) -> DuelMatch:
    """Play one match through the whole stack; the record is not kept.

    Raises:
        MatchError: no ports are free.
    """
    ours, theirs = job.our_side, SIDES[1 - job.number % 2]
    players = {
        ours: suite_player(job.bundle),
        theirs: suite_player(DEFAULT_SKILLS),
    }
    names = {ours: OURS, theirs: SCRIPTED}
    config = MatchConfig(
        seconds=job.seconds, seed=job.match_seed, ports=Ports(offset=free_offset())
    )
    with tempfile.TemporaryDirectory() as folder:
        match = SimulatedMatch(config, players, names, Path(folder) / "match.mcap")
        try:
            with match:
                # Pictures are not asked for, and fill the memory.
                match.run(lambda now: now.log.frames.clear())
        except RuntimeFault as error:
            return _ended(job, match, stopped_by=str(error.faults[0]))
    return _ended(job, match)


def duel_results(matches: Sequence[DuelMatch], job: DuelJob) -> dict[str, Any]:
    """Wins, draws and the share of decided matches, in all and by side.

    Args:
        matches: any number.
        job: any of theirs, for what they have in common.
    """
    sides = {side: _count([m for m in matches if m.our_side == side]) for side in SIDES}
    return {
        **_count(matches),
        "seconds": job.seconds,
        "seed": job.seed,
        "broke_off": sum(bool(m.stopped_by) for m in matches),
        "sides": sides,
    }


def _count(matches: Sequence[DuelMatch]) -> dict[str, Any]:
    wins = sum(m.goals[0] > m.goals[1] for m in matches)
    losses = sum(m.goals[0] < m.goals[1] for m in matches)
    decided = wins + losses
    share = wins / decided if decided else None
    error = None if share is None else math.sqrt(share * (1 - share) / decided)
    return {
        "matches": len(matches),
        "wins": wins,
        "draws": len(matches) - decided,
        "losses": losses,
        "won_of_decided": share,
        "standard_error": error,
        "goals": [sum(m.goals[0] for m in matches), sum(m.goals[1] for m in matches)],
    }


def _ended(job: DuelJob, match: SimulatedMatch, stopped_by: str = "") -> DuelMatch:
    home, away = match.state.score
    goals = (home, away) if job.our_side == "home" else (away, home)
    return DuelMatch(
        number=job.number, our_side=job.our_side, goals=goals, stopped_by=stopped_by
    )
