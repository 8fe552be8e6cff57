"""Ratings of all teams from all matches at once: Bradley-Terry on the Elo scale.

Team i beats team j with probability 1 / (1 + exp(b_j - b_i)); a draw counts as half a
win for each (R. A. Bradley, M. E. Terry, Biometrika 39, 1952; D. R. Hunter, "MM
algorithms for generalized Bradley-Terry models", Annals of Statistics 32, 2004). Elo
ratings are 400 / ln 10 times b, so 400 points are odds of 10 to 1. Unlike the running
update of chess clubs the result does not depend on the order of the matches.

Maximum likelihood has no finite answer where some teams won every match against all
others (L. R. Ford, American Mathematical Monthly 64, 1957). So every team also gets
`prior_draws` draws against a team of average strength; with 0 the fit is plain maximum
likelihood, and matches without a finite answer are refused.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from match.errors import MatchError
from match.intervals import CONFIDENCE, Interval, normal_quantile
from match.standings import MatchScore

MEAN_ELO = 1500.0
ELO_PER_LOG_ODDS = 400 / math.log(10)
PRIOR_DRAWS = 1.0
_STEPS, _TOLERANCE = 100, 1e-12

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One team's Elo rating; the mean over all teams is `MEAN_ELO`."""

    name: str
    elo: float
    interval: Interval


def ratings(
    names: Sequence[str],
    scores: Sequence[MatchScore],
    *,
    prior_draws: float = PRIOR_DRAWS,
    confidence: float = CONFIDENCE,
) -> tuple[Rating, ...]:
    """All teams in the order of `names`.

    The interval is the normal one from the observed information, of the rating's
    distance to the mean of all. A draw carries less chance than a decided match and is
    counted as if it carried as much, so the interval errs on the wide side.

    Raises:
        MatchError: `prior_draws` is 0 and there is no finite answer.
    """
    won = _wins(names, scores)
    if prior_draws == 0 and not _connected(won):
        raise MatchError(
            "ratings",
            [
                "expected every team to reach every other one through wins or draws, "
                "found a group that lost all its matches against the rest; "
                "give prior_draws > 0"
            ],
        )
    strength = _fit(won, prior_draws)
    spread = _standard_errors(strength, won, prior_draws)
    half = normal_quantile(confidence) * ELO_PER_LOG_ODDS * spread
    elo = MEAN_ELO + ELO_PER_LOG_ODDS * (strength - strength.mean())
    return tuple(
        Rating(name=name, elo=float(e), interval=(float(e - h), float(e + h)))
        for name, e, h in zip(names, elo, half, strict=True)
    )


def _wins(names: Sequence[str], scores: Sequence[MatchScore]) -> Array:
    """[T, T] wins of rows over columns, draws as half."""
    index = {name: row for row, name in enumerate(names)}
    won = np.zeros((len(names), len(names)))
    for score in scores:
        home, away = index[score.home], index[score.away]
        won[home, away] += score.home_share
        won[away, home] += 1 - score.home_share
    return won


def _connected(won: Array) -> bool:
    """Ford's condition: a chain of wins or draws leads from any team to any other."""
    reach = (won > 0) | np.eye(len(won), dtype=bool)
    for _ in range(len(won)):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return bool(reach.all())


def _fit(won: Array, prior_draws: float) -> Array:
    """[T] log strengths by Newton's method, which is safe here: the log-likelihood is
    concave, and a step that does not raise it is halved."""
    strength = np.zeros(len(won))
    value = _log_likelihood(strength, won, prior_draws)
    for _ in range(_STEPS):
        expected = _sigmoid(strength[:, None] - strength[None, :])
        met = won + won.T
        gradient = (won - met * expected).sum(axis=1)
        gradient += prior_draws * (0.5 - _sigmoid(strength))
        step = np.linalg.pinv(_information(strength, won, prior_draws)) @ gradient
        while _log_likelihood(strength + step, won, prior_draws) < value - 1e-12:
            step = step / 2
        strength = strength + step
        value = _log_likelihood(strength, won, prior_draws)
        if np.abs(step).max() < _TOLERANCE:
            break
    return strength


def _log_likelihood(strength: Array, won: Array, prior_draws: float) -> float:
    ahead = strength[:, None] - strength[None, :]
    likelihood = -(won * np.logaddexp(0, -ahead)).sum()
    draws = np.logaddexp(0, -strength) + np.logaddexp(0, strength)
    return float(likelihood - prior_draws / 2 * draws.sum())


def _information(strength: Array, won: Array, prior_draws: float) -> Array:
    """[T, T] minus the second derivative of the log-likelihood."""
    expected = _sigmoid(strength[:, None] - strength[None, :])
    weight = (won + won.T) * expected * (1 - expected)
    mine = _sigmoid(strength)
    own = weight.sum(axis=1) + prior_draws * mine * (1 - mine)
    return np.diag(own) - weight


def _standard_errors(strength: Array, won: Array, prior_draws: float) -> Array:
    """[T] of the strengths' distances to their mean."""
    covariance = np.linalg.pinv(_information(strength, won, prior_draws))
    centre = np.eye(len(won)) - 1 / len(won)
    return np.sqrt(np.maximum(np.diag(centre @ covariance @ centre), 0))


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))
