"""Millions of randomized, pushed, randomly actuated `match` steps: does it hold?

Counts explosions of the physics, dumps them for `sim.guard.replay`, and prints the sum.
Ctrl-C stops it at a step's end; the same command goes on where it stopped, also after
a kill, which loses the last seconds' count:

    nice -n 15 python benchmarks/soak.py --millions 10 --out soak_out

Counts are in OUT/counts.json, with the commits that ran; each run draws from a seed of
its own.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from sim.env import EnvConfig, Environment
from sim.guard import GuardConfig
from sim.tasks.registry import TASKS, make_task
from training.run_folder import git_commit

SPREADS = (0.1, 2.0)
"""Standard deviations of the actions, from the first environment to the last: from
trembling to targets beyond both ends of the range."""
SAVE_EVERY_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What has been done so far, over all runs.

    Attributes:
        task: name.
        runs: how often the command was started.
        ends: how many of the runs ended in order, with Ctrl-C or all steps done; the
            others were killed, crashed or are under way.
        commits: of the source, each that ran.
        steps: control steps of single environments.
        episodes: that ended, for any reason.
        explosions: ended by the guard.
        seconds: spent stepping.
    """

    task: str
    runs: int = 0
    ends: int = 0
    commits: tuple[str, ...] = ()
    steps: int = 0
    episodes: int = 0
    explosions: int = 0
    seconds: float = 0.0

    @property
    def per_100_000(self) -> float:
        """Explosions per 100,000 steps."""
        return 1e5 * self.explosions / self.steps if self.steps else 0.0


def load(path: Path, task: str) -> Counts:
    """Counts of earlier runs, or none.

    Raises:
        ValueError: the file is of another task, or no counts at all.
    """
    if not path.exists():
        return Counts(task=task)
    try:
        plain = json.loads(path.read_text())
        counts = Counts(**plain | {"commits": tuple(plain["commits"])})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected counts of a soak, {error!r}; another --out starts anew"
        ) from None
    if counts.task != task:
        raise ValueError(f"{path}: expected counts of {task}, found {counts.task}")
    return counts


def save(path: Path, counts: Counts) -> None:
    """Write; an interrupted write leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(counts), indent=2) + "\n")
    fresh.replace(path)


def soak(
    counts: Counts,
    *,
    steps: int,
    num_envs: int,
    seed: int,
    out: Path,
    report: Callable[[Counts], None],
) -> Counts:
    """Step until `steps` are done or Ctrl-C is pressed.

    Args:
        counts: of earlier runs.
        steps: in all, earlier runs included.
        num_envs: batch size.
        seed: of the first run; later runs count on from it.
        out: folder for counts and dumps.
        report: called with the counts after each step of the batch.
    """
    commits = tuple(dict.fromkeys((*counts.commits, git_commit())))
    started = replace(counts, runs=counts.runs + 1, commits=commits)
    save(out / "counts.json", started)
    guard = GuardConfig(folder=str(out / f"run_{started.runs:03d}"))
    config = EnvConfig(num_envs=num_envs, guard=guard)
    env = Environment(make_task(counts.task), config, seed + counts.runs)
    random = np.random.default_rng([seed, counts.runs])
    spread = np.linspace(*SPREADS, num_envs)[:, None, None]
    now, begin, saved = started, time.monotonic(), time.monotonic()
    try:
        state, _ = env.reset()
        while now.steps < steps:
            action = spread * random.normal(size=env.action_shape)
            state, moved = env.step(state, action)
            clock = time.monotonic()
            now = replace(
                now,
                steps=now.steps + num_envs,
                episodes=now.episodes
                + int(np.logical_or(moved.terminated, moved.truncated).sum()),
                explosions=started.explosions + env.explosions,
                seconds=started.seconds + clock - begin,
            )
            report(now)
            # An explosion at once: its dump must not outlive its count.
            exploded = moved.info["exploded"].any()
            if exploded or clock - saved > SAVE_EVERY_S:
                save(out / "counts.json", now)
                saved = clock
        now = replace(now, ends=now.ends + 1)
    except KeyboardInterrupt:
        # A step cut short belongs to no count.
        now = replace(now, ends=now.ends + 1)
    finally:
        save(out / "counts.json", now)
        env.close()
    return now


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--millions", type=float, default=10.0, help="of steps")
    parser.add_argument("--task", choices=tuple(TASKS), default="match")
    parser.add_argument("--envs", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("soak_out"))
    chosen = parser.parse_args()
    total = round(chosen.millions * 1e6)
    try:
        counts = load(chosen.out / "counts.json", chosen.task)
    except ValueError as error:
        parser.error(str(error))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(chosen.task, total=total, completed=counts.steps)
        done = soak(
            counts,
            steps=total,
            num_envs=chosen.envs,
            seed=chosen.seed,
            out=chosen.out,
            report=lambda now: progress.update(
                bar,
                completed=now.steps,
                description=f"{now.task}, {now.explosions} explosions",
            ),
        )
    print(
        f"{done.task}: {done.steps:,} steps of {total:,}, {done.episodes:,} episodes, "
        f"{done.explosions} explosions ({done.per_100_000:.3f} per 100,000), "
        f"{done.runs} runs, {done.ends} ended in order, "
        f"{done.steps / max(done.seconds, 1e-9):,.0f} steps/s"
    )


if __name__ == "__main__":
    main()
