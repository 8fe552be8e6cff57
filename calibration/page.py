"""A report as one HTML file, pictures included."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; color: #1b1f24; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #d5d9df; padding: .3rem .8rem; text-align: left; }
th { font-weight: 600; }
img { max-width: 100%; display: block; margin: 1rem 0; }
.bad { color: #b3261e; font-weight: 600; }
.note { color: #57606a; }
"""
_DOTS_PER_INCH = 110


class Page:
    """Collects parts in order; `write` makes the file."""

    def __init__(self, title: str):
        self._title = title
        self._parts: list[str] = []

    def heading(self, text: str) -> None:
        self._parts.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text: str, kind: str = "") -> None:
        """A paragraph; kind "bad" or "note" colours it."""
        mark = f' class="{kind}"' if kind else ""
        self._parts.append(f"<p{mark}>{html.escape(text)}</p>")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Cells become text; a row whose last cell starts with "!" is marked."""
        lines = ["<table><tr>" + "".join(f"<th>{_cell(h)}</th>" for h in head)]
        for row in rows:
            cells = [str(cell) for cell in row]
            bad = cells and cells[-1].startswith("!")
            if bad:
                cells[-1] = cells[-1][1:]
            mark = ' class="bad"' if bad else ""
            lines.append(
                f"<tr{mark}>" + "".join(f"<td>{_cell(cell)}</td>" for cell in cells)
            )
        self._parts.append("</tr>\n".join(lines) + "</tr></table>")

    def figure(self, figure: Figure, meaning: str) -> None:
        """A plot; `meaning` says what it shows."""
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH, bbox_inches="tight")
        self._picture(buffer.getvalue(), meaning)

    def image(self, image: NDArray[np.uint8], meaning: str) -> None:
        """[H, W] or [H, W, 3] RGB."""
        shown = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".png", shown)
        self._picture(data.tobytes(), meaning)

    def write(self, path: Path) -> None:
        """Write the file, and its folder if need be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        title = html.escape(self._title)
        body = "\n".join(self._parts)
        path.write_text(
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{title}</title><style>{_STYLE}</style></head>\n"
            f"<body><h1>{title}</h1>\n{body}\n</body></html>\n",
            encoding="utf-8",
        )

    def _picture(self, data: bytes, meaning: str) -> None:
        told = html.escape(meaning)
        packed = base64.b64encode(data).decode("ascii")
        self._parts.append(
            f'<figure><img alt="{told}" src="data:image/png;base64,{packed}">'
            f'<figcaption class="note">{told}</figcaption></figure>'
        )


def _cell(value: str) -> str:
    return html.escape(value)
