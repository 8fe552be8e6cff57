"""A port that tells somebody every byte that passes, for a log of the raw bus."""

from collections.abc import Callable
from typing import Any

Tap = Callable[[str, bytes], None]
"""Called with "sent" or "received" and the bytes."""


class TappedPort:
    """`port`, with every write and read told to `tap`; all else as it is."""

    def __init__(self, port: Any, tap: Tap):
        """
        Args:
            port: a `firmware_bridge.port.BusPort`.
            tap: called from the thread that uses the port.
        """
        self._port = port
        self._tap = tap

    @property
    def is_using(self) -> bool:
        return self._port.is_using

    @is_using.setter
    def is_using(self, value: bool) -> None:
        self._port.is_using = value

    def writePort(self, packet: bytes | list[int]) -> int:
        self._tap("sent", bytes(packet))
        return self._port.writePort(packet)

    def readPort(self, length: int) -> bytes:
        data = bytes(self._port.readPort(length))
        if data:
            self._tap("received", data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)
