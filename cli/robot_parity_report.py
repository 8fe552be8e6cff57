"""A parity report: bounds, tables, and why the paths differ at all."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from cli.robot_parity_compare import (
    FIGURE_BOUND,
    TARGET_BOUND_RAD,
    Apart,
    EqualObservations,
    Outcome,
    TermError,
    summary,
)
from firmware_bridge.units import GYRO_RAD_S_PER_COUNT, RAD_PER_TICK

REASONS = (
    (
        "servo encoder and goal",
        f"rounded to {RAD_PER_TICK:.5f} rad: up to {RAD_PER_TICK / 2:.5f} rad",
    ),
    (
        "gyro",
        f"rounded to {GYRO_RAD_S_PER_COUNT:.5f} rad/s, read up to 8 ms earlier",
    ),
    (
        "gravity",
        "onboard from gyro and accelerometer by a complementary filter, in training "
        "the truth (with its own noise and tilt when randomized)",
    ),
    (
        "policy steps",
        "run in the first 8 ms bus cycle at or after their time, so up to 8 ms late",
    ),
    (
        "targets",
        "reach the servos at 25 rad/s at most (robot.safety), in training at once",
    ),
)
"""What makes the paths differ on purpose, and how much."""


@dataclass(frozen=True, kw_only=True)
class BusTrack:
    """One walk through the runtime.

    Attributes:
        bus_period_s: of its cycle.
        late_s: mean and longest delay of a policy step.
        clamped_share: of bus cycles in which safety held a target back.
        sensing: observation terms against the truth.
        apart: from the training environment's walk.
        stopped: why it ended early.
    """

    bus_period_s: float
    late_s: tuple[float, float]
    clamped_share: float
    sensing: tuple[TermError, ...]
    apart: tuple[Apart, ...]
    stopped: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ParityReport:
    """Everything that was compared.

    Attributes:
        bundle: folder.
        command: name and numbers of the walk compared step by step.
        equal: equal observations in, equal targets out?
        tracks: the walk with an aligned bus, then with the robot's.
        outcomes: speeds and falls by command; empty if none were asked for.
    """

    bundle: str
    command: tuple[str, tuple[float, float, float]]
    equal: EqualObservations
    tracks: tuple[BusTrack, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def figures(self) -> tuple[float, float]:
        """Largest change of speed, change of the share of falls; NaN without any."""
        if not self.outcomes:
            return float("nan"), float("nan")
        return summary(list(self.outcomes))

    @property
    def holds(self) -> bool:
        """Whether every bound holds that was measured."""
        speed, fell = self.figures
        figures = not self.outcomes or (
            speed <= FIGURE_BOUND and abs(fell) <= FIGURE_BOUND
        )
        return self.equal.holds and figures


def plain(report: ParityReport) -> dict[str, Any]:
    """For JSON; null where a number does not exist."""
    speed, fell = report.figures
    return _without_nan(
        {
            **asdict(report),
            "bounds": {"target_rad": TARGET_BOUND_RAD, "figures": FIGURE_BOUND},
            "largest_speed_change": speed,
            "falls_change": fell,
            "holds": report.holds,
        }
    )


def print_report(console: Console, report: ParityReport) -> None:
    """Tables for people."""
    equal = report.equal
    name, command = report.command
    asked = " ".join(f"{value:.2f}" for value in command)
    console.print(
        f"equal observations ({equal.steps} steps, {name} {asked}): targets differ by "
        f"{equal.target_rad:.1e} rad, bound {TARGET_BOUND_RAD:g}: "
        + _verdict(equal.holds),
        highlight=False,
    )
    console.print(_sensing(report))
    console.print(_apart(report))
    if report.outcomes:
        console.print(_outcome_table(report))
        speed, fell = report.figures
        console.print(
            f"largest change of speed {speed:.1%}, of falls {fell:+.1%}; bound "
            f"{FIGURE_BOUND:.0%}: "
            + _verdict(speed <= FIGURE_BOUND and abs(fell) <= FIGURE_BOUND),
            highlight=False,
        )
    console.print("why the paths differ:")
    for what, why in REASONS:
        console.print(f"  {what}: {why}", highlight=False)


def _verdict(holds: bool) -> str:
    return "[green]holds[/]" if holds else "[bold red]broken[/]"


def _cycle(track: BusTrack) -> str:
    return f"{1000 * track.bus_period_s:g} ms"


def _sensing(report: ParityReport) -> Table:
    table = Table(
        title="what the policy saw less the truth at that instant",
        box=box.SIMPLE_HEAD,
    )
    for column in ("bus cycle", "term", "largest", "rms", "unit", "steps late, ms"):
        table.add_column(column, justify="right" if column != "term" else "left")
    for track in report.tracks:
        mean, longest = (1000 * value for value in track.late_s)
        for row, error in enumerate(track.sensing):
            table.add_row(
                "" if row else _cycle(track),
                error.term,
                f"{error.largest:.5f}",
                f"{error.rms:.5f}",
                error.unit,
                "" if row else f"{mean:.1f} mean, {longest:.1f} at most",
            )
        table.add_section()
    return table


def _apart(report: ParityReport) -> Table:
    table = Table(
        title="from equal starts: largest difference at a policy step",
        box=box.SIMPLE_HEAD,
    )
    columns = ("bus cycle", "step", "observation", "action", "target rad", "joint rad")
    for column in columns:
        table.add_column(column, justify="right")
    for track in report.tracks:
        for row, apart in enumerate(track.apart):
            table.add_row(
                "" if row else _cycle(track),
                str(apart.step),
                f"{apart.observation:.4f}",
                f"{apart.action:.4f}",
                f"{apart.target_rad:.5f}",
                f"{apart.joint_rad:.5f}",
            )
        table.add_section()
    return table


def _outcome_table(report: ParityReport) -> Table:
    table = Table(
        title="walks: training environment, then onboard (speed in the commanded "
        "direction, m/s; turn: rad/s)",
        box=box.SIMPLE_HEAD,
    )
    for column in ("command", "asked", "speed", "change", "fell", "episodes"):
        table.add_column(column, justify="left" if column == "command" else "right")
    for each in report.outcomes:
        table.add_row(
            each.name,
            " ".join(f"{value:.2f}" for value in each.command),
            f"{each.speed[0]:.3f}, {each.speed[1]:.3f}",
            f"{each.speed_change:+.1%}",
            f"{each.fell[0]:.0%}, {each.fell[1]:.0%}",
            str(each.episodes),
        )
    return table


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
