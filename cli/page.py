"""The live page as commands use it: an option, two links, orders in, snapshots out."""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.markup import escape

from match.commands import Command
from match.page.access import new_token
from match.page.view import PageView

if TYPE_CHECKING:
    from match.page.server import Page

TOKEN_VARIABLE = "OP3_SOCCER_PAGE_TOKEN"
_SHOWN_EVERY_S = 0.05


@dataclass(frozen=True, kw_only=True)
class PageAddress:
    """Where the page is served; host "0.0.0.0" for every network."""

    host: str = "127.0.0.1"
    port: int = 8080


def page_address(text: str) -> PageAddress:
    """From "8080" or "0.0.0.0:8080". Raises ArgumentTypeError otherwise."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(
            f"expected PORT or ADDRESS:PORT, as 8080 or 0.0.0.0:8080, found {text}"
        )
    return PageAddress(host=host or PageAddress.host, port=int(port))


def add_page_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--page`."""
    parser.add_argument(
        "--page",
        type=page_address,
        nargs="?",
        const=PageAddress(),
        metavar="[ADDRESS:]PORT",
        help="a live page to watch and referee by (localhost:8080); 0.0.0.0:8080 "
        f"serves phones too; ${TOKEN_VARIABLE} sets the token that control needs",
    )


class Screen(Protocol):
    """A live page, or none."""

    @property
    def watched(self) -> bool:
        """Whether anybody has the page open."""
        ...

    def commands(self) -> tuple[Command, ...]:
        """What operators have asked for since the last call."""
        ...

    def show(self, view: Callable[[], PageView]) -> None:
        """Show the present if it is time to; cheap where it is not."""
        ...


@contextmanager
def open_page(address: PageAddress | None, console: Console) -> Iterator[Screen]:
    """Serve the page and print its links; a blank one without an address.

    Raises:
        MatchError: the port is taken, or the token in the environment is too short.
    """
    if address is None:
        yield _Blank()
        return
    # Imported late: a match without a page needs none of its libraries.
    from match.page.server import Page

    token = os.environ.get(TOKEN_VARIABLE) or new_token()
    with Page(token=token, host=address.host, port=address.port) as page:
        local = address.host in ("127.0.0.1", "0.0.0.0")
        url = f"http://{'localhost' if local else address.host}:{page.port}/"
        for what, link in (("watch", url), ("control", f"{url}?token={token}")):
            console.print(f"  {what}: {escape(link)}", soft_wrap=True)
        yield _Live(page)


class _Blank:
    watched = False

    def commands(self) -> tuple[Command, ...]:
        return ()

    def show(self, view: Callable[[], PageView]) -> None:
        pass


class _Live:
    def __init__(self, page: "Page") -> None:
        self._page = page
        self._shown_s = float("-inf")

    @property
    def watched(self) -> bool:
        return self._page.watched

    def commands(self) -> tuple[Command, ...]:
        return self._page.commands()

    def show(self, view: Callable[[], PageView]) -> None:
        now_s = time.monotonic()
        if now_s - self._shown_s >= _SHOWN_EVERY_S:
            self._shown_s = now_s
            self._page.show(view())
