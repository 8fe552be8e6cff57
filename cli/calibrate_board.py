"""`op3-soccer calibrate board`: the boards as PDF, to print at 100 %."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from calibration.camera.board_pdf import PAPERS_MM, write_boards_pdf
from calibration.camera.boards import PLATES, STAND_BOARD
from calibration.errors import CalibrationError

ERRORS = (CalibrationError,)


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "board",
        help="boards as PDF, to print",
        description="Writes stand_board.pdf (camera and head steps) and plates.pdf "
        "(zeros step: one for each foot and hand). Print at 100 %, check the ruler, "
        "glue them onto something flat and stiff.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("boards"),
        metavar="DIR",
        help="folder for the PDF files (%(default)s)",
    )
    parser.add_argument(
        "--paper", choices=sorted(PAPERS_MM), default="A4", help="(%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Write both files."""
    stand = {f"stand board: {STAND_BOARD.told()}": STAND_BOARD}
    plates = {f"{name}: {board.told()}": board for name, board in PLATES.items()}
    for name, boards in (("stand_board", stand), ("plates", plates)):
        path = args.out / f"{name}.pdf"
        write_boards_pdf(path, boards, args.paper)
        Console().print(f"{path}: {len(boards)} on {args.paper}", highlight=False)
    return 0
