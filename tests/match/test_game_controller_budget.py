"""Team messages: counted by state, over the budget announced; over real sockets too."""

import socket
import time

import pytest

from match.game_controller import LOOPBACK_BROADCAST
from match.game_controller_budget import (
    BudgetRules,
    TeamMessageListener,
    TeamMessages,
    count_messages,
    with_budgets,
    with_extra_minutes,
)
from robot.contracts.game_control import GamePhase, GameState
from tests.fakes.game_packets import game

RULES = BudgetRules()
SMALL = BudgetRules(messages=3, per_extra_minute=2)
FRESH = TeamMessages(team=1)


def said(rules, control, *lengths, before=FRESH, time_s=0.0):
    return count_messages(rules, before, control, lengths, time_s)


def test_the_budget_is_the_rules():
    assert FRESH.remaining(RULES) == 12000
    assert with_extra_minutes(FRESH, 2).remaining(RULES) == 13200  # + 2 * 600


@pytest.mark.parametrize(
    ("state", "counted"),
    [
        (GameState.INITIAL, 0),
        (GameState.READY, 2),
        (GameState.SET, 2),
        (GameState.PLAYING, 2),
        (GameState.FINISHED, 0),
    ],
)
def test_messages_count_in_ready_set_and_playing(state, counted):
    after = said(RULES, game(state), 100, 512)
    assert (after.counted, after.uncounted) == (counted, 2 - counted)
    assert after.offence is None


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        (GamePhase.PENALTY_SHOOT_OUT, GameState.PLAYING),
        (GamePhase.TIMEOUT, GameState.INITIAL),
    ],
)
def test_shoot_outs_and_timeouts_are_free(phase, state):
    assert said(RULES, game(state, game_phase=phase), 100).counted == 0
    assert said(RULES, game(game_phase=GamePhase.EXTRA_TIME), 100).counted == 1


def test_one_message_too_many_is_announced_with_its_time():
    full = said(SMALL, game(), 10, 10, 10, time_s=5.0)
    assert full.offence is None
    assert full.remaining(SMALL) == 0
    over = said(SMALL, game(), 10, before=full, time_s=6.0)
    assert over.offence is not None
    assert (over.offence.team, over.offence.time_s) == (1, 6.0)
    assert over.offence.reason == "message 4 of 3 that are allowed"
    assert over.counted == 3
    later = said(SMALL, game(), 10, before=over, time_s=7.0)
    assert later.offence == over.offence


def test_a_long_message_is_an_offence_and_does_not_count():
    after = said(RULES, game(), 513, time_s=2.0)
    assert after.offence is not None
    assert after.offence.reason == "a message of 513 bytes, 512 are allowed"
    assert after.counted == 0
    assert said(RULES, game(GameState.INITIAL), 513).offence is None


def test_who_has_offended_gets_no_more_minutes():
    over = said(SMALL, game(), *[10] * 4)
    assert with_extra_minutes(over, 1) == over
    assert with_extra_minutes(FRESH, 1).remaining(SMALL) == 5  # 3 + 2


def test_packets_carry_what_is_left():
    counts = {1: said(SMALL, game(), 10), 7: FRESH}
    packet = with_budgets(SMALL, game(), counts)
    assert packet.team(1).message_budget == 2
    assert packet.team(2).message_budget == 12000  # not counted: left alone


def test_the_listener_counts_beside_the_robots_that_talk():
    with (
        TeamMessageListener(0, base_port=0) as first,
        TeamMessageListener(0, base_port=first.port) as second,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as robot,
    ):
        robot.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for length in (0, 100, 513):
            robot.sendto(bytes(length), (LOOPBACK_BROADCAST, first.port))
        time.sleep(0.01)
        assert first.poll() == (0, 100, 513)
        assert second.poll() == (0, 100, 513)
        assert first.poll() == ()


def test_a_teams_port_is_ten_thousand_and_its_number():
    with TeamMessageListener(213) as listener:
        assert listener.port == 10213
