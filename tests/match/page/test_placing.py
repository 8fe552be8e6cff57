"""From a snapshot to the scene: literal places."""

import math

import pytest
from trimesh.transformations import quaternion_matrix

from match.page.placing import robot_places
from robot.contracts.game_control import Penalty, PlayerInfo
from tests.match.page.views import AWAY, HOME, control, robot, seen, team_info, view

BLUE, RED, BLACK = (36, 92, 214), (208, 48, 40), (30, 32, 36)


def test_nothing_seen_places_nobody() -> None:
    assert robot_places(view()) == ()
    assert robot_places(view(observation=seen())) == ()


def test_standing_robot_is_turned_by_its_heading() -> None:
    snapshot = view(
        observation=seen(robot(1, 2, x_m=1.5, y_m=-0.5, yaw_rad=math.pi / 2))
    )
    (place,) = robot_places(snapshot)
    assert place.robot == (1, 2)
    assert place.position_m == (1.5, -0.5, 0.0)
    # Half of 90 deg about z.
    assert place.quat_wxyz == pytest.approx((math.sqrt(0.5), 0, 0, math.sqrt(0.5)))
    # 0.475 m tall, the label 0.12 m over its head.
    assert place.label_m == pytest.approx((1.5, -0.5, 0.595))
    assert place.label == "2"
    assert place.jersey == BLUE
    assert not place.faded


@pytest.mark.parametrize("yaw_rad", [0.0, 1.0, -2.5])
def test_fallen_robot_lies_on_its_front_with_the_torso_where_it_was_seen(
    yaw_rad: float,
) -> None:
    snapshot = view(
        observation=seen(robot(2, 1, x_m=0.4, y_m=0.3, yaw_rad=yaw_rad, fallen=True))
    )
    (place,) = robot_places(snapshot)
    assert place.label == "1 · fallen"
    turn = quaternion_matrix(place.quat_wxyz)[:3, :3]
    head = turn @ (0.0, 0.0, 1.0)
    chest = turn @ (1.0, 0.0, 0.0)
    assert head == pytest.approx((math.cos(yaw_rad), math.sin(yaw_rad), 0.0), abs=1e-12)
    assert chest == pytest.approx((0.0, 0.0, -1.0), abs=1e-12)
    # The torso's middle is 0.31 m up the figure.
    torso = turn @ (0.0, 0.0, 0.31) + place.position_m
    assert torso == pytest.approx((0.4, 0.3, 0.075))


def test_penalized_robot_is_faded_and_says_why() -> None:
    out = PlayerInfo(penalty=Penalty.PUSHING, secs_till_unpenalised=27)
    snapshot = view(
        control=control(team_info(HOME), team_info(AWAY, players={2: out})),
        observation=seen(robot(2, 2), robot(2, 1)),
    )
    first, second = robot_places(snapshot)
    assert first.faded
    assert first.label == "2 · pushing 27 s"
    assert first.jersey == RED
    assert not second.faded


def test_goalkeeper_wears_its_own_colour() -> None:
    info = team_info(HOME)
    keeper = type(info)(**{**vars(info), "goalkeeper": 1})
    snapshot = view(
        control=control(keeper, team_info(AWAY)),
        observation=seen(robot(1, 1), robot(1, 2)),
    )
    assert [place.jersey for place in robot_places(snapshot)] == [BLACK, BLUE]


def test_teams_are_found_by_number_after_a_change_of_sides() -> None:
    snapshot = view(
        control=control(team_info(AWAY, score=3), team_info(HOME, score=1)),
        observation=seen(robot(2, 1)),
    )
    assert robot_places(snapshot)[0].jersey == RED
    assert snapshot.score == (1, 3)
