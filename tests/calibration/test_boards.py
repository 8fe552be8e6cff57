"""Boards: printed true to size, found where they are; views that cover the picture."""

import io

import cv2
import numpy as np
import pytest

from calibration.camera.board_pdf import boards_figure
from calibration.camera.boards import PLATES, STAND_BOARD, BoardSpec
from calibration.camera.coverage import LEANS, Wish, coverage, lean_of
from calibration.camera.detection import detect
from calibration.camera.live import is_new, is_still
from calibration.camera.virtual_hand import VirtualHand
from calibration.errors import CalibrationError
from robot.camera.v4l2 import C920_NOMINAL

DOTS_PER_MM = 150 / 25.4


@pytest.mark.parametrize(
    "boards", [{"stand": STAND_BOARD}, PLATES], ids=["stand", "plates"]
)
def test_a_printed_page_has_every_square_at_its_true_size(boards):
    buffer = io.BytesIO()
    boards_figure(boards).savefig(buffer, format="png", dpi=150)
    page = cv2.imdecode(
        np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE
    )
    # A4 across: 297 x 210 mm.
    assert page.shape == pytest.approx((210 * DOTS_PER_MM, 297 * DOTS_PER_MM), abs=1)
    for board in boards.values():
        seen = detect(page, board)
        assert seen.ids.tolist() == list(range(board.corner_count))
        expected = 1000 * board.corners_m[:, :2] * DOTS_PER_MM
        # A dot is 0.17 mm; edges fall between dots.
        assert seen.pixels - seen.pixels[0] == pytest.approx(
            expected - expected[0], abs=0.9
        )


def test_a_board_too_large_for_the_paper_names_the_choice():
    with pytest.raises(
        CalibrationError, match="choose larger paper or smaller squares"
    ):
        boards_figure({"wide": BoardSpec("charuco", 12, 6, 0.03, 0.02)})
    with pytest.raises(CalibrationError, match="paper: expected one of A4, A3, letter"):
        boards_figure({"stand": STAND_BOARD}, "A0")


def test_impossible_boards_are_refused_with_all_faults():
    with pytest.raises(CalibrationError) as refused:
        BoardSpec("charuco", 2, 6, 0.02, 0.03)
    assert refused.value.faults == (
        "columns: expected 3 or more, found 2",
        "marker_m: expected > 0 and below the square's 0.02, found 0.03",
    )


def test_plates_are_told_apart():
    markers = [
        set(range(b.first_marker, b.first_marker + b.columns * b.rows // 2))
        for b in (STAND_BOARD, *PLATES.values())
    ]
    # 27 on the stand board, 10 on each of four plates.
    assert len(set().union(*markers)) == 27 + 4 * 10
    image = VirtualHand(C920_NOMINAL, PLATES["l_foot"], 1).show(middle("flat"))
    assert detect(image, PLATES["l_foot"]) is not None
    assert detect(image, PLATES["r_foot"]) is None


def middle(lean, far=False):
    return Wish(column=1, row=1, lean=lean, far=far)


@pytest.mark.parametrize("lean", LEANS)
def test_a_wish_that_is_shown_is_counted_as_what_was_wished(lean):
    image = VirtualHand(C920_NOMINAL, STAND_BOARD, 4).show(middle(lean))
    sighting = detect(image, STAND_BOARD)
    assert lean_of(sighting, STAND_BOARD) == lean
    covered = coverage([sighting], STAND_BOARD)
    assert covered.leans[lean] == 1
    assert covered.missing[0].startswith("corners in ")
    assert covered.missing[1] == "1 views, 15 wanted"
    # The picture's middle is covered: the next view belongs elsewhere, leaning
    # otherwise.
    wish = covered.wish(1)
    assert (wish.column, wish.row) != (1, 1)
    assert wish.lean != lean


def test_a_view_is_kept_at_rest_and_once():
    hand = VirtualHand(C920_NOMINAL, STAND_BOARD, 5)
    first = detect(hand.show(middle("flat")), STAND_BOARD)
    elsewhere = Wish(column=0, row=0, lean="left", far=False)
    second = detect(hand.show(elsewhere), STAND_BOARD)
    assert not is_still(first, None)
    assert is_still(first, first)
    assert not is_still(second, first)
    assert is_new(second, [first])
    assert not is_new(first, [second, first])
