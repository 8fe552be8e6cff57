"""Scenes over time and the decisions they must lead to."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from match.errors import MatchError
from match.observation import MatchObservation, RobotObservation
from match.referee import start, step
from match.rules import LAB_1V1, RuleBook
from match.state import BallPlacement, DecisionKind, RobotPlacement
from robot.contracts.game_control import GameState
from tests.match.scenes import (
    AWAY,
    AWAY_SPOT,
    FIELD,
    HOME,
    HOME_SPOT,
    RULES,
    in_play,
    kinds,
    playing,
    run,
    seen,
)


def test_a_match_opens_with_ready_set_and_home_kick_off():
    state, decisions = run([seen(t) for t in (0.0, 1.0, 9.0, 11.0)])
    assert [(d.kind.value, d.time_s, d.team) for d in decisions] == [
        ("ready", 1.0, 1),
        ("set", 9.0, 1),
        ("playing", 11.0, 1),
    ]
    assert [d.number for d in decisions] == [1, 2, 3]
    assert state.clock_s == 0


@pytest.mark.parametrize(
    ("times", "phase"),
    [
        ([0.0, 0.99], GameState.INITIAL),
        ([0.0, 1.0], GameState.READY),
        ([0.0, 1.0, 8.99], GameState.READY),
        ([0.0, 1.0, 9.0], GameState.SET),
        ([0.0, 1.0, 9.0, 10.99], GameState.SET),
        ([0.0, 1.0, 9.0, 11.0], GameState.PLAYING),
    ],
)
def test_each_phase_lasts_its_time_and_no_less(times, phase):
    assert run([seen(t) for t in times])[0].phase is phase


def test_forty_observations_a_second_hit_the_same_instants():
    _, decisions = run([seen(i * 0.025) for i in range(441)])
    assert [d.time_s for d in decisions] == pytest.approx([1.0, 9.0, 11.0])


def test_set_places_the_ball_and_leaves_legal_robots_alone():
    _, decisions = run([seen(t) for t in (0.0, 1.0, 9.0)])
    assert decisions[-1].placements == (BallPlacement(x_m=0.0, y_m=0.0),)


@pytest.mark.parametrize(
    ("home", "away", "placed"),
    [
        ((-0.01, 1.0), (0.6, 0.0), []),
        ((0.01, 1.0), (0.6, 0.0), [1]),  # home in the away half
        ((-1.0, 0.0), (-0.01, 1.0), [2]),  # away in the home half
        ((-0.3, 0.0), (0.51, 0.0), []),  # the kicking team may enter the circle
        ((-0.3, 0.0), (0.49, 0.0), [2]),  # the other may not: radius 0.5 m
        ((-0.19, 0.0), (0.6, 0.0), [1]),  # 0.2 m clearance from the ball's spot
        ((-2.51, 0.0), (2.49, 0.0), [1]),  # in its goal: half length 2.5 m
        ((-1.0, 2.01), (1.0, -1.99), [1]),  # half width 2.0 m
    ],
)
def test_only_robots_in_illegal_positions_are_placed_by_hand(home, away, placed):
    home = replace(HOME_SPOT, x_m=home[0], y_m=home[1])
    away = replace(AWAY_SPOT, x_m=away[0], y_m=away[1])
    _, decisions = run([seen(0), seen(1), seen(9, home=home, away=away)])
    moved = [p for p in decisions[-1].placements if isinstance(p, RobotPlacement)]
    assert [placement.team for placement in moved] == placed


def test_hand_placed_robots_stand_in_their_half_and_face_the_ball():
    home = replace(HOME_SPOT, x_m=1.0)
    away = replace(AWAY_SPOT, x_m=-1.0)
    _, decisions = run([seen(0), seen(1), seen(9, home=home, away=away)])
    _, kicker, other = decisions[-1].placements
    assert isinstance(kicker, RobotPlacement)
    assert isinstance(other, RobotPlacement)
    assert (kicker.x_m, kicker.y_m) == pytest.approx((-0.35, 0))  # 0.7 x 0.5 m
    assert kicker.yaw_rad == pytest.approx(0)
    assert (other.x_m, other.y_m) == pytest.approx((1.5, 0))  # (0.5 + 2.5) / 2
    assert abs(other.yaw_rad) == pytest.approx(math.pi)


def test_a_robot_nobody_sees_is_placed_at_set():
    only_away = MatchObservation(
        time_s=9.0, ball_xyz_m=(0, 0, 0.07), robots=(AWAY_SPOT,)
    )
    _, decisions = run([seen(0), seen(1), only_away])
    assert isinstance(decisions[-1].placements[1], RobotPlacement)
    assert decisions[-1].placements[1].team == 1


def test_hand_placed_teammates_stand_apart():
    teams = (replace(HOME, players=(1, 2, 3, 4)), replace(AWAY, players=(1, 2)))
    state = start(RULES, FIELD, teams)
    for time_s in (0.0, 1.0, 9.0):
        nobody = MatchObservation(time_s=time_s, ball_xyz_m=(0, 0, 0.07), robots=())
        state, decisions = step(RULES, state, nobody)
    spots = [(p.x_m, p.y_m) for p in decisions[-1].placements]
    gaps = [math.dist(a, b) for i, a in enumerate(spots) for b in spots[:i]]
    assert len(spots) == 1 + 6
    assert min(gaps) >= 0.3


@pytest.mark.parametrize(
    ("moved_m", "expected"), [(0.05, []), (0.051, ["ball in play"])]
)
def test_a_kicked_off_ball_is_in_play_after_five_centimetres(moved_m, expected):
    _, decisions = run([seen(12, ball=(moved_m, 0, 0.07))], state=playing())
    assert kinds(decisions) == expected


@pytest.mark.parametrize(("time_s", "expected"), [(20.9, 0), (21.0, 1)])
def test_an_untouched_kick_off_is_free_after_ten_seconds(time_s, expected):
    _, decisions = run([seen(time_s)], state=playing())
    assert kinds(decisions) == ["ball in play"] * expected


@pytest.mark.parametrize(
    ("ball", "score"),
    [
        ((2.571, 0.0, 0.07), (1, 0)),  # line 2.5 + radius 0.07
        ((2.569, 0.0, 0.07), (0, 0)),  # not wholly over the line
        ((-2.571, 0.0, 0.07), (0, 1)),
        ((2.6, 0.399, 0.07), (1, 0)),  # posts at 0.4
        ((2.6, 0.401, 0.07), (0, 0)),
        ((2.6, -0.399, 0.07), (1, 0)),
        ((2.6, 0.0, 0.599), (1, 0)),  # bar at 0.6
        ((2.6, 0.0, 0.601), (0, 0)),
        ((2.9, 0.0, 0.07), (1, 0)),  # net at 2.9
        ((2.901, 0.0, 0.07), (0, 0)),  # came down behind the goal
    ],
)
def test_a_goal_needs_the_whole_ball_over_the_line_between_the_posts(ball, score):
    state, _ = run([seen(13.0, ball=ball)], state=in_play())
    assert state.score == score


def test_after_a_goal_the_conceding_team_kicks_off():
    state, decisions = run([seen(13, ball=(2.6, 0, 0.07))], state=in_play())
    assert kinds(decisions) == ["goal", "ready"]
    assert (decisions[0].team, decisions[1].team) == (1, 2)
    assert "1:0" in decisions[0].reason
    assert "0.100 m over the line" in decisions[0].reason
    state, decisions = run([seen(21), seen(23)], state=state)
    assert kinds(decisions) == ["set", "playing"]
    assert state.kicking_team == 2
    assert state.score == (1, 0)


def test_a_ball_left_in_the_goal_counts_once():
    balls = [seen(13 + t, ball=(2.7, 0, 0.07)) for t in (0, 1, 2, 7.9)]
    state, _ = run(balls, state=in_play())
    assert state.score == (1, 0)


def test_no_goal_counts_outside_play():
    state, decisions = run([seen(0), seen(1), seen(2, ball=(2.6, 0, 0.07))])
    assert state.score == (0, 0)
    assert kinds(decisions) == ["ready"]


def test_a_goal_names_its_scorer_and_an_own_goal_the_culprit():
    touch = replace(HOME_SPOT, touching_ball=True)
    touched, _ = run([seen(12.5, home=touch)], state=in_play())
    _, scored = run([seen(13, ball=(2.6, 0, 0.07))], state=touched)
    assert (scored[0].team, scored[0].player) == (1, 1)
    assert "by player 1" in scored[0].reason
    _, own = run([seen(13, ball=(-2.6, 0, 0.07))], state=touched)
    assert (own[0].team, own[0].player) == (2, None)
    assert "own goal by player 1" in own[0].reason


@pytest.mark.parametrize(
    ("ball", "out"),
    [
        ((0.0, 2.11, 0.07), False),  # wall: half width 2.0 + ramp 0.12
        ((0.0, 2.13, 0.07), True),
        ((0.0, -2.13, 0.07), True),
        ((2.61, 1.0, 0.07), False),  # half length 2.5 + ramp 0.12
        ((2.63, 1.0, 0.07), True),
        ((0.0, 0.0, -0.08), True),  # through the floor
    ],
)
def test_a_ball_beyond_the_walls_is_dropped(ball, out):
    state, decisions = run([seen(13, ball=ball)], state=in_play())
    assert kinds(decisions) == (["ball out", "ready"] if out else [])
    assert (state.kicking_team is None) == out


def test_a_dropped_ball_is_in_play_at_once_for_both():
    state, _ = run([seen(13, ball=(0, 2.2, 0.07))], state=in_play())
    state, decisions = run([seen(21), seen(23)], state=state)
    assert decisions[-1].reason.startswith("dropped ball")
    assert state.ball_in_play
    assert state.kicking_team is None


@pytest.mark.parametrize(("time_s", "stuck"), [(23.9, False), (24.0, True)])
def test_a_ball_at_rest_for_twelve_seconds_is_dropped(time_s, stuck):
    lying = seen(time_s, ball=(0.5, 0, 0.07))  # there since 12 s
    _, decisions = run([lying], state=in_play())
    assert kinds(decisions) == (["ball stuck", "ready"] if stuck else [])


@pytest.mark.parametrize(("moved_m", "stuck"), [(0.049, True), (0.051, False)])
def test_less_than_five_centimetres_do_not_free_a_stuck_ball(moved_m, stuck):
    scene = [seen(18, ball=(0.5 + moved_m, 0, 0.07)), seen(24, ball=(0.5, 0, 0.07))]
    _, decisions = run(scene, state=in_play())
    assert ("ball stuck" in kinds(decisions)) == stuck


DOWN = replace(AWAY_SPOT, fallen=True)


def rolling(time_s: float, **changes):
    """A ball that never rests, so that only the robots matter."""
    return seen(time_s, ball=(0.5 + 0.1 * (time_s % 2), 0.5, 0.07), **changes)


@pytest.mark.parametrize(("until_s", "called"), [(32.9, False), (33.0, True)])
def test_twenty_seconds_on_the_floor_make_a_robot_incapable(until_s, called):
    times = [13.0, 18.0, 23.0, 28.0, until_s]
    _, decisions = run([rolling(t, away=DOWN) for t in times], state=in_play())
    assert kinds(decisions) == ["incapable robot"] * called


def test_getting_up_in_between_starts_the_count_anew():
    scene = [rolling(13, away=DOWN), rolling(24), rolling(25, away=DOWN)]
    _, decisions = run([*scene, rolling(35, away=DOWN)], state=in_play())
    assert kinds(decisions) == []


def removed_at_33():
    times = [13.0, 18.0, 23.0, 28.0, 33.0]
    return run([rolling(t, away=DOWN) for t in times], state=in_play())[0]


@pytest.mark.parametrize(("time_s", "back"), [(37.9, False), (38.0, True)])
def test_a_removed_robot_returns_standing_on_its_side_after_five_seconds(time_s, back):
    _, decisions = run([rolling(time_s, away=DOWN)], state=removed_at_33())
    assert kinds(decisions) == ["robot returns"] * back
    if back:
        (placement,) = decisions[0].placements
        assert isinstance(placement, RobotPlacement)
        assert (placement.team, placement.x_m) == (2, 1.25)  # half of 2.5 m
        assert placement.y_m == pytest.approx(-1.7)  # ball at +0.5: the other side
        assert placement.yaw_rad == pytest.approx(math.pi / 2)  # facing the middle


def test_a_robot_returns_once_and_may_play_again():
    scene = [rolling(38, away=DOWN), rolling(38.1), rolling(39)]
    state, decisions = run(scene, state=removed_at_33())
    assert kinds(decisions) == ["robot returns"]
    assert [track.removed_since_s for track in state.robots] == [None, None]


def test_a_returning_robot_is_not_put_onto_another():
    blocker = replace(HOME_SPOT, x_m=1.25, y_m=-1.5)
    scene = [rolling(38, away=DOWN, home=blocker)]
    _, decisions = run(scene, state=removed_at_33())
    (placement,) = decisions[0].placements
    assert (placement.x_m, placement.y_m) == pytest.approx((1.875, -1.7))


def test_a_restart_brings_a_removed_robot_back():
    goal = seen(34, ball=(2.6, 0, 0.07), away=DOWN)
    short = replace(RULES, ready_duration_s=1.0)
    state, decisions = run(
        [goal, seen(35, away=DOWN)], rules=short, state=removed_at_33()
    )
    assert kinds(decisions) == ["goal", "ready", "set"]
    assert [p.team for p in decisions[-1].placements[1:]] == [2]
    assert all(track.removed_since_s is None for track in state.robots)


@pytest.mark.parametrize(
    ("time_s", "phase"), [(110.9, GameState.PLAYING), (111.0, GameState.FINISHED)]
)
def test_the_match_ends_when_its_time_is_played(time_s, phase):
    rules = replace(RULES, stuck_after_s=1000.0)  # kick-off at 11 s + 100 s
    state, _ = run([seen(time_s)], rules=rules, state=in_play(rules))
    assert state.phase is phase


def test_a_goal_in_the_last_instant_counts_before_the_end():
    state, decisions = run([seen(111, ball=(2.6, 0, 0.07))], state=in_play())
    assert state.score == (1, 0)
    state, decisions = run([seen(111)], state=state)
    assert kinds(decisions) == ["finished"]
    assert "final score 1:0" in decisions[0].reason


def test_nothing_happens_after_the_end():
    state, _ = run([seen(111)], state=in_play())
    after, decisions = run([seen(112, ball=(2.6, 0, 0.07), away=DOWN)], state=state)
    assert decisions == []
    assert after.score == (0, 0)
    assert after.clock_s == state.clock_s


@pytest.mark.parametrize(("mercy", "ends"), [(None, False), (1, True), (2, False)])
def test_the_mercy_rule_ends_a_match_only_where_it_is_on(mercy, ends):
    rules = replace(RULES, mercy_goals=mercy)
    state, _ = run([seen(13, ball=(2.6, 0, 0.07))], rules=rules, state=in_play(rules))
    assert (state.phase is GameState.FINISHED) == ends


def test_time_that_runs_backwards_is_refused():
    with pytest.raises(MatchError, match=r"expected at least 12.0 s, found 11.9 s"):
        run([seen(11.9)], state=in_play())


def test_a_robot_of_neither_team_is_refused():
    stranger = replace(AWAY_SPOT, team=7)
    with pytest.raises(MatchError, match=r"found \[\(7, 1\)\]"):
        run([seen(0, away=stranger)])


def test_observations_with_nan_or_a_robot_twice_are_refused():
    with pytest.raises(MatchError, match="expected finite numbers"):
        seen(0, ball=(math.nan, 0, 0))
    with pytest.raises(MatchError, match="expected every robot once"):
        seen(0, away=HOME_SPOT)


def test_teams_that_cannot_play_each_other_are_refused_with_all_faults():
    with pytest.raises(MatchError) as caught:
        start(RULES, FIELD, (HOME, replace(HOME, players=(1, 1))))
    assert len(caught.value.faults) == 2


def test_a_rule_book_lists_all_its_impossible_numbers():
    with pytest.raises(MatchError) as caught:
        RuleBook(name="bad", duration_s=0.0, stuck_after_s=-1.0)
    assert set(caught.value.faults) == {
        "duration_s: expected more than 0, found 0.0",
        "stuck_after_s: expected more than 0, found -1.0",
    }
    assert LAB_1V1.stuck_after_s == 12.0


_COORDINATE = st.floats(-3.5, 3.5)
_ROBOTS = st.tuples(_COORDINATE, _COORDINATE, st.booleans(), st.booleans())


@st.composite
def _games(draw):
    """Up to 60 observations of wild positions, 0 to 4 s apart."""
    time_s, scenes = 0.0, []
    for _ in range(draw(st.integers(5, 60))):
        time_s += draw(st.floats(0, 4))
        ball = draw(st.tuples(_COORDINATE, _COORDINATE, st.floats(-0.2, 1.0)))
        robots = tuple(
            RobotObservation(
                team=team,
                player=1,
                x_m=x,
                y_m=y,
                yaw_rad=0.0,
                fallen=fallen,
                touching_ball=touching,
            )
            for team in (1, 2)
            for x, y, fallen, touching in [draw(_ROBOTS)]
        )
        scenes.append(MatchObservation(time_s=time_s, ball_xyz_m=ball, robots=robots))
    return scenes


_NEXT = {
    GameState.INITIAL: {GameState.INITIAL, GameState.READY},
    GameState.READY: {GameState.READY, GameState.SET, GameState.FINISHED},
    GameState.SET: {GameState.SET, GameState.PLAYING, GameState.FINISHED},
    GameState.PLAYING: {GameState.PLAYING, GameState.READY, GameState.FINISHED},
    GameState.FINISHED: {GameState.FINISHED},
}


@settings(max_examples=60, deadline=None)
@given(_games())
def test_clock_score_and_phases_keep_order_in_any_game(scenes):
    rules = replace(RULES, duration_s=40.0)
    state = start(rules, FIELD, (HOME, AWAY))
    numbers = []
    for observation in scenes:
        after, decisions = step(rules, state, observation)
        goals = [d for d in decisions if d.kind is DecisionKind.GOAL]
        numbers += [d.number for d in decisions]
        assert after.clock_s >= state.clock_s
        assert sum(after.score) - sum(state.score) == len(goals) <= 1
        assert after.phase in _NEXT[state.phase]
        for decision in decisions:
            for placed in decision.placements:
                assert abs(placed.x_m) <= FIELD.half_length_m
                assert abs(placed.y_m) <= FIELD.half_width_m
        state = after
    assert numbers == list(range(1, len(numbers) + 1))


@settings(max_examples=20, deadline=None)
@given(_games())
def test_equal_observations_give_equal_matches(scenes):
    assert run(scenes) == run(scenes)


def test_mirrored_games_give_mirrored_decisions():
    """Turning the pitch by 180 degrees swaps the teams' roles and nothing else."""
    home_goal, _ = run([seen(13, ball=(2.6, 0.2, 0.07))], state=in_play())
    away_goal, _ = run([seen(13, ball=(-2.6, -0.2, 0.07))], state=in_play())
    assert home_goal.score == away_goal.score[::-1]
    assert (home_goal.kicking_team, away_goal.kicking_team) == (2, 1)
