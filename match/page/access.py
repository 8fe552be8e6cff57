"""Who may command the match: a token, checked here for every client and command.

Nothing that a browser says about itself counts. A client is the number of one
connection, given by the server; it controls from the moment its token was right until
it leaves or disconnects.
"""

import hmac
import secrets
import threading
from queue import Empty, SimpleQueue

from match.commands import Command
from match.errors import MatchError

SHORTEST_TOKEN = 16


def new_token() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


class Desk:
    """Takes commands from admitted clients and hands them to the match, in order.

    Any thread may call any method.

    Raises:
        MatchError: the token can be guessed.
    """

    def __init__(self, token: str) -> None:
        if len(token) < SHORTEST_TOKEN or not token.isascii():
            raise MatchError(
                "token of the page",
                [
                    f"expected at least {SHORTEST_TOKEN} ASCII characters, found "
                    f"{len(token)}; leave it out to have one made"
                ],
            )
        self._token = token
        self._lock = threading.Lock()
        self._admitted: set[int] = set()
        self._commands: SimpleQueue[Command] = SimpleQueue()

    def admit(self, client: int, token: str) -> bool:
        """Let a client control if its token is right; says whether it is."""
        right = hmac.compare_digest(_bytes(token), _bytes(self._token))
        if right:
            with self._lock:
                self._admitted.add(client)
        return right

    def leave(self, client: int) -> None:
        """The client controls no more."""
        with self._lock:
            self._admitted.discard(client)

    def may_control(self, client: int) -> bool:
        """Whether this client has shown the token."""
        with self._lock:
            return client in self._admitted

    def submit(self, client: int, command: Command) -> bool:
        """Put a command in the queue; False, and nothing done, for a spectator's."""
        with self._lock:
            if client not in self._admitted:
                return False
            self._commands.put(command)
        return True

    def commands(self) -> tuple[Command, ...]:
        """What was submitted since the last call, oldest first."""
        taken = []
        while True:
            try:
                taken.append(self._commands.get_nowait())
            except Empty:
                return tuple(taken)


def _bytes(token: str) -> bytes:
    # A browser can send code points that no text has; they are only wrong.
    return token.encode(errors="surrogatepass")
