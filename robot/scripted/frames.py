"""The observation vector of a scripted skill, taken apart again."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from robot.contracts.policy import ObservationSpec

Array: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
PolicyState: TypeAlias = tuple[Float32Array, ...]


def split(spec: ObservationSpec, observation: Float32Array) -> dict[str, Array]:
    """Terms by name, [..., size] float64. Scripts use raw values without history."""
    found, at = {}, 0
    for term in spec.terms:
        found[term.name] = observation[..., at : at + term.size].astype(np.float64)
        at += term.size
    return found
