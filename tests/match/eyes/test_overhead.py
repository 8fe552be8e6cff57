"""The tracker on rendered pictures; a whole match: benchmarks/overhead_tracking.py."""

import math

import numpy as np
import pytest

from robot.contracts.tracker import decode_tracker, encode_tracker
from sim.overhead_view import Flaws, OverheadRenderer, flawed
from sim.virtual_op3 import MatchWorld
from sim.world_truth import WorldTruth
from tests.fakes import overhead

FRAMES = 6
PERIOD_S = 1 / 30


def pose(frame):
    """Home walks along an arc, away turns on its spot, the ball rolls at 1.5 m/s."""
    t = frame * PERIOD_S
    return (
        (-1.5 + 0.5 * t, 1.2 + 0.2 * t, 0.4 + 0.5 * t),
        (1.9, -1.6, 2.5 - 1.5 * t),
        (0.2 + 1.2 * t, -0.4 - 0.9 * t),
    )


@pytest.fixture(scope="module")
def film():
    world = MatchWorld(overhead.arena())
    truth = WorldTruth(world)
    rng = np.random.default_rng(2)
    pictures = []
    with OverheadRenderer(world.arena, shadows=False) as renderer:
        for frame in range(FRAMES):
            home, away, ball = pose(frame)
            world.place("home", *home)
            world.place("away", *away)
            truth.place_ball(*ball)
            sharp = renderer.picture(world.data.qpos)
            pictures.append(flawed(sharp, Flaws(), rng))
    return pictures


def off(found, frame):
    """Robots' distances and angles, and the ball's distance, from the truth."""
    *robots, ball = pose(frame)
    seen = {robot.team: robot for robot in found.robots}
    places, angles = [], []
    for team, (x_m, y_m, yaw_rad) in enumerate(robots, 1):
        robot = seen[team]
        places.append(math.hypot(robot.x_m - x_m, robot.y_m - y_m))
        angles.append(math.remainder(robot.yaw_rad - yaw_rad, 2 * math.pi))
    return places, angles, math.dist(found.ball_xy_m, ball)


def test_blurred_noisy_pictures_tell_places_and_headings(film):
    tracker = overhead.tracker()
    for frame, picture in enumerate(film):
        found = tracker.step(picture, frame * PERIOD_S)
        places, angles, ball = off(found, frame)
        assert max(places) < 0.02
        assert max(map(abs, angles)) < math.radians(6)
        assert ball < 0.02
    assert tracker.searches == 1
    ball_speed = math.hypot(*found.ball_velocity_m_s)
    assert ball_speed == pytest.approx(1.5, abs=0.25)
    carried = decode_tracker(encode_tracker(found))
    assert carried.robots[0].x_m == pytest.approx(found.robots[0].x_m, abs=1e-6)


def test_things_hidden_for_a_while_keep_their_course_and_are_found_again(film):
    """A dark bar lies over the home robot and the ball in frames 3 and 4."""
    tracker = overhead.tracker()
    ages = []
    for frame, picture in enumerate(film):
        if frame in (3, 4):
            picture = picture.copy()
            picture[:300, 380:460] = 40  # home: column 640 + 162 * (-1.42) = 410
            picture[400:470, 640:740] = 40  # ball: column 640 + 150 * 0.4, row 447
        found = tracker.step(picture, frame * PERIOD_S)
        ages.append((found.robots[0].age_s, found.robots[1].age_s, found.ball_age_s))
        places, _, ball = off(found, frame)
        assert max(places) < 0.03
        assert ball < 0.05
    # Two pictures, 1/15 s, without home robot and ball; away is seen throughout.
    assert ages[4] == pytest.approx((1 / 15, 0.0, 1 / 15))
    assert ages[5] == pytest.approx((0.0, 0.0, 0.0))


def test_a_robot_put_elsewhere_is_found_there(film):
    """Over a second without anything all is lost; then it is found again elsewhere."""
    tracker = overhead.tracker()
    tracker.step(film[0], 0.0)
    blank = np.full_like(film[0], 60)
    for frame in range(1, 40):
        lost = tracker.step(blank, frame * PERIOD_S)
    assert lost.robots == ()
    assert lost.ball_xy_m is None
    for frame in range(40, 51):
        found = tracker.step(film[5], frame * PERIOD_S)
    places, angles, ball = off(found, 5)
    assert max(places) < 0.01
    assert max(map(abs, angles)) < math.radians(3)
    assert ball < 0.01


def test_a_picture_of_another_size_is_refused(film):
    with pytest.raises(ValueError, match=r"expected \(720, 1280, 3\)"):
        overhead.tracker().step(film[0][:360], 0.0)
