"""Environment steps per second on MJX, resets and randomization included.

Prints one JSON object; everything else goes to standard error. On a GPU machine:

    pip install -e '.[mjx]' 'jax[cuda12]' 'mujoco-mjx[warp]==3.17.*'
    python benchmarks/mjx_throughput.py

Anywhere, only to see that it works:

    python benchmarks/mjx_throughput.py --envs 2 --steps 4 --repeats 1
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from importlib.metadata import version
from typing import Any

# MJX prints to standard output when it finds no warp.
with contextlib.redirect_stdout(sys.stderr):
    import jax

    from sim.env import EnvConfig
    from sim.env_core import EnvError
    from sim.mjx_env import MjxConfig, MjxEnvironment, MjxState
    from sim.tasks.match import MatchTask
    from sim.tasks.walk_task import WalkTask

CASES = {
    ("walk", "jax"): WalkTask(),
    ("walk", "warp"): WalkTask(),
    # The JAX implementation cannot collide this many convex hulls.
    ("match", "jax"): MatchTask(contacts="feet"),
    ("match", "warp"): MatchTask(),
}
ACTION_SPREAD = 0.3
"""Standard deviation of the random actions; they make robots fall, so reset."""


def measure(
    name: str, implementation: Any, num_envs: int, steps: int, repeats: int
) -> dict[str, Any]:
    """One row of the result; without numbers, but with a reason, where it failed."""
    task = CASES[name, implementation]
    row = {
        "task": name,
        "contacts": task.contacts,
        "implementation": implementation,
        "num_envs": num_envs,
    }
    started = time.perf_counter()
    try:
        env = MjxEnvironment(
            task,
            EnvConfig(num_envs=num_envs),
            0,
            physics=MjxConfig(implementation=implementation),
        )
        state, _ = env.reset(env.key)
        many = jax.jit(lambda state, key: _many(env, state, key, steps))
        # The first run compiles.
        state = jax.block_until_ready(many(state, jax.random.key(0)))
        compile_s = time.perf_counter() - started
        times = []
        for repeat in range(1, repeats + 1):
            started = time.perf_counter()
            state = jax.block_until_ready(many(state, jax.random.key(repeat)))
            times.append(time.perf_counter() - started)
    except (EnvError, jax.errors.JaxRuntimeError) as error:
        return row | {"failed": str(error).splitlines()[0]}
    rate = num_envs * steps / statistics.median(times)
    return row | {
        "env_steps_per_s": round(rate),
        "physics_steps_per_s": round(rate * env.core.substeps),
        "first_run_s": round(compile_s, 1),
        "explosions": int(state.explosions),
        "steps_run": num_envs * steps * (repeats + 1),
    }


def _many(env: MjxEnvironment, state: MjxState, key: Any, steps: int) -> MjxState:
    """`steps` control steps under random actions."""

    def one(state: MjxState, key: Any) -> tuple[MjxState, None]:
        action = ACTION_SPREAD * jax.random.normal(key, env.action_shape)
        return env.step(state, action)[0], None

    return jax.lax.scan(one, state, jax.random.split(key, steps))[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Environment steps per second on MJX, as one JSON object."
    )
    parser.add_argument("--tasks", nargs="+", default=["walk", "match"])
    parser.add_argument("--implementations", nargs="+", default=["jax", "warp"])
    parser.add_argument("--envs", nargs="+", type=int, default=[1024, 4096, 8192])
    parser.add_argument("--steps", type=int, default=50, help="per timed run")
    parser.add_argument("--repeats", type=int, default=3, help="the median counts")
    chosen = parser.parse_args()
    rows = []
    for name in chosen.tasks:
        for implementation in chosen.implementations:
            for count in chosen.envs:
                # Warp's own messages go to standard output too.
                with contextlib.redirect_stdout(sys.stderr):
                    row = measure(
                        name, implementation, count, chosen.steps, chosen.repeats
                    )
                print(row, file=sys.stderr, flush=True)
                rows.append(row)
    device = jax.devices()[0]
    packages = ("jax", "mujoco-mjx")
    result = {
        "device": device.device_kind,
        "platform": device.platform,
        "versions": {name: version(name) for name in packages},
        "rows": rows,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
