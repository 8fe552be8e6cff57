"""Every fault and how fast the robot reacts: `python -m benchmarks.fault_matrix`.

Injects each fault on a virtual robot in simulated time and prints it beside the table
of reactions; exit code 1 if one came late or not at all.
"""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from robot.reactions import REACTIONS
from tests.fakes.bundles import write_player
from tests.fakes.fault_cases import CASES, try_case


def main() -> int:
    table = Table("fault", "trouble", "reaction", "took", "allowed", "")
    late = 0
    with tempfile.TemporaryDirectory() as folder:
        bundles = Path(folder)
        write_player(bundles)
        for case in CASES:
            rule = REACTIONS[case.rule]
            took_s = try_case(case, bundles).took_s
            good = took_s is not None and took_s <= rule.within_s + 1e-9
            late += not good
            took = "never" if took_s is None else f"{1000 * took_s:.0f} ms"
            table.add_row(
                case.name,
                case.rule,
                rule.reaction,
                took,
                f"{1000 * rule.within_s:.0f} ms",
                "" if good else "[red]late",
            )
    console = Console()
    console.print(table)
    console.print(f"{len(CASES)} faults, {late} late")
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
