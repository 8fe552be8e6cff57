"""UDP links, over the loopback interface."""

import socket
import struct
import time

import pytest

from robot.contracts.game_control import RobotStatus, decode_status
from robot.contracts.tracker import TrackerFrame, encode_tracker
from robot.faults import RuntimeFault
from robot.network import StatusSender, open_links, tracker_receiver


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
    for data in (b"", b"noise", good, good[:-1], good + b"x", b"\xff" * 4000):
        send(data, receiver.port)
    assert receiver.newest() == frame(1.0)
    assert receiver.malformed == 5
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
