"""`sim.tasks.task.Random` for NumPy and for traced JAX code."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class NumpyRandom:
    """Draws from a seeded NumPy generator."""

    def __init__(self, seed: int):
        self._generator = np.random.default_rng(seed)

    def uniform(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """In [0, 1)."""
        return self._generator.random(shape)

    def normal(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Standard normal."""
        return self._generator.standard_normal(shape)


class JaxRandom:
    """Draws from a JAX key, split at each draw.

    Make one inside the traced function, from a key that is an argument of it: the draws
    then happen in the order of the trace, the same each time.
    """

    def __init__(self, key: Any):
        # JAX is not needed for training on CPU physics alone, so not for importing sim.
        import jax

        self._random = jax.random
        self._key = key

    def uniform(self, shape: tuple[int, ...]) -> Any:
        """In [0, 1)."""
        return self._random.uniform(self._next_key(), shape)

    def normal(self, shape: tuple[int, ...]) -> Any:
        """Standard normal."""
        return self._random.normal(self._next_key(), shape)

    def _next_key(self) -> Any:
        self._key, key = self._random.split(self._key)
        return key
