"""The panels beside the scene, the same for everybody: score, decisions, servos."""

import time
from collections.abc import Mapping

import numpy as np
import viser
from PIL import Image

from match.page import text
from match.page.view import PageView, Picture

_PICTURE_HEIGHT_PX = 225
_GAP_PX = 6
_PANEL_WIDTH_PX = 420.0
_JPEG_QUALITY = 75
_PICTURES_EVERY_S = 0.2
_HEALTH_EVERY_S = 1.0
"""Numbers that change faster cannot be read."""


class Panel:
    """Draws snapshots. Call it from one thread.

    Attributes:
        referee_tab: where the visitors' own controls go.
    """

    def __init__(self, server: viser.ViserServer) -> None:
        gui = server.gui
        gui.configure_theme(dark_mode=True, show_logo=False, show_share_button=False)
        gui.set_panel_label("OP3 soccer")
        gui.main_panel.dock_right()
        self._board = _Text(gui)
        self._board.show(text.WAITING)
        tabs = gui.add_tab_group()
        with tabs.add_tab("Match"):
            self._decisions = _Text(gui)
        self.referee_tab = tabs.add_tab("Referee")
        with tabs.add_tab("Servos"):
            self._health = _Text(gui)
        self._cameras = gui.add_panel(visible=False)
        self._cameras.float(x=15, y=-15, width=_PANEL_WIDTH_PX)
        with self._cameras.add_tab("Cameras"):
            blank = np.zeros((1, 1, 3), dtype=np.uint8)
            self._picture = gui.add_image(
                blank, format="jpeg", jpeg_quality=_JPEG_QUALITY
            )
        self._shown: dict[str, Picture] = {}
        self._decided: tuple[object, ...] = ()
        self._health_s = self._pictures_s = float("-inf")

    def draw(self, view: PageView) -> None:
        """Show what has changed."""
        self._board.show(text.score_board(view))
        decided = (view.teams, view.decisions, view.rulings)
        if decided != self._decided:
            self._decided = decided
            self._decisions.show(text.decision_list(view))
        now_s = time.monotonic()
        if now_s - self._health_s >= _HEALTH_EVERY_S:
            self._health_s = now_s
            self._health.show(text.health_tables(view.health, view))
        if now_s - self._pictures_s >= _PICTURES_EVERY_S:
            self._pictures_s = now_s
            self._draw_pictures(dict(view.pictures))

    def _draw_pictures(self, pictures: dict[str, Picture]) -> None:
        same = pictures.keys() == self._shown.keys() and all(
            pictures[title] is self._shown[title] for title in pictures
        )
        if same:
            return
        self._shown = pictures
        if pictures:
            self._picture.image = side_by_side(pictures)
            self._picture.label = " | ".join(pictures)
        self._cameras.visible = bool(pictures)


class _Text:
    """A piece of HTML that is sent only when it changes."""

    def __init__(self, gui: viser.GuiApi) -> None:
        self._handle = gui.add_html("")

    def show(self, content: str) -> None:
        if content != self._handle.content:
            self._handle.content = content


def side_by_side(pictures: Mapping[str, Picture]) -> Picture:
    """One picture of all: equal heights, in order from the left, small gaps."""
    strips = []
    for picture in pictures.values():
        height, width = picture.shape[:2]
        size = (max(1, round(width * _PICTURE_HEIGHT_PX / height)), _PICTURE_HEIGHT_PX)
        strips.append(np.asarray(Image.fromarray(picture).resize(size)))
        strips.append(np.zeros((_PICTURE_HEIGHT_PX, _GAP_PX, 3), dtype=np.uint8))
    return np.concatenate(strips[:-1], axis=1)
