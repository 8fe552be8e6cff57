"""From a training run to a policy bundle that the robot accepts."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_args

import jax
import jax.numpy as jnp
import jax2onnx
import numpy as np
import onnx
from numpy.typing import NDArray

from robot.contracts.policy import (
    NETWORK_FILE,
    CommandSpec,
    ObservationSpec,
    PolicySpec,
    Role,
    ServoGains,
    write_spec,
)
from robot.contracts.symmetry import action_mirror, observation_mirror
from robot.policy import OnnxPolicy, load_bundle, write_golden
from robot.scripted.bundle import script_text
from robot.scripted.correction import FILE, OnnxCorrection, seen_size
from robot.scripted.kick import KickPolicy, KickScript
from robot.scripted.rehearsal import rehearsal
from sim.env import Environment
from sim.robot_model import model_hash
from sim.tasks.registry import gait_clock_hz
from sim.tasks.task import Task
from sim.tasks.walk_task import WalkTask
from training.corrected_kick import load_kick
from training.networks import FIRST, SECOND, GaussianActor
from training.run_folder import RunError, git_commit, has_checkpoint, read_params
from training.train_dmpo import DmpoRunConfig, dmpo_params, make_dmpo
from training.train_task import TaskRunConfig, make_learner, read_policy, skill_of
from training.translation import FOLDED

RunConfig = TaskRunConfig | DmpoRunConfig
Mean = Callable[[Any], Any]
"""Observations [B, N] to actions [B, A] without exploration, not jitted."""

GOLDEN_STEPS = 64
KICK_COMMIT_S = 1.5
"""How long a learned kick keeps the robot to itself (chosen: its swing and the steps
back into the stand take about a second)."""

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "walk": "walk",
        "getup": "getup",
        "rise": "getup",
        "kick": "kick",
        "score": "score",
        "match": "score",
    }
)
"""Which skill of the robot a task teaches."""


def role_of(task: Task) -> Role:
    """The role that the robot gives a policy of `task`.

    Raises:
        RunError: it has none.
    """
    role = ROLES.get(task.name)
    if role not in get_args(Role):
        known = [name for name, role in ROLES.items() if role in get_args(Role)]
        raise RunError(
            f"expected a task that teaches a skill of the robot: {', '.join(known)}; "
            f"found {task.name}, which can be trained but not exported"
        )
    return cast(Role, role)


def policy_spec(config: RunConfig, name: str, made_by: str) -> PolicySpec:
    """The contract of a policy trained with `config`.

    Raises:
        RunError: the robot has no role for the task.
    """
    task, role = config.task, role_of(config.task)
    if isinstance(config, TaskRunConfig) and config.kick:
        return _said_anew(load_kick(config.kick.bundle, task).spec, name, made_by)
    command = CommandSpec(names=(), low=(), high=())
    if isinstance(task, WalkTask):
        command = task.config.command
    return PolicySpec(
        name=name,
        role=role,
        engine="onnx",
        control_period_s=task.control_period_s,
        observation=Folding.of(task.observation).onboard,
        action=task.action,
        command=command,
        clock_hz=gait_clock_hz(task),
        commit_s=KICK_COMMIT_S if role == "kick" else 0.0,
        gets_up=task.name == "match",
        state_shapes=(),
        gains=ServoGains(),
        robot_model_sha256=model_hash(),
        made_by=made_by,
        commit=git_commit(),
    )


def export_policy(
    run: Path, config: RunConfig, bundle: Path, name: str, made_by: str
) -> None:
    """Write `spec.json`, `policy.onnx` and `golden.npz` of a run into `bundle`.

    They are written elsewhere first, loaded as the robot loads them and their goldens
    replayed. `CARD.md` is the caller's, who knows what was measured; a missing one is
    begun.

    Raises:
        RunError: the run has no checkpoint, or the robot no role for the task.
        ContractError: the robot refuses the bundle, for instance because it has no
            source for a term of the observation.
    """
    if isinstance(config, TaskRunConfig) and config.shot:
        raise RunError(f"expected a run of one skill in {run}, found whole shots")
    spec = policy_spec(config, name, made_by)
    _check_checkpoint(run, config)
    with _draft(bundle, name, made_by) as draft:
        write_spec(draft / "spec.json", spec)
        if isinstance(config, TaskRunConfig) and config.kick:
            kick = load_kick(config.kick.bundle, config.task)
            ppo = make_learner(config)
            params = read_policy(config, run)
            wish = lambda seen: ppo.distribution(params, seen)[0]  # noqa: E731
            _write_corrected_kick(wish, kick.script, draft, spec)
        else:
            mean = learned_mean(run, config)
            network = to_onnx(mean, config.task.observation, name)
            onnx.save(network, str(draft / NETWORK_FILE))
            _write_goldens(config, draft, spec)


def export_shot(run: Path, config: TaskRunConfig, folder: Path, made_by: str) -> None:
    """Write the walk and the kick of a run of whole shots into `folder`, each in the
    subfolder that a player has it in.

    Raises:
        RunError: the run has no checkpoint, or is none of shots.
        ContractError: the robot refuses one of them.
    """
    if config.shot is None:
        raise RunError(f"expected a run of whole shots in {run}, found another")
    _check_checkpoint(run, config)
    skills = read_policy(config, run)["actor"]
    walk = _said_anew(config.shot.walk_spec, "walk", made_by)
    kick = load_kick(config.shot.kick, config.task)
    mirrors = observation_mirror(walk.observation), action_mirror(walk.action)
    hidden, size = config.ppo.hidden, len(walk.action.joints)
    with (
        _draft(folder / "walk", "walk", made_by) as walking,
        _draft(folder / "kick", "kick", made_by) as draft,
    ):
        write_spec(walking / "spec.json", walk)
        actor = GaussianActor(size, hidden, mirrors=mirrors)
        mean = _mean_of(actor, skills["params"][FIRST])
        network = to_onnx(mean, walk.observation, "walk")
        onnx.save(network, str(walking / NETWORK_FILE))
        _write_goldens(replace(config, task=WalkTask(), shot=None), walking, walk)
        spec = _said_anew(kick.spec, "kick", made_by)
        write_spec(draft / "spec.json", spec)
        wish = _mean_of(GaussianActor(size, hidden), skills["params"][SECOND])
        _write_corrected_kick(wish, kick.script, draft, spec)


def _mean_of(actor: GaussianActor, params: Any) -> Mean:
    def mean(seen: Any) -> Any:
        return cast(tuple[Any, Any], actor.apply({"params": params}, seen))[0]

    return mean


def _said_anew(spec: PolicySpec, name: str, made_by: str) -> PolicySpec:
    return replace(
        spec,
        name=name,
        robot_model_sha256=model_hash(),
        made_by=made_by,
        commit=git_commit(),
    )


def _check_checkpoint(run: Path, config: RunConfig) -> None:
    if not has_checkpoint(run):
        shot = isinstance(config, TaskRunConfig) and config.shot
        name = "shot" if shot else config.task.name
        raise RunError(
            f"expected checkpoint.msgpack in {run}, found none; train first with "
            f"op3-soccer train {name} --out {run}"
        )


@contextmanager
def _draft(bundle: Path, name: str, made_by: str) -> Iterator[Path]:
    """A folder to write a bundle into; loaded as the robot loads it, and copied."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder)
        yield draft
        (draft / "CARD.md").write_text(
            f"# {name}\n\nMade by `{made_by}`.\n", encoding="utf-8"
        )
        load_bundle(draft)
        bundle.mkdir(parents=True, exist_ok=True)
        for file in draft.iterdir():
            if file.name != "CARD.md" or not (bundle / file.name).exists():
                shutil.copyfile(file, bundle / file.name)


@dataclass(frozen=True, kw_only=True)
class Folding:
    """How an observation on board becomes the one that was trained with.

    Attributes:
        onboard: what the robot observes.
        kept: [N] columns of the trained observation that the robot gives.
        constant: [M] a trained observation; only its other columns count.
    """

    onboard: ObservationSpec
    kept: NDArray[np.int64]
    constant: NDArray[np.float32]

    @classmethod
    def of(cls, trained: ObservationSpec) -> "Folding":
        """Leave out the terms of `FOLDED`: the exported network holds their values."""
        kept, constant, offset = [], np.zeros(trained.size, np.float32), 0
        for term in trained.terms:
            columns = np.arange(offset, offset + term.size * term.history)
            offset += len(columns)
            if term.name not in FOLDED:
                kept.append(columns)
                continue
            raw = np.array(FOLDED[term.name]) - np.array(term.mean or 0.0)
            value = np.tile(raw / np.array(term.std or 1.0), term.history)
            constant[columns] = np.clip(value, -trained.clip, trained.clip)
        terms = tuple(term for term in trained.terms if term.name not in FOLDED)
        return cls(
            onboard=ObservationSpec(terms=terms, clip=trained.clip),
            kept=np.concatenate(kept),
            constant=constant,
        )

    def unfolded(self, onboard: Any) -> Any:
        """[B, M] the trained observation for [B, N]."""
        parts, column, given = [], 0, 0
        for split in _runs(self.kept):
            if split[0] > column:
                parts.append(self._constant(onboard, column, split[0]))
            parts.append(onboard[:, given : given + len(split)])
            column, given = split[-1] + 1, given + len(split)
        if column < len(self.constant):
            parts.append(self._constant(onboard, column, len(self.constant)))
        return jnp.concatenate(parts, axis=-1) if len(parts) > 1 else onboard

    def _constant(self, onboard: Any, first: int, last: int) -> Any:
        part = jnp.asarray(self.constant[first:last])
        return jnp.broadcast_to(part, (onboard.shape[0], last - first))


def learned_mean(run: Path, config: RunConfig) -> Mean:
    """The policy in a run's checkpoint.

    Raises:
        RunError: its networks are shaped otherwise, or have a memory.
    """
    if isinstance(config, TaskRunConfig):
        ppo = make_learner(config)
        params = read_policy(config, run)
        skill = skill_of(config)
        if skill is not None:
            return lambda seen: skill.plain(seen, ppo.distribution(params, seen)[0])
        return lambda seen: ppo.distribution(params, seen)[0]
    if config.learner.dmpo.lstm:
        raise RunError(
            f"expected a feed-forward policy to export, found an LSTM of width "
            f"{config.learner.dmpo.lstm}"
        )
    dmpo = make_dmpo(config)
    params = read_params(run, dmpo_params(config))
    return lambda seen: dmpo.distribution(params, seen)[1].mean


def to_onnx(mean: Mean, trained: ObservationSpec, name: str) -> onnx.ModelProto:
    """A policy as an ONNX network: observation on board [1, N] to action [1, A]."""
    folding = Folding.of(trained)
    return jax2onnx.to_onnx(
        lambda onboard: mean(folding.unfolded(onboard)),
        [jax.ShapeDtypeStruct((1, folding.onboard.size), jnp.float32)],
        model_name=name,
        input_names=["observation"],
        output_names=["action"],
        opset=21,
    )


def _write_corrected_kick(
    wish: Mean, script: KickScript, bundle: Path, spec: PolicySpec
) -> None:
    """The script, the network that corrects it, and goldens of both together."""
    (bundle / "script.json").write_text(script_text(script), encoding="utf-8")
    network = jax2onnx.to_onnx(
        wish,
        [jax.ShapeDtypeStruct((1, seen_size(spec.observation)), jnp.float32)],
        model_name=spec.name,
        input_names=["seen"],
        output_names=["wish"],
        opset=21,
    )
    onnx.save(network, str(bundle / FILE))
    corrected = KickPolicy(
        spec, script, OnnxCorrection(bundle / FILE, spec.observation)
    )
    write_golden(bundle / "golden.npz", corrected, rehearsal(spec))


def _write_goldens(config: RunConfig, bundle: Path, spec: PolicySpec) -> None:
    """Observations of one environment whose robots move under the exported policy."""
    policy = OnnxPolicy(bundle / NETWORK_FILE, spec)
    kept = Folding.of(config.task.observation).kept
    world = replace(config.env, num_envs=1, num_threads=1, stagger=False)
    env = Environment(config.task, world, seed=7)
    state, moved = env.reset()
    seen = []
    for _ in range(GOLDEN_STEPS):
        robots = moved.observation[0][:, kept]
        seen.append(robots[0])
        actions = np.stack([policy.act(robot, ())[0] for robot in robots])
        state, moved = env.step(state, actions[None])
    env.close()
    write_golden(bundle / "golden.npz", policy, np.stack(seen))


def _runs(columns: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Ascending numbers cut where they skip one."""
    return np.split(columns, np.flatnonzero(np.diff(columns) != 1) + 1)
