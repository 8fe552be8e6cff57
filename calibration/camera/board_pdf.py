"""Boards as PDF, to be printed at 100 %: vector squares, with a ruler to check."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from calibration.camera.boards import BoardSpec
from calibration.errors import CalibrationError

PAPERS_MM: dict[str, tuple[float, float]] = {
    "A4": (297.0, 210.0),
    "A3": (420.0, 297.0),
    "letter": (279.4, 215.9),
}
_MARGIN_MM = 10.0
_RULER_MM = 100.0
_FOOT_MM = 16.0
_CELLS_PER_SQUARE = 48
"""A marker of 4 x 4 bits has 6 cells; 3/4 of 48 pixels are 36, six per cell."""


def write_board_pdf(path: Path, board: BoardSpec, paper: str = "A4") -> None:
    """Draw one board, in the middle of the paper.

    Raises:
        CalibrationError: unknown paper, or one that is too small.
    """
    write_boards_pdf(path, {board.told(): board}, paper)


def write_boards_pdf(
    path: Path, boards: dict[str, BoardSpec], paper: str = "A4"
) -> None:
    """Draw boards beside and below each other on one page; see `boards_figure`."""
    figure = boards_figure(boards, paper)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"pdf.fonttype": 42}):
        figure.savefig(path, format="pdf")


def boards_figure(boards: dict[str, BoardSpec], paper: str = "A4") -> Figure:
    """One page at its true size.

    Args:
        boards: title to board.
        paper: a name of `PAPERS_MM`, used across.

    Raises:
        CalibrationError: unknown paper, or one that is too small.
    """
    if paper not in PAPERS_MM:
        raise CalibrationError(
            "board", [f"paper: expected one of {', '.join(PAPERS_MM)}, found {paper!r}"]
        )
    width, height = PAPERS_MM[paper]
    places = _places(boards, width, height, paper)
    figure = Figure(figsize=(width / 25.4, height / 25.4))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    for (title, board), (left, top) in zip(boards.items(), places, strict=True):
        _draw(axes, board, left, top)
        below = top + 1000 * board.size_m[1] + 4.5
        axes.text(left, below, title, fontsize=7, va="center")
    _ruler(axes, width, height)
    return figure


def _places(
    boards: dict[str, BoardSpec], width: float, height: float, paper: str
) -> list[tuple[float, float]]:
    places: list[tuple[float, float]] = []
    left, top, lowest = _MARGIN_MM, _MARGIN_MM, _MARGIN_MM
    for board in boards.values():
        across, down = (1000 * side for side in board.size_m)
        if left + across > width - _MARGIN_MM and left > _MARGIN_MM:
            left, top = _MARGIN_MM, lowest
        fits = (
            left + across <= width - _MARGIN_MM and top + down <= height - _FOOT_MM - 6
        )
        if not fits:
            raise CalibrationError(
                "board",
                [
                    f"expected boards that fit on {paper} ({width:g} x {height:g} mm), "
                    f"found {board.told()}; choose larger paper or smaller squares"
                ],
            )
        places.append((left, top))
        left += across + _MARGIN_MM
        lowest = max(lowest, top + down + _MARGIN_MM)
    if len(places) == 1:
        (board,) = boards.values()
        across, down = (1000 * side for side in board.size_m)
        places = [((width - across) / 2, (height - _FOOT_MM - down) / 2)]
    return places


def _draw(axes: Axes, board: BoardSpec, left: float, top: float) -> None:
    """Black cells as rectangles, one per run of black in a row of cells."""
    picture = board.picture(_CELLS_PER_SQUARE)
    step = 1000 * board.square_m / _CELLS_PER_SQUARE
    rows = picture < 128
    black: list[Rectangle] = []
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and (rows[end] == rows[start]).all():
            continue
        black += [
            Rectangle(
                (left + first * step, top + start * step),
                (last - first) * step,
                (end - start) * step,
            )
            for first, last in _runs(rows[start])
        ]
        start = end
    axes.add_collection(
        PatchCollection(black, facecolor="black", linewidth=0), autolim=False
    )


def _runs(row) -> list[tuple[int, int]]:
    runs, first = [], None
    for index, black in enumerate([*row.tolist(), False]):
        if black and first is None:
            first = index
        elif not black and first is not None:
            runs.append((first, index))
            first = None
    return runs


def _ruler(axes: Axes, width: float, height: float) -> None:
    left, at = (width - _RULER_MM) / 2, height - 9
    axes.plot([left, left + _RULER_MM], [at, at], color="black", linewidth=0.6)
    for millimetre in range(0, int(_RULER_MM) + 1, 10):
        x = left + millimetre
        axes.plot([x, x], [at - 1.5, at], color="black", linewidth=0.6)
    told = "print at 100 %; this line is 100 mm long: measure it"
    axes.text(width / 2, at + 3.5, told, fontsize=7, ha="center", va="center")
