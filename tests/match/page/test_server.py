"""The page on real sockets: who sees what, and whose orders reach the match."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import viser._messages as wire

from match.commands import Command, Overrule, Penalize, StopPlay
from match.decisions import Decision, DecisionKind
from match.effects import Ruling
from match.errors import MatchError
from match.page.server import Page
from robot.contracts.game_control import Penalty
from tests.match.page.peer import Peer
from tests.match.page.views import (
    AWAY,
    HOME,
    TOKEN,
    control,
    robot,
    seen,
    team_info,
    view,
)

GOAL = Decision(
    number=4, kind=DecisionKind.GOAL, time_s=34.2, team=1, player=1, reason="1:0"
)


@pytest.fixture
def page() -> Iterator[Page]:
    with Page(token=TOKEN, port=0) as page:
        page.show(view(observation=seen(robot(1, 1)), decisions=(GOAL,)))
        yield page


def arrived(page: Page, within_s: float = 5.0) -> tuple[Command, ...]:
    """The first orders that come, none if none comes in time."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if commands := page.commands():
            return commands
        time.sleep(0.01)
    return ()


def test_spectator_sees_score_and_decisions_but_no_controls(page: Page) -> None:
    with Peer(page.port) as spectator:
        spectator.component("GuiTextMessage", "Token")
        assert spectator.wait(lambda: "1:0" in spectator.texts())
        assert "0 : 0" in spectator.texts()
        assert not {"Overrule", "Penalize", "Play"} & spectator.labels()


def test_new_snapshot_reaches_browsers(page: Page) -> None:
    with Peer(page.port) as spectator:
        spectator.component("GuiTextMessage", "Token")
        page.show(view(control=control(team_info(HOME, score=1), team_info(AWAY))))
        assert spectator.wait(lambda: "1 : 0" in spectator.texts())


def test_stored_token_opens_the_controls(page: Page) -> None:
    with Peer(page.port, stored_token=TOKEN) as operator:
        operator.change(operator.component("GuiButtonGroupMessage", "Play"), "Stop")
        (command,) = arrived(page)
    assert isinstance(command, StopPlay)


def test_typed_token_opens_the_controls_and_is_kept(page: Page) -> None:
    with Peer(page.port) as operator:
        operator.change(operator.component("GuiTextMessage", "Token"), TOKEN)
        operator.change(operator.component("GuiButtonMessage", "Take control"), True)
        operator.component("GuiButtonMessage", "Overrule")
        kept = [
            message["value"]
            for message in operator.messages
            if message["type"] == "LocalStorageSetItemMessage"
        ]
    assert kept == [TOKEN]


def test_wrong_token_opens_nothing_and_is_forgotten(page: Page) -> None:
    with Peer(page.port, stored_token="b-token-of-24-characters") as stranger:
        stranger.component("GuiTextMessage", "Token")
        kinds = {message["type"] for message in stranger.messages}
        assert "LocalStorageRemoveItemMessage" in kinds
        assert "Overrule" not in stranger.labels()


def test_spectator_pressing_the_operators_buttons_is_refused(page: Page) -> None:
    with (
        Peer(page.port, stored_token=TOKEN) as operator,
        Peer(page.port) as spectator,
    ):
        play = operator.component("GuiButtonGroupMessage", "Play")
        spectator.component("GuiTextMessage", "Token")
        spectator.change(play, "Stop")
        assert arrived(page, within_s=0.5) == ()
        operator.change(play, "Stop")
        assert len(arrived(page)) == 1


def test_control_given_back_is_gone(page: Page) -> None:
    with Peer(page.port, stored_token=TOKEN) as operator:
        play = operator.component("GuiButtonGroupMessage", "Play")
        leave = operator.component("GuiButtonMessage", "Give control back")
        operator.change(leave, True)
        operator.component("GuiTextMessage", "Token")
        operator.change(play, "Stop")
        assert arrived(page, within_s=0.5) == ()


def test_robot_and_reason_travel_with_the_order(page: Page) -> None:
    with Peer(page.port, stored_token=TOKEN) as operator:
        robots = operator.component("GuiDropdownMessage", "Robot")
        reasons = operator.component("GuiDropdownMessage", "For")
        operator.change(robots, "scripted 2")
        operator.change(reasons, "pushing")
        operator.change(
            operator.component("GuiButtonGroupMessage", "Robot"), "Penalize"
        )
        (command,) = arrived(page)
    assert isinstance(command, Penalize)
    assert (command.team, command.player) == (2, 2)
    assert command.penalty is Penalty.PUSHING


def test_words_that_the_page_never_offered_do_nothing(page: Page) -> None:
    with Peer(page.port, stored_token=TOKEN) as operator:
        robots = operator.component("GuiDropdownMessage", "Robot")
        action = operator.component("GuiButtonGroupMessage", "Robot")
        operator.change(action, "Explode")
        operator.change(robots, "scripted 99")
        operator.change(action, "Penalize")
        assert arrived(page, within_s=0.5) == ()


def test_overrule_names_the_chosen_decision(page: Page) -> None:
    ruling = Ruling(number=4, kind=DecisionKind.GOAL)
    with Peer(page.port, stored_token=TOKEN) as operator:
        undo = operator.component("GuiButtonMessage", "Overrule")
        page.show(view(decisions=(GOAL,), rulings=(ruling,)))
        assert operator.wait(
            lambda: any(
                "#4 goal, 34 s" in message.get("updates", {}).get("options", ())
                for message in operator.messages
            )
        )
        operator.change(undo, True)
        (command,) = arrived(page)
    assert isinstance(command, Overrule)
    assert command.decision == 4


def test_the_newest_decision_is_offered_until_another_is_chosen(page: Page) -> None:
    foul = Decision(
        number=6, kind=DecisionKind.PUSHING, time_s=50.0, team=2, player=1, reason="-"
    )
    late = replace(foul, number=7, time_s=60.0)
    rulings = tuple(
        Ruling(number=one.number, kind=one.kind) for one in (GOAL, foul, late)
    )

    def offer(operator: Peer, count: int) -> None:
        page.show(view(decisions=(GOAL, foul, late)[:count], rulings=rulings[:count]))
        name = f"#{(GOAL, foul, late)[count - 1].number} "
        assert operator.wait(
            lambda: any(
                any(name in word for word in message.get("updates", {})["options"])
                for message in operator.messages
                if "options" in message.get("updates", {})
            )
        )

    with Peer(page.port, stored_token=TOKEN) as operator:
        undo = operator.component("GuiButtonMessage", "Overrule")
        menu = operator.component("GuiDropdownMessage", "Decision")
        offer(operator, 1)
        offer(operator, 2)
        assert operator.wait(
            lambda: any(
                message.get("updates", {}).get("value") == "#6 pushing, 50 s"
                for message in operator.messages
            )
        )
        operator.change(undo, True)
        assert [one.decision for one in arrived(page)] == [6]
        operator.change(menu, "#4 goal, 34 s")
        offer(operator, 3)
        operator.change(undo, True)
        assert [one.decision for one in arrived(page)] == [4]


def test_answer_to_an_order_is_shown_to_who_gave_it(page: Page) -> None:
    with Peer(page.port, stored_token=TOKEN) as operator:
        operator.change(operator.component("GuiButtonGroupMessage", "Play"), "Stop")
        (command,) = arrived(page)
        refusal = Decision(
            number=5,
            kind=DecisionKind.REFUSED,
            time_s=40.0,
            reason="play is stopped already",
            command=command.id,
        )
        page.show(view(decisions=(GOAL, refusal)))
        assert operator.wait(
            lambda: any(
                message["type"] == "NotificationShowMessage"
                and message["props"]["body"] == "play is stopped already"
                for message in operator.messages
            )
        )


def test_browsers_cannot_open_a_relay_or_leave_messages_for_others(page: Page) -> None:
    handled = page._server._websock_server._incoming_handlers
    assert wire.GuiUpdateMessage in handled
    assert wire.ShareUrlRequest not in handled
    assert wire.GuiFormDirtyMessage not in handled


def test_picture_arrives_once_while_it_stays_the_same(page: Page) -> None:
    picture = np.zeros((60, 80, 3), dtype=np.uint8)
    with Peer(page.port) as spectator:
        spectator.component("GuiTextMessage", "Token")
        for _ in range(12):
            page.show(view(pictures={"learned 1": picture}))
            time.sleep(0.06)
        sent = [m for m in spectator.messages if "_data" in m.get("updates", {})]
    # The blank one on arrival and ours.
    assert len(sent) == 2


def test_taken_port_is_refused(page: Page) -> None:
    with pytest.raises(MatchError, match=f"expected TCP port {page.port} free"):
        Page(token=TOKEN, port=page.port)


def test_closed_page_frees_its_port() -> None:
    with Page(token=TOKEN, port=0) as page:
        port = page.port
    with socket.create_server(("127.0.0.1", port)) as another:
        assert another.getsockname()[1] == port


def test_page_knows_whether_anybody_watches(page: Page) -> None:
    assert not page.watched
    with Peer(page.port) as spectator:
        spectator.component("GuiTextMessage", "Token")
        assert page.watched
    end_s = time.monotonic() + 5.0
    while page.watched and time.monotonic() < end_s:
        time.sleep(0.01)
    assert not page.watched
