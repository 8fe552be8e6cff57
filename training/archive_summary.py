"""What archives hold, as plain values for tables and JSON."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.archive import ArchiveReader
from training.archive_format import header_of, open_root

_LAST = 20
"""Episodes whose mean return stands for the end of a run."""


def find_archives(folder: Path) -> list[Path]:
    """All archives in a folder and below, sorted; none inside another."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        if "zarr.json" not in files:
            continue
        folders.clear()
        root = open_root(place)
        if root is not None and header_of(root, place) is not None:
            found.append(Path(place))
    return sorted(found)


def summary(reader: ArchiveReader) -> dict[str, Any]:
    """The header, sizes and returns of an archive."""
    header, progress = reader.header, reader.progress
    episodes = reader.episodes()
    ended = bool(len(episodes.total))
    interface = header.interface
    return {
        "archive": reader.location,
        "task": interface.task,
        "learner": header.learner,
        "fingerprint": interface.fingerprint,
        "made_by": header.made_by,
        "created": header.created,
        "commit": header.commit,
        "reused": list(header.reused),
        "steps": progress.steps,
        "rows": progress.rows,
        "chunks": progress.chunks,
        "steps_per_row": reader.steps_per_row,
        "episodes": progress.episodes,
        "mean_return": float(np.mean(episodes.total)) if ended else None,
        "last_return": float(np.mean(episodes.total[-_LAST:])) if ended else None,
        "mean_length": float(np.mean(episodes.length)) if ended else None,
        "row_shapes": {name: list(shape) for name, shape in reader.shapes.items()},
        "memory_bytes": reader.row_bytes * progress.rows,
        "stored_bytes": reader.stored_bytes(),
        "observation": interface.observation,
        "privileged": interface.privileged,
        "action": interface.action,
        "config": header.config,
    }


def histogram(
    totals: NDArray[np.floating[Any]], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Bounds and counts of equal bins; empty without episodes."""
    if not len(totals):
        return []
    counts, edges = np.histogram(totals, bins)
    return [
        (float(low), float(high), int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
