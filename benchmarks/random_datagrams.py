"""A million random datagrams to every port: `python -m benchmarks.random_datagrams`.

Robots, tracker, referee and monitor hear each of them through real sockets. Prints a
line per kind; exit code 1 if anything that anybody knows of the game has changed.
"""

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from tests.fakes.random_datagrams import KINDS, send_to_all_ports

COUNT = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="of all kinds")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    table = Table(
        "kind", "datagrams", "reports by chance", "lost", "changed", "seconds"
    )
    failed = False
    each = -(-args.count // len(KINDS))
    for number, kind in enumerate(KINDS):
        began_s = time.perf_counter()
        outcome = send_to_all_ports(kind, each, args.seed + number)
        failed |= bool(outcome.changed)
        table.add_row(
            kind,
            f"{outcome.sent}",
            f"{outcome.accepted}",
            f"{outcome.lost}",
            ", ".join(outcome.changed) or "nothing",
            f"{time.perf_counter() - began_s:.1f}",
        )
    Console().print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
