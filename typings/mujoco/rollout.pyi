"""`mujoco.rollout` as this project calls it: it returns float64 arrays of its own."""

from collections.abc import Sequence

import numpy as np
from mujoco import MjData, MjModel
from numpy.typing import NDArray

class Rollout:
    def __init__(self, *, nthread: int | None = ...) -> None: ...
    def rollout(
        self,
        model: MjModel | Sequence[MjModel],
        data: MjData | Sequence[MjData],
        initial_state: NDArray[np.float64],
        control: NDArray[np.float64] | None = ...,
        *,
        control_spec: int = ...,
        skip_checks: bool = ...,
        nstep: int | None = ...,
        initial_warmstart: NDArray[np.float64] | None = ...,
        state: NDArray[np.float64] | None = ...,
        sensordata: NDArray[np.float64] | None = ...,
        chunk_size: int | None = ...,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def close(self) -> None: ...
