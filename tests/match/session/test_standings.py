"""Table, pay-off matrix, intervals and ratings against other computations of them."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from match.elo import ratings
from match.errors import MatchError
from match.intervals import bootstrap_interval, wilson_interval
from match.standings import MatchScore, payoff, standings


def score(home, home_goals, away_goals, away):
    return MatchScore(
        home=home, away=away, home_goals=home_goals, away_goals=away_goals
    )


SEASON = [
    score("a", 2, 0, "b"),
    score("b", 1, 1, "a"),
    score("a", 0, 1, "c"),
    score("c", 0, 3, "a"),
    score("b", 2, 0, "c"),
]


def test_a_season_by_hand():
    """a: 2-0, 1-1, 0-1, 3-0. b: 0-2, 1-1, 2-0. c: 1-0, 0-3, 0-2.

    a: 7 points of 4 matches, 1.75; b: 4 of 3, 1.33; c: 3 of 3, 1.
    """
    table = standings(["c", "b", "a"], SEASON)
    assert [line.name for line in table] == ["a", "b", "c"]
    a, b, c = table
    assert (a.wins, a.draws, a.losses, a.points, a.played) == (2, 1, 1, 7, 4)
    assert (a.goals_for, a.goals_against) == (6, 2)
    assert a.win_share == pytest.approx(2 / 3)
    assert a.goal_difference == pytest.approx(1.0)  # (2 + 0 - 1 + 3) / 4
    assert (b.points, b.goal_difference) == (4, 0.0)  # -2 + 0 + 2
    assert (c.points, c.goal_difference) == (3, pytest.approx(-4 / 3))


def test_equal_points_are_told_apart_by_goals_then_by_name():
    # All win one and lose one: a +1; b and c 0, with 3 and 4 goals; d -1.
    scores = [
        score("a", 2, 0, "d"),
        score("b", 1, 0, "a"),
        score("c", 3, 2, "b"),
        score("d", 2, 1, "c"),
    ]
    table = standings("dcba", scores)
    assert [line.points for line in table] == [3, 3, 3, 3]
    assert [line.name for line in table] == ["a", "c", "b", "d"]
    assert [line.name for line in standings("zyx", [])] == ["x", "y", "z"]


def test_a_team_without_a_match_is_in_the_table():
    line = standings(["idle"], [])[0]
    assert (line.played, line.points_per_match, line.win_share) == (0, 0.0, None)
    assert line.win_interval == (0.0, 1.0)
    assert line.goal_difference_interval is None


def test_the_pay_off_matrix_by_hand():
    matrix = payoff(["a", "b", "c", "idle"], SEASON)
    # a against b: a win and a draw, 0.75; a against c: a win and a loss.
    assert matrix.share[0, :3] == pytest.approx([math.nan, 0.75, 0.5], nan_ok=True)
    assert matrix.share[1, 2] == 1.0
    met = matrix.played > 0
    assert (matrix.share + matrix.share.T)[met] == pytest.approx(1.0)
    assert matrix.goal_difference[0, 1] == pytest.approx(1.0)  # (2 + 0) / 2
    assert np.isnan(matrix.share[3]).all()
    assert matrix.played.tolist() == [[0, 2, 2, 0], [2, 0, 1, 0], [2, 1, 0, 0], [0] * 4]


@pytest.mark.parametrize(("won", "of"), [(0, 5), (5, 5), (8, 10), (37, 120), (1, 1)])
def test_wilsons_interval_is_scipys(won, of):
    expected = stats.binomtest(won, of).proportion_ci(0.95, method="wilson")
    assert wilson_interval(won, of) == pytest.approx((expected.low, expected.high))


def test_wilsons_interval_of_8_in_10():
    # z = 1.96: (0.8 + 0.192 -+ 1.96 sqrt(0.016 + 0.0096)) / 1.384
    assert wilson_interval(8, 10) == pytest.approx((0.490, 0.943), abs=5e-4)


def test_the_bootstrap_is_scipys():
    values = np.random.default_rng(3).integers(-3, 4, 40).astype(float)
    expected = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=10_000, rng=1
    ).confidence_interval
    found = bootstrap_interval(list(values))
    assert found == pytest.approx((expected.low, expected.high), abs=0.05)
    assert bootstrap_interval(list(values[::-1])) == found
    assert bootstrap_interval([1.0]) is None


def direct_fit(names, scores, prior):
    """The likelihood written down match by match, maximized by another program."""

    def loss(strength):
        total = 0.0
        for match in scores:
            ahead = (
                strength[names.index(match.home)] - strength[names.index(match.away)]
            )
            p = 1 / (1 + math.exp(-ahead))
            won = match.home_share
            total -= won * math.log(p) + (1 - won) * math.log(1 - p)
        for s in strength:
            p = 1 / (1 + math.exp(-s))
            total -= prior / 2 * (math.log(p) + math.log(1 - p))
        return total

    best = optimize.minimize(loss, np.zeros(len(names)), tol=1e-12)
    return 1500 + 400 / math.log(10) * (best.x - best.x.mean())


def test_ratings_are_what_another_optimizer_finds():
    names = ["a", "b", "c"]
    found = ratings(names, SEASON)
    expected = direct_fit(names, SEASON, 1.0)
    assert [rating.elo for rating in found] == pytest.approx(expected, abs=0.1)
    assert sum(rating.elo for rating in found) == pytest.approx(3 * 1500)


def test_three_wins_of_four_are_191_points():
    """Odds of 3 to 1: 400 log10 3 = 190.8, by plain maximum likelihood."""
    scores = [score("a", 1, 0, "b")] * 3 + [score("a", 0, 1, "b")]
    a, b = ratings(["a", "b"], scores, prior_draws=0)
    assert a.elo - b.elo == pytest.approx(190.85, abs=0.01)
    # Information 4 * 0.75 * 0.25 = 0.75, so the difference has sigma 1 / sqrt(0.75);
    # each rating's distance to the mean is half of it: 0.577 * 173.72 * 1.96 = 196.6.
    assert a.interval[1] - a.elo == pytest.approx(196.6, abs=0.1)


def test_the_order_of_the_matches_does_not_count():
    names = ["a", "b", "c"]
    assert [r.elo for r in ratings(names, SEASON)] == pytest.approx(
        [r.elo for r in ratings(names, SEASON[::-1])]
    )


def test_who_won_everything_has_a_finite_rating_with_a_prior_only():
    scores = [score("a", 1, 0, "b")] * 10
    a, b = ratings(["a", "b"], scores)
    assert 1500 < a.elo < 2200
    assert a.elo + b.elo == pytest.approx(3000)
    with pytest.raises(MatchError, match="give prior_draws > 0"):
        ratings(["a", "b"], scores, prior_draws=0)


def test_more_matches_make_ratings_surer():
    few, many = ratings("ab", SEASON[:2]), ratings("ab", SEASON[:2] * 25)
    width = [one.interval[1] - one.interval[0] for one in (few[0], many[0])]
    assert width[1] < width[0] / 3
