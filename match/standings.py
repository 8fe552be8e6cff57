"""The table of a session, and what each team got against each other one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from match.intervals import CONFIDENCE, Interval, bootstrap_interval, wilson_interval

POINTS_FOR_A_WIN, POINTS_FOR_A_DRAW = 3, 1


@dataclass(frozen=True, kw_only=True)
class MatchScore:
    """A match that was played to its end."""

    home: str
    away: str
    home_goals: int
    away_goals: int

    @property
    def home_share(self) -> float:
        """1 for a win of the home team, 0.5 for a draw, 0 for a loss."""
        difference = self.home_goals - self.away_goals
        return 0.5 if difference == 0 else float(difference > 0)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One team's line.

    Attributes:
        win_share: of the decided matches (draws left out), None without one.
        win_interval: Wilson's, of `win_share`.
        goal_difference: mean of goals for minus against per match, 0 without a match.
        goal_difference_interval: bootstrap, None with fewer than two matches.
    """

    name: str
    wins: int
    draws: int
    losses: int
    goals_for: int
    goals_against: int
    win_share: float | None
    win_interval: Interval
    goal_difference: float
    goal_difference_interval: Interval | None

    @property
    def played(self) -> int:
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> int:
        return POINTS_FOR_A_WIN * self.wins + POINTS_FOR_A_DRAW * self.draws

    @property
    def points_per_match(self) -> float:
        return self.points / self.played if self.played else 0.0


def standings(
    names: Sequence[str], scores: Sequence[MatchScore], confidence: float = CONFIDENCE
) -> tuple[Standing, ...]:
    """All teams, best first.

    By points per match, then mean goal difference, then goals per match, then name: a
    session that is cut short or has failed matches compares teams all the same.
    """
    lines = [_standing(name, scores, confidence) for name in names]
    return tuple(sorted(lines, key=_rank))


@dataclass(frozen=True, kw_only=True)
class Payoff:
    """What row teams got against column teams; NaN where they have not met.

    Attributes:
        names: of rows and columns.
        share: [T, T] mean of 1 for a win, 0.5 for a draw, 0 for a loss.
        goal_difference: [T, T] mean per match.
        played: [T, T] number of matches.
    """

    names: tuple[str, ...]
    share: NDArray[np.float64]
    goal_difference: NDArray[np.float64]
    played: NDArray[np.int64]


def payoff(names: Sequence[str], scores: Sequence[MatchScore]) -> Payoff:
    """The pay-off matrix; share[i, j] + share[j, i] is 1 wherever teams have met."""
    index = {name: row for row, name in enumerate(names)}
    size = (len(names), len(names))
    share, goals = np.zeros(size), np.zeros(size)
    played = np.zeros(size, dtype=np.int64)
    for score in scores:
        home, away = index[score.home], index[score.away]
        difference = score.home_goals - score.away_goals
        for row, column, won, ahead in (
            (home, away, score.home_share, difference),
            (away, home, 1 - score.home_share, -difference),
        ):
            share[row, column] += won
            goals[row, column] += ahead
            played[row, column] += 1
    counts = np.where(played > 0, played, np.nan)
    return Payoff(
        names=tuple(names),
        share=share / counts,
        goal_difference=goals / counts,
        played=played,
    )


def _standing(name: str, scores: Sequence[MatchScore], confidence: float) -> Standing:
    goals = [(s.home_goals, s.away_goals) for s in scores if s.home == name]
    goals += [(s.away_goals, s.home_goals) for s in scores if s.away == name]
    differences = [mine - theirs for mine, theirs in goals]
    wins = sum(difference > 0 for difference in differences)
    losses = sum(difference < 0 for difference in differences)
    decided = wins + losses
    return Standing(
        name=name,
        wins=wins,
        draws=len(goals) - decided,
        losses=losses,
        goals_for=sum(mine for mine, _ in goals),
        goals_against=sum(theirs for _, theirs in goals),
        win_share=wins / decided if decided else None,
        win_interval=wilson_interval(wins, decided, confidence),
        goal_difference=sum(differences) / len(goals) if goals else 0.0,
        goal_difference_interval=bootstrap_interval(differences, confidence),
    )


def _rank(line: Standing) -> tuple[float, float, float, str]:
    scored = line.goals_for / line.played if line.played else 0.0
    return -line.points_per_match, -line.goal_difference, -scored, line.name
