"""A browser without a screen: speaks the page's websocket protocol byte for byte."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import msgspec
import viser
import zstandard
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

_CAMERA = {
    "type": "ViewerCameraMessage",
    "wxyz": (1.0, 0.0, 0.0, 0.0),
    "position": (0.0, -3.0, 2.0),
    "fov": 1.0,
    "near": 0.01,
    "far": 1000.0,
    "image_height": 800,
    "image_width": 1280,
    "look_at": (0.0, 0.0, 0.0),
    "up_direction": (0.0, 0.0, 1.0),
}
_PATIENCE_S = 10.0


class Peer:
    """One client of the page.

    Args:
        stored_token: what its storage holds when the page asks.

    Attributes:
        messages: all that came, oldest first.
    """

    def __init__(self, port: int, stored_token: str | None = None) -> None:
        self.messages: list[dict[str, Any]] = []
        self._stored_token = stored_token
        protocol = f"viser-v{viser.__version__}"
        self._socket = connect(
            f"ws://127.0.0.1:{port}",
            subprotocols=[protocol],  # type: ignore[list-item]
            max_size=None,
            compression=None,
        )
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.send(_CAMERA)

    def send(self, message: dict[str, Any]) -> None:
        """Any message, also one that the page's JavaScript never sends."""
        self._socket.send(msgspec.msgpack.encode(message))

    def change(self, uuid: str, value: object) -> None:
        """What a click or a changed field sends."""
        self.send(
            {"type": "GuiUpdateMessage", "uuid": uuid, "updates": {"value": value}}
        )

    def component(self, kind: str, label: str) -> str:
        """Wait for a component with that label; its uuid."""
        found = self.wait(
            lambda: next(
                (
                    message["uuid"]
                    for message in reversed(self.messages)
                    if message["type"] == kind and message["props"]["label"] == label
                ),
                None,
            )
        )
        assert found is not None, f"{kind} {label!r} never came; {self.labels()}"
        return found

    def labels(self) -> set[str]:
        """Of all components that were ever sent."""
        return {
            message["props"]["label"]
            for message in list(self.messages)
            if "label" in message.get("props", ())
        }

    def texts(self) -> str:
        """All HTML that came, joined."""
        parts = []
        for message in list(self.messages):
            props = message.get("props") or message.get("updates") or {}
            parts.append(str(props.get("content", "")))
        return "\n".join(parts)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Until the condition is true; its last value."""
        end_s = time.monotonic() + _PATIENCE_S
        with self._changed:
            while not (value := condition()) and time.monotonic() < end_s:
                self._changed.wait(0.1)
        return value

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
        self._reader.join()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv()
            except ConnectionClosed:
                return
            assert isinstance(data, bytes)
            size = int.from_bytes(data[8:16], "little")
            packed = zstandard.ZstdDecompressor().decompress(data[16 : 16 + size])
            messages = msgspec.msgpack.decode(packed)["messages"]
            with self._changed:
                self.messages += messages
                self._changed.notify()
            for message in messages:
                if message["type"] == "LocalStorageGetItemRequestMessage":
                    self._answer(message["request_uuid"])

    def _answer(self, request: str) -> None:
        self.send(
            {
                "type": "LocalStorageGetItemResponseMessage",
                "value": self._stored_token,
                "error": None,
                "request_uuid": request,
            }
        )
