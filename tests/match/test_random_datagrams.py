"""Noise changes nothing; a million of them: benchmarks/random_datagrams.py."""

import random

import pytest

from robot.contracts.game_control import (
    encode_control,
    encode_status,
    encode_true_control,
)
from robot.contracts.tracker import TrackedRobot, TrackerFrame, encode_tracker
from tests.fakes.game_packets import STATUS, game, with_player, with_team
from tests.fakes.random_datagrams import (
    KINDS,
    require_round_trips,
    send_to_all_ports,
)

FRAME = TrackerFrame(
    time_s=1.0,
    ball_xy_m=(1.0, 0.5),
    robots=(TrackedRobot(team=1, player=1, x_m=0.0, y_m=1.0, yaw_rad=0.1),),
)
PACKETS = (
    encode_control(with_team(game(), 1, score=3)),
    encode_control(with_player(game(version=19), 2, 4, warnings=1)),
    encode_true_control(game()),
    encode_status(STATUS),
    encode_tracker(FRAME),
)


@pytest.mark.parametrize("kind", KINDS)
def test_random_datagrams_change_nothing(kind):
    outcome = send_to_all_ports(kind, count=1000, seed=1)
    assert outcome.changed == ()
    assert outcome.lost == 0
    # By chance only a report can be whole: player 1 to 20 and fallen 0 or 1 make
    # 20 x 2 / 256^2 = 1 in 1638, of 1 datagram in 7.
    assert outcome.accepted <= 5


def test_a_real_packet_does_change_what_is_known():
    """The harness can fail: a goal among the noise is noticed by everybody."""
    goal = encode_control(with_team(game(), 1, score=1))
    KINDS["goal"] = lambda _: goal
    try:
        outcome = send_to_all_ports("goal", count=1, seed=1)
    finally:
        del KINDS["goal"]
    assert outcome.changed == ("robot", "monitor as told")
    assert outcome.lost == 1  # nothing malformed: it counted


@pytest.mark.parametrize("packet", PACKETS, ids=lambda packet: packet[:5].hex())
def test_packets_with_wrong_bytes_are_refused_or_mean_what_they_say(packet):
    chance, taken = random.Random(2), 0
    for _ in range(1000):
        data = bytearray(packet)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        taken += require_round_trips(bytes(data))
    # Of both kinds there are some, or this would show nothing.
    assert 0 < taken < 1000
