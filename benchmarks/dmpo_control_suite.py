"""DMPO on dm_control's cartpole swing-up and walker walk, beside our PPO.

The same environments, networks and evaluation for both, in the same run; beside them
the published returns of another algorithm, TD-MPC2 (repository nicklashansen/tdmpc2,
results/tdmpc2, mean of 3 seeds; its step unit is unchecked). No published DMPO curve is
known to us in numbers, and acme's implementation, which needs TensorFlow and reverb, is
not run here.

    .venv/bin/python benchmarks/dmpo_control_suite.py --out results/suite

Killed or stopped, the same command goes on.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
from control_suite_runs import (
    CARTPOLE,
    WALKER,
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

PUBLISHED = {
    "cartpole_swingup": {"TD-MPC2 at 100k": 839.4, "TD-MPC2 at 500k": 876.1},
    "walker_walk": {},
}
COLOURS = {"dmpo": "#33669a", "ppo": "#c0392b"}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20_000, help="per run")
    parser.add_argument("--evaluations", type=int, default=10, help="per run")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tasks", nargs="+", choices=list(PUBLISHED))
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    settings = {
        one.name: replace(one, run=small(one.run, chosen.steps, chosen.evaluations))
        for one in (CARTPOLE, WALKER)
        if chosen.tasks is None or one.name in chosen.tasks
    }
    jobs = [
        Job(
            name=f"{name}_{learner}_{seed}",
            setting=replace(setting, run=replace(setting.run, seed=seed)),
            learner=learner,
        )
        for name, setting in settings.items()
        for learner in ("dmpo", "ppo")
        for seed in range(chosen.seeds)
    ]
    runs = run_all(jobs, chosen.out, chosen.processes)
    tasks = {name: _task(runs, name, chosen.seeds) for name in settings}
    result = {
        "versions": versions(),
        "settings": {name: described(one) for name, one in settings.items()},
        "tasks": tasks,
    }
    write_result(chosen.out / "dmpo_control_suite.json", result)
    _plot(tasks, settings, chosen.out / "dmpo_control_suite.png")
    print(json.dumps(tasks, indent=1))


def _task(runs: dict[str, Any], name: str, seeds: int) -> dict[str, Any]:
    found: dict[str, Any] = {"published": PUBLISHED[name]}
    for learner in ("dmpo", "ppo"):
        each = [runs[f"{name}_{learner}_{seed}"] for seed in range(seeds)]
        mean, ci = mean_and_ci([run["returns"] for run in each])
        found[learner] = {
            "steps": each[0]["steps"],
            "mean": [round(value, 1) for value in mean.tolist()],
            "ci95": [round(value, 1) for value in ci.tolist()],
            "final": round(float(mean[-1]), 1),
            "seconds": [run["seconds"] for run in each],
        }
    return found


def _plot(tasks: dict[str, Any], settings: dict[str, Any], path: Path) -> None:
    figure, axes = pyplot.subplots(
        1, len(tasks), figsize=(5 * len(tasks), 3.8), layout="constrained",
        squeeze=False,
    )  # fmt: skip
    for axis, (name, found) in zip(axes.flat, tasks.items(), strict=True):
        for learner, colour in COLOURS.items():
            curve = found[learner]
            low, high = (
                [
                    m + sign * c
                    for m, c in zip(curve["mean"], curve["ci95"], strict=True)
                ]
                for sign in (-1, 1)
            )
            axis.plot(curve["steps"], curve["mean"], color=colour, label=learner)
            axis.fill_between(curve["steps"], low, high, color=colour, alpha=0.2)
        for label, value in found["published"].items():
            axis.axhline(value, linestyle=":", color="#777777")
            axis.annotate(label, (0, value), fontsize=7, va="bottom")
        axis.set_title(name.replace("_", " "))
        axis.set_ylim(0, 1000)
        axis.set_xlabel(f"actions ({settings[name].actions_per_s} a second)")
        axis.set_ylabel("return of 1000")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
