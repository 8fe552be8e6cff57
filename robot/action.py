"""Policy action to joint targets: offset, limits, filter. Array-API, any batch axes."""

from typing import Any

from robot.contracts.policy import ActionSpec

Array = Any


def filtered_targets(spec: ActionSpec, action: Array, previous_rad: Array) -> Array:
    """Joint targets of one control step.

    Args:
        spec: limits, scale and filter.
        action: [..., A] the policy's numbers.
        previous_rad: [..., A] the targets of the step before.

    Returns:
        [..., A] targets in rad, within the limits as long as `previous_rad` is.
        u_t = keep u_{t-1} + (1 - keep) a_t, arXiv:2304.13653 (there keep = 0.8).
    """
    xp = action.__array_namespace__()

    def row(values: tuple[float, ...]) -> Array:
        return xp.asarray(values, dtype=action.dtype)

    raw = row(spec.default_rad) + row(spec.scale_rad) * action
    limited = xp.clip(raw, row(spec.min_rad), row(spec.max_rad))
    return spec.filter_keep * previous_rad + (1 - spec.filter_keep) * limited
