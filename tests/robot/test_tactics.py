"""The tactics, against hand-made situations."""

import math

import pytest

from robot import tactics
from robot.contracts.game_control import (
    GameControl,
    GameState,
    TeamColour,
    TeamInfo,
)
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.tactics import TacticsState
from robot.world import Game, Pose, WorldView, game_of, view_of
from tests.fakes.situations import CONFIG, PITCH, at, decide, stepped


def test_the_view_of_the_team_attacking_minus_x_is_turned_by_half_a_turn():
    frame = TrackerFrame(
        time_s=0.0,
        ball_xy_m=(1.0, -0.5),
        robots=(
            TrackedRobot(team=1, player=1, x_m=-1.0, y_m=0.2, yaw_rad=0.0),
            TrackedRobot(team=2, player=1, x_m=2.0, y_m=0.3, yaw_rad=math.pi),
        ),
    )
    view = view_of(frame, team=2, player=1, attacks_positive_x=False)
    assert view.ball == (-1.0, 0.5)
    assert view.others == ((1.0, -0.2),)
    assert view.pose is not None
    assert view.pose.point == (-2.0, -0.3)
    assert view.pose.yaw_rad == pytest.approx(0.0)


def test_a_ball_out_of_sight_is_searched_by_turning():
    state, request = decide(at(0.0, 0.0, ball=None))
    assert state.plan == "search"
    assert (request.forward_m_s, request.left_m_s) == (0.0, 0.0)
    assert request.turn_rad_s == CONFIG.search_rad_s


def test_the_search_turns_to_the_side_where_the_ball_was_last_seen():
    state, _ = decide(at(-1.0, 0.0, ball=(-1.0, -1.0)))
    _, request = decide(at(-1.0, 0.0, ball=None), state=state)
    assert request.turn_rad_s == -CONFIG.search_rad_s


@pytest.mark.parametrize("phase", ["initial", "set", "finished"])
def test_the_robot_stands_still_while_the_game_does(phase):
    _, request = decide(at(-1.0, 0.0), game=Game(phase=phase))
    assert request.kind == "stand"


def test_the_ball_is_left_alone_during_the_other_teams_kick_off():
    def game(**changes):
        teams = tuple(
            TeamInfo(
                team_number=number,
                field_player_colour=TeamColour.BLUE,
                goalkeeper_colour=TeamColour.BLUE,
            )
            for number in (1, 2)
        )
        values = {"secondary_time": 8, "kicking_team": 2, **changes}
        control = GameControl(
            packet_number=0,
            players_per_team=1,
            state=GameState.PLAYING,
            secs_remaining=600,
            teams=teams,
            **values,
        )
        return game_of(control, team=1, player=1)

    assert decide(at(-1.0, 0.0), game=game())[1].kind == "stand"
    # Free again: after ten seconds, once in play, or when it is the own kick-off.
    for changes in ({"secondary_time": 0}, {"kicking_team": None}, {"kicking_team": 1}):
        assert decide(at(-1.0, 0.0), game=game(**changes))[1].kind == "walk"


def test_a_penalised_robot_stands_still_even_beside_the_ball():
    game = Game(phase="playing", penalised=True)
    _, request = decide(at(-0.2, 0.0), game=game)
    assert request.kind == "stand"


@pytest.mark.parametrize("phase", ["ready", "set", "playing"])
def test_a_fallen_robot_gets_up_while_the_game_is_on(phase):
    _, request = decide(at(-1.0, 0.0), game=Game(phase=phase), posture="front")
    assert request.kind == "getup"


def test_the_head_looks_at_the_ball():
    # Ball 1 m ahead and 1 m left: pan 45 deg; camera 0.45 m up: atan(0.45 / sqrt 2).
    _, request = decide(at(0.0, 0.0, ball=(1.0, 1.0)))
    assert request.head_pan_rad == pytest.approx(math.pi / 4)
    assert request.head_tilt_rad == pytest.approx(-math.atan(0.45 / math.sqrt(2)))


@pytest.mark.parametrize(
    ("ball", "heading", "expected"),
    [
        ((0.0, 0.0), math.pi, True),
        ((0.0, 0.0), 0.0, False),
        # From (0, 1) back along 45 deg: crosses x = -2.5 at y = 1 - 2.5 = -1.5.
        ((0.0, 1.0), -3 * math.pi / 4, False),
        # From (-1.5, 1): crosses at y = 1 - 1 = 0, the middle of the goal.
        ((-1.5, 1.0), -3 * math.pi / 4, True),
    ],
)
def test_lines_through_the_own_goal_are_recognised(ball, heading, expected):
    found = tactics.endangers_own_goal(CONFIG, PITCH, ball, heading)
    assert found is expected


def test_a_ball_at_the_own_goal_line_is_driven_sideways_and_away_from_the_goal():
    assert tactics.aim(CONFIG, PITCH, (-2.45, 0.3)) == pytest.approx(math.pi / 2)
    assert tactics.aim(CONFIG, PITCH, (-2.45, -0.3)) == pytest.approx(-math.pi / 2)


def test_the_robot_does_not_step_into_another_one():
    _, request = decide(at(-1.0, 0.0, others=((-0.8, 0.0),)))
    assert request.forward_m_s == 0.0


def test_the_robot_walks_around_another_one_in_its_way():
    # The way to the ball is the x axis, with somebody 0.6 m ahead.
    pose, state = Pose(x_m=-1.5, y_m=0.0, yaw_rad=0.0), TacticsState()
    other = (-0.9, 0.02)
    nearest = math.inf
    for _ in range(40 * 10):
        view = WorldView(pose=pose, ball=(0.0, 0.0), others=(other,))
        state, request = decide(view, state=state)
        pose = stepped(pose, request, 0.025)
        nearest = min(nearest, math.dist(pose.point, other))
        if state.plan != "approach":
            break
    assert state.plan == "align"
    assert nearest > 0.3


@pytest.mark.parametrize(
    ("other", "already", "blocked"),
    [
        # On the way from (-1.5, 0) to the ball at the centre, 0.6 m ahead.
        ((-0.9, 0.0), False, True),
        # 0.35 m off that way: within the detour's 0.4 m, but not 0.3 m into it.
        ((-0.9, 0.35), False, False),
        ((-0.9, 0.35), True, True),
        ((-0.9, 0.45), True, False),
        # Behind the robot, too far ahead, and at the ball.
        ((-1.9, 0.0), False, False),
        ((-0.6, 0.0), False, False),
        ((-0.3, 0.0), False, False),
    ],
)
def test_a_way_is_blocked_by_whoever_stands_close_ahead_on_it(other, already, blocked):
    view = at(-1.5, 0.0, others=(other,))
    assert tactics.is_blocked(CONFIG, view, already=already) == blocked


def test_a_blind_robot_knows_of_no_block():
    view = WorldView(pose=None, ball=(0.0, 0.0), others=((-0.9, 0.0),))
    assert not tactics.is_blocked(CONFIG, view, already=True)


def test_in_ready_each_team_takes_its_kick_off_place():
    own = tactics.kick_off_place(CONFIG, PITCH, 1, own_kick_off=True)
    theirs = tactics.kick_off_place(CONFIG, PITCH, 1, own_kick_off=False)
    assert own[0] > -PITCH.centre_circle_radius_m
    assert theirs[0] < -PITCH.centre_circle_radius_m
    pose = walk_until_still(Pose(x_m=-2.0, y_m=1.0, yaw_rad=2.0), theirs)
    assert math.dist(pose.point, theirs) < 0.15
    assert abs(pose.yaw_rad) < 0.35


def walk_until_still(pose, place):
    game = Game(phase="ready", own_kick_off=False)
    state = TacticsState()
    for _ in range(40 * 30):
        state, request = decide(
            WorldView(pose=pose, ball=(0.0, 0.0)), game=game, state=state
        )
        if request.kind == "stand":
            return pose
        pose = stepped(pose, request, 0.025)
    raise AssertionError(f"still walking at {pose}, wanted {place}")
