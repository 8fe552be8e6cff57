"""The page's server: takes snapshots from the match, gives commands back.

Spectators need nothing, and nothing that they send reaches the match. Control needs the
token; it comes in the page's address (`?token=...`) or is typed in. It travels in the
clear: in a network with strangers, put the page behind TLS.
"""

import contextlib
import io
import logging
import threading
from types import TracebackType
from typing import Self

import viser

from match.commands import Command
from match.errors import MatchError
from match.page.access import Desk
from match.page.panel import Panel
from match.page.scene import Scene
from match.page.view import PageView
from match.page.visitors import Visitors, close_unused_doors

DRAWN_PER_S = 20.0
_log = logging.getLogger(__name__)


class Page:
    """Serves from construction on; use it as a context manager.

    Args:
        token: that lets a client control; at least 16 characters.
        host: address to listen on; "0.0.0.0" for every network of this computer.
        port: TCP; 0 for any that is free.

    Raises:
        MatchError: the port is taken, or the token is too short.
    """

    def __init__(self, *, token: str, host: str = "127.0.0.1", port: int = 8080):
        self._desk = Desk(token)
        self._server = _serve(host, port)
        self.port = self._server.get_port()
        close_unused_doors(self._server)
        self._scene = Scene(self._server)
        self._panel = Panel(self._server)
        self._wanted = threading.Condition()
        self._view: PageView | None = None
        self._stale = False
        self._open = True
        self._visitors = Visitors(
            self._server, self._panel.referee_tab, self._desk, self._refresh
        )
        self._artist = threading.Thread(target=self._draw, name="page", daemon=True)
        self._artist.start()

    def show(self, view: PageView) -> None:
        """Hand over the latest snapshot; never waits. Any thread, any rate."""
        with self._wanted:
            self._view = view
            self._stale = True
            self._wanted.notify()

    @property
    def watched(self) -> bool:
        """Whether anybody has the page open; pictures for nobody need no drawing."""
        return self._visitors.present

    def commands(self) -> tuple[Command, ...]:
        """What operators have asked for since the last call, oldest first."""
        return self._desk.commands()

    def close(self) -> None:
        """Stop serving; browsers say that they lost the page."""
        with self._wanted:
            self._open = False
            self._wanted.notify()
        self._artist.join()
        with _silence():
            self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _refresh(self) -> None:
        """Draw the latest snapshot again: somebody has come."""
        with self._wanted:
            self._stale = self._view is not None
            self._wanted.notify()

    def _due(self) -> bool:
        """Something to draw and somebody to see it, or the end."""
        return not self._open or (self._stale and self._visitors.present)

    def _draw(self) -> None:
        pause = threading.Event()
        while True:
            with self._wanted:
                self._wanted.wait_for(self._due)
                view, self._stale = self._view, False
                if not self._open or view is None:
                    return
            try:
                self._scene.draw(view)
                self._panel.draw(view)
                self._visitors.draw(view)
            except Exception:
                # The match goes on without its picture.
                _log.exception("the page could not draw a snapshot")
            pause.wait(1 / DRAWN_PER_S)


def _serve(host: str, port: int) -> viser.ViserServer:
    with _silence():
        server = viser.ViserServer(host, port, verbose=False)
        found = server.get_port()
        if port not in (0, found):
            server.stop()
            raise MatchError(
                "page",
                [f"expected TCP port {port} free, found it taken; name another"],
            )
    return server


@contextlib.contextmanager
def _silence():
    """Keep the library's banners out of the terminal, where a progress bar runs."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
