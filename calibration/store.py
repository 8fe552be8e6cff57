"""Measurements of one step on disk, appended as they come: a cut loses none.

One JSON object a line, flushed to the disk before the next measurement begins. A line
cut in half by a power loss is dropped at the next start.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError

_ROWS = "measurements.jsonl"
_KEY = "key"


class Store:
    """The folder of one step. Each measurement has a key and is made once."""

    def __init__(self, folder: Path, step: str, setup: dict[str, Any]):
        """Open, or go on where an earlier run was cut off.

        Args:
            folder: of this step; made if need be.
            step: its name, for errors.
            setup: what must be the same for measurements to belong together.

        Raises:
            CalibrationError: the folder holds measurements of another setup, or cannot
                be used.
        """
        self.folder = folder
        self._step = step
        self._rows: dict[str, dict[str, Any]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._load()
        except OSError as error:
            raise CalibrationError(
                step,
                [f"{folder}: expected a usable folder, found: {error.strerror}"],
            ) from None
        self._check(setup)

    @property
    def resumed(self) -> int:
        """How many measurements there were at the start."""
        return self._resumed

    def has(self, key: str) -> bool:
        return key in self._rows

    def rows(self, prefix: str = "") -> list[dict[str, Any]]:
        """Measurements whose key starts so, in the order they were made."""
        return [
            row
            for key, row in self._rows.items()
            if key.startswith(prefix) and key != "setup"
        ]

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Write one measurement; it is on the disk when this returns."""
        row = {_KEY: key, **_plain(row)}
        line = json.dumps(row) + "\n"
        with (self.folder / _ROWS).open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._rows[key] = row

    def keep_picture(self, key: str, image: NDArray[np.uint8]) -> Path:
        """Write a picture beside the measurements; its path."""
        path = self.folder / f"{key.replace(' ', '-')}.png"
        shown = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".png", shown)
        path.write_bytes(data.tobytes())
        return path

    def keep_arrays(self, key: str, **arrays: Any) -> str:
        """Write arrays beside the measurements, whole or not at all; the file's name.

        Call before `add`, so that a measurement never names a file that is not there.
        """
        name = f"{key.replace(' ', '-')}.npz"
        part = self.folder / f".{name}"
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / name)
        return name

    def arrays(self, name: str) -> dict[str, NDArray]:
        """What `keep_arrays` wrote."""
        with np.load(self.folder / name) as held:
            return dict(held)

    def _load(self) -> None:
        path = self.folder / _ROWS
        if path.exists():
            whole = list(_whole_lines(path))
            for row in whole:
                self._rows[row[_KEY]] = row
        self._resumed = len(self.rows())

    def _check(self, setup: dict[str, Any]) -> None:
        held = self._rows.get("setup")
        if held is None:
            self.add("setup", setup)
            return
        wanted = {_KEY: "setup", **_plain(setup)}
        differing = [
            f"{name}: expected {wanted.get(name)}, found {held.get(name)}"
            for name in sorted(set(wanted) | set(held))
            if wanted.get(name) != held.get(name)
        ]
        if differing:
            raise CalibrationError(
                self._step,
                [
                    *differing,
                    f"{self.folder} holds measurements of another setup; name another "
                    "folder with --out, or start again with --fresh",
                ],
            )


def set_aside(folder: Path) -> Path | None:
    """Rename a step's folder, so that a fresh run finds none; its new name."""
    if not folder.exists():
        return None
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    return folder.rename(aside)


def read_measurements(folder: Path, prefix: str = "") -> list[dict[str, Any]]:
    """Another step's measurements whose key starts so; none if it was not done."""
    path = folder / _ROWS
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    return [row for row in rows if row[_KEY].startswith(prefix)]


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """All lines that are whole; the file is cut after the last of them."""
    raw = path.read_bytes()
    good = 0
    for line in raw.splitlines(keepends=True):
        try:
            row = json.loads(line)
        except ValueError:
            break
        if not line.endswith(b"\n"):
            break
        good += len(line)
        yield row
    if good < len(raw):
        with path.open("r+b") as file:
            file.truncate(good)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return value
