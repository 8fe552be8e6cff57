"""Monitors over real sockets: who is served, with what, and who is refused."""

import socket
import time

import pytest

from match.game_controller_monitors import MonitorDesk
from robot.contracts.game_control import decode_true_control, encode_status
from robot.contracts.game_control_monitor import MONITOR_REQUEST, decode_forwarded
from tests.fakes.game_packets import STATUS, game

HOST = "127.0.0.2"


class Monitor:
    """A monitor at a loopback address of its own, on free ports."""

    def __init__(self):
        self.control, self.forwarded, self.asking = (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)
        )
        for one in (self.control, self.forwarded, self.asking):
            one.bind((HOST, 0))
            one.settimeout(1)

    def ask(self, desk, data=MONITOR_REQUEST):
        self.asking.sendto(data, ("127.0.0.1", desk.port))
        time.sleep(0.01)
        desk.poll()

    def close(self):
        for one in (self.control, self.forwarded, self.asking):
            one.close()


@pytest.fixture
def monitor():
    monitor = Monitor()
    yield monitor
    monitor.close()


@pytest.fixture
def desk(monitor):
    with MonitorDesk(
        port=0,
        control_port=monitor.control.getsockname()[1],
        forward_port=monitor.forwarded.getsockname()[1],
    ) as desk:
        yield desk


def test_a_monitor_that_asks_gets_the_true_state(desk, monitor):
    desk.announce(game(), 0.0)
    monitor.ask(desk)
    assert desk.monitors == (HOST,)
    for time_s in (0.1, 0.2, 0.6):  # at once, then at 2 Hz
        desk.announce(game(), time_s)
    first = monitor.control.recv(2048)
    assert first[:4] == b"RGTD"
    assert decode_true_control(first) == game()
    assert decode_true_control(monitor.control.recv(2048)).packet_number == 1
    monitor.control.setblocking(False)
    with pytest.raises(BlockingIOError):
        monitor.control.recv(2048)


def test_a_monitor_gets_what_robots_send_unchecked(desk, monitor):
    monitor.ask(desk)
    desk.forward("10.0.0.7", encode_status(STATUS))
    desk.forward("10.0.0.8", b"rubbish")
    forwarded = decode_forwarded(monitor.forwarded.recv(2048))
    assert (forwarded.host, forwarded.status) == ("10.0.0.7", STATUS)
    assert monitor.forwarded.recv(2048) == bytes([10, 0, 0, 8]) + b"rubbish"


def test_a_host_with_robots_is_refused(desk, monitor):
    desk.note_robot(HOST)
    monitor.ask(desk)
    assert desk.monitors == ()
    assert "run the monitor on another computer or address" in desk.refused[-1]


def test_a_monitor_that_turns_out_to_have_robots_is_dropped(desk, monitor):
    monitor.ask(desk)
    desk.note_robot(HOST)
    assert desk.monitors == ()
    monitor.ask(desk)
    assert desk.monitors == ()


@pytest.mark.parametrize("data", [b"", b"RGTr", b"RGTr\x01", b"RGTr\x00\x00"])
def test_rubbish_registers_nobody(desk, monitor, data):
    monitor.ask(desk, data)
    assert desk.monitors == ()
    assert "127.0.0.2: monitor request" in desk.refused[-1]


def test_asking_again_is_no_second_monitor_but_is_answered_at_once(desk, monitor):
    monitor.ask(desk)
    desk.announce(game(), 0.0)
    monitor.ask(desk)
    desk.announce(game(), 0.1)
    assert desk.monitors == (HOST,)
    for _ in range(2):
        assert decode_true_control(monitor.control.recv(2048)).packet_number == 0


def test_a_monitor_that_cannot_be_reached_does_not_stop_the_match(monitor):
    with MonitorDesk(port=0, control_port=0) as desk:  # nobody can have port 0
        monitor.ask(desk)
        desk.announce(game(), 0.0)
        assert "expected to reach UDP 127.0.0.2:0" in desk.refused[-1]
