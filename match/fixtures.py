"""Who meets whom, on which side and on which seed: a session's fixtures.

A round robin by the circle method: in each round every team plays at most once. In one
round robin the numbers of home matches of two teams differ by at most one, since of
teams i < j the first is at home where i + j is odd, the second where it is even.
"""

from dataclasses import dataclass

import numpy as np

from match.session_plan import SessionPlan


@dataclass(frozen=True, kw_only=True)
class Fixture:
    """One match to play.

    Attributes:
        number: from 1, in the order of play.
        home, away: names of teams; home defends the left goal and kicks off.
        seed: of everything that is drawn in the match; a pairing's two legs share it.
        repeat: number of the round robin it belongs to, from 1.
    """

    number: int
    home: str
    away: str
    seed: int
    repeat: int


def fixtures(plan: SessionPlan) -> tuple[Fixture, ...]:
    """All matches of a session, in order; equal plans give equal fixtures."""
    names = [team.name for team in plan.teams]
    found: list[Fixture] = []
    for repeat in range(plan.repeats):
        for leg in range(2 if plan.swap_sides else 1):
            for first, second in _pairings(len(names)):
                turned = (first + second + repeat + leg) % 2 == 0
                home, away = (second, first) if turned else (first, second)
                found.append(
                    Fixture(
                        number=len(found) + 1,
                        home=names[home],
                        away=names[away],
                        seed=_seed(plan.seed, repeat, first, second),
                        repeat=repeat + 1,
                    )
                )
    return tuple(found[: plan.limit])


def _pairings(teams: int) -> list[tuple[int, int]]:
    """Every pair i < j once, round by round."""
    ring = list(range(teams + teams % 2))
    found = []
    for _ in range(len(ring) - 1):
        for left, right in zip(ring, reversed(ring), strict=True):
            if ring.index(left) < len(ring) // 2 and max(left, right) < teams:
                found.append((min(left, right), max(left, right)))
        ring = [ring[0], ring[-1], *ring[1:-1]]
    return found


def _seed(seed: int, repeat: int, first: int, second: int) -> int:
    """Of 32 bits; hashing keeps the seeds of different pairings unrelated."""
    words = np.random.SeedSequence((seed, repeat, first, second)).generate_state(1)
    return int(words[0])
