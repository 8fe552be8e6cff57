"""What can stop a robot that a command runs: keyboard, network, signals."""

import argparse
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

from cli.arguments import at_least_one, from_zero
from robot.stop import STOP_PORT, FlagStop, KeyStop, StopSource, UdpStop

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_stop_options(parser: argparse.ArgumentParser) -> None:
    """The options that say whose stop messages count."""
    group = parser.add_argument_group("stop messages (`op3-soccer robot stop`)")
    group.add_argument(
        "--team",
        type=from_zero,
        default=1,
        metavar="N",
        help="number of this robot's team (%(default)s)",
    )
    group.add_argument(
        "--player",
        type=at_least_one,
        default=1,
        metavar="N",
        help="jersey of this robot (%(default)s)",
    )
    group.add_argument(
        "--stop-port",
        type=from_zero,
        default=STOP_PORT,
        metavar="N",
        help="UDP port they come in on (%(default)s)",
    )


@contextmanager
def open_stops(args: argparse.Namespace, keys: TextIO) -> Iterator[list[StopSource]]:
    """All ways to stop, until the block is left.

    Ctrl-C, SIGTERM (systemd) and SIGHUP (a closed terminal) ask for a stop like a key
    does, so that the robot sinks instead of dropping; a second Ctrl-C interrupts.

    Raises:
        RuntimeFault: the UDP port is taken.
    """
    with ExitStack() as stack:
        udp = UdpStop(team=args.team, player=args.player, port=args.stop_port)
        sources: list[StopSource] = [stack.enter_context(udp)]
        if keys.isatty():
            sources.append(stack.enter_context(KeyStop(keys)))
        sources.append(stack.enter_context(_signals()))
        yield sources


@contextmanager
def _signals() -> Iterator[FlagStop]:
    flag = FlagStop()

    def ask(number: int, frame: object) -> None:
        asked = signal.Signals(number)
        signal.signal(asked, before[asked])
        flag.set(asked.name)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, ask)
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
