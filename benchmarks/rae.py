"""Replay Across Experiments against starting over and against fine-tuning.

Per seed: a first run from scratch that records everything; a second run with fresh
networks and half of each batch from that archive (RaE); and one that goes on from the
first run's networks (fine-tuning). Counted are the steps until an evaluation reaches
the first run's final return (mean of its last three evaluations).

    .venv/bin/python benchmarks/rae.py --out results/rae

Killed or stopped, the same command goes on.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from control_suite_runs import (
    CARTPOLE,
    Job,
    described,
    mean_and_ci,
    run_all,
    small,
    versions,
    write_result,
)

matplotlib.use("Agg")
from matplotlib import pyplot

LAST = 3
KINDS = ("scratch", "rae", "finetune")
LABELS = {
    "scratch": "from scratch (first run)",
    "rae": "RaE, 50 % of the first run's data",
    "finetune": "fine-tuning the first run's networks",
}
COLOURS = {"scratch": "#777777", "rae": "#33669a", "finetune": "#c0392b"}
SECOND_SEED = 100
"""Added to a seed for its second runs: other starts, other noise, fresh networks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20_000, help="per run")
    parser.add_argument("--evaluations", type=int, default=20, help="per run")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    setting = replace(
        CARTPOLE, run=small(CARTPOLE.run, chosen.steps, chosen.evaluations)
    )
    seeds = range(chosen.seeds)
    runs = run_all(
        [_job("scratch", setting, seed, chosen.out) for seed in seeds],
        chosen.out,
        chosen.processes,
    )
    second = [
        _job(kind, setting, seed, chosen.out) for seed in seeds for kind in KINDS[1:]
    ]
    runs |= run_all(second, chosen.out, chosen.processes)
    found = summary(runs, chosen.seeds)
    result = {"versions": versions(), "setting": described(setting)} | found
    write_result(chosen.out / "rae.json", result)
    _plot(runs, found, chosen.seeds, chosen.out / "rae.png")
    print(json.dumps(found, indent=1))


def _job(kind: str, setting: Any, seed: int, out: Path) -> Job:
    first = f"scratch_{seed}"
    if kind == "scratch":
        run = replace(setting.run, seed=seed)
        return Job(name=first, setting=replace(setting, run=run), archive=True)
    run = replace(setting.run, seed=seed + SECOND_SEED)
    if kind == "finetune":
        run = replace(run, warm_start=str(out / "runs" / first / "run"))
    return Job(
        name=f"{kind}_{seed}",
        setting=replace(setting, run=run),
        reuse=(first,) if kind == "rae" else (),
    )


def summary(runs: dict[str, Any], seeds: int) -> dict[str, Any]:
    """Steps to the first run's final return, per kind and seed."""
    finals = [
        float(np.mean(runs[f"scratch_{seed}"]["returns"][-LAST:]))
        for seed in range(seeds)
    ]
    found: dict[str, Any] = {"first_final_return": [round(f, 1) for f in finals]}
    for kind in KINDS:
        each = [runs[f"{kind}_{seed}"] for seed in range(seeds)]
        reached = [steps_to(run, f) for run, f in zip(each, finals, strict=True)]
        last = [float(np.mean(run["returns"][-LAST:])) for run in each]
        mean, ci = mean_and_ci(last)
        found[kind] = {
            "steps_to_first_final": reached,
            "seeds_that_reached_it": sum(step is not None for step in reached),
            "final_return": round(float(mean), 1),
            "final_return_ci95": round(float(ci), 1),
            "seconds": [run["seconds"] for run in each],
        }
    half = [
        run["steps"][-1] / 2 for run in (runs[f"scratch_{s}"] for s in range(seeds))
    ]
    within = [
        step is not None and step <= most
        for step, most in zip(found["rae"]["steps_to_first_final"], half, strict=True)
    ]
    found["rae_reached_it_in_half_the_steps"] = f"{sum(within)} of {seeds} seeds"
    return found


def steps_to(run: dict[str, Any], wanted: float) -> int | None:
    """Of the first evaluation that reaches `wanted`; None if none does."""
    reached = (
        step
        for step, value in zip(run["steps"], run["returns"], strict=True)
        if value >= wanted
    )
    return next(reached, None)


def _plot(runs: dict[str, Any], found: dict[str, Any], seeds: int, path: Path) -> None:
    figure, axis = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for kind in KINDS:
        each = [runs[f"{kind}_{seed}"] for seed in range(seeds)]
        mean, ci = mean_and_ci([run["returns"] for run in each])
        steps = each[0]["steps"]
        axis.plot(steps, mean, color=COLOURS[kind], label=LABELS[kind])
        axis.fill_between(steps, mean - ci, mean + ci, color=COLOURS[kind], alpha=0.2)
    final = float(np.mean(found["first_final_return"]))
    axis.axhline(
        final, color="#777777", linestyle=":", label="first runs' final return"
    )
    axis.set(
        title=f"cartpole swing-up, {seeds} seeds, 95 % CI",
        xlabel="actions of the run (25 a second)",
        ylabel="return of 1000",
        ylim=(0, 1000),
    )
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
