"""A run's folder: configuration, metrics, checkpoints, curves. Survives kill -9.

`config.json` (with the git commit, and what the policy observes and does),
`metrics.jsonl` (one line per report), `checkpoint.msgpack` (written
beside and renamed, so that it is always whole), `curves.png`, TensorBoard events,
`film/` with pictures.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, TypeVar, cast

import flax.serialization
import jax
import numpy as np
from tensorboardX import SummaryWriter

from robot.contracts.codec import to_plain
from training.plain_trees import differences

T = TypeVar("T")
CHECKPOINT = "checkpoint.msgpack"
METRICS = "metrics.jsonl"


class RunError(Exception):
    """A run folder is not what was asked for."""


class RunFolder:
    """Owns one folder; `close` it (or use it in `with`)."""

    def __init__(self, path: Path, config: Any, *, resume: bool):
        """Open `path` for a run of `config`.

        Raises:
            RunError: the folder holds a run and `resume` is false, or the run in it has
                another configuration.
        """
        self.path = path
        plain = json.loads(json.dumps(to_plain(config)))
        config_file = path / "config.json"
        if config_file.exists():
            found = json.loads(config_file.read_text())["config"]
            if not resume:
                raise RunError(
                    f"expected a new folder, found a run in {path}; pass --resume to "
                    f"go on with it or name another --out"
                )
            if apart := differences(_without_none(found), _without_none(plain)):
                more = f"; and {len(apart) - 3} more" if len(apart) > 3 else ""
                raise RunError(
                    f"expected the configuration of the run in {path}, found another "
                    f"one ({'; '.join(apart[:3])}{more}); start a new run instead"
                )
        path.mkdir(parents=True, exist_ok=True)
        if not config_file.exists():
            content = {
                "config": plain,
                "commit": git_commit(),
                **_told_of_policy(config),
            }
            write_whole(config_file, json.dumps(content, indent=1).encode())
        end_last_line(path / METRICS)
        self._metrics = (path / METRICS).open("a", encoding="utf-8")
        self._board = SummaryWriter(str(path / "tensorboard"))

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def report(self, step: int, metrics: dict[str, float]) -> None:
        """Append one line of metrics; flushed, so a kill loses none."""
        self._metrics.write(json.dumps({"step": step, **metrics}) + "\n")
        self._metrics.flush()
        for name, value in metrics.items():
            self._board.add_scalar(name, value, step)

    def history(self) -> list[dict[str, float]]:
        """All reports so far; a last line cut short by a kill is skipped."""
        lines = (self.path / METRICS).read_text(encoding="utf-8").splitlines()
        rows: list[dict[str, float]] = []
        for line in lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            # A line without metrics says where a resumed run went on from.
            while rows and len(row) == 1 and rows[-1]["step"] > row["step"]:
                rows.pop()
            if len(row) > 1:
                rows.append(row)
        return rows

    def rewind(self, step: int) -> None:
        """Say that the run goes on from `step`: `history` forgets what a run that was
        killed after its last checkpoint reported beyond it. The file keeps it."""
        if any(row["step"] > step for row in self.history()):
            self._metrics.write(json.dumps({"step": step}) + "\n")
            self._metrics.flush()

    def save(self, tree: Any) -> None:
        """Replace the checkpoint."""
        data = flax.serialization.to_bytes(tree)
        write_whole(self.path / CHECKPOINT, data)

    def load(self, like: T) -> T | None:
        """The checkpoint, shaped as `like`; None if there is none yet."""
        return read_checkpoint(self.path, like)

    def close(self) -> None:
        """Close the files."""
        self._metrics.close()
        self._board.close()


def has_checkpoint(path: Path) -> bool:
    """Whether a run folder holds a checkpoint."""
    return (path / CHECKPOINT).exists()


def read_checkpoint(path: Path, like: T) -> T | None:
    """The checkpoint in a run folder, shaped as `like`; None if there is none."""
    if not has_checkpoint(path):
        return None
    data = (path / CHECKPOINT).read_bytes()
    found = flax.serialization.msgpack_restore(data)
    wanted = flax.serialization.to_state_dict(like)
    return cast(T, flax.serialization.from_state_dict(like, _with_empty(found, wanted)))


def _with_empty(found: Any, wanted: Any) -> Any:
    """`found` with the fields that have no content in `wanted` and that the release
    which wrote it did not know."""
    if not isinstance(found, dict) or not isinstance(wanted, dict):
        return found
    new = {
        name: {}
        for name, value in wanted.items()
        if isinstance(value, dict | tuple) and not value
    }
    return new | {
        name: _with_empty(value, wanted.get(name)) for name, value in found.items()
    }


def read_params(path: Path, like: T, field: str = "params") -> T:
    """Only the networks' parameters of the checkpoint in a run folder.

    Args:
        path: of the run.
        like: shaped as they are.
        field: of the learner's state, that holds them.

    Raises:
        RunError: there is no checkpoint, or its networks are shaped otherwise.
    """
    if not has_checkpoint(path):
        raise RunError(f"expected {CHECKPOINT} in {path}, found none")
    params = _read_tree(path)["learner"][field]
    found, wanted = _shapes(params), _shapes(like)
    if found != wanted:
        differing = sorted(
            name
            for name in found.keys() | wanted.keys()
            if found.get(name) != wanted.get(name)
        )
        raise RunError(
            f"expected networks of this run's shape in {path}, found others: "
            + "; ".join(
                f"{name}: {wanted.get(name, 'none')} here, {found.get(name, 'none')} "
                f"there"
                for name in differing
            )
        )
    return cast(T, flax.serialization.from_state_dict(like, params))


def read_step(path: Path) -> int:
    """Control steps that the checkpoint in a run folder has behind it; 0 without."""
    if not has_checkpoint(path):
        return 0
    return int(_read_tree(path)["steps"])


def _read_tree(path: Path) -> dict[str, Any]:
    """The checkpoint as nested dicts of arrays, whatever wrote it."""
    data = (path / CHECKPOINT).read_bytes()
    return cast(dict[str, Any], flax.serialization.msgpack_restore(data))


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    """Shape of every array by its path."""
    plain = flax.serialization.to_state_dict(tree)
    return {
        "/".join(str(part.key) for part in path): np.shape(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(plain)
    }


def _told_of_policy(config: Any) -> dict[str, Any]:
    """What a run's policy observes and does, so that the folder alone tells."""
    task = getattr(config, "task", None)
    if task is None:
        return {}
    told = {"observation": task.observation, "action": task.action}
    plain = {name: to_plain(spec) for name, spec in told.items()}
    return {"task": task.name, "policy": plain}


def _without_none(plain: Any) -> Any:
    """Plain values without settings that are None: one that is off equals one that did
    not exist when the run began."""
    if isinstance(plain, dict):
        kept = {name: value for name, value in plain.items() if value is not None}
        return {name: _without_none(value) for name, value in kept.items()}
    if isinstance(plain, list):
        return [_without_none(value) for value in plain]
    return plain


def git_commit() -> str:
    """Hash of HEAD, with `+` if the tree differs from it; "unknown" outside git."""
    here = Path(__file__).parent

    def git(*args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=here, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    head = git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    return head + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def write_whole(path: Path, data: bytes) -> None:
    """Write beside, flush to disk, rename: readers see the old file or the new one."""
    beside = path.with_suffix(path.suffix + ".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def end_last_line(path: Path) -> None:
    """A kill may cut the last line short: the next one must not be glued to it."""
    if path.exists() and (data := path.read_bytes()) and not data.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
