"""Peers on this CPU, beside our own tasks; prints one JSON object.

dm_control's soccer (played by OP3 walkers, `sim.dm_soccer`) and our `match` take turns
in this process. mujoco_playground's Op3Joystick runs in its own environment, where
`make peers` made one, and our `walk` right after it:

    make peers
    .venv/bin/python benchmarks/peers.py
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from dm_control import composer

from sim.dm_soccer import soccer_environment
from sim.env import EnvConfig, Environment
from sim.tasks.match import MatchTask
from sim.tasks.walk_task import WalkTask
from sim.throughput import ACTION_SPREAD, processor, spread, throughput

PEER_PYTHON = Path(".peers-env/bin/python")
PLAYGROUND = Path(__file__).with_name("playground_peer.py")
PLAYGROUND_LIMIT_S = 1500
_STEPS_PER_TURN = 10


def dm_soccer(seconds: float, num_envs: int, threads: int) -> dict[str, Any]:
    """dm_control's soccer, one environment as it comes, and our match in turns.

    Args:
        seconds: to measure for.
        num_envs: of our batch.
        threads: of our physics.
    """
    random = np.random.default_rng(0)
    peer = soccer_environment(1, random_state=0, terminate_on_goal=False)
    ours = Environment(
        MatchTask(), EnvConfig(num_envs=num_envs, num_threads=threads), 0
    )
    state, _ = ours.reset()
    peer.reset()
    # A turn of one environment is as long as the peer's, so that caches are as warm.
    own_steps = max(1, _STEPS_PER_TURN // num_envs)
    peer_times, our_times, begin = [], [], time.perf_counter()
    while time.perf_counter() - begin < seconds:
        peer_times.append(_seconds(lambda: _peer_steps(peer, random)))
        started = time.perf_counter()
        for _ in range(own_steps):
            action = ACTION_SPREAD * random.normal(size=ours.action_shape)
            state, _ = ours.step(state, action)
        our_times.append(time.perf_counter() - started)
    ours.close()
    peer_rate = _STEPS_PER_TURN / np.array(peer_times)
    our_rate = own_steps * num_envs / np.array(our_times)
    ratio = spread(our_rate / peer_rate)
    return {
        "peer": "dm_control soccer 1v1, OP3 walkers",
        "ours": f"match 1v1, {num_envs} environments, {threads} threads",
        "peer_env_steps_per_s": round(float(np.median(peer_rate)), 1),
        "our_env_steps_per_s": round(float(np.median(our_rate)), 1),
        "ours_over_peer": round(ratio.median, 2),
        "ours_over_peer_iqr": [round(ratio.low, 2), round(ratio.high, 2)],
        "turns": len(our_times),
    }


def _peer_steps(peer: composer.Environment, random: np.random.Generator) -> None:
    specs = peer.action_spec()
    for _ in range(_STEPS_PER_TURN):
        # Both sides' actions are spread about the stand by the same amount.
        action = [ACTION_SPREAD * random.normal(size=spec.shape) for spec in specs]
        if peer.step(action).last():
            peer.reset()


def _seconds(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def playground(sizes: list[int], seconds: float) -> list[dict[str, Any]]:
    """Op3Joystick in the peers' environment, then our walk at the same sizes."""
    if not PEER_PYTHON.exists():
        return [{"peer": "Op3Joystick", "failed": "no .peers-env; run: make peers"}]
    command = [str(PEER_PYTHON), str(PLAYGROUND), "--envs", *map(str, sizes)]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, check=True, timeout=PLAYGROUND_LIMIT_S
        )
    except subprocess.CalledProcessError as error:
        return [{"peer": "Op3Joystick", "failed": f"exit code {error.returncode}"}]
    except subprocess.TimeoutExpired:
        late = f"not done after {PLAYGROUND_LIMIT_S} s"
        return [{"peer": "Op3Joystick", "failed": late}]
    found = json.loads(done.stdout)
    rows = []
    for row in found["rows"]:
        ours = throughput(WalkTask(), row["num_envs"], seconds=seconds)
        rows.append(
            {
                "peer": f"Op3Joystick, {row['implementation']}, {found['platform']}",
                "versions": found["versions"],
                "num_envs": row["num_envs"],
                "peer_env_steps_per_s": row["env_steps_per_s"],
                "peer_first_run_s": row["first_run_s"],
                "peer_finite": row["finite"],
                "our_env_steps_per_s": round(ours.env_steps_per_s, 1),
                "ours_over_peer": round(
                    ours.env_steps_per_s / row["env_steps_per_s"], 2
                ),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="per measurement")
    parser.add_argument("--envs", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--only", choices=("dm_control", "playground"))
    chosen = parser.parse_args()
    cores = os.cpu_count() or 1
    rows: list[dict[str, Any]] = []
    if chosen.only != "playground":
        for count, threads in ((1, 1), (256, cores)):
            rows.append(dm_soccer(chosen.seconds, count, threads))
            print(rows[-1], file=sys.stderr, flush=True)
    if chosen.only != "dm_control":
        rows += playground(chosen.envs, chosen.seconds)
    result = {
        "device": processor(),
        "cores": cores,
        "load_after": os.getloadavg()[0],
        "versions": {name: version(name) for name in ("mujoco", "dm_control")},
        "rows": rows,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
