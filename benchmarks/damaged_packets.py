"""A million damaged answers: `python -m benchmarks.damaged_packets [--count N]`.

Prints one line per kind of damage; exit code 1 if a wrong value was accepted or a good
packet after a damaged one was missed.
"""

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from tests.fakes.garbled_line import DAMAGES, try_damage

COUNT = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="of all kinds")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    table = Table("damage", "answers", "wrong values", "missed after it", "seconds")
    failed = False
    each = -(-args.count // len(DAMAGES))
    for number, damage in enumerate(DAMAGES):
        began_s = time.perf_counter()
        result = try_damage(damage, each, args.seed + number)
        failed |= bool(result.wrong_values or result.unread_good)
        table.add_row(
            damage,
            f"{result.tried}",
            f"{result.wrong_values}",
            f"{result.unread_good}",
            f"{time.perf_counter() - began_s:.1f}",
        )
    Console().print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
