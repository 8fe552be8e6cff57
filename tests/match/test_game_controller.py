"""Packets over real UDP sockets on this computer, and what the robots are told."""

import socket
import time
from dataclasses import replace

import pytest

from match.control_view import control_view
from match.errors import MatchError
from match.game_controller import ControlBroadcaster, StatusReceiver, TrackerSender
from match.referee import start
from robot.contracts.game_control import (
    GameState,
    Penalty,
    RobotStatus,
    SetPlay,
    decode_control,
    encode_status,
)
from robot.contracts.tracker import TrackedRobot, TrackerFrame, decode_tracker
from tests.match.scenes import (
    AWAY,
    AWAY_SPOT,
    FIELD,
    HOME,
    RULES,
    in_play,
    playing,
    run,
    seen,
)

STATUS = RobotStatus(
    player=1,
    team=2,
    fallen=False,
    pose_mm_rad=(100.0, 0.0, 0.0),
    ball_age_s=0.5,
    ball_mm=(200.0, 0.0),
)


@pytest.fixture
def robot_socket():
    """A robot that listens on a free port, as its runtime does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("", 0))
        listener.settimeout(2)
        yield listener


def _port(listener):
    return listener.getsockname()[1]


def _pending(listener):
    listener.setblocking(False)
    count = 0
    while True:
        try:
            listener.recv(2048)
            count += 1
        except BlockingIOError:
            return count


def test_robots_on_this_computer_hear_the_broadcast(robot_socket):
    control = control_view(RULES, playing())
    with ControlBroadcaster(port=_port(robot_socket)) as broadcaster:
        assert broadcaster.update(control, 0.0)
    assert decode_control(robot_socket.recv(2048)) == control


def test_several_runtimes_share_the_port():
    listeners = []
    try:
        port = 0
        for _ in range(2):
            listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("", port))
            listener.settimeout(2)
            port = listener.getsockname()[1]
            listeners.append(listener)
        with ControlBroadcaster(port=port) as broadcaster:
            broadcaster.update(control_view(RULES, playing()), 0.0)
        packets = [listener.recv(2048) for listener in listeners]
        assert packets[0] == packets[1]
    finally:
        for listener in listeners:
            listener.close()


@pytest.mark.parametrize(("stopped", "sent"), [(False, 5), (True, 11)])
def test_an_unchanged_state_goes_out_at_two_or_five_hertz(robot_socket, stopped, sent):
    control = replace(control_view(RULES, playing()), stopped=stopped)
    with ControlBroadcaster(port=_port(robot_socket)) as broadcaster:
        results = [broadcaster.update(control, i * 0.025) for i in range(81)]  # 2 s
    assert sum(results) == sent  # 0, 0.5 ... 2.0 or 0, 0.2 ... 2.0
    assert _pending(robot_socket) == sent


def test_a_change_goes_out_at_once_and_a_running_clock_is_none(robot_socket):
    control = control_view(RULES, playing())
    later = replace(control, secs_remaining=control.secs_remaining - 1)
    goal = replace(control, state=GameState.READY)
    with ControlBroadcaster(port=_port(robot_socket)) as broadcaster:
        sent = [
            broadcaster.update(packet, time_s)
            for packet, time_s in [(control, 0), (later, 0.1), (goal, 0.2)]
        ]
    assert sent == [True, False, True]
    numbers = [decode_control(robot_socket.recv(2048)).packet_number for _ in "ab"]
    assert numbers == [0, 1]


def test_packet_numbers_wrap_after_255(robot_socket):
    control = control_view(RULES, playing())
    with ControlBroadcaster(port=_port(robot_socket)) as broadcaster:
        for i in range(257):
            broadcaster.update(control, i * 1.0)
            last = decode_control(robot_socket.recv(2048)).packet_number
    assert last == 0


def _poll_until(receiver, count):
    received = []
    for _ in range(200):
        received += receiver.poll()
        if len(received) + len(receiver.refused) >= count:
            break
        time.sleep(0.01)
    return received


def test_robots_status_arrives_and_rubbish_is_kept_apart():
    with (
        StatusReceiver(port=0) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as robot,
    ):
        target = ("127.0.0.1", receiver.port)
        robot.sendto(encode_status(STATUS), target)
        robot.sendto(b"rubbish", target)
        assert _poll_until(receiver, 2) == [STATUS]
        assert "expected 32 bytes" in str(receiver.refused[0])
        assert receiver.poll() == ()


def test_a_taken_port_is_named_with_what_to_do():
    with StatusReceiver(port=0) as first:
        port = first.port
        with pytest.raises(MatchError, match="another program holds it") as caught:
            StatusReceiver(port=port)
    assert f"UDP port {port}" in str(caught.value)
    assert "choose another port" in str(caught.value)


def test_a_closed_receiver_frees_its_port():
    with StatusReceiver(port=0) as first:
        port = first.port
    with StatusReceiver(port=port) as second:
        assert second.port == port


def test_tracker_frames_arrive_as_sent(robot_socket):
    frame = TrackerFrame(
        time_s=1.5,
        ball_xy_m=(0.5, -0.25),
        robots=(TrackedRobot(team=1, player=1, x_m=1.0, y_m=2.0, yaw_rad=0.5),),
    )
    with TrackerSender(port=_port(robot_socket)) as sender:
        sender.send(frame)
    assert decode_tracker(robot_socket.recv(2048)) == frame


def test_an_unreachable_address_is_a_match_error():
    with (
        TrackerSender(address="127.0.0.1", port=0) as sender,  # nobody can have port 0
        pytest.raises(MatchError, match=r"expected to reach UDP 127\.0\.0\.1:0"),
    ):
        sender.send(TrackerFrame(time_s=0.0, ball_xy_m=None, robots=()))


def test_a_kick_off_is_no_set_play_but_has_a_kicking_team():
    view = control_view(RULES, playing())
    assert view.state is GameState.PLAYING
    assert view.set_play is SetPlay.NONE
    assert view.kicking_team == 1
    assert view.secondary_time == 10
    assert view.secs_remaining == 100
    assert [team.team_number for team in view.teams] == [1, 2]  # home defends left


def test_a_ball_in_play_belongs_to_nobody():
    view = control_view(RULES, in_play())
    assert view.kicking_team is None
    assert view.secondary_time == 0
    assert view.secs_remaining == 99  # kick-off at 11 s, now 12 s


def test_ready_and_set_count_down():
    state, _ = run([seen(0), seen(1), seen(3.5)])
    assert control_view(RULES, state).secondary_time == 6  # 8 - 2.5 = 5.5, rounded up
    state, _ = run([seen(9)], state=state)
    view = control_view(RULES, state)
    assert (view.state, view.secondary_time) == (GameState.SET, 2)


def test_the_score_and_a_penalty_reach_the_robots():
    down = replace(AWAY_SPOT, fallen=True)
    rules = replace(RULES, stuck_after_s=1000.0)
    fallen = [seen(13, away=down), seen(33, away=down), seen(34.5, away=down)]
    state, _ = run(fallen, rules=rules, state=in_play(rules))
    player = control_view(rules, state).team(2).players[0]
    assert player.penalty is Penalty.INCAPABLE_ROBOT
    assert player.secs_till_unpenalised == 4  # 5 - 1.5 = 3.5, rounded up
    state, _ = run([seen(35, ball=(2.6, 0, 0.07))], rules=rules, state=state)
    assert control_view(rules, state).team(1).score == 1


def test_jersey_numbers_that_do_not_play_are_substitutes():
    view = control_view(RULES, start(RULES, FIELD, (HOME, AWAY)))
    penalties = [player.penalty for player in view.team(1).players]
    assert penalties == [Penalty.NONE] + [Penalty.SUBSTITUTE] * 19


def test_the_view_speaks_v19_too(robot_socket):
    view = control_view(RULES, playing(), version=19)
    with ControlBroadcaster(port=_port(robot_socket)) as broadcaster:
        broadcaster.update(view, 0.0)
    data = robot_socket.recv(2048)
    assert len(data) == 198
    assert decode_control(data) == view
