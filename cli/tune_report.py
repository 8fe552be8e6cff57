"""What a scripted skill does in the simulator, as tables."""

from dataclasses import replace

import numpy as np
from rich import box
from rich.table import Table

from cli.tune_search import PUSHED_WITHIN_S, Before
from robot.scripted.bundle import ScriptedPolicy
from robot.scripted.getup import GetupPolicy
from robot.scripted.kick import KickPolicy
from sim.kick_trials import kick_trials
from sim.motion_tuning import (
    FallConfig,
    WalkTrialConfig,
    getup_trials,
    walk_trials,
)
from sim.motion_world import MotionWorldConfig

Measured = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
LIMIT_S = 6.0
_SIDE_SHARE = 0.8
"""Of gravity along the torso's y axis above which a robot lies on a side."""

WALK_COMMANDS = (
    (0.10, 0.0, 0.0),
    (0.20, 0.0, 0.0),
    (0.25, 0.0, 0.0),
    (-0.12, 0.0, 0.0),
    (0.0, 0.08, 0.0),
    (0.0, -0.08, 0.0),
    (0.0, 0.0, 0.8),
    (0.0, 0.0, -0.8),
    (0.12, 0.0, 0.5),
    (0.12, 0.05, 0.0),
    (0.0, 0.0, 0.0),
)


def measure(policy: ScriptedPolicy, before: Before, trials: int, seed: int) -> Measured:
    """The table of a skill: title, column names, rows."""
    if isinstance(policy, KickPolicy):
        return kick_rows(policy, before, trials, seed)
    if isinstance(policy, GetupPolicy):
        return getup_rows(policy, trials, seed)
    return walk_rows(policy, trials, seed)


def table_of(
    title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]
) -> Table:
    """A printable table."""
    # Nine columns, whole in a terminal of 80.
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    return table


def getup_rows(policy: ScriptedPolicy, trials: int, seed: int) -> Measured:
    """Falls by how the robot lay when the get-up began."""
    world = MotionWorldConfig(count=trials, seed=seed)
    outcome = getup_trials((policy,), world, FallConfig(limit_s=LIMIT_S + 1.0))
    ahead, side, _ = outcome.start.T
    lies = {
        "front": (np.abs(side) <= _SIDE_SHARE) & (ahead > 0),
        "back": (np.abs(side) <= _SIDE_SHARE) & (ahead <= 0),
        "left": side > _SIDE_SHARE,
        "right": side < -_SIDE_SHARE,
        "all": np.ones(trials, bool),
    }
    rows = []
    for name, mask in lies.items():
        after = outcome.upright_after_s[mask]
        rose = after <= LIMIT_S
        middle = f"{np.median(after[rose]):.2f}" if rose.any() else "-"
        slowest = f"{after[rose].max():.2f}" if rose.any() else "-"
        rows.append((name, str(mask.sum()), str(rose.sum()), middle, slowest))
    columns = ("lying on", "falls", f"up in {LIMIT_S:g} s", "median s", "slowest s")
    return f"get-up after {trials} random falls", columns, rows


def kick_rows(
    policy: ScriptedPolicy, before: Before, trials: int, seed: int
) -> Measured:
    """Kicks by foot: ball placed with and without error, after standing or walking,
    pushed or not."""
    off = before.balls
    kinds = [
        ("exact", replace(off, error_m=0.0), None, None),
        ("1.5 cm off", off, None, None),
        ("1.5 cm off, walked", off, before.walk, None),
    ]
    if before.stops is not None:
        kinds.append(("1.5 cm off, learned walk", off, None, before.stops))
    pushed = replace(off, push_within_s=PUSHED_WITHIN_S)
    kinds.append(("the same, pushed", pushed, kinds[-1][2], kinds[-1][3]))
    rows = []
    for name, kick, approach, stops in kinds:
        moments, robots = ((), None) if stops is None else stops
        world = MotionWorldConfig(count=2 * trials, seed=seed, robots=robots)
        outcome = kick_trials((policy,), world, kick, approach, moments)
        for foot, side in (("left", 1), ("right", -1)):
            mine = outcome.side == side
            speed = outcome.speed_m_s[mine]
            angle = np.degrees(outcome.angle_rad[mine])
            roll = outcome.roll_m_s[mine]
            good = (np.abs(angle) <= 8) & (roll >= 1.5)
            rows.append(
                (
                    foot,
                    name,
                    f"{np.median(speed):.2f}",
                    f"{np.percentile(speed, 5):.2f}",
                    f"{np.median(roll):.2f}",
                    f"{np.median(angle):+.1f}",
                    f"{(np.abs(angle) <= 8).mean():.0%}",
                    f"{good.mean():.0%}",
                    f"{outcome.upright[mine].mean():.0%}",
                )
            )
    columns = (
        "foot",
        "ball",
        "median m/s",
        "5 % m/s",
        "rolls m/s",
        "median deg",
        "within 8 deg",
        "and rolls 1.5 m/s",
        "upright",
    )
    (near, far), (inner, outer) = off.ahead_m, off.beside_m
    title = (
        f"kick, {trials} per row, ball {near:g} to {far:g} m ahead and {inner:g} to "
        f"{outer:g} m aside"
    )
    return title, columns, rows


def walk_rows(policy: ScriptedPolicy, trials: int, seed: int) -> Measured:
    """Speed reached for each command, 10 s each."""
    each = max(1, trials // 10)
    world = MotionWorldConfig(count=each * len(WALK_COMMANDS), seed=seed)
    walk = WalkTrialConfig(commands=WALK_COMMANDS, walk_s=10.0)
    outcome = walk_trials((policy,), world, walk)
    rows = []
    for number, command in enumerate(WALK_COMMANDS):
        mine = slice(number, None, len(WALK_COMMANDS))
        reached = outcome.velocity[mine].mean(axis=0)
        rows.append(
            (
                " ".join(f"{value:+.2f}" for value in command),
                " ".join(f"{value:+.3f}" for value in reached),
                f"{outcome.upright[mine].sum()} of {each}",
            )
        )
    columns = ("asked m/s m/s rad/s", "reached", "10 s + stop without a fall")
    return f"walk, {each} robots per command", columns, rows
