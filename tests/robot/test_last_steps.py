"""The tactics at the ball: the last steps, the stance, and the kick."""

import itertools
import math
from pathlib import Path

import pytest

from robot import kick_stance, steering, tactics
from robot.contracts.policy import KickSpec, read_spec
from robot.kick_stance import QUICK_KICK
from robot.steering import SteeringConfig, Velocity
from robot.tactics import TacticsState
from robot.world import Pose, WorldView
from tests.fakes.situations import CONFIG, PITCH, at, decide, stepped

POLICIES = Path(__file__).parents[2] / "policies"


def test_a_kick_that_does_not_say_is_stood_for_as_the_shipped_one():
    assert read_spec(POLICIES / "kick" / "spec.json").kick == QUICK_KICK


def test_a_ball_at_the_foot_near_the_goal_is_kicked_after_settling():
    # Ball 0.155 m ahead and 0.05 m left of a robot that faces the goal: the aim is
    # atan(-0.05 / 0.845) = -0.059 rad off, within kick_error_rad.
    view = at(1.5, 0.0, ball=(1.655, 0.05))
    state = TacticsState(plan="align", side="left")
    requests = []
    for _ in range(10):  # 10 x 25 ms = 0.25 s > settle_s 0.2 s
        state, request = decide(view, state=state)
        requests.append(request)
    kinds = [request.kind for request in requests]
    first = kinds.index("kick")
    assert kinds[:first] == ["stand"] * first
    assert 0.2 <= (first + 1) * 0.025 <= 0.25
    assert requests[first].kick_side == "left"


@pytest.mark.parametrize(
    ("foot", "left_m", "expected"),
    [
        # Inward by 0.05, and 2 rad/m outward of 0.05 m: 2 x 0.02 more.
        ("left", 0.05, -0.05),
        ("right", -0.05, 0.05),
        ("left", 0.07, -0.01),
        ("right", -0.07, 0.01),
    ],
)
def test_where_a_kick_sends_the_ball_is_mirrored_for_the_other_foot(
    foot, left_m, expected
):
    kick = KickSpec(
        ahead_m=(0.1, 0.2),
        aside_m=(0.02, 0.08),
        turn_rad_m=2.0,
        settle_s=0.4,
        outward_rad=-0.05,
    )
    assert kick_stance.leftward(kick, foot, left_m) == pytest.approx(expected)


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
    # error_rad 0.06; 0.5 m from it atan(0.1 / 0.5) = 0.2 rad. The left foot sends the
    # ball to the right of the heading, so that must be to the left of the goal.
    for ball_x, off, kind in (
        (0.0, 0.05, "stand"),
        (0.0, 0.08, "walk"),
        (2.0, 0.15, "stand"),
        (2.0, 0.25, "walk"),
    ):
        state = TacticsState(plan="align", side="left")
        ahead, left = QUICK_KICK.point_m
        yaw = off - QUICK_KICK.outward_rad
        x = ball_x - math.cos(yaw) * ahead + math.sin(yaw) * left
        y = -math.sin(yaw) * ahead - math.cos(yaw) * left
        _, request = decide(at(x, y, yaw=yaw, ball=(ball_x, 0.0)), state=state)
        assert request.kind == kind, (ball_x, off)


@pytest.mark.parametrize(("y", "foot"), [(-0.6, "left"), (0.6, "right")])
def test_a_robot_comes_up_with_the_ball_before_its_nearer_foot(y, foot):
    # From the right of the line behind the ball, the left foot is the nearer one; all
    # that is left to do is to go straight on.
    pose, state = Pose(x_m=-1.0, y_m=y, yaw_rad=0.0), TacticsState()
    for _ in range(40 * 8):
        state, request = decide(WorldView(pose=pose, ball=(0.0, 0.0)), state=state)
        if state.plan == "align":
            break
        pose = stepped(pose, request, 0.025)
    assert (state.plan, state.side) == ("align", foot)
    aside = pose.to_torso((0.0, 0.0))[1] * (1 if foot == "left" else -1)
    assert QUICK_KICK.aside_m[0] - 0.03 < aside < QUICK_KICK.aside_m[1] + 0.03


def test_the_foot_is_not_changed_for_a_step_across_the_line():
    state = TacticsState(plan="approach", side="left")
    # 5 cm to the left of the line behind the ball, then 15 cm.
    near, _ = decide(at(-1.0, 0.05, ball=(0.0, 0.0)), state=state)
    assert near.side == "left"
    far, _ = decide(at(-1.0, 0.15, ball=(0.0, 0.0)), state=state)
    assert far.side == "right"


def test_a_turn_on_the_spot_is_faster_than_one_on_the_way():
    config = SteeringConfig(turn_rad_s=1.0, spin_rad_s=2.0, turn_gain_1_s=3.0)
    pose = Pose(x_m=0.0, y_m=0.0, yaw_rad=0.0)
    behind = steering.pass_through(config, pose, (-1.0, 0.5))
    assert behind == Velocity(turn_rad_s=2.0)
    # 0.464 rad to the left, 3 / s: 1.39 rad/s are asked for, and 0.8 of the speed.
    ahead = steering.pass_through(config, pose, (1.0, 0.5))
    assert ahead.turn_rad_s == 1.0
    assert ahead.forward_m_s == pytest.approx(0.8 * config.forward_m_s)


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
    ("ball", "others", "already", "free"),
    [
        ((1.0, 0.0), (), False, True),
        # Too far from the goal to kick: 3.5 m; up to 2.75 m, or 2.85 m once free.
        ((-1.0, 0.0), (), False, False),
        ((-0.3, 0.0), (), False, False),
        ((-0.3, 0.0), (), True, True),
        ((-0.4, 0.0), (), True, False),
        # From 0.7 m away, 1.5 m of the other counts, 1.2 m once it was free.
        ((1.0, 0.0), ((1.0, 1.55),), False, True),
        ((1.0, 0.0), ((1.0, 1.45),), False, False),
        ((1.0, 0.0), ((1.0, 1.45),), True, True),
        ((1.0, 0.0), ((1.0, 1.15),), True, False),
        # All others.
        ((1.0, 0.0), ((-1.0, 0.0), (1.0, 1.0)), False, False),
    ],
)
def test_a_ball_is_free_with_nobody_else_after_it(ball, others, already, free):
    view = at(ball[0] - 0.7, 0.0, ball=ball, others=others)
    assert tactics.is_free(CONFIG, PITCH, view, already=already) == free


def test_a_ball_is_free_for_the_one_who_is_first_at_it():
    # 1.5 m away oneself, the other must be 2 m away.
    for other_m, free in ((1.9, False), (2.1, True)):
        view = at(-0.5, 0.0, ball=(1.0, 0.0), others=((1.0, other_m),))
        assert tactics.is_free(CONFIG, PITCH, view, already=False) == free
    unseen = at(0.5, 0.0, ball=None)
    assert not tactics.is_free(CONFIG, PITCH, unseen, already=True)


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
