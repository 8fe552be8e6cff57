"""Whatever robots, balls and people do: clock, score and penalties keep order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from match.commands import (
    AwardGoal,
    AwardKick,
    Command,
    DropBall,
    GoTo,
    Overrule,
    Penalize,
    RequestPickUp,
    ResumePlay,
    ShowCard,
    Start,
    StopPlay,
    TakeTimeOut,
    Unpenalize,
)
from match.control_view import control_view
from match.decisions import DecisionKind
from match.observation import MatchObservation, RobotObservation
from match.referee import start, step
from match.restart import RestartKind
from match.rules import LAB_2V2, SMALL_SIZE_LEAGUE, SMALL_SIZE_PITCH
from match.tracks import LASTING
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import (
    GameState,
    Penalty,
    decode_control,
    encode_control,
)
from tests.match.staged import AWAY, HOME, team

TEAMS = (team(HOME, players=(1, 2)), team(AWAY, players=(1, 2)))
ROBOTS = [(HOME, 1), (HOME, 2), (AWAY, 1), (AWAY, 2)]
BOOKS = st.sampled_from([(LAB_2V2, FieldSpec()), (SMALL_SIZE_LEAGUE, SMALL_SIZE_PITCH)])
_X, _Y = st.floats(-6, 6), st.floats(-4.5, 4.5)
_TEAM, _PLAYER = st.sampled_from([HOME, AWAY]), st.sampled_from([1, 2])
_PENALTIES = st.sampled_from([p for p in Penalty if p is not Penalty.NONE])


@st.composite
def _orders(draw) -> Command | None:
    name = draw(st.text("abcdef", min_size=1, max_size=3))
    team_number, player = draw(_TEAM), draw(_PLAYER)
    return draw(
        st.sampled_from(
            [
                None,
                None,
                Start(id=name),
                GoTo(id=name, phase=draw(st.sampled_from(list(GameState)))),
                StopPlay(id=name),
                ResumePlay(id=name),
                DropBall(id=name),
                TakeTimeOut(id=name, team=draw(st.sampled_from([None, HOME]))),
                AwardGoal(id=name, team=team_number),
                AwardKick(
                    id=name,
                    team=team_number,
                    kick=draw(st.sampled_from(list(RestartKind))),
                ),
                Penalize(
                    id=name,
                    team=team_number,
                    player=player,
                    penalty=draw(_PENALTIES),
                ),
                Unpenalize(id=name, team=team_number, player=player),
                RequestPickUp(id=name, team=team_number, player=player),
                ShowCard(
                    id=name,
                    team=team_number,
                    player=player,
                    card=draw(st.sampled_from(["warning", "yellow", "red"])),
                ),
                Overrule(id=name, decision=draw(st.integers(1, 30))),
            ]
        )
    )


@st.composite
def _games(draw):
    """Up to 40 looks of wild positions, 0 to 8 s apart, with orders in between."""
    time_s, looks = 0.0, []
    for _ in range(draw(st.integers(5, 40))):
        time_s += draw(st.floats(0, 8))
        robots = tuple(
            RobotObservation(
                team=team_number,
                player=player,
                x_m=draw(_X),
                y_m=draw(_Y),
                yaw_rad=draw(st.floats(-4, 4)),
                fallen=draw(st.booleans()),
                touching_ball=draw(st.booleans()),
                ball_cover=draw(st.sampled_from([0.0, 0.9])),
            )
            for team_number, player in draw(st.permutations(ROBOTS))[:3]
        )
        contacts = ((ROBOTS[0], ROBOTS[2]),) if draw(st.booleans()) else ()
        seen = MatchObservation(
            time_s=time_s,
            ball_xyz_m=(draw(_X), draw(_Y), 0.07),
            robots=robots,
            contacts=contacts,
        )
        order = draw(_orders())
        looks.append((seen, () if order is None else (order,)))
    return looks


@settings(max_examples=40, deadline=None)
@given(BOOKS, _games())
def test_clock_and_score_keep_order_in_any_game(book, looks):
    rules, field = book
    state = start(rules, field, TEAMS)
    numbers = []
    for seen, orders in looks:
        after, decisions = step(rules, state, seen, orders)
        kinds = [d.kind for d in decisions]
        numbers += [d.number for d in decisions]
        same_period = after.period is state.period
        time_out = DecisionKind.TIME_OUT in kinds  # takes the clock back, by its rule
        assert after.clock_s >= state.clock_s or not same_period or time_out
        assert after.running_s >= state.running_s
        if after.score != state.score:
            assert DecisionKind.GOAL in kinds or DecisionKind.OVERRULED in kinds
        goals = kinds.count(DecisionKind.GOAL)
        if DecisionKind.OVERRULED not in kinds:
            assert sum(after.score) - sum(state.score) == goals
        assert min(after.score) >= 0
        assert min(after.counted_penalties) >= 0
        assert all(t.cautions >= 0 and t.warnings >= 0 for t in after.robots)
        assert all(decision.rule and decision.reason for decision in decisions)
        control = control_view(rules, after)
        assert decode_control(encode_control(control)) == control
        state = after
    assert numbers == list(range(1, len(numbers) + 1))


@settings(max_examples=25, deadline=None)
@given(BOOKS, _games())
def test_every_penalty_ends(book, looks):
    """Let time pass: no penalty given before is left, but for send-offs."""
    rules, field = book
    state = start(rules, field, TEAMS)
    for seen, orders in looks:
        state, _ = step(rules, state, seen, orders)
    time_s, given_before = looks[-1][0].time_s, state.decisions
    robots = tuple(
        RobotObservation(team=number, player=player, x_m=x_m, y_m=y_m, yaw_rad=0.0)
        for (number, player), x_m, y_m in zip(
            ROBOTS, (-2.0, -1.0, 2.0, 1.0), (1.0, -1.0, 1.0, -1.0), strict=True
        )
    )
    # At most 40 penalties, so at most 45 + 40 x 10 s, and half of the time in SET.
    for tick in range(1, 100):
        orders = [ResumePlay(id=f"resume {tick}")]
        if state.phase is GameState.INITIAL:
            orders.append(Start(id=f"start {tick}"))
        seen = MatchObservation(
            time_s=time_s + 10.0 * tick,
            ball_xyz_m=(0.3 * (tick % 2), 0.5, 0.07),
            robots=robots,
        )
        state, _ = step(rules, state, seen, orders)
        if state.phase is GameState.FINISHED:
            return
    left = [
        sentence
        for track in state.robots
        for sentence in track.sentences
        if sentence.penalty not in LASTING and sentence.decision <= given_before
    ]
    assert left == []


@settings(max_examples=15, deadline=None)
@given(BOOKS, _games())
def test_equal_looks_and_orders_give_equal_matches(book, looks):
    rules, field = book
    ends = []
    for _ in range(2):
        state = start(rules, field, TEAMS)
        decisions = []
        for seen, orders in looks:
            state, new = step(rules, state, seen, orders)
            decisions += new
        ends.append((state, decisions))
    assert ends[0] == ends[1]


@settings(max_examples=25, deadline=None)
@given(BOOKS, _games())
def test_an_order_sent_ten_times_is_carried_out_once(book, looks):
    rules, field = book
    once = often = start(rules, field, TEAMS)
    for seen, orders in looks:
        once, first = step(rules, once, seen, orders)
        often, second = step(rules, often, seen, orders * 10)
        assert first == second
    assert once == often
