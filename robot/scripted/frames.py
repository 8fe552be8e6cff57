"""Arrays of the scripted skills."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
PolicyState: TypeAlias = tuple[Float32Array, ...]
