"""`op3-soccer tracker tags`: tags to print, with their size written under them."""

import argparse
from pathlib import Path
from typing import Any, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console

from cli.arguments import from_zero, positive_number
from match.errors import MatchError
from match.eyes.tags import Family, cells_of, tag_picture

ERRORS = (MatchError,)
_DOTS_PER_MM = 12  # 305 dots per inch


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "tags",
        help="tags as pictures, to print",
        description="One PNG per tag at its true size (print at 100 %%, not fitted "
        "to the page), the black square surrounded by one white cell.",
    )
    parser.add_argument("ids", type=from_zero, nargs="+", metavar="ID")
    parser.add_argument(
        "--family", choices=get_args(Family), default="36h11", help="(%(default)s)"
    )
    parser.add_argument(
        "--plate-mm",
        type=positive_number,
        default=160.0,
        metavar="MM",
        help="whole plate with its white margin (%(default)g)",
    )
    parser.add_argument("--out", type=Path, default=Path("tags"), metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """Write the pictures."""
    console = Console()
    cells = cells_of(args.family) + 2
    cell_px = max(round(args.plate_mm * _DOTS_PER_MM / cells), 1)
    side_mm = cell_px * (cells - 2) / _DOTS_PER_MM
    for tag_id in args.ids:
        try:
            tag = tag_picture(args.family, tag_id, cell_px)
        except ValueError as error:
            raise MatchError("tags", [str(error)]) from None
        path = args.out / f"tag_{args.family}_{tag_id}.png"
        text = f"{args.family}, tag {tag_id}, black square {side_mm:.1f} mm, up: ahead"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            dpi = (_DOTS_PER_MM * 25.4,) * 2
            _with_text(tag, text).save(path, dpi=dpi)
        except OSError as error:
            fault = f"expected to write {path}, found: {error.strerror}"
            raise MatchError("tags", [fault]) from error
        console.print(f"  {path}: {text}", soft_wrap=True, highlight=False)
    return 0


def _with_text(tag: np.ndarray, text: str) -> Image.Image:
    side = tag.shape[0]
    page = Image.new("L", (side, side + 70), 255)
    page.paste(Image.fromarray(tag), (0, 0))
    font = ImageFont.load_default(36)
    ImageDraw.Draw(page).text((side / 2, side + 35), text, 0, font, "mm")
    return page
