"""How sure a share or a mean is.

Wilson's score interval: E. B. Wilson, "Probable inference, the law of succession, and
statistical inference", JASA 22 (1927). Bootstrap: percentile interval of B. Efron,
"Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

Interval = tuple[float, float]
"""Low and high end."""

CONFIDENCE = 0.95
_RESAMPLES = 10_000


def normal_quantile(confidence: float) -> float:
    """How many standard deviations to both sides hold `confidence`: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson_interval(
    successes: float, trials: int, confidence: float = CONFIDENCE
) -> Interval:
    """Of a share: never outside 0 to 1, also for none or all; 0 to 1 without trials.

    With p = successes / trials and z the normal quantile, the interval is
    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    """
    if trials == 0:
        return 0.0, 1.0
    z, share = normal_quantile(confidence), successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def bootstrap_interval(
    values: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """Of the mean; None for fewer than two values, which say nothing about spread.

    The draws come from a fixed seed and do not depend on the order of `values`. With
    few values the interval is too narrow: at 5 it holds the mean in about 83 % instead
    of 95 % of all cases.
    """
    if len(values) < 2:
        return None
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    picks = np.random.default_rng(0).integers(
        len(ordered), size=(_RESAMPLES, len(ordered))
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(ordered[picks].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)
