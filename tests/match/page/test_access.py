"""The token and the queue of orders."""

import threading

import pytest

from match.commands import StopPlay
from match.errors import MatchError
from match.page.access import Desk, new_token
from tests.match.page.views import TOKEN

STOP = StopPlay(id="1")


def test_right_token_admits_and_orders_pass() -> None:
    desk = Desk(TOKEN)
    assert desk.admit(7, TOKEN)
    assert desk.submit(7, STOP)
    assert desk.commands() == (STOP,)
    assert desk.commands() == ()


@pytest.mark.parametrize(
    "token", ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ä\udc80"]
)
def test_other_tokens_admit_nobody(token: str) -> None:
    desk = Desk(TOKEN)
    assert not desk.admit(7, token)
    assert not desk.may_control(7)
    assert not desk.submit(7, STOP)
    assert desk.commands() == ()


def test_admission_is_for_one_client() -> None:
    desk = Desk(TOKEN)
    desk.admit(7, TOKEN)
    assert not desk.submit(8, STOP)
    assert desk.commands() == ()


def test_who_left_is_refused_until_the_token_comes_again() -> None:
    desk = Desk(TOKEN)
    desk.admit(7, TOKEN)
    desk.leave(7)
    assert not desk.submit(7, STOP)
    desk.admit(7, TOKEN)
    assert desk.submit(7, STOP)


def test_wrong_token_takes_nothing_away() -> None:
    desk = Desk(TOKEN)
    desk.admit(7, TOKEN)
    assert not desk.admit(7, "wrong")
    assert desk.submit(7, STOP)


def test_orders_of_many_threads_all_arrive_each_in_its_order() -> None:
    desk = Desk(TOKEN)

    def press(client: int) -> None:
        desk.admit(client, TOKEN)
        for count in range(200):
            desk.submit(client, StopPlay(id=f"{client}-{count}"))

    threads = [threading.Thread(target=press, args=(client,)) for client in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [command.id for command in desk.commands()]
    assert len(ids) == 4 * 200
    for client in range(4):
        own = [int(id.split("-")[1]) for id in ids if id.startswith(f"{client}-")]
        assert own == list(range(200))


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "ä" * 20])
def test_token_that_can_be_guessed_or_not_typed_is_refused(token: str) -> None:
    with pytest.raises(MatchError, match="expected at least 16 ASCII characters"):
        Desk(token)


def test_made_tokens_differ_and_are_long_enough() -> None:
    assert new_token() != new_token()
    Desk(new_token())
