"""`op3-soccer referee follow` beside a GameController that leads, over real sockets."""

import json
import socket
import threading
import time
from dataclasses import replace

import pytest
from mcap.reader import make_reader

from cli.main import main
from match.follow_changes import ChangeKind
from match.follow_network import FollowConfig, GameControllerFollower
from match.game_controller_lead import GameControllerLead, LeadConfig
from match.rules import LAB_1V1
from robot.contracts.game_control import GameState, Penalty, decode_control
from robot.contracts.game_control_monitor import FORWARD_PORT, MONITOR_PORT
from robot.network import StatusSender
from tests.fakes.game_packets import STATUS, game, with_player
from tests.fakes.ports import free_ports


def messages(path):
    """JSON by topic, in order."""
    found = {}
    with path.open("rb") as file:
        for _, channel, message in make_reader(file).iter_messages():
            found.setdefault(channel.topic, []).append(json.loads(message.data))
    return found


def follow(ports, record, seconds, *arguments):
    """Exit code of the command."""
    options = ["--seconds", str(seconds), "--record", str(record)]
    offset = ["--port-offset", str(ports.offset)]
    return main(["referee", "follow", *options, *offset, *arguments])


def test_a_game_is_printed_recorded_and_obeyed(ports, tmp_path, capsys):
    config = LeadConfig(
        control_port=ports.control,
        status_port=0,
        monitor_port=MONITOR_PORT + ports.offset,
        forward_port=FORWARD_PORT + ports.offset,
        team_base_port=free_ports(3)[0],
        whistle_delay_s=10.0,
    )
    over = threading.Event()
    foul = with_player(game(), 2, 3, penalty=Penalty.PUSHING)

    def lead():
        sender = StatusSender("127.0.0.1", leader.status_port)
        begun_s = time.monotonic()
        while not over.wait(0.02):
            time_s = time.monotonic() - begun_s
            state = game(GameState.SET) if time_s < 0.6 else foul
            leader.announce(state, time_s)
            leader.hear(time_s)
            if leader.monitors:
                sender.send(replace(STATUS, team=1, player=4))
        sender.close()

    record = tmp_path / "game.mcap"
    with GameControllerLead(config, (1, 2)) as leader:
        thread = threading.Thread(target=lead)
        thread.start()
        code = follow(
            ports, record, 1.6, "--monitor", "127.0.0.1", "--address", "127.0.0.2"
        )
        over.set()
        thread.join()
    assert code == 0
    said = capsys.readouterr().out
    assert "state set" in said
    assert "put the ball on the centre spot" in said
    assert "take team 2 player 3 off" in said
    assert "state playing" not in said  # robots have to hear the whistle
    kept = messages(record)
    truth = [change["after"] for change in kept["/game_controller/truth/change"]]
    assert "playing" in truth
    packet = bytes.fromhex(kept["/game_controller/told/packet"][-1]["packet"])
    told = decode_control(packet)
    assert told.state is GameState.SET
    assert told.team(2).players[2].penalty is Penalty.PUSHING
    assert kept["/robot/1/status"][0]["player"] == 4


@pytest.mark.slow
def test_a_simulated_match_can_be_followed(stadium, ports):
    quick = replace(
        LAB_1V1, initial_duration_s=0.5, ready_duration_s=0.5, set_duration_s=0.2
    )
    stadium.changes["rules"] = quick
    config = FollowConfig(
        address="127.0.0.2",
        monitor="127.0.0.1",
        control_port=ports.control,
        monitor_port=ports.monitor,
        forward_port=FORWARD_PORT + ports.offset,
    )
    over = threading.Event()
    reports = []
    with GameControllerFollower(config) as follower:

        def listen():
            begun_s = time.monotonic()
            while not over.wait(0.005):
                news = follower.poll(time.monotonic() - begun_s)
                reports.extend(news.reports)

        thread = threading.Thread(target=listen)
        thread.start()
        code = stadium.play(
            *("--seconds", "4", "--no-video"),
            *("--protocol", "19", "--whistle-delay", "10"),
        )
        over.set()
        thread.join()
    assert code == 0

    def states(history):
        return [c.after for c in history.changes if c.kind is ChangeKind.STATE]

    # Four seconds of play end within the ten of the whistle's delay.
    assert states(follower.told) == ["initial", "ready", "set", "finished"]
    assert states(follower.truth)[-2:] == ["playing", "finished"]
    assert follower.told.state.control.version == 19
    assert {status.team for _, status in reports} == {1, 2}


def test_a_taken_port_is_refused(ports, capsys, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", ports.control))  # does not share
        code = follow(ports, tmp_path / "game.mcap", 1.0)
    assert code == 2
    assert f"expected UDP port {ports.control} to be free" in capsys.readouterr().err
