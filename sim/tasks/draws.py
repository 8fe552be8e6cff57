"""Draws without loops that depend on data: choices, and places without overlap."""

from dataclasses import dataclass
from typing import Any

from sim.tasks.task import Random

Array = Any


@dataclass(frozen=True, kw_only=True)
class Disc:
    """Something to place.

    Attributes:
        radius_m: no other disc comes nearer than the sum of both radii.
        half_x_m, half_y_m: its centre lies in +-half_x_m, +-half_y_m.
    """

    radius_m: float
    half_x_m: float
    half_y_m: float


def scatter(
    random: Random, count: int, discs: tuple[Disc, ...], tries: int = 32
) -> Array:
    """[count, N, 2] m, centres of N discs, uniform over what is still free.

    One disc after the other takes the first of `tries` uniform draws that overlaps
    none before it. Should all overlap (chance 0.11^32 for two robots on the default
    pitch), the draw with the least overlap is taken.
    """
    draws = random.uniform((count, len(discs), tries, 2))
    xp = draws.__array_namespace__()
    placed: list[Array] = []
    for number, disc in enumerate(discs):
        half = xp.asarray((disc.half_x_m, disc.half_y_m), dtype=draws.dtype)
        spots = (2 * draws[:, number] - 1) * half
        overlap = xp.zeros_like(spots[..., 0])
        for other, centre in zip(discs[:number], placed, strict=True):
            apart = spots - centre[:, None, :]
            distance = xp.sqrt(xp.sum(apart * apart, axis=-1))
            reach = disc.radius_m + other.radius_m
            overlap = xp.maximum(overlap, reach - distance)
        # argmin returns the first of equals: the first draw without overlap.
        choice = xp.argmin(overlap, axis=-1)
        placed.append(xp.take_along_axis(spots, choice[:, None, None], axis=1)[:, 0])
    return xp.stack(placed, axis=1)


def draw_index(uniform: Array, count: int) -> Array:
    """[...] int32 below `count` from numbers in [0, 1)."""
    xp = uniform.__array_namespace__()
    index = xp.floor(uniform * count).astype(xp.int32)
    # In float32 the product of the largest number below 1 rounds up to `count`.
    return xp.minimum(index, count - 1)
