"""Several sources: weights, wrong sources named, things forgotten, falls."""

import math

import pytest

from match.eyes.fusion import (
    BALL,
    Fusion,
    FusionConfig,
    fuse,
    fused_frame,
    note_fallen,
)
from robot.contracts.tracker import TrackedRobot, TrackerFrame

CONFIG = FusionConfig()


def robot(x_m, y_m, yaw_rad=0.0, *, deviation_m=0.004, **rest):
    return TrackedRobot(
        team=1,
        player=1,
        x_m=x_m,
        y_m=y_m,
        yaw_rad=yaw_rad,
        deviation_m=deviation_m,
        **rest,
    )


def frame(time_s, *robots, ball=None, ball_deviation_m=0.006, ball_age_s=0.0):
    return TrackerFrame(
        time_s=time_s,
        ball_xy_m=ball,
        robots=robots,
        ball_deviation_m=ball_deviation_m if ball else 0.0,
        ball_age_s=ball_age_s,
    )


def feed(sourced, state=None):
    state, rejections = state or Fusion(), []
    for source, seen in sourced:
        state, refused = fuse(state, source, seen, CONFIG)
        rejections += refused
    return state, rejections


def the_robot(state, time_s):
    (only,) = fused_frame(state, time_s, CONFIG).robots
    return only


def test_the_better_source_counts_more():
    """First looks at one instant: weights 1 / 0.1^2 and 1 / 0.2^2, so 0.8 and 0.2."""
    state, rejections = feed(
        [
            ("camera", frame(1.0, robot(0.0, 0.0, deviation_m=0.1))),
            ("robot", frame(1.0, robot(0.3, -0.1, deviation_m=0.2))),
        ]
    )
    assert rejections == []
    seen = the_robot(state, 1.0)
    assert (seen.x_m, seen.y_m) == pytest.approx((0.06, -0.02))
    # 1 / (1 / 0.01 + 1 / 0.04) = 0.008.
    assert seen.deviation_m == pytest.approx(math.sqrt(0.008))


def test_a_source_that_is_wrong_is_named_and_left_out():
    """A robot that takes its own side for the other one: mirrored place and heading."""
    sourced = []
    for k in range(60):
        sourced.append(("camera", frame(k / 30, robot(1.0, 0.5, 0.3))))
        if k % 15 == 7:
            mirrored = robot(-1.0, -0.5, 0.3 - math.pi, deviation_m=0.15)
            sourced.append(("robot 1/1", frame(k / 30, mirrored)))
    state, rejections = feed(sourced)
    assert {(r.source, r.subject, r.what) for r in rejections} == {
        ("robot 1/1", (1, 1), "place")
    }
    assert len(rejections) == 4
    assert rejections[0].off == pytest.approx(math.hypot(2.0, 1.0), abs=1e-3)
    seen = the_robot(state, 2.0)
    assert (seen.x_m, seen.y_m, seen.yaw_rad) == pytest.approx((1.0, 0.5, 0.3))


def test_a_wrong_heading_at_the_right_place_is_rejected_as_such():
    right = [("camera", frame(k / 30, robot(1.0, 0.5, 0.3))) for k in range(30)]
    turned = ("tags swapped", frame(1.0, robot(1.0, 0.5, 0.3 + math.pi)))
    state, rejections = feed([*right, turned])
    assert [(r.what, r.source) for r in rejections] == [("yaw", "tags swapped")]
    assert rejections[0].off == pytest.approx(math.pi, abs=1e-3)
    assert the_robot(state, 1.0).yaw_rad == pytest.approx(0.3, abs=1e-3)


def test_a_false_ball_is_rejected():
    true = [("camera", frame(k / 30, ball=(0.5, 0.5))) for k in range(30)]
    state, rejections = feed([*true, ("camera", frame(1.0, ball=(-2.0, 1.0)))])
    assert [(r.subject, r.what) for r in rejections] == [(BALL, "place")]
    assert fused_frame(state, 1.0, CONFIG).ball_xy_m == pytest.approx((0.5, 0.5))


def test_where_the_camera_is_blind_the_robots_word_carries_on():
    """The camera's last look is at 1 s; the robot reports twice a second and walks."""
    camera = [("camera", frame(k / 30, robot(0.0, 0.0))) for k in range(31)]
    reports = [
        ("robot", frame(1 + k / 2, robot(0.15 * k, 0.0, deviation_m=0.15)))
        for k in range(1, 9)
    ]
    state, rejections = feed([*camera, *reports])
    assert rejections == []
    seen = the_robot(state, 5.0)
    assert seen.x_m == pytest.approx(1.2, abs=0.15)
    assert seen.age_s == 0.0


def test_extrapolated_things_are_no_news():
    state, _ = feed([("camera", frame(1.0, robot(0.0, 0.0), ball=(1.0, 1.0)))])
    stale = frame(1.1, robot(0.02, 0.0, age_s=0.1), ball=(1.0, 1.1), ball_age_s=0.1)
    state, rejections = feed([("camera", stale)], state)
    assert rejections == []
    assert the_robot(state, 1.1).age_s == pytest.approx(0.1)
    assert fused_frame(state, 1.1, CONFIG).ball_age_s == pytest.approx(0.1)


def test_what_nobody_sees_is_forgotten():
    state, _ = feed([("camera", frame(1.0, robot(0.0, 0.0), ball=(1.0, 1.0)))])
    known = fused_frame(state, 1.0 + CONFIG.forget_after_s - 0.01, CONFIG)
    assert len(known.robots) == 1
    assert known.ball_xy_m is not None
    gone = fused_frame(state, 1.0 + CONFIG.forget_after_s + 0.01, CONFIG)
    assert gone.robots == ()
    assert gone.ball_xy_m is None


def test_a_frame_from_long_ago_is_left_out():
    state, _ = feed([("camera", frame(10.0, robot(0.0, 0.0)))])
    late, rejections = feed([("robot", frame(9.4, robot(0.1, 0.0)))], state)
    assert late == state
    assert rejections == []


def test_a_fall_is_known_from_who_feels_it_and_ends_with_its_word():
    state, _ = feed([("camera", frame(1.0, robot(0.0, 0.0)))])
    state = note_fallen(state, "robot 1/1", (1, 1), True, 1.0)
    state, _ = feed([("camera", frame(1.1, robot(0.0, 0.0)))], state)
    assert the_robot(state, 1.1).fallen
    assert not the_robot(state, 1.0 + CONFIG.fallen_s + 0.1).fallen
    state = note_fallen(state, "robot 1/1", (1, 1), False, 1.5)
    assert not the_robot(state, 1.5).fallen
    assert note_fallen(state, "robot 2/1", (2, 1), True, 1.5) == state
