"""Which pictures of a stream to keep: the board at rest, and somewhere new."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calibration.camera.detection import Sighting
from calibration.camera.intrinsics import View

_STILL_PX = 1.5
_NEW_SHARE = 0.04
"""Of the picture's width: a corner moved so far shows something new."""


def is_still(sighting: Sighting, before: Sighting | None) -> bool:
    """Whether the board rests since the picture before."""
    if before is None:
        return False
    moved = _moved_px(sighting, before)
    return moved is not None and moved < _STILL_PX


def is_new(sighting: Sighting, kept: Sequence[Sighting]) -> bool:
    """Whether the board is elsewhere, or otherwise, than in all views kept."""
    least = _NEW_SHARE * sighting.size_px[0]
    for other in kept:
        moved = _moved_px(sighting, other)
        if moved is not None and moved < least:
            return False
    return True


def _moved_px(first: Sighting, second: Sighting) -> float | None:
    """Rms distance of the corners that both show; None if they share too few."""
    shared, here, there = np.intersect1d(first.ids, second.ids, return_indices=True)
    if len(shared) < 4:
        return None
    apart = first.pixels[here] - second.pixels[there]
    return float(np.sqrt((apart**2).sum(axis=-1).mean()))


def camera_row(view: View) -> dict[str, Any]:
    """For the store."""
    return {"wide": _plain(view.wide), "narrow": _plain(view.narrow)}


def camera_view(row: Mapping[str, Any]) -> View:
    """What `camera_row` wrote."""
    return View(wide=_sighting(row["wide"]), narrow=_sighting(row["narrow"]))


def _plain(sighting: Sighting) -> dict[str, Any]:
    return {
        "name": sighting.name,
        "ids": sighting.ids,
        "pixels": sighting.pixels,
        "size_px": sighting.size_px,
    }


def _sighting(held: Mapping[str, Any]) -> Sighting:
    return Sighting(
        name=held["name"],
        ids=np.array(held["ids"], np.int64),
        pixels=np.array(held["pixels"], np.float64).reshape(-1, 2),
        size_px=(held["size_px"][0], held["size_px"][1]),
    )
