"""The tactics, against hand-made situations and a kinematic robot."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from robot import steering, tactics
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import (
    GameControl,
    GameState,
    TeamColour,
    TeamInfo,
)
from robot.contracts.policy import CommandSpec
from robot.contracts.tracker import TrackedRobot, TrackerFrame
from robot.skills import SkillRequest
from robot.steering import SteeringConfig, Velocity
from robot.tactics import TacticsConfig, TacticsState
from robot.world import Game, Pose, WorldView, game_of, view_of, wrapped

CONFIG = TacticsConfig()
PITCH = FieldSpec()
PLAYING = Game(phase="playing")


def decide(view, game=PLAYING, posture="upright", state=None, player=1):
    return tactics.decide(
        CONFIG,
        PITCH,
        state or TacticsState(),
        view,
        game,
        posture,
        player=player,
        dt_s=0.025,
    )


def at(x, y, yaw=0.0, ball=(0.0, 0.0), others=()):
    return WorldView(pose=Pose(x_m=x, y_m=y, yaw_rad=yaw), ball=ball, others=others)


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


def test_a_ball_at_the_foot_near_the_goal_is_kicked_after_settling():
    # Ball 0.155 m ahead and 0.05 m left of a robot that faces the goal: the aim is
    # atan(-0.05 / 0.845) = -0.059 rad off, within kick_error_rad.
    view = at(1.5, 0.0, ball=(1.655, 0.05))
    state = TacticsState(plan="align", side="left")
    requests = []
    for _ in range(18):  # 18 x 25 ms = 0.45 s > settle_s 0.4 s
        state, request = decide(view, state=state)
        requests.append(request)
    kinds = [request.kind for request in requests]
    first = kinds.index("kick")
    assert kinds[:first] == ["stand"] * first
    assert 0.4 <= (first + 1) * 0.025 <= 0.45
    assert requests[first].kick_side == "left"


def test_aligning_begins_early_enough_to_stop_before_the_ball():
    # 2 m from the goal, on the line behind the ball: from 0.6 m on, less than 0.12 m
    # aside of it; 0.2 m is too close to come to stand.
    for x, y, plan in (
        (-0.55, 0.0, "align"),
        (-0.65, 0.0, "approach"),
        (-0.5, 0.1, "align"),
        (-0.5, 0.15, "approach"),
        (-0.19, 0.0, "approach"),
    ):
        state, _ = decide(at(0.5 + x, y, ball=(0.5, 0.0)))
        assert state.plan == plan, (x, y)


def test_a_kick_waits_until_the_robot_faces_the_goal():
    # 2.5 m from the goal a quarter of its half is atan(0.1 / 2.5) = 0.04 rad, less than
    # kick_error_rad 0.06; 0.5 m from it atan(0.1 / 0.5) = 0.2 rad.
    for ball_x, yaw, kind in (
        (0.0, 0.05, "stand"),
        (0.0, 0.08, "walk"),
        (2.0, 0.15, "stand"),
        (2.0, 0.25, "walk"),
    ):
        state = TacticsState(plan="align", side="left")
        ahead, left = 0.165, 0.05
        x = ball_x - math.cos(yaw) * ahead + math.sin(yaw) * left
        y = -math.sin(yaw) * ahead - math.cos(yaw) * left
        _, request = decide(at(x, y, yaw=yaw, ball=(ball_x, 0.0)), state=state)
        assert request.kind == kind, (ball_x, yaw)


@pytest.mark.parametrize("ball_x", [0.0, 0.8, 1.6])
def test_a_robot_behind_the_ball_always_comes_to_its_kick(ball_x):
    # A robot that does at once what it is told, from a grid of places and headings: it
    # never stands where its steering is content and its kick is not.
    for behind, aside, yaw in itertools.product(
        (0.3, 0.45, 0.55), (-0.1, -0.04, 0.0, 0.05, 0.1), (-0.25, -0.03, 0.0, 0.1)
    ):
        pose = Pose(x_m=ball_x - behind, y_m=aside, yaw_rad=yaw)
        state, ball = TacticsState(), (ball_x, 0.0)
        for _ in range(40 * 3):
            view = WorldView(pose=pose, ball=ball)
            state, request = decide(view, state=state)
            if request.kind == "kick":
                break
            pose = stepped(pose, request, 0.025)
        assert request.kind == "kick", (behind, aside, yaw)


def test_either_foot_kicks_where_the_ball_will_go_into_the_goal():
    # 1 m from the goal. 1.5 cm farther to the left foot's side than the middle of its
    # range, 0.0525 m, a ball goes 4.5 x 0.015 = 0.0675 rad to the left; the robot
    # that looks as much to the right sends it straight.
    for sign, foot in ((1.0, "left"), (-1.0, "right")):
        yaw, ahead, left = -sign * 0.0675, 0.17, sign * 0.0675
        x = 1.5 - math.cos(yaw) * ahead + math.sin(yaw) * left
        y = -math.sin(yaw) * ahead - math.cos(yaw) * left
        # The foot that was meant is the other one: it changes.
        state = TacticsState(plan="align", side="right" if sign > 0 else "left")
        for _ in range(18):
            state, request = decide(at(x, y, yaw=yaw, ball=(1.5, 0.0)), state=state)
            if request.kind == "kick":
                break
        assert (request.kind, request.kick_side) == ("kick", foot)


def test_noise_at_the_end_of_the_range_changes_the_plan_once():
    # The goal's middle is (2.5, 0); 2.75 m from it, +- 1 cm.
    state, plans = TacticsState(plan="dribble"), []
    for step in range(40):
        ball = (-0.25 + (0.01 if step % 2 else -0.01), 0.0)
        state, _ = decide(at(ball[0] - 0.3, 0.0, ball=ball), state=state)
        plans.append(state.plan)
    assert sum(a != b for a, b in itertools.pairwise(plans)) <= 1
    assert plans[-1] == "align"


def test_a_dribble_goes_on_until_the_robot_is_behind_the_ball():
    # In range, but 0.5 rad off the line to the goal; then on it.
    state = TacticsState(plan="dribble")
    off, _ = decide(at(0.7, 0.0, yaw=0.5, ball=(0.95, 0.0)), state=state)
    assert off.plan == "dribble"
    on, _ = decide(at(0.7, 0.0, yaw=0.1, ball=(0.95, 0.0)), state=state)
    assert on.plan == "align"


@pytest.mark.parametrize(
    ("ball", "others", "already", "leads"),
    [
        ((1.0, 0.0), (), False, True),
        # Someone is at the ball; the own half.
        ((1.0, 0.0), ((1.3, 0.0),), True, False),
        ((-1.0, 0.0), (), True, False),
        # At pressed_m, 0.45 m, give or take: what was led goes on to 0.35 m.
        ((1.0, 0.0), ((1.44, 0.0),), False, False),
        ((1.0, 0.0), ((1.44, 0.0),), True, True),
        ((1.0, 0.0), ((1.46, 0.0),), False, True),
        ((1.0, 0.0), ((1.34, 0.0),), True, False),
    ],
)
def test_the_last_steps_to_a_kick_are_led_where_nobody_else_is_at_the_ball(
    ball, others, already, leads
):
    view = at(ball[0] - 0.3, 0.0, ball=ball, others=others)
    state = TacticsState(plan="align")
    found = tactics.leads_to_kick(CONFIG, PITCH, state, view, already=already)
    assert found == leads
    dribbling = TacticsState(plan="dribble")
    assert not tactics.leads_to_kick(CONFIG, PITCH, dribbling, view, already=already)


def test_the_last_steps_are_none_that_the_walk_would_not_take():
    # 4 cm and 0.05 rad left: 1.5 / s x 0.04 = 0.06 m/s and 2 / s x 0.05 = 0.1 rad/s are
    # too slow for the learned walk to move.
    pose = Pose(x_m=0.0, y_m=0.0, yaw_rad=0.0)
    config = SteeringConfig(least_m_s=(0.16, 0.11), least_rad_s=0.4)
    velocity = steering.arrive(config, pose, (0.04, -0.04), 0.05)
    assert velocity == Velocity(forward_m_s=0.16, left_m_s=-0.11, turn_rad_s=0.4)
    # There, within 15 mm and 0.04 rad, it stands.
    there = steering.arrive(config, pose, (0.01, 0.014), -0.03)
    assert there == Velocity()


def test_the_robot_never_kicks_toward_its_own_goal():
    # It faces its own goal with the ball at the foot, in its own half.
    view = at(-1.0, 0.0, yaw=math.pi, ball=(-1.155, -0.05))
    state = TacticsState(plan="align", side="left")
    for _ in range(40):
        state, request = decide(view, state=state)
        assert request.kind != "kick"


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


@pytest.mark.parametrize("plan", ["align", "dribble"])
@pytest.mark.parametrize(
    ("x_m", "other"),
    [
        # The ball lies at 1 m, 1.5 m from the goal. Somebody just before the feet:
        (0.3, (0.5, 0.02)),
        # the same, so near the ball that no way round it is clear,
        (0.45, (0.66, 0.0)),
        # and beside a robot that is where it wants to be.
        (0.68, (0.7, 0.35)),
    ],
)
def test_the_last_steps_lead_past_a_robot_in_the_way(plan, x_m, other):
    pose, state = Pose(x_m=x_m, y_m=0.0, yaw_rad=0.0), TacticsState(plan=plan)
    for _ in range(40 * 15):
        view = WorldView(pose=pose, ball=(1.0, 0.0), others=(other,))
        state, request = decide(view, state=state)
        if request.kind == "kick":
            break
        pose = stepped(pose, request, 0.025)
    assert request.kind == "kick"


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


def test_far_from_the_goal_a_free_ball_is_dribbled_and_a_contested_one_kicked():
    # Ball 0.155 m ahead and 0.05 m left, the goal 3.5 m away.
    state = TacticsState(plan="align", side="left")
    free = at(-1.0, 0.0, ball=(-0.845, 0.05))
    assert decide(free, state=state)[0].plan == "dribble"
    contested = at(-1.0, 0.0, ball=(-0.845, 0.05), others=((-0.5, 0.05),))
    assert decide(contested, state=state)[0].plan == "align"


def test_a_robot_that_cannot_align_walks_into_the_ball():
    # The ball lies between the feet and stays there, whatever the robot asks for.
    view = at(1.5, 0.0, ball=(1.655, 0.0))
    state = TacticsState(plan="align", side="left")
    plans = []
    for _ in range(40 * 6):
        state, _ = decide(view, state=state)
        plans.append(state.plan)
    assert plans[: 40 * 5] == ["align"] * 200
    assert plans[-1] == "dribble"


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


def stepped(pose: Pose, request: SkillRequest, dt_s: float) -> Pose:
    """A robot that does what it is told."""
    cosine, sine = math.cos(pose.yaw_rad), math.sin(pose.yaw_rad)
    forward, left = request.forward_m_s, request.left_m_s
    return Pose(
        x_m=pose.x_m + dt_s * (cosine * forward - sine * left),
        y_m=pose.y_m + dt_s * (sine * forward + cosine * left),
        yaw_rad=wrapped(pose.yaw_rad + dt_s * request.turn_rad_s),
    )


class Playground:
    """A kinematic robot and a rolling ball: feet push it, kicks shoot it at 1.5 m/s.

    Walls return the ball at half speed. `lag_s` delays the robot's velocity.
    """

    dt_s = 0.025
    foot_reach_m = 0.11

    def __init__(self, seed: int, lag_s: float = 0.3):
        random = np.random.default_rng(seed)
        self.pose = Pose(
            x_m=random.uniform(-2.2, 2.2),
            y_m=random.uniform(-1.7, 1.7),
            yaw_rad=random.uniform(-math.pi, math.pi),
        )
        self.ball = random.uniform((-2.0, -1.5), (2.0, 1.5))
        self.ball_velocity = np.zeros(2)
        self.request = SkillRequest()
        self.lag_s = lag_s
        self.kick_left_s = 0.0
        self.deepest_overlap_m = 0.0

    def step(self, wish: SkillRequest) -> str | None:
        """Advance; the goal that fell ("scored" or "own goal"), or None."""
        if self.kick_left_s > 0:
            self._kick(wish)
        elif wish.kind == "kick":
            self.kick_left_s = 1.0
            self.kick_side = wish.kick_side
        self._walk(wish if self.kick_left_s <= 0 else SkillRequest())
        self._push()
        return self._roll()

    def _walk(self, wish: SkillRequest) -> None:
        share = self.dt_s / (self.lag_s + self.dt_s)
        self.request = replace(
            self.request,
            **{
                name: getattr(self.request, name) * (1 - share)
                + getattr(wish, name) * share
                for name in ("forward_m_s", "left_m_s", "turn_rad_s")
            },
        )
        self.pose = stepped(self.pose, self.request, self.dt_s)

    def _kick(self, wish: SkillRequest) -> None:
        self.kick_left_s -= self.dt_s
        ahead, left = self.pose.to_torso(tuple(self.ball))
        aside = left if self.kick_side == "left" else -left
        if 0.5 < self.kick_left_s < 0.55 and 0.1 < ahead < 0.2 and 0 < aside < 0.1:
            yaw = self.pose.yaw_rad
            self.ball_velocity = 1.5 * np.array([math.cos(yaw), math.sin(yaw)])

    def _push(self) -> None:
        offset = self.ball - np.array(self.pose.point)
        distance = float(np.hypot(*offset))
        overlap = self.foot_reach_m - distance
        if overlap > 0:
            away = offset / max(distance, 1e-6)
            self.ball = self.ball + away * overlap
            self.ball_velocity = away * 0.4

    def _roll(self) -> str | None:
        speed = float(np.hypot(*self.ball_velocity))
        if speed > 0:
            slower = max(0.0, speed - PITCH.ball_roll_deceleration_m_s2 * self.dt_s)
            self.ball_velocity = self.ball_velocity * slower / speed
        self.ball = self.ball + self.ball_velocity * self.dt_s
        if (
            abs(self.ball[0]) > PITCH.half_length_m
            and abs(self.ball[1]) < PITCH.goal_width_m / 2
        ):
            return "scored" if self.ball[0] > 0 else "own goal"
        limits = (PITCH.half_length_m, PITCH.half_width_m)
        for axis, limit in enumerate(limits):
            if abs(self.ball[axis]) > limit:
                self.ball[axis] = math.copysign(limit, self.ball[axis])
                self.ball_velocity[axis] *= -0.5
        return None


@pytest.mark.parametrize("seed", range(20))
def test_a_kinematic_robot_scores_from_anywhere(seed):
    ground, state = Playground(seed), TacticsState()
    for _ in range(40 * 90):
        view = WorldView(pose=ground.pose, ball=tuple(ground.ball.tolist()))
        state, request = decide(view, state=state)
        outcome = ground.step(request)
        if outcome:
            break
    assert outcome == "scored", (ground.pose, ground.ball, state)


@pytest.mark.parametrize(
    ("least", "fault"),
    [((), ""), ((0.1, 0.1), ""), ((0.1,), "none or 2 numbers, found 1"),
     ((0.1, -0.1), "expected numbers >= 0")],
)  # fmt: skip
def test_a_command_answers_from_its_least_on(least, fault):
    command = CommandSpec(names=("a", "b"), low=(-1, -1), high=(1, 1), least=least)
    found = " ".join(command.faults())
    assert fault in found
    assert bool(found) == bool(fault)
