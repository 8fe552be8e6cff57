"""The box of useful actions, as NumPy arrays."""

import numpy as np
from numpy.typing import NDArray

from robot.contracts.policy import ActionSpec


def action_bounds(
    spec: ActionSpec,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest action [A] that still moves a target.

    Beyond them the target is cut at its limit: every target can be reached from inside
    the box. For the soccer and get-up tasks this is -1 to 1; the walk's unit is 0.5 rad
    around the stand, so its box is wider and not symmetric.
    """
    default, scale = np.array(spec.default_rad), np.array(spec.scale_rad)
    low = (np.array(spec.min_rad) - default) / scale
    high = (np.array(spec.max_rad) - default) / scale
    return low.astype(np.float32), high.astype(np.float32)
