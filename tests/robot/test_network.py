"""UDP links, over the loopback interface."""

import socket
import struct
import time
from dataclasses import replace

import pytest

from robot.contracts.game_control import RobotStatus, decode_status, encode_control
from robot.contracts.tracker import TrackerFrame, encode_tracker
from robot.faults import RuntimeFault
from robot.network import (
    MOST_AT_ONCE,
    WHOEVER_LEADS,
    StatusSender,
    game_receiver,
    open_links,
    tracker_receiver,
)
from tests.fakes.game_packets import zero_packet


def frame(time_s):
    return TrackerFrame(time_s=time_s, ball_xy_m=None, robots=())


def send(data, port, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(data, (host, port))
    time.sleep(0.01)


def test_only_the_newest_frame_counts():
    receiver = tracker_receiver(0)
    assert receiver.newest() is None
    for time_s in (1.0, 2.0):
        send(encode_tracker(frame(time_s)), receiver.port)
    assert receiver.newest() == frame(2.0)
    assert receiver.newest() is None
    receiver.close()


def test_malformed_datagrams_are_counted_and_ignored():
    receiver = tracker_receiver(0)
    good = encode_tracker(frame(1.0))
    for data in (b"", b"noise", good, good[:-1], good + b"x", b"\xff" * 4000, b"short"):
        send(data, receiver.port)
    assert receiver.newest() == frame(1.0)
    assert receiver.malformed == 6
    assert "expected at least 40 bytes, found 5" in str(receiver.refusal)
    receiver.close()


def test_no_message_in_between_is_lost_to_who_asks_for_all():
    receiver = tracker_receiver(0)
    times = [1.0, 2.0, 3.0]
    for time_s in times:
        send(encode_tracker(frame(time_s)), receiver.port)
    assert receiver.pending() == [frame(time_s) for time_s in times]
    assert receiver.pending() == []
    receiver.close()


def test_a_flood_does_not_hold_the_robot_up():
    receiver = tracker_receiver(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(MOST_AT_ONCE + 10):
            sender.sendto(b"noise", ("127.0.0.1", receiver.port))
    time.sleep(0.01)
    assert receiver.newest() is None
    assert receiver.malformed == MOST_AT_ONCE
    receiver.newest()
    assert receiver.malformed == MOST_AT_ONCE + 10
    receiver.close()


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (18, r"found version 18 \(the SPL's of 2025 and before\)"),
        (12, r"found version 12 \(the Humanoid League's of 2025\)"),
    ],
)
def test_an_old_game_controller_is_refused_with_what_to_do(version, said):
    receiver = game_receiver(0)
    send(b"RGme" + bytes([version]) + bytes(113), receiver.port)
    assert receiver.newest() is None
    with pytest.raises(Exception, match=said) as caught:
        raise receiver.refusal or AssertionError("nothing was refused")
    assert "expected version 20 or 19: update the GameController" in str(caught.value)
    receiver.close()


def test_two_robots_on_one_machine_hear_the_same_broadcast():
    first = tracker_receiver(0)
    second = tracker_receiver(first.port)
    send(encode_tracker(frame(3.0)), first.port, "127.255.255.255")
    assert first.newest() == frame(3.0)
    assert second.newest() == frame(3.0)
    first.close()
    second.close()


def test_a_taken_port_is_named_and_nothing_stays_open():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 0))  # without SO_REUSEADDR: does not share
        port = other.getsockname()[1]
        with pytest.raises(RuntimeFault) as caught:
            open_links(game_port=0, tracker_port=port)
    (fault,) = caught.value.faults
    assert fault.reason == "port taken"
    assert fault.expected == f"UDP port {port} free to hear the tracker"
    assert "choose another port" in fault.remedy


def test_a_port_number_that_does_not_exist_is_named():
    with pytest.raises(RuntimeFault, match="choose a port from 1024 to 65535"):
        tracker_receiver(70000)


def test_the_status_arrives_at_the_referee_as_it_was_sent():
    status = RobotStatus(
        player=1,
        team=2,
        fallen=True,
        pose_mm_rad=(100.0, -200.0, 0.5),
        ball_age_s=-1.0,
        ball_mm=(0.0, 0.0),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as referee:
        referee.bind(("127.0.0.1", 0))
        referee.settimeout(1.0)
        sender = StatusSender("127.0.0.1", referee.getsockname()[1])
        sender.send(status)
        data = referee.recv(100)
        sender.close()
    assert struct.unpack_from("<4sBBBB", data) == (b"RGrt", 4, 1, 2, 1)
    assert decode_status(data) == status


def test_a_robot_can_report_to_whoever_leads_the_game():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as referee:
        referee.bind(("127.0.0.1", 0))
        referee.settimeout(1.0)
        port = referee.getsockname()[1]
        links = open_links(
            game_port=0, tracker_port=0, status_host=WHOEVER_LEADS, status_port=port
        )
        with links:
            status = RobotStatus(
                player=1,
                team=2,
                fallen=False,
                pose_mm_rad=(0.0, 0.0, 0.0),
                ball_age_s=-1.0,
                ball_mm=(0.0, 0.0),
            )
            assert links.status
            assert links.game
            links.status.send(status)  # nobody leads: goes nowhere
            send(encode_control(zero_packet(20)), links.game.port)
            assert links.game.newest() is not None
            assert links.game.sender == "127.0.0.1"
            links.status.send(replace(status, fallen=True))
            assert decode_status(referee.recv(100)).fallen
