"""Explosions of the physics: found, counted, dumped to files that can be replayed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.arena import Arena
from sim.env_parameters import EpisodeParameters
from sim.physics import STATE_SPEC

Array = Any
FloatArray = NDArray[np.float64]

MOST_SPEED = 100.0
"""|qvel|, m/s and rad/s, above which a state counts as exploded: an OP3's servo turns
at 5 rad/s, a fall ends at 3 m/s."""
MOST_DISTANCE_M = 50.0
"""|coordinate| of a torso or the ball, likewise."""


class GuardError(Exception):
    """A file is no dump of this guard."""


@dataclass(frozen=True, kw_only=True)
class GuardConfig:
    """What to do with explosions.

    Attributes:
        folder: where dumps go; none are written without.
        most_dumps: files per environment batch; explosions beyond are only counted.
    """

    folder: str = ""
    most_dumps: int = 20


@dataclass(frozen=True, kw_only=True)
class Replay:
    """A dumped control step, done again.

    Attributes:
        qpos, qvel: [S + 1, nq] and [S + 1, nv], the first is where it started.
        parameters: of the episode, by name.
        model_sha256: of the arena's XML before randomization.
    """

    qpos: FloatArray
    qvel: FloatArray
    parameters: dict[str, FloatArray]
    model_sha256: str


def free_positions(arena: Arena) -> NDArray[np.int64]:
    """Indices into qpos of where free bodies are: torsos and the ball."""
    index = [robot.root_qpos[:3] for robot in arena.robots]
    if arena.ball is not None:
        index.append(arena.ball.qpos[:3])
    return np.concatenate(index)


def exploded(positions: NDArray[np.int64], qpos: Array, qvel: Array) -> Array:
    """[B] bool: a state [B, nq], [B, nv] that no robot can be in. Array-API code.

    Args:
        positions: from `free_positions`.
        qpos: [B, nq].
        qvel: [B, nv].
    """
    xp = qpos.__array_namespace__()
    far = xp.max(xp.abs(qpos[:, positions]), axis=-1)
    fast = xp.max(xp.abs(qvel), axis=-1)
    total = xp.sum(qpos, axis=-1)
    # Comparisons with nan are false, so ask for what is sane.
    sane = (far <= MOST_DISTANCE_M) & (fast <= MOST_SPEED) & xp.isfinite(total)
    return ~sane


def any_exploded(
    positions: NDArray[np.int64], qpos: FloatArray, qvel: FloatArray
) -> bool:
    """Whether `exploded` holds anywhere; several times faster where it does not."""
    far, fast = np.abs(qpos[:, positions]).max(), np.abs(qvel).max()
    # A sum is finite only if all its parts are.
    sane = far <= MOST_DISTANCE_M and fast <= MOST_SPEED and np.isfinite(qpos.sum())
    return not sane


def dump(
    path: Path,
    *,
    arena: Arena,
    model: mujoco.MjModel,
    state: FloatArray,
    control: FloatArray,
    control_spec: int,
    parameters: EpisodeParameters,
    row: int,
) -> None:
    """Write the control step that exploded.

    Args:
        path: of the .npz file; its folder is made.
        arena: the world before randomization.
        model: the environment's own, as randomized; stored whole, about 1 MB.
        state: [n] full physics state before the step.
        control: [S, m] by `control_spec`.
        control_spec: of `mujoco.mj_setState`.
        parameters: of all environments.
        row: the environment.
    """
    nq, nv = model.nq, model.nv
    image = np.zeros(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, image)
    xml = arena.spec.to_xml().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        state=state,
        qpos=state[1 : 1 + nq],
        qvel=state[1 + nq : 1 + nq + nv],
        ctrl=control,
        control_spec=control_spec,
        model=image,
        model_sha256=hashlib.sha256(xml).hexdigest(),
        **{f"parameters_{name}": v[row] for name, v in vars(parameters).items()},
    )


def replay(path: Path) -> Replay:
    """Step a dump again, in the model it was made with.

    Raises:
        GuardError: the file is missing or no dump, or of another MuJoCo version.
    """
    saved = _load(path)
    model = _model(path, saved["model"])
    data = mujoco.MjData(model)
    mujoco.mj_setState(model, data, saved["state"], STATE_SPEC)
    qpos, qvel = [data.qpos.copy()], [data.qvel.copy()]
    for control in saved["ctrl"]:
        mujoco.mj_setState(model, data, control, int(saved["control_spec"]))
        mujoco.mj_step(model, data)
        qpos.append(data.qpos.copy())
        qvel.append(data.qvel.copy())
    prefix = "parameters_"
    return Replay(
        qpos=np.stack(qpos),
        qvel=np.stack(qvel),
        parameters={
            name.removeprefix(prefix): value
            for name, value in saved.items()
            if name.startswith(prefix)
        },
        model_sha256=str(saved["model_sha256"]),
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        with np.load(path) as file:
            saved = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise GuardError(f"{path}: expected a dump of the guard, {error}") from None
    needed = {"state", "ctrl", "control_spec", "model", "model_sha256"}
    if missing := sorted(needed - saved.keys()):
        raise GuardError(
            f"{path}: expected a dump of the guard, found no {', '.join(missing)}"
        )
    return saved


def _model(path: Path, image: NDArray[np.uint8]) -> mujoco.MjModel:
    name = "dump.mjb"
    try:
        return mujoco.MjModel.from_binary_path(name, {name: image.tobytes()})
    except ValueError as error:
        raise GuardError(
            f"{path}: expected a model of MuJoCo {mujoco.__version__}, {error}"
        ) from None
