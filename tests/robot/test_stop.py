"""Stops from outside: network, keyboard, program, buttons; and what follows."""

import os
import pty
import socket
from dataclasses import replace

import pytest

from robot import buttons
from robot.buttons import ButtonState
from robot.faults import RuntimeFault
from robot.stop import FlagStop, KeyStop, UdpStop, send_stop
from tests.fakes.bundles import write_player
from tests.fakes.fault_rig import QUICK, FaultRig


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("player")
    write_player(folder)
    return folder


@pytest.fixture
def stop():
    with UdpStop(team=3, player=2, port=0, host="127.0.0.1") as receiver:
        yield receiver


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ({}, True),
        ({"team": 3}, True),
        ({"team": 3, "player": 2}, True),
        ({"team": 4}, False),
        ({"team": 3, "player": 1}, False),
    ],
)
def test_a_stop_message_reaches_whom_it_names(stop, address, meant):
    assert stop.requested() is None
    send_stop("127.0.0.1", stop.port, **address)
    expected = "stop message from 127.0.0.1" if meant else None
    assert stop.requested() == expected
    assert stop.malformed == 0


def test_bytes_that_are_no_stop_message_are_counted_and_ignored(stop):
    good = b"OP3STOP" + bytes((1, 0, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in (b"", good[:-1], good + b"\0", b"OP4STOP\1\0\0", b"OP3STOP\2\0\0"):
            sender.sendto(data, ("127.0.0.1", stop.port))
    assert stop.requested() is None
    assert stop.malformed == 5


def test_a_taken_port_says_so():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeFault, match=f"UDP port {port} free to hear stop"):
            UdpStop(team=1, player=1, port=port, host="127.0.0.1")


def test_any_key_on_a_terminal_stops_without_a_newline():
    master, slave = pty.openpty()
    with os.fdopen(slave) as stream, KeyStop(stream) as keys:
        assert keys.requested() is None
        os.write(master, b"x")
        assert keys.requested() == "key pressed"
        assert keys.requested() is None
    os.close(master)


def test_the_end_of_a_pipe_is_no_key():
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream, KeyStop(stream) as keys:
        os.close(writing)
        assert keys.requested() is None
        assert keys.requested() is None


def test_the_first_reason_of_a_program_stays():
    flag = FlagStop()
    assert flag.requested() is None
    flag.set("SIGTERM")
    flag.set("SIGINT")
    assert flag.requested() == "SIGTERM"


def test_a_button_held_from_the_beginning_is_not_pressed():
    state, pressed = buttons.update(ButtonState(), 0b0010)
    assert pressed.names == ()
    state, pressed = buttons.update(state, 0b0010)
    assert pressed.names == ()
    state, _ = buttons.update(state, 0)
    state, pressed = buttons.update(state, 0b0011)
    assert pressed.names == ("MODE", "START")
    assert not pressed.start


def test_a_stopped_robot_sinks_goes_limp_and_stays_so(bundles):
    rig = FaultRig(bundles)
    rig.until("playing", 0.2)
    rig.flag.set("SIGTERM")
    rig.cycle()
    assert rig.runtime.mode == "damped"
    assert rig.runtime.stopped_by == "SIGTERM"
    rig.cycles(1.4)
    assert rig.plant.torque_on.all()
    # Where the joints are, there are the goals: within half a tick.
    assert rig.records[-1].verdict is not None
    rig.cycles(0.104)
    assert rig.runtime.mode == "off"
    assert not rig.runtime.running
    assert not rig.plant.torque_on.any()
    assert rig.runtime.fault is None
    with pytest.raises(ValueError, match="expected a started robot, found mode off"):
        rig.cycle()


def test_where_a_start_button_is_wanted_torque_waits_for_it(bundles):
    rig = FaultRig(bundles, config=replace(QUICK, wait_for_start_button=True))
    rig.runtime.start()
    rig.cycles(0.5)
    assert rig.runtime.mode == "ready"
    assert not rig.plant.torque_on.any()
    rig.chain.press_buttons(buttons.START)
    rig.cycle()
    assert rig.runtime.mode == "armed"
    # Still held, it does not stop the robot; pressed once more, it does.
    rig.cycles(0.1)
    assert rig.runtime.mode == "armed"
    rig.chain.press_buttons(0)
    rig.cycle()
    rig.chain.press_buttons(buttons.START)
    rig.cycle()
    assert rig.runtime.mode == "damped"
    assert rig.runtime.stopped_by == "button START"


def test_a_stop_before_torque_ends_in_off(bundles):
    rig = FaultRig(bundles)
    rig.flag.set("too early")
    rig.runtime.start()
    rig.cycle()
    assert rig.runtime.mode == "off"
    assert not rig.plant.torque_on.any()
