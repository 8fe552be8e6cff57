"""What a match leaves in its folder, whole or broken off."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.match_config import SIDES
from cli.simulated_match import SimulatedMatch
from match.report import write_report

RECORD, VIDEO, FIGURES, REPORT = "match.mcap", "match.mp4", "match.json", "report.html"


def keep(match: SimulatedMatch, folder: Path, *, video: str | None) -> None:
    """Write figures and report of a match as far as it went.

    Args:
        video: file name in `folder` that the report shows, if any.

    Raises:
        MatchError: the folder cannot be written.
    """
    facts: dict[str, Any] = {
        "seed": match.config.seed,
        "seconds": match.config.seconds,
        "rule book": match.rules.name,
        "stopped by": match.stopped_by,
    }
    for side in SIDES:
        facts[side] = "; ".join(
            f"{spec.role}: {spec.name} ({spec.engine}, commit {spec.commit[:12]})"
            for spec in match.players[side].specs
        )
        facts[f"{side} bus"] = _bus_line(match, side)
    write_report(
        folder,
        summary=match.log.summary(),
        paths=match.log.paths(),
        decisions=match.log.decisions,
        field=match.field,
        teams=match.teams,
        facts=facts,
        video=video,
    )


def _bus_line(match: SimulatedMatch, side: str) -> str:
    """How the robot's joint reads went, with every servo that had trouble."""
    robot = match.robots.get(side)
    if robot is None:
        return "never opened"
    counts = robot.bus.statistics
    trouble = [
        f"servo {servo_id}: {count.silent} silent, {count.corrupted} corrupted, "
        f"{count.refused} refused"
        for servo_id, count in counts.servos.items()
        if count.silent or count.corrupted or count.refused
    ]
    line = f"{counts.reads} reads, {counts.fast_failures} fast reads incomplete"
    return "; ".join([line, *trouble])


def say(match: SimulatedMatch, folder: Path, console: Console) -> None:
    """Print the score and where the files lie."""
    home, away = match.teams
    score = f"{home.name} {match.state.score[0]} : {match.state.score[1]} {away.name}"
    console.print(f"[bold]{escape(score)}[/]  ({match.time_s:.0f} s simulated)")
    for name in (FIGURES, RECORD, REPORT):
        say_file(folder / name, console)


def say_file(path: Path, console: Console) -> None:
    """Print one path on one line."""
    console.print(f"  {escape(str(path))}", soft_wrap=True)
