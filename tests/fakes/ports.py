"""UDP ports that are free now."""

import socket


def free_ports(count: int) -> tuple[int, ...]:
    """The first of `count` free ports in a row, and the others."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("", 0))
            first = probe.getsockname()[1]
        row = tuple(range(first, first + count))
        if all(map(_is_free, row)):
            return row
    raise AssertionError(f"no {count} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except (OSError, OverflowError):
            return False
    return True
