"""Trajectories: the form in which data travels from environments to learners."""

from typing import NamedTuple

from jaxtyping import Array, Bool, Float
from numpy.typing import NDArray


class Trajectory(NamedTuple):
    """Consecutive steps of environments, time on the last leading axis.

    Rows of one trajectory come from one environment, one control step apart, but may
    span several episodes. `*B` are any further leading axes; N observation,
    P privileged (may be 0), A action. Fields are JAX or NumPy arrays.

    Attributes:
        observation: normalized, before the step.
        privileged: what only the critic sees, before the step.
        action: as sent to the environment, unclipped.
        reward: of the step.
        ended: termination after this step; the value that follows is zero.
        cut: the episode is over after this step for whichever reason (termination or
            time limit); the next row belongs to another episode.
        log_prob: of `action` under the policy that chose it.
    """

    observation: Float[Array | NDArray, "*B T N"]
    privileged: Float[Array | NDArray, "*B T P"]
    action: Float[Array | NDArray, "*B T A"]
    reward: Float[Array | NDArray, "*B T"]
    ended: Bool[Array | NDArray, "*B T"]
    cut: Bool[Array | NDArray, "*B T"]
    log_prob: Float[Array | NDArray, "*B T"]
