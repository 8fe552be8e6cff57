"""A run's folder: configuration, metrics, checkpoints, curves. Survives kill -9.

`config.json`, `metrics.jsonl` (one line per report), `checkpoint.msgpack` (written
beside and renamed, so that it is always whole), `curves.png`, TensorBoard events.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, TypeVar, cast

import flax.serialization
from tensorboardX import SummaryWriter

from robot.contracts.codec import to_plain

T = TypeVar("T")
CHECKPOINT = "checkpoint.msgpack"


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
            if found != plain:
                raise RunError(
                    f"expected the configuration of the run in {path}, found another "
                    f"one ({_difference(found, plain)}); start a new run instead"
                )
        path.mkdir(parents=True, exist_ok=True)
        if not config_file.exists():
            content = {"config": plain, "commit": git_commit()}
            _write_whole(config_file, json.dumps(content, indent=1).encode())
        self._metrics = (path / "metrics.jsonl").open("a", encoding="utf-8")
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
        lines = (self.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        rows = []
        for line in lines:
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return rows

    def save(self, tree: Any) -> None:
        """Replace the checkpoint."""
        data = flax.serialization.to_bytes(tree)
        _write_whole(self.path / CHECKPOINT, data)

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
    return cast(T, flax.serialization.from_bytes(like, data))


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


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside, flush to disk, rename: readers see the old file or the new one."""
    beside = path.with_suffix(path.suffix + ".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _difference(found: Any, wanted: Any, where: str = "config") -> str:
    """The first place where two plain trees differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted(found.keys() | wanted.keys()):
            if found.get(key) != wanted.get(key):
                return _difference(found.get(key), wanted.get(key), f"{where}.{key}")
    return f"{where}: {found!r} there, {wanted!r} here"
