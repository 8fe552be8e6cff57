"""Who meets whom: a round robin by hand, and what must hold of any."""

from collections import Counter
from itertools import combinations

import pytest

from match.fixtures import fixtures
from match.session_plan import SessionPlan, TeamEntry


def plan(teams, **rest):
    entries = tuple(TeamEntry(name=name, bundle=name) for name in teams)
    return SessionPlan(name="p", teams=entries, **rest)


def met(found):
    return [(fixture.home, fixture.away) for fixture in found]


def test_four_teams_by_hand():
    """The circle method: a stays, the others move on by one place each round.

    Rounds ad bc, then ac db, then ab cd; in a leg of even number a pair whose places
    differ by an odd number has its first at home, one by an even number its second.
    """
    found = fixtures(plan("abcd", swap_sides=False))
    assert met(found) == [
        ("a", "d"),
        ("b", "c"),
        ("c", "a"),
        ("d", "b"),
        ("a", "b"),
        ("c", "d"),
    ]
    assert [fixture.number for fixture in found] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("count", range(2, 9))
def test_everybody_meets_everybody_on_both_sides(count):
    names = "abcdefgh"[:count]
    found = fixtures(plan(names, repeats=2))
    pairs = Counter(met(found))
    assert pairs == {
        pair: 2
        for one, other in combinations(names, 2)
        for pair in ((one, other), (other, one))
    }


@pytest.mark.parametrize("count", range(2, 9))
def test_no_team_plays_twice_in_a_round_and_home_matches_are_shared_out(count):
    names = "abcdefgh"[:count]
    found = fixtures(plan(names, swap_sides=False))
    matches = count // 2
    for first in range(0, len(found), matches):
        playing = [
            name for pair in met(found[first : first + matches]) for name in pair
        ]
        assert len(set(playing)) == 2 * matches
    home = Counter(fixture.home for fixture in found)
    assert max(home.values()) - min(home[name] for name in names) <= 1


def test_both_legs_of_a_pairing_share_one_seed_and_no_other_has_it():
    found = fixtures(plan("abcd", repeats=3))
    seeds = {}
    for fixture in found:
        pairing = (frozenset((fixture.home, fixture.away)), fixture.repeat)
        seeds.setdefault(pairing, set()).add(fixture.seed)
    assert len(seeds) == 6 * 3
    assert all(len(values) == 1 for values in seeds.values())
    assert len({seed for values in seeds.values() for seed in values}) == 18
    assert all(0 <= fixture.seed < 2**32 for fixture in found)


def test_equal_plans_give_equal_fixtures_and_a_limit_cuts_them():
    assert fixtures(plan("abc", seed=5)) == fixtures(plan("abc", seed=5))
    assert fixtures(plan("abc", seed=5)) != fixtures(plan("abc", seed=6))
    assert fixtures(plan("abc", limit=4)) == fixtures(plan("abc"))[:4]
