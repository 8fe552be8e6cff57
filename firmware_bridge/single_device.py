"""Exchanges with one device through the SDK's packet handler, with retries."""

from collections.abc import Callable
from typing import TypeVar

from dynamixel_sdk import COMM_SUCCESS, PacketHandler

from firmware_bridge.errors import BusError
from firmware_bridge.link import Link
from firmware_bridge.packet import ALERT_BIT, status_error_name

T = TypeVar("T")


class SingleDevice:
    """Calls of the SDK's handler, turned into values or `BusError`."""

    def __init__(self, link: Link, attempts: int):
        self._link = link
        self._attempts = attempts
        self.handler = PacketHandler(2.0)

    def perform(self, subject: str, exchange: Callable[[], tuple[T, int, int]]) -> T:
        """Run `exchange` until it succeeds, at most `attempts` times.

        Args:
            subject: for the error message.
            exchange: returns value, SDK result and error byte.

        Raises:
            BusError: no usable answer, or the device refused. The alert bit is no
                refusal: it tells of a fault recorded earlier.
        """
        result = COMM_SUCCESS
        for _ in range(self._attempts):
            with self._link.guarded(subject):
                value, result, error = exchange()
            if result == COMM_SUCCESS:
                if error & ~ALERT_BIT:
                    raise BusError(
                        subject,
                        [
                            f"expected success, the device refused: "
                            f"{status_error_name(error)} error"
                        ],
                    )
                return value
            with self._link.guarded(subject):
                self._link.settle()
        raise BusError(
            subject,
            [
                f"expected an answer in {self._attempts} attempts, found: "
                f"{self.handler.getTxRxResult(result)} (SDK code {result}); check id, "
                "power, cable and baud rate"
            ],
        )
