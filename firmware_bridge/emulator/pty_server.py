"""The emulated bus on a pseudo-terminal, in real time."""

import os
import select
import threading
import time
import tty
from collections.abc import Callable
from types import TracebackType

from firmware_bridge.emulator.chain import ServoChain

_CHUNK = 4096
_PAUSE_S = 0.002
_PIECE = 62
"""Payload of one USB packet of the usual FTDI adapters."""


class PtyServer:
    """Serves a chain to any Dynamixel client that opens `path`.

    One thread does everything, so chain and plant need no lock: it answers, and between
    answers it calls `on_idle` at least every 2 ms.
    """

    def __init__(self, chain: ServoChain, on_idle: Callable[[], None] | None = None):
        """Open the pseudo-terminal; serving starts with `with` or `start()`.

        Args:
            chain: on a wall clock.
            on_idle: lets the plant follow the clock while nobody asks.
        """
        self._chain = chain
        self._on_idle = on_idle or (lambda: None)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        # The slave stays open here: without any opener the master reads errors.
        self.path = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="pty-bus", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the serving thread, if something did."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop serving and remove the device."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for descriptor in (self._master, self._slave):
            os.close(descriptor)

    def __enter__(self) -> "PtyServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._serve_once()
        except BaseException as error:
            self._failure = error

    def _serve_once(self) -> None:
        ready, _, _ = select.select([self._master], [], [], _PAUSE_S)
        if not ready:
            self._chain.drop_partial()
            self._chain.update()
            self._on_idle()
            return
        began_s = time.monotonic()
        request = os.read(self._master, _CHUNK)
        bus_before_s = self._chain.bus_time_s
        answer = self._chain.handle(request)
        bus_s = self._chain.bus_time_s - bus_before_s
        self._send(answer, began_s + bus_s)
        self._on_idle()

    def _send(self, answer: bytes, end_s: float) -> None:
        """Hand over the answer at the pace of the wire, complete at `end_s`.

        In pieces, as a serial adapter does: a client may give up when nothing comes.
        """
        byte_s = 10 / self._chain.config.baud
        for start in range(0, len(answer), _PIECE):
            piece = answer[start : start + _PIECE]
            left_bytes = len(answer) - start - len(piece)
            wait_s = end_s - left_bytes * byte_s - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            os.write(self._master, piece)
