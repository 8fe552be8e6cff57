"""`op3-soccer bench render`: robots' pictures per second, on one core."""

import argparse
import json
import os

from rich.console import Console
from rich.table import Table

from cli.picture_speed import measure


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    # Before JAX starts its threads, which counts the cores then.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found = measure(args.scene, 1.0 if args.quick else args.seconds)
    if args.json:
        print(json.dumps(found, indent=1))
        return 0
    table = Table(title="robots' pictures, one core", show_header=False)
    for name, value in found.items():
        table.add_row(name.replace("_", " "), str(value))
    Console().print(table)
    return 0
