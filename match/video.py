"""The match as a video: broadcast view, score board, the robots' own cameras inset."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import imageio.v2 as imageio
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Frame = NDArray[np.uint8]
_MARGIN_PX = 12
_PANEL = (18, 22, 28)
_TEXT = (245, 245, 245)


@dataclass(frozen=True, kw_only=True)
class Team:
    """How a team is shown: name and colour (0 to 255 each)."""

    name: str
    colour: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What the score board says.

    Attributes:
        clock_s: time played.
        score: home, away.
        state: of the game, e.g. "playing".
        banner: shown large for a moment ("GOAL home"); empty for none.
    """

    clock_s: float
    score: tuple[int, int]
    state: str
    banner: str = ""


def compose(
    broadcast: Frame,
    insets: tuple[Frame, Frame],
    teams: tuple[Team, Team],
    text: Caption,
) -> Frame:
    """One frame: insets in the lower corners, home left; score board on top.

    Args:
        broadcast: [H, W, 3].
        insets: home's and away's camera image, [h, w, 3] each.
        teams: home and away.
        text: the score board's content.
    """
    image = Image.fromarray(broadcast)
    draw = ImageDraw.Draw(image)
    for side, (inset, team) in enumerate(zip(insets, teams, strict=True)):
        _draw_inset(image, draw, inset, team, right=side == 1)
    _draw_board(draw, image.width, teams, text)
    if text.banner:
        font = ImageFont.load_default(44)
        centre = (image.width / 2, image.height * 0.24)
        draw.text(
            centre, text.banner, _TEXT, font, "mm", stroke_width=3, stroke_fill=_PANEL
        )
    return np.asarray(image)


def _draw_inset(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    inset: Frame,
    team: Team,
    *,
    right: bool,
) -> None:
    height, width = inset.shape[:2]
    left = image.width - width - _MARGIN_PX if right else _MARGIN_PX
    top = image.height - height - _MARGIN_PX
    frame = (left - 3, top - 3, left + width + 2, top + height + 2)
    draw.rectangle(frame, fill=team.colour)
    image.paste(Image.fromarray(inset), (left, top))
    label = f"{team.name}: head camera"
    font = ImageFont.load_default(13)
    draw.text(
        (left + 6, top + 5), label, _TEXT, font, stroke_width=2, stroke_fill=_PANEL
    )


def _draw_board(
    draw: ImageDraw.ImageDraw, width: int, teams: tuple[Team, Team], text: Caption
) -> None:
    middle, half, height = width / 2, 235, 40
    draw.rounded_rectangle(
        (middle - half, 10, middle + half, 10 + height), radius=8, fill=_PANEL
    )
    for team, sign in zip(teams, (-1, 1), strict=True):
        inner, outer = middle + sign * (half - 10), middle + sign * half
        draw.rectangle(
            (min(inner, outer), 10, max(inner, outer), 10 + height), fill=team.colour
        )
    row = 10 + height / 2
    large, small = ImageFont.load_default(24), ImageFont.load_default(15)
    home, away = text.score
    draw.text((middle, row), f"{home} : {away}", _TEXT, large, "mm")
    draw.text((middle - 60, row), teams[0].name, _TEXT, small, "rm")
    draw.text((middle + 60, row), teams[1].name, _TEXT, small, "lm")
    minutes, seconds = divmod(int(text.clock_s), 60)
    line = f"{minutes}:{seconds:02d}  {text.state}"
    draw.text(
        (middle, 10 + height + 14),
        line,
        _TEXT,
        small,
        "mm",
        stroke_width=2,
        stroke_fill=_PANEL,
    )


class VideoWriter:
    """Writes frames as H.264; playable up to the last frame if the match breaks off."""

    def __init__(self, path: Path, frames_per_s: int):
        self._writer = imageio.get_writer(
            path,
            fps=frames_per_s,
            codec="libx264",
            macro_block_size=2,
            # Fragments, so that a file without its ending still plays.
            output_params=["-crf", "24", "-movflags", "frag_keyframe+empty_moov"],
        )

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def add(self, frame: Frame) -> None:
        """Append one frame [H, W, 3]."""
        self._writer.append_data(frame)
