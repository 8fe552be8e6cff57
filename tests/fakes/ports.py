"""UDP ports that are free now and stay so."""

import os
import socket
from itertools import count as counted_from

_FIRST, _LAST = 10_000, 32_000
"""Below the ports that Linux and others give to whoever asks for any (32768 up): a
socket bound to port 0 between the asking here and the use would take one of those."""
_given = counted_from(os.getpid() * 101)
"""Processes begin elsewhere, and none is given the same port twice."""


def free_ports(count: int) -> tuple[int, ...]:
    """The first of `count` free ports in a row, and the others."""
    for _ in range(_LAST - _FIRST):
        row = tuple(_FIRST + next(_given) % (_LAST - _FIRST) for _ in range(count))
        if row[-1] - row[0] == count - 1 and all(map(_is_free, row)):
            return row
    raise AssertionError(f"no {count} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
