"""What collectors need of a batch of environments; `sim.env.Environment` has it."""

from typing import Any, Protocol

from numpy.typing import NDArray

from sim.env import EnvConfig, EnvState, TimeStep
from sim.env_core import EnvCore


class BatchEnv(Protocol):
    """B environments with R agents each, stepped together.

    Attributes:
        config: of the batch.
    """

    config: EnvConfig

    @property
    def core(self) -> EnvCore:
        """The world."""
        ...

    @property
    def action_shape(self) -> tuple[int, int, int]:
        """(B, R, A)."""
        ...

    def reset(self) -> tuple[EnvState, TimeStep]:
        """Start all episodes."""
        ...

    def step(
        self, state: EnvState, action: NDArray[Any], *, push_strength: float = 1.0
    ) -> tuple[EnvState, TimeStep]:
        """Act [B, R, A] for one control step."""
        ...

    def close(self) -> None: ...
