"""UDP ports for matches side by side on one computer."""

import os
import socket

from cli.match_config import Ports
from match.errors import MatchError

_FIRST_OFFSET, _LAST_OFFSET = 2000, 55000
_STRIDE = 1009
"""From one process to the next. Not 101: a match's own ports lie so far apart, so that
two matches begun at once would take each other's before either holds them."""


def free_offset() -> int:
    """Ports that nobody on this computer holds; other processes begin elsewhere.

    Raises:
        MatchError: there are none.
    """
    span = _LAST_OFFSET - _FIRST_OFFSET
    for step in range(0, span, 7):
        ports = Ports(offset=_FIRST_OFFSET + (os.getpid() * _STRIDE + step) % span)
        if all(map(_is_free, ports.all)):
            return ports.offset
    raise MatchError("ports", ["expected four free UDP ports, found none"])


def _is_free(port: int) -> bool:
    if port > 65535:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
