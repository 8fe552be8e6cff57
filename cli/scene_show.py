"""`op3-soccer scene show SCENE`: what a scene file holds, checked."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nerf_render.scene_file import SceneError, read_scene
from robot.contracts.codec import to_plain

ERRORS = (SceneError,)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "show",
        help="what a scene file holds; check it",
        description="Reads the whole file and compares every array's checksum.",
    )
    parser.add_argument("scene", type=Path, nargs="+", help="scene files")
    parser.add_argument("--json", action="store_true", help="print one JSON value")


def run(args: argparse.Namespace) -> int:
    """Read and print."""
    read = {path: read_scene(path) for path in args.scene}
    if args.json:
        plain = [
            to_plain(scene.header)
            | {"arrays": {k: list(v.shape) for k, v in scene.arrays.items()}}
            for scene in read.values()
        ]
        print(json.dumps(plain, indent=1))
        return 0
    for path, scene in read.items():
        header = scene.header
        table = Table(title=str(path), show_header=False)
        table.add_row("name", escape(header.name))
        table.add_row("pitch", "metric" if header.metric else "no metric reference")
        table.add_row("contains", ", ".join(header.contains) or "-")
        table.add_row("MB", f"{path.stat().st_size / 1e6:.2f}")
        parts = sorted({name.partition("/")[0] for name in scene.arrays})
        table.add_row("parts", ", ".join(parts))
        for name, value in header.measured.items():
            table.add_row(name.replace("_", " "), f"{value:.4g}")
        for name, value in header.provenance.items():
            table.add_row(name.replace("_", " "), escape(value))
        Console().print(table)
    return 0
