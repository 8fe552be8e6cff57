"""Figures counted from short matches with known positions."""

from dataclasses import replace

import pytest

from match.referee import step
from match.statistics import begin, summary, update
from match.touches import Touches, update_touches
from tests.match.scenes import AWAY, AWAY_SPOT, HOME, HOME_SPOT, RULES, playing, seen


def figures(observations, *, rules=RULES):
    """Summary after the observations, which start at the kick-off at 11 s."""
    state, statistics = playing(rules), begin((HOME, AWAY))
    for observation in observations:
        state, decisions = step(rules, state, observation)
        statistics = update(statistics, observation, state, decisions)
    return summary(statistics)


def home_at(x_m, y_m=0.0, **changes):
    return replace(HOME_SPOT, x_m=x_m, y_m=y_m, **changes)


def robot_of(result, side):
    return result["teams"][side]["robots"]["1"]


def test_distance_and_speeds_add_up_over_half_second_windows():
    # 0.1 m every 0.5 s for 2 s, then 0.3 m in 0.5 s: 0.7 m in 2.5 s.
    x_m = [-1.0, -0.9, -0.8, -0.7, -0.6, -0.3]
    scene = [seen(11 + 0.5 * i, home=home_at(x)) for i, x in enumerate(x_m)]
    home = robot_of(figures(scene), 0)
    assert home["distance_m"] == pytest.approx(0.7)
    assert home["mean_speed_m_s"] == pytest.approx(0.28)
    assert home["top_speed_m_s"] == pytest.approx(0.6)


def test_swaying_within_a_window_is_no_distance():
    scene = [
        seen(11 + 0.1 * i, home=home_at(-1.0, 0.02 * (i % 5 != 0))) for i in range(11)
    ]
    assert robot_of(figures(scene), 0)["distance_m"] == 0


def test_being_placed_by_hand_is_no_distance():
    scene = [seen(11), seen(12, ball=(2.6, 0, 0.07))]  # a goal: READY until 20 s
    scene += [seen(19.5, home=home_at(0.5)), seen(20, home=home_at(0.5))]  # placed
    scene += [seen(20.5, home=home_at(-1.5)), seen(21, home=home_at(-1.5))]
    # 1.5 m between 12 and 19.5 s by its own feet; the way back was carried.
    assert robot_of(figures(scene), 0)["distance_m"] == pytest.approx(1.5)


def test_possession_goes_to_the_nearest_robot_within_half_a_metre():
    scene = [
        seen(11),
        seen(12, home=home_at(-0.49)),  # 1 s home
        seen(15, home=home_at(-0.49), away=replace(AWAY_SPOT, x_m=0.3)),  # 3 s away
    ]
    shares = [team["possession"] for team in figures(scene)["teams"]]
    assert shares == [0.25, 0.75]


def test_possession_stays_with_the_last_toucher_when_nobody_is_near():
    touch = home_at(-0.2, touching_ball=True)
    scene = [seen(11), seen(12, home=touch), seen(14, ball=(0, 1.5, 0.07))]
    assert figures(scene)["teams"][0]["possession"] == 1.0


def test_possession_is_even_when_nobody_ever_had_the_ball():
    shares = [team["possession"] for team in figures([seen(11), seen(12)])["teams"]]
    assert shares == [0.5, 0.5]


@pytest.mark.parametrize(("x_m", "reached"), [(-0.26, None), (-0.25, 2.0)])
def test_first_reach_is_counted_from_the_kick_off_at_a_quarter_metre(x_m, reached):
    scene = [seen(11), seen(13, home=home_at(x_m)), seen(14, home=home_at(-0.1))]
    result = figures(scene[:2])
    assert robot_of(result, 0)["first_reach_s"] == reached
    assert robot_of(result, 1)["first_reach_s"] is None


@pytest.mark.parametrize(("gap_s", "touches"), [(0.3, 1), (0.31, 2)])
def test_contacts_closer_than_the_gap_are_one_touch(gap_s, touches):
    touch = home_at(-0.2, touching_ball=True)
    scene = [seen(11), seen(12, home=touch), seen(12 + gap_s, home=touch)]
    assert robot_of(figures(scene), 0)["touches"] == touches


def test_a_long_contact_is_one_touch():
    touch = home_at(-0.2, touching_ball=True)
    scene = [seen(11 + 0.1 * i, home=touch) for i in range(30)]
    assert robot_of(figures(scene), 0)["touches"] == 1


def test_of_two_simultaneous_touches_the_nearer_robot_is_the_latest():
    both = seen(
        11,
        home=home_at(-0.2, touching_ball=True),
        away=replace(AWAY_SPOT, x_m=0.1, touching_ball=True),
    )
    touches, begun = update_touches(Touches(), both, 0.3)
    assert set(begun) == {(1, 1), (2, 1)}
    assert touches.latest == (2, 1)


@pytest.mark.parametrize(
    ("ball_x_m", "ball_y_m", "shots"),
    [
        (0.051, 0.0, 1),  # 0.51 m/s toward +x
        (0.049, 0.0, 0),  # too slow
        (-0.2, 0.0, 0),  # toward the own goal
        # at the line: y = 0.014 + 0.14 * (2.5 - 0.1) / 1.0 = 0.35 m, posts at 0.4 m
        (0.1, 0.014, 1),
        (0.1, 0.018, 0),  # y = 0.018 + 0.18 * 2.4 = 0.45 m: wide
    ],
)
def test_a_shot_is_a_fast_ball_on_a_line_between_the_posts(ball_x_m, ball_y_m, shots):
    touch = home_at(-0.15, touching_ball=True)
    scene = [seen(11), seen(12, home=touch)]
    scene += [seen(12.1, home=touch, ball=(ball_x_m, ball_y_m, 0.07))]
    assert robot_of(figures(scene), 0)["shots"] == shots


def test_one_touch_is_one_shot():
    touch = home_at(-0.15, touching_ball=True)
    scene = [seen(11), seen(12, home=touch)]
    scene += [seen(12 + i / 10, ball=(i / 10, 0, 0.07)) for i in range(1, 5)]
    assert robot_of(figures(scene), 0)["shots"] == 1


def test_falls_tell_when_the_robot_was_up_again():
    down = replace(AWAY_SPOT, fallen=True)
    scene = [seen(11), seen(12, away=down), seen(14, away=down), seen(15.5)]
    assert figures(scene)["falls"] == [
        {
            "team": 2,
            "player": 1,
            "time_s": 12.0,
            "down_s": 3.5,
            "up_after_s": 3.5,
            "helped": False,
        }
    ]


def test_a_robot_still_down_at_the_end_has_no_time_of_getting_up():
    down = replace(AWAY_SPOT, fallen=True)
    (fall,) = figures([seen(11), seen(12, away=down), seen(14, away=down)])["falls"]
    assert (fall["up_after_s"], fall["down_s"], fall["helped"]) == (None, 2.0, False)


def test_a_robot_put_up_by_hand_did_not_get_up():
    down = replace(AWAY_SPOT, fallen=True)
    rules = replace(RULES, stuck_after_s=1000.0)
    scene = [seen(t, away=down) for t in (11.0, 31.0, 36.0)]  # 20 s, then 5 s removed
    (fall,) = figures([*scene, seen(36.1)], rules=rules)["falls"]
    assert (fall["up_after_s"], fall["down_s"], fall["helped"]) == (None, 25.0, True)


def test_goals_restarts_and_played_time_are_counted():
    scene = [seen(11), seen(12, ball=(0.5, 0, 0.07)), seen(13, ball=(0, 2.5, 0.07))]
    result = figures(scene)
    assert result["restarts"] == {"ball out": 1}
    assert result["played_s"] == 1.0  # the second that ended in READY is not play
    goal = figures([seen(11), seen(12, ball=(2.6, 0, 0.07))])
    assert goal["score"] == [1, 0]
    assert goal["goals"][0]["team"] == 1


def test_all_numbers_are_rounded_to_six_digits():
    scene = [seen(11 + i / 3, home=home_at(-1 + i / 7)) for i in range(4)]
    text = repr(figures(scene))
    digits = [part for part in text.replace(",", " ").split() if "." in part]
    assert digits
    assert all(len(part.strip("]})").split(".")[1]) <= 6 for part in digits)
