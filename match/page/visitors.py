"""Who has the page open: spectators at the door, operators at the controls."""

import logging
import threading
from collections.abc import Callable

import viser
from viser import _messages

from match.page.access import Desk
from match.page.controls import Controls
from match.page.view import PageView

_KEY = "op3-soccer-token"
_ANSWER_WITHIN_S = 60.0
_NOTE_S = 4.0
_FIELD_OF_VIEW_RAD = 0.8
_LANDSCAPE = ((0.0, -6.3, 4.6), (0.0, -0.75, 0.0))
_PORTRAIT = ((-9.6, 0.0, 9.8), (-2.9, 0.0, 0.0))
# The library gives no way to ask a browser for its address: the token is copied to the
# storage that it can ask for, and taken out of the address bar.
_KEEP_TOKEN = f"""
document.title = "OP3 soccer";
const address = new URL(window.location.href);
const given = address.searchParams.get("token");
if (given) {{
  window.localStorage.setItem("viser-user:{_KEY}", given);
  address.searchParams.delete("token");
  window.history.replaceState(null, "", address);
}}
"""
_UNUSED = (
    _messages.ShareUrlRequest,
    _messages.ShareUrlDisconnect,
    _messages.GuiFormSubmitMessage,
    _messages.GuiFormDirtyMessage,
    _messages.FileTransferStartUpload,
    _messages.FileTransferPart,
)
_log = logging.getLogger(__name__)


def close_unused_doors(server: viser.ViserServer) -> None:
    """Take away what the library lets every browser do and this page does not need.

    Any client could have the server opened to the internet by a relay, or have it keep
    and repeat messages to all others.
    """
    for kind in _UNUSED:
        server._websock_server.unregister_handler(kind)


class Visitors:
    """Keeps one door or one set of controls per client.

    Args:
        tab: where they are shown.
        desk: checks tokens and takes commands.
        refresh: asks for another `draw`.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        tab: viser.GuiTabHandle,
        desk: Desk,
        refresh: Callable[[], None],
    ) -> None:
        self._server = server
        self._tab = tab
        self._desk = desk
        self._refresh = refresh
        self._lock = threading.Lock()
        self._clients: dict[int, viser.ClientHandle] = {}
        self._doors: dict[int, _Door] = {}
        self._controls: dict[int, Controls] = {}
        server.on_client_connect(self._come)
        server.on_client_disconnect(self._go)

    @property
    def present(self) -> bool:
        """Whether there is anybody."""
        with self._lock:
            return bool(self._clients)

    def draw(self, view: PageView) -> None:
        """Show everybody what they may use. Call it from one thread."""
        with self._lock:
            clients = dict(self._clients)
        for gone in self._controls.keys() - clients.keys():
            del self._controls[gone]
        for gone in self._doors.keys() - clients.keys():
            del self._doors[gone]
        for number, client in clients.items():
            if self._desk.may_control(number):
                # In one piece: a button on the page already does what it says.
                with client.atomic():
                    self._close_door(number)
                    if number not in self._controls:
                        self._controls[number] = Controls(
                            client, self._tab, self._desk, self._resign
                        )
                    self._controls[number].draw(view)
                continue
            if number in self._controls:
                self._controls.pop(number).remove()
            if number not in self._doors:
                self._doors[number] = _Door(client, self._tab, self._knock)

    def _close_door(self, number: int) -> None:
        if number in self._doors:
            self._doors.pop(number).remove()

    def _come(self, client: viser.ClientHandle) -> None:
        position, target = _PORTRAIT if client.camera.aspect < 1 else _LANDSCAPE
        client.camera.fov = _FIELD_OF_VIEW_RAD
        client.camera.position, client.camera.look_at = position, target
        client.gui._websock_interface.queue_message(
            _messages.RunJavascriptMessage(source=_KEEP_TOKEN)
        )
        with self._lock:
            self._clients[client.client_id] = client
        if client.client_id not in self._server.get_clients():
            self._go(client)  # It left meanwhile.
            return
        self._refresh()
        # The library calls this from a small pool of threads, which must not fill up
        # with browsers that never answer.
        threading.Thread(
            target=self._ask_for_token, args=(client,), daemon=True
        ).start()

    def _ask_for_token(self, client: viser.ClientHandle) -> None:
        """A browser that loads slowly answers late: meanwhile it watches."""
        try:
            token = client.local_storage.get_item(_KEY, timeout=_ANSWER_WITHIN_S)
        except (RuntimeError, TimeoutError) as error:
            _log.info("client %d gave no token: %s", client.client_id, error)
            return
        if not token:
            return
        if not self._desk.admit(client.client_id, token):
            client.local_storage.remove_item(_KEY)
        elif client.client_id not in self._server.get_clients():
            self._desk.leave(client.client_id)
        self._refresh()

    def _go(self, client: viser.ClientHandle) -> None:
        self._desk.leave(client.client_id)
        with self._lock:
            self._clients.pop(client.client_id, None)

    def _knock(self, client: viser.ClientHandle, token: str) -> None:
        if self._desk.admit(client.client_id, token):
            client.local_storage.set_item(_KEY, token)
            self._refresh()
            return
        client.add_notification(
            "Wrong token", "You can watch.", color="red", auto_close_seconds=_NOTE_S
        )

    def _resign(self, client: viser.ClientHandle) -> None:
        self._desk.leave(client.client_id)
        client.local_storage.remove_item(_KEY)
        self._refresh()


class _Door:
    """A field for the token; typed in, it opens the controls."""

    def __init__(
        self,
        client: viser.ClientHandle,
        tab: viser.GuiTabHandle,
        knock: Callable[[viser.ClientHandle, str], None],
    ) -> None:
        with tab:
            hint = client.gui.add_markdown("You are watching. Control needs the token.")
            field = client.gui.add_text("Token", "")
            button = client.gui.add_button("Take control")
        self._parts = (hint, field, button)

        @button.on_click
        async def _(_: object) -> None:
            knock(client, field.value)

    def remove(self) -> None:
        for part in self._parts:
            part.remove()
