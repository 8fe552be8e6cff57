"""From a training run to a policy bundle that the robot accepts."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import jax2onnx
import numpy as np
import onnx

from robot.contracts.policy import PolicySpec, ServoGains, write_spec
from robot.policy import OnnxPolicy, load_bundle, write_golden
from sim.env import EnvConfig, Environment
from sim.robot_model import model_hash
from sim.tasks.walk_task import WalkTask
from training.ppo import Ppo
from training.run_folder import RunError, git_commit, read_checkpoint
from training.train_walk import WalkRunConfig, initial_progress, make_learner

GOLDEN_STEPS = 64


def walk_spec(config: WalkRunConfig, name: str, made_by: str) -> PolicySpec:
    """The contract of a walk trained with `config`."""
    task = config.task
    return PolicySpec(
        name=name,
        role="walk",
        engine="onnx",
        control_period_s=task.control_period_s,
        observation=task.observation,
        action=task.action,
        command=task.command,
        clock_hz=task.clock_hz,
        commit_s=0.0,
        state_shapes=(),
        gains=ServoGains(),
        robot_model_sha256=model_hash(),
        made_by=made_by,
        commit=git_commit(),
    )


def export_walk(
    run: Path, config: WalkRunConfig, bundle: Path, name: str, made_by: str
) -> None:
    """Write `spec.json`, `policy.onnx` and `golden.npz` of a run into `bundle`.

    The bundle is loaded and its goldens replayed before this returns. `CARD.md` is the
    caller's, who knows what was measured.

    Raises:
        RunError: the run has no checkpoint.
    """
    progress = read_checkpoint(run, initial_progress(config))
    if progress is None:
        raise RunError(
            f"expected checkpoint.msgpack in {run}, found none; train first with "
            f"op3-soccer train walk --out {run}"
        )
    spec = walk_spec(config, name, made_by)
    bundle.mkdir(parents=True, exist_ok=True)
    write_spec(bundle / "spec.json", spec)
    network = actor_to_onnx(make_learner(config), progress.learner.params, spec)
    onnx.save(network, str(bundle / "policy.onnx"))
    card = bundle / "CARD.md"
    if not card.exists():
        card.write_text(f"# {name}\n\nMade by `{made_by}`.\n", encoding="utf-8")
    _write_walk_golden(config, bundle, spec)
    load_bundle(bundle)


def actor_to_onnx(ppo: Ppo, params: Any, spec: PolicySpec) -> onnx.ModelProto:
    """The actor's mean as an ONNX network: observation [1, N] to action [1, A]."""

    def mean(observation: Any) -> Any:
        return ppo.distribution(params, observation)[0]

    return jax2onnx.to_onnx(
        mean,
        [jax.ShapeDtypeStruct((1, spec.observation.size), jnp.float32)],
        model_name=spec.name,
        input_names=["observation"],
        output_names=["action"],
        opset=21,
    )


def _write_walk_golden(config: WalkRunConfig, bundle: Path, spec: PolicySpec) -> None:
    """Observations of one environment that walks under the exported policy."""
    policy = OnnxPolicy(bundle / "policy.onnx", spec)
    world = EnvConfig(num_envs=1, num_threads=1)
    env = Environment(WalkTask(config=config.task), world, seed=7)
    state, moved = env.reset()
    seen = []
    for _ in range(GOLDEN_STEPS):
        seen.append(moved.observation[0, 0])
        action, _ = policy.act(seen[-1], ())
        state, moved = env.step(state, action[None, None])
    env.close()
    write_golden(bundle / "golden.npz", policy, np.stack(seen))
