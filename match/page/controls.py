"""The buttons of one operator. Every press is checked again at the desk."""

from collections.abc import Callable, Mapping
from typing import Any

import viser

from match.commands import Command
from match.decisions import DecisionKind
from match.page import orders
from match.page.access import Desk
from match.page.view import PageView

_NOTE_S = 5.0
_NOTHING: tuple[str, ...] = ("none yet",)


class Controls:
    """One operator's buttons, in the tab that all share.

    Args:
        resign: called when the operator gives control back.
    """

    def __init__(
        self,
        client: viser.ClientHandle,
        tab: viser.GuiTabHandle,
        desk: Desk,
        resign: Callable[[viser.ClientHandle], None],
    ) -> None:
        self._client = client
        self._desk = desk
        self._by = f"page client {client.client_id}"
        self._view: PageView | None = None
        self._sent: set[str] = set()
        self._noted = 0
        with tab:
            self._folders = (
                self._add_play(),
                self._add_robot(),
                self._add_team(),
                self._add_ruling(),
            )
            leave = client.gui.add_button("Give control back", color="gray")
        self._leave = leave

        @leave.on_click
        async def _(_: object) -> None:
            resign(client)

    def draw(self, view: PageView) -> None:
        """Offer what there is to choose from, and say what came of orders."""
        self._view = view
        _offer(self._robot, orders.robot_choices(view))
        _offer(self._team, orders.team_choices(view))
        _offer(self._ruling, orders.ruling_choices(view), follow_first=True)
        for decision in view.decisions:
            if decision.number <= self._noted or decision.command not in self._sent:
                continue
            refused = decision.kind is DecisionKind.REFUSED
            self._client.add_notification(
                decision.kind.value,
                decision.reason,
                color="red" if refused else "green",
                auto_close_seconds=_NOTE_S,
            )
        if view.decisions:
            self._noted = view.decisions[-1].number

    def remove(self) -> None:
        """Take everything off the page."""
        for part in (*self._folders, self._leave):
            part.remove()

    def _add_play(self) -> viser.GuiFolderHandle:
        gui = self._client.gui
        with gui.add_folder("Play") as folder:
            play = gui.add_button_group("Play", tuple(orders.PLAY))
            flow = gui.add_button_group("Go on", orders.FLOW)
        self._on(play, lambda word: orders.play_order(word, self._by))
        self._on(flow, self._flow_order)
        return folder

    def _add_robot(self) -> viser.GuiFolderHandle:
        gui = self._client.gui
        with gui.add_folder("Robot") as folder:
            self._robot = gui.add_dropdown("Robot", _NOTHING)
            reason = gui.add_dropdown("For", tuple(orders.PENALTIES))
            action = gui.add_button_group("Robot", orders.ROBOT)
            card = gui.add_button_group("Card", tuple(orders.CARDS))
        self._on(
            action,
            lambda word: orders.robot_order(
                word, self._by, self._chosen_robot(), reason.value
            ),
        )
        self._on(
            card, lambda word: orders.card_order(word, self._by, self._chosen_robot())
        )
        return folder

    def _add_team(self) -> viser.GuiFolderHandle:
        gui = self._client.gui
        with gui.add_folder("Team") as folder:
            self._team = gui.add_dropdown("Team", _NOTHING)
            kick = gui.add_dropdown("Kick", tuple(orders.KICKS))
            action = gui.add_button_group("Award", orders.TEAM)
        self._on(
            action,
            lambda word: orders.team_order(
                word, self._by, self._chosen_team(), kick.value
            ),
        )
        return folder

    def _add_ruling(self) -> viser.GuiFolderHandle:
        gui = self._client.gui
        with gui.add_folder("Decision") as folder:
            self._ruling = gui.add_dropdown("Decision", _NOTHING)
            undo = gui.add_button("Overrule", color="orange")
        self._on(
            undo, lambda _: orders.overrule_order(self._by, self._chosen_decision())
        )
        return folder

    def _chosen_robot(self) -> tuple[int, int] | None:
        if self._view is None:
            return None
        return orders.robot_choices(self._view).get(self._robot.value)

    def _chosen_team(self) -> int | None:
        if self._view is None:
            return None
        return orders.team_choices(self._view).get(self._team.value)

    def _chosen_decision(self) -> int | None:
        if self._view is None:
            return None
        return orders.ruling_choices(self._view).get(self._ruling.value)

    def _flow_order(self, word: str) -> Command | None:
        if self._view is None:
            return None
        return orders.flow_order(word, self._by, self._view.control.state)

    def _on(
        self,
        button: viser.GuiButtonHandle | viser.GuiButtonGroupHandle,
        order: Callable[[Any], Command | None],
    ) -> None:
        @button.on_click
        async def _(event: viser.GuiEvent) -> None:
            self._submit(event.client_id, order(event.target.value))

    def _submit(self, client: int | None, command: Command | None) -> None:
        if command is None or client is None:
            return
        if self._desk.submit(client, command):
            self._sent.add(command.id)


def _offer(
    dropdown: viser.GuiDropdownHandle[str],
    choices: Mapping[str, object],
    *,
    follow_first: bool = False,
) -> None:
    """New options only where they changed: an open menu must not close for nothing.

    Args:
        follow_first: who has chosen the first one, or nothing, gets the new first one.
    """
    words = tuple(choices) or _NOTHING
    if dropdown.options == words:
        return
    follows = follow_first and dropdown.value == dropdown.options[0]
    dropdown.options = words
    if follows:
        dropdown.value = words[0]
