"""We lead a match: robots, monitors and team messages over real sockets."""

import socket
from dataclasses import replace

import pytest

from match.errors import MatchError
from match.follow import GameHistory
from match.follow_network import FollowConfig, GameControllerFollower
from match.game_controller import LOOPBACK_BROADCAST
from match.game_controller_budget import BudgetRules
from match.game_controller_lead import GameControllerLead, LeadConfig
from match.game_controller_version import in_version
from robot.contracts.game_control import GameState, Penalty, decode_control
from robot.network import StatusSender, game_receiver
from tests.fakes.game_packets import STATUS, game, with_player
from tests.fakes.game_script import CHANGES_PER_MINUTE, WHISTLE_DELAY_S, script, start
from tests.fakes.ports import free_ports

READY, SET, PLAYING = GameState.READY, GameState.SET, GameState.PLAYING


def config(control_port, **changes):
    given = {
        "control_port": control_port,
        "status_port": 0,
        "monitor_port": 0,
        "forward_port": 0,
        "team_base_port": free_ports(3)[0],
        "whistle_delay_s": 0.0,
    }
    return LeadConfig(**(given | changes))


@pytest.fixture
def robot():
    receiver = game_receiver(0)
    yield receiver
    receiver.close()


def talk(lead_config, team, *lengths):
    """A robot's team messages."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
        speaker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for length in lengths:
            target = (LOOPBACK_BROADCAST, lead_config.team_base_port + team)
            speaker.sendto(bytes(length), target)


def test_robots_are_told_late_and_monitors_at_once(robot):
    settings = config(robot.port, whistle_delay_s=10.0, forward_port=free_ports(3)[0])
    with GameControllerLead(settings, (1, 2)) as lead:
        follow = FollowConfig(
            address="127.0.0.2",
            monitor="127.0.0.1",
            control_port=robot.port,
            monitor_port=lead.monitor_port,
            forward_port=settings.forward_port,
        )
        with GameControllerFollower(follow) as follower:
            follower.poll(0.0)
            lead.hear(0.0)
            assert lead.monitors == ("127.0.0.2",)
            for time_s, control in [(0.0, game(SET)), (1.0, game()), (11.0, game())]:
                lead.announce(control, time_s)
                follower.poll(time_s)
    told = [c.time_s for c in follower.told.changes if c.after == "playing"]
    truth = [c.time_s for c in follower.truth.changes if c.after == "playing"]
    assert (told, truth) == ([11.0], [1.0])
    assert follower.told.at(5.0).state is SET
    assert follower.truth.at(5.0).state is PLAYING
    assert [control.state for control in robot.pending()] == [SET, SET, PLAYING]
    assert robot.malformed == 0  # the truth went to the monitor's address alone


def test_reports_reach_the_referee_and_the_monitors(robot):
    settings = config(robot.port, forward_port=free_ports(3)[0])
    with GameControllerLead(settings, (1, 2)) as lead:
        follow = FollowConfig(
            address="127.0.0.2",
            monitor="127.0.0.1",
            control_port=robot.port,
            monitor_port=lead.monitor_port,
            forward_port=settings.forward_port,
        )
        sender = StatusSender("127.0.0.1", lead.status_port)
        with GameControllerFollower(follow) as follower:
            follower.poll(0.0)
            lead.hear(0.0)
            sender.send(STATUS)
            assert lead.hear(0.1).reports == (STATUS,)
            assert follower.poll(0.1).reports == (("127.0.0.1", STATUS),)
        sender.close()


def test_messages_are_counted_told_and_over_budget_announced(robot):
    settings = config(robot.port, budget=BudgetRules(messages=3, per_extra_minute=2))
    with GameControllerLead(settings, (1, 2)) as lead:
        talk(settings, 1, 50)  # before the first state is known: free
        assert lead.hear(0.0).offences == ()
        lead.announce(game(READY), 0.0)
        talk(settings, 1, 50, 50)
        assert lead.hear(0.5).offences == ()
        told = lead.announce(game(READY), 0.6)
        assert [team.message_budget for team in told.teams] == [1, 3]
        lead.add_minutes(1)
        talk(settings, 1, 50, 50, 50)
        assert lead.hear(0.9).offences == ()
        talk(settings, 1, 50)
        talk(settings, 2, 513)
        offences = lead.hear(1.5).offences
        assert [(one.team, one.time_s) for one in offences] == [(1, 1.5), (2, 1.5)]
        assert offences[0].reason == "message 6 of 5 that are allowed"  # 3 + 2
        talk(settings, 1, 50)
        assert lead.hear(2.0).offences == ()
        assert [team.counted for team in lead.messages] == [5, 0]


def test_robots_of_a_v19_league_understand_every_penalty(robot):
    with GameControllerLead(config(robot.port, version=19), (1, 2)) as lead:
        control = with_player(game(), 1, 2, penalty=Penalty.MOTION_IN_STOP)
        control = with_player(control, 2, 3, penalty=Penalty.CAUTIONED, cautions=1)
        lead.announce(control, 0.0)
    heard = robot.newest()
    assert heard.version == 19
    assert heard.team(1).players[1].penalty is Penalty.MOTION_IN_SET
    assert heard.team(2).players[2].penalty is Penalty.PUSHING
    assert heard.team(2).players[2].cautions == 1
    warned = with_player(replace(game(), version=19), 1, 1, warnings=2)
    assert in_version(warned, 20).team(1).players[0].warnings == 0


def test_a_taken_port_leaves_nothing_open(robot):
    settings = config(robot.port)
    with GameControllerLead(settings, (1, 2)) as first:
        taken = replace(settings, monitor_port=first.monitor_port)
        with pytest.raises(MatchError, match="monitor requests"):
            GameControllerLead(taken, (1, 2))


def test_twenty_robots_lose_no_state_change():
    # Ten minutes by the wall clock: benchmarks/game_controller_load.py.
    minutes = 2
    robots = [game_receiver(0)]
    robots += [game_receiver(robots[0].port) for _ in range(19)]
    settings = config(robots[0].port, whistle_delay_s=WHISTLE_DELAY_S)
    coming = list(script(minutes))
    expected = sorted(
        ((round(event.heard_s, 1), *what) for event in coming for what in event.heard),
        key=str,
    )
    assert len(expected) == minutes * CHANGES_PER_MINUTE
    histories = [GameHistory() for _ in robots]
    reports = {(number // 10 + 1, number % 10 + 1): 0 for number in range(20)}
    ticks = 600 * minutes
    with GameControllerLead(settings, (1, 2)) as lead:
        senders = [StatusSender("127.0.0.1", lead.status_port) for _ in robots]
        control = start()
        for tick in range(ticks + 1):
            time_s = tick / 10
            while coming and coming[0].time_s <= time_s + 1e-9:
                control = coming.pop(0).apply(control)
            clock = replace(control, secs_remaining=600 - tick // 10)
            lead.announce(clock, time_s)
            for number, (robot, history) in enumerate(
                zip(robots, histories, strict=True)
            ):
                for packet in robot.pending():
                    history.hear(packet, time_s)
                if tick % 5 == number % 5 and tick < ticks:
                    team, player = number // 10 + 1, number % 10 + 1
                    senders[number].send(replace(STATUS, team=team, player=player))
            for report in lead.hear(time_s).reports:
                reports[report.team, report.player] += 1
        for sender in senders:
            sender.close()
        assert not list(lead.refused)
    assert set(reports.values()) == {120 * minutes}  # 2 Hz
    for robot, history in zip(robots, histories, strict=True):
        heard = [
            (
                round(change.time_s, 1),
                change.kind.value,
                change.team,
                change.player,
                change.after,
            )
            for change in history.changes
            if change.time_s > 0
        ]
        assert sorted(heard, key=str) == expected
        assert (history.state.lost, history.state.late, robot.malformed) == (0, 0, 0)
        robot.close()


def test_what_is_sent_is_what_robots_decode(robot):
    with GameControllerLead(config(robot.port), (1, 2)) as lead:
        told = lead.announce(game(), 0.0)
    data = robot.newest()
    assert data == told
    with pytest.raises(ValueError, match="expected a datagram that starts"):
        decode_control(b"RGTD" + bytes(154))
