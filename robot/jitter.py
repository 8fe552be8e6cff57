"""How late and how long, counted in bins: exact enough, and of bounded size."""

import numpy as np
from numpy.typing import NDArray

BIN_S = 1e-5
BINS = 5000


class Histogram:
    """Times in bins of 10 us up to 50 ms; longer ones share the last bin.

    Attributes:
        counts: [5000] times per bin.
        longest_s: exact; 0 without any time.
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(BINS, dtype=np.int64)
        self.longest_s = 0.0

    def add(self, time_s: float) -> None:
        """Count one time; a negative one as 0."""
        index = min(int(max(time_s, 0.0) / BIN_S), BINS - 1)
        self.counts[index] += 1
        self.longest_s = max(self.longest_s, time_s)

    @property
    def total(self) -> int:
        """Times counted."""
        return int(self.counts.sum())

    def percentile(self, share: float) -> float:
        """Time that `share` (0 to 1) of all times do not exceed; 0 without any.

        The upper edge of its bin, and never above `longest_s`.
        """
        if not self.total:
            return 0.0
        index = int(np.searchsorted(self.counts.cumsum(), share * self.total))
        return min((index + 1) * BIN_S, self.longest_s)

    def __str__(self) -> str:
        p50, p99 = (1000 * self.percentile(share) for share in (0.5, 0.99))
        longest = 1000 * self.longest_s
        return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, longest {longest:.2f} ms"
