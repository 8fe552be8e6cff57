"""Training end to end beside the bare physics, in turns, in one process.

Prints one JSON object: control steps per second of PPO on the walk (acting, stepping,
rewards, resets, randomization, pushes, updates), of bare `mujoco.rollout` from the
states it reaches, and their ratio per rollout, median and quartiles.

    python -m benchmarks.train_throughput --seconds 60
"""

import argparse
import itertools
import json
import time
from dataclasses import asdict

import jax
import numpy as np

from sim.env import EnvConfig, Environment
from sim.tasks.walk_task import WalkTask
from sim.throughput import BareRollout, processor, spread
from training.borrowed import actor_of_bundle
from training.measures import Meter
from training.ppo import PpoConfig
from training.rollouts import Collector
from training.train_task import TaskRunConfig, initial_progress, make_learner

THREADS = 2
_WARM_UP = 3
"""Rollouts until everything is compiled."""


def measure(seconds: float, epochs: int) -> dict[str, object]:
    """Rollouts with their updates, of so many epochs, and as many bare steps, for about
    `seconds`."""
    task = WalkTask()
    run = TaskRunConfig(
        task=task, env=EnvConfig(num_threads=THREADS), ppo=PpoConfig(epochs=epochs)
    )
    env = Environment(task, run.env, seed=0)
    learner, state = make_learner(run), initial_progress(run).learner
    # Robots that walk, as they do for most of a training.
    actor = actor_of_bundle(
        "walk", task.observation, task.action, state.params["actor"]
    )
    state = state._replace(
        params=state.params | {"actor": actor},
        key=jax.random.wrap_key_data(state.key),
    )
    collector = Collector(env, learner, run.rollout_steps)
    meter = Meter(task, env.action_shape[:2], whole=False, steps=1)
    bare: BareRollout | None = None
    times: list[tuple[float, float]] = []
    measured_s = 0.0
    for count in itertools.count():
        if measured_s > seconds:
            break
        started = time.perf_counter()
        _, batch = collector.collect(state.params, jax.random.key(count), 1.0, meter)
        state, metrics = learner.update(state, batch)
        jax.block_until_ready(metrics)
        trained_s = time.perf_counter() - started
        bare = bare or BareRollout(env, THREADS)
        reached = env.physics.state.copy()
        bare_s = sum(bare.seconds(reached) for _ in range(run.rollout_steps))
        if count >= _WARM_UP:
            times.append((trained_s, bare_s))
            measured_s += trained_s + bare_s
    assert bare is not None
    bare.close()
    env.close()
    trained_s, bare_s = np.median(times, axis=0)
    ratios = np.array([ours / trained for trained, ours in times])
    return {
        "processor": processor(),
        "threads": THREADS,
        "num_envs": run.env.num_envs,
        "epochs": epochs,
        "rollouts": len(times),
        "train_steps_per_s": round(collector.rows / trained_s),
        "raw_steps_per_s": round(collector.rows / bare_s),
        "ratio": asdict(spread(ratios)),
    }


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="(%(default)s)")
    parser.add_argument(
        "--epochs",
        type=int,
        default=3,
        help="of an update: 3 in the walk's first stage, 4 later (%(default)s)",
    )
    args = parser.parse_args()
    print(json.dumps(measure(args.seconds, args.epochs), indent=1))


if __name__ == "__main__":
    main()
